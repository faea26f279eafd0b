// Chromium for the browser tests, and what they all ask of a page.
import assert from 'node:assert/strict';
import {AxeBuilder} from '@axe-core/playwright';
import {chromium} from 'playwright-core';

// Chromium without the windows that nobody sees, at a third of the cost.
const PATH = process.env.CHROMIUM || '/usr/bin/chromium-headless-shell';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

export const launch = () => chromium.launch({executablePath: PATH, headless: true, args: ARGUMENTS});

// A page in a context of its own. Errors on the console that the test did not ask for fail it when it ends.
export async function openPage(browser, t, options = {}) {
	const context = await browser.newContext({viewport: {width: 1100, height: 800}, ...options});
	const page = await context.newPage();
	page.setDefaultTimeout(15000);
	page.faults = [];
	page.on('pageerror', (error) => page.faults.push(String(error)));
	page.on('console', (message) => {
		if (/Content.Security.Policy|Refused to/i.test(message.text()))
			page.faults.push(message.text());
	});
	t.after(async () => {
		await context.close();
		assert.deepEqual(page.faults, []);
	});
	return page;
}

// The owner of a house, through the login's page, in whatever language; ends on the page at `path`.
export async function signIn(page, house, path = '/') {
	await page.goto(`${house.url}/login?next=${encodeURIComponent(path)}`);
	await page.locator('input[name=email]').fill(house.owner.email);
	await page.locator('input[name=password]').fill(house.owner.password);
	await page.locator('form[action="/login"] button').click();
	await page.locator('nav.rooms').waitFor();
}

// No violation of any rule that axe-core knows, best practices included, in light and in dark. A second scheme differs in its colours only.
export async function accessible(page, what, schemes = ['light', 'dark']) {
	for (const colorScheme of schemes) {
		await page.emulateMedia({colorScheme});
		// A document's animations do not include those of its shadow trees.
		await page.evaluate(() => Promise.all([document, ...[...document.querySelectorAll('stoa-cancel-flow')].map((host) => host.shadowRoot)]
			.flatMap((root) => root.getAnimations()).map((animation) => animation.finished)));
		// Legacy: without a blank page for each result, which only frames of other origins need.
		const axe = new AxeBuilder({page}).options({resultTypes: ['violations']}).setLegacyMode(true);
		const {violations} = await (colorScheme === schemes[0] ? axe : axe.withRules(['color-contrast', 'link-in-text-block'])).analyze();
		const found = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join('; ')}`);
		assert.deepEqual(found, [], `${what}, ${colorScheme}`);
	}
	await page.emulateMedia({colorScheme: 'light'});
}

// The widget's dialog in its shadow root.
export const dialog = (page) => page.locator('stoa-cancel-flow dialog');
export const action = (page, name) => dialog(page).locator(`[data-action="${name}"]`);
export const title = (page) => dialog(page).locator('h2');
