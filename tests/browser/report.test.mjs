// The pages of `stoa bench`, in Chromium: valid, without scripts or other files, and accessible in both schemes.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import test from 'node:test';
import {pathToFileURL} from 'node:url';
import {HtmlValidate} from 'html-validate';
import {accessible, launch, openPage} from './browser.mjs';

const STOA = resolve(process.env.STOA_BUILD ?? 'var/build', 'cli/stoa');
const RESULT = resolve(import.meta.dirname, '../bench/report.json');
// Void elements and short attributes are HTML, too; a role of its own makes a scrolling region reachable.
const valid = new HtmlValidate({extends: ['html-validate:recommended'], rules: {'long-title': 'off', 'prefer-native-element': 'off', 'no-inline-style': 'error'}});

function history() {
	const result = JSON.parse(readFileSync(RESULT, 'utf8'));
	return ['v1', 'v2', 'v3'].map((label, index) => JSON.stringify({record: 1, label, at: `2026-11-2${index}T12:00:00.000Z`, scenario: '003-peak', version: '0.1.0',
		target: result.target, kernel: '6.1', cores: 2, load: 0.2, timeScale: 1, rateScale: 1, runs: 3, routes: result.routes.map((route) => ({method: route.method,
			route: route.route, class: route.class, requests: [900, 900, 900], errors: [index, 0, 0], answered: [900, 900, 900],
			...Object.fromEntries(['p50Ms', 'p95Ms', 'p99Ms'].map((name) => [name, [0.9, 1, 1.1].map((by) => route[name] * by * (1 + index / 10))]))}))}) + '\n').join('');
}

test('the report and the history', async (t) => {
	const folder = mkdtempSync('/tmp/stoa-report.');
	const browser = await launch();
	t.after(async () => {
		await browser.close();
		rmSync(folder, {recursive: true});
	});
	const past = join(folder, 'history.jsonl');
	writeFileSync(past, history());
	const pages = [
		['report', ['report', RESULT], 'Load test: 003-peak', {figures: 4, rows: ['POST /api/v1/widget/start', 'missed: p95 390.1 ms over 250 ms']}],
		['history', ['history', past], 'Load tests: history', {figures: 5, rows: ['0.074']}],
	];
	for (const [name, command, title, wanted] of pages) {
		const file = join(folder, `${name}.html`);
		execFileSync(STOA, ['bench', ...command, '--html', file]);
		const {results} = await valid.validateString(readFileSync(file, 'utf8'));
		assert.deepEqual(results.flatMap((result) => result.messages.map((m) => `${m.line}: ${m.ruleId} ${m.message}`)), [], name);

		const page = await openPage(browser, t);
		const asked = [];
		page.on('request', (request) => asked.push(request.url()));
		await page.goto(pathToFileURL(file).href);
		assert.deepEqual(asked, [pathToFileURL(file).href]);
		assert.equal(await page.title(), title);
		assert.equal(await page.locator('figure svg[role=img]').count(), wanted.figures);
		for (const text of wanted.rows) assert.ok((await page.locator('tbody').allTextContents()).join(' ').includes(text), text);
		for (const details of await page.locator('details').all()) await details.evaluate((element) => { element.open = true; });
		await accessible(page, name);
		// Nothing is wider than a narrow window but what scrolls by itself.
		await page.setViewportSize({width: 360, height: 800});
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 360), `${name} at 360 pixels`);
		if (process.env.STOA_SHOTS) {
			await page.setViewportSize({width: 1100, height: 800});
			for (const colorScheme of ['light', 'dark']) {
				await page.emulateMedia({colorScheme});
				await page.screenshot({path: join(process.env.STOA_SHOTS, `bench-${name}-${colorScheme}.png`), fullPage: true});
			}
		}
	}
});
