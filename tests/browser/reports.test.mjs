// A report asked for on the Overview: its page follows the job without a reload, and a plain link does without JavaScript.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

let browser, house;

before(async () => {
	browser = await launch();
	house = await boot({conf: {worker: {poll: '100ms'}}});
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

async function ask(t, options) {
	const page = await openPage(browser, t, options);
	await signIn(page, house);
	await page.getByRole('heading', {name: 'Export'}).waitFor();
	house.stoa('jobs', 'pause', '--kind', 'report.make');
	await page.getByLabel('From', {exact: true}).fill('2026-01-01');
	await page.getByLabel('To', {exact: true}).fill('2026-01-31');
	await page.getByRole('button', {name: 'Make the report'}).click();
	await page.getByText('It waits for its turn.').waitFor();
	return page;
}

test('its page follows the job', async (t) => {
	const page = await ask(t, {viewport: {width: 360, height: 740}});
	await accessible(page, 'a report that waits');
	await page.evaluate(() => { window.same = true; });
	house.stoa('jobs', 'resume', '--kind', 'report.make');
	await page.getByText('It is ready, and kept for 7 days.').waitFor();
	assert.ok(await page.evaluate(() => window.same), 'without a reload');
	await accessible(page, 'a report that is ready');
	const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: 'Sessions (CSV)'}).click()]);
	assert.equal(download.suggestedFilename(), 'sessions-2026-01-01-2026-01-31.csv');
	assert.match(readFileSync(await download.path(), 'utf8'), /^session,started_at,customer,/);
});

test('without JavaScript', async (t) => {
	const page = await ask(t, {javaScriptEnabled: false});
	house.stoa('jobs', 'resume', '--kind', 'report.make');
	for (let i = 0; i < 600 && await page.getByText('It is ready').count() === 0; i++)
		await page.getByRole('link', {name: 'Look again'}).click();
	const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: 'Days (CSV)'}).click()]);
	assert.equal(download.suggestedFilename(), 'days-2026-01-01-2026-01-31.csv');
});
