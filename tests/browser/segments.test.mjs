// Segments and offers in a real browser: a segment made by keyboard with its count before saving, without JavaScript too; the order of offers
// switched; light and dark, German, on a phone.
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

async function open(t, path, options) {
	const page = await openPage(browser, t, options);
	await signIn(page, house, path);
	return page;
}

const fits = async (page, what) => {
	const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= room, `${what}: ${wide} wide in ${room}`);
};

test('a segment by keyboard', async (t) => {
	const page = await open(t, '/segments');
	await accessible(page, 'no segments');
	await page.getByRole('link', {name: 'New segment'}).focus();
	await page.keyboard.press('Enter');
	await page.getByLabel('Name', {exact: true}).fill('Large');
	// What goes with the fact is offered, the rest is not.
	await page.getByLabel('Fact').focus();
	await page.keyboard.type('Value a month');
	assert.deepEqual(await page.getByLabel('Comparison').locator('option:not([hidden])').evaluateAll((options) => options.map((option) => option.value)),
		['is', 'is_not', 'at_least', 'below', 'exists']);
	assert.ok(!await page.getByLabel('Name of the own attribute').isVisible());
	await page.getByLabel('Comparison').selectOption('at_least');
	await page.getByLabel('Value', {exact: true}).fill('49');
	await page.getByRole('button', {name: 'Count and add a row'}).press('Enter');
	await page.getByRole('heading', {name: 'Customers: 0'}).waitFor();
	await page.getByText('the monthly value is at least 49.00').waitFor();
	await accessible(page, 'a segment that is counted');
	await page.getByRole('button', {name: 'Save'}).press('Enter');
	await page.getByText('The segment is saved.').waitFor();
	await page.getByRole('link', {name: 'All segments'}).click();
	await page.getByRole('link', {name: 'Large'}).waitFor();
	await accessible(page, 'segments');
});

test('without JavaScript, on a phone', async (t) => {
	const page = await open(t, '/segment-new', {javaScriptEnabled: false, viewport: {width: 360, height: 740}});
	await page.getByLabel('Name', {exact: true}).fill('Plain');
	await page.getByLabel('Fact').selectOption('plan');
	await page.getByLabel('Value', {exact: true}).fill('pro');
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByText('The segment is saved.').waitFor();
	await fits(page, 'a segment');
	await page.goto(`${house.url}/offers`);
	await fits(page, 'offers');
	await page.getByLabel('adaptive', {exact: true}).first().check();
	await page.getByRole('button', {name: 'Save the order'}).click();
	await page.getByText('It is saved').waitFor();
	assert.ok(await page.getByLabel('adaptive', {exact: true}).first().isChecked());
});

test('offers, light and dark', async (t) => {
	const page = await open(t, '/offers');
	await accessible(page, 'offers');
});
