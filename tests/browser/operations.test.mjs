// The pages of the house's own performance in Chromium, after real requests: SLO, profile, capacity.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

let browser, house;

before(async () => {
	browser = await launch();
	house = await boot();
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

test('profile: what takes the time, what is wrong and what to change', async (t) => {
	house.sql('drop index retention_session_customer');
	const page = await openPage(browser, t);
	await signIn(page, house, '/profile');
	await page.getByRole('heading', {name: 'Profile', level: 1}).waitFor();
	const finding = page.locator('[data-kind=lost-index]');
	assert.match(await finding.textContent(), /retention_session_customer .* sql\/schema\/0003_retention\.sql/);
	// What it says is what mends it.
	house.sql(await finding.locator('dd').nth(1).textContent());
	assert.match(await page.locator('#routes tbody').textContent(), /\/api\/v1\/auth\/register/);
	assert.ok(await page.locator('#routes svg.meter rect').count() > 3);
	await accessible(page, 'profile');
	await page.locator('#statements').getByRole('link', {name: /^Show plan/}).first().click();
	await page.locator('#plan pre').waitFor();
	assert.match(await page.locator('#plan pre').textContent(), /\(rows \d+, cost /);
	assert.equal(await finding.count(), 0);
	await accessible(page, 'profile with a plan', ['light']);

	house.sql(`update account set language = 'de' where email = '${house.owner.email}'`);
	t.after(() => house.sql(`update account set language = 'en' where email = '${house.owner.email}'`));
	const german = await openPage(browser, t);
	await signIn(german, house, '/profile');
	await german.getByRole('heading', {name: 'Befunde'}).waitFor();
});
