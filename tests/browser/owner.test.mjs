// An owner's way from an empty database to the first customer who stays: signing up, connecting Stripe, the import, a flow built by dragging and
// by keys, publishing, the key in the shop's page, a customer who accepts, and the Overview that shows it. Then every page of the house, as the
// navigation and the pages themselves lead to them, in both languages, light and dark, wide and on a phone.
//
// STOA_SHOTS names a folder for a picture of every page in light and dark.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {join} from 'node:path';
import {seed} from '../../demo/catalogue.mjs';
import {ROOT, boot, freePorts, until} from '../e2e/harness.mjs';
import {accessible, action, dialog, launch, openPage, title} from './browser.mjs';

const STRIPE_KEY = 'sk_test_paperplane';
const OWNER = {organisation: 'Paperplane', name: 'Olive Owner', email: 'olive@paperplane.example', password: 'a quiet harbour 42'};
const DESK = {width: 1280, height: 900}, PHONE = {width: 360, height: 740};
const SHOTS = process.env.STOA_SHOTS;
let browser, house, shop, port, state;

before(async () => {
	browser = await launch();
	house = await boot({people: false, conf: {who: {registration: 'closed'}}});
	[port] = await freePorts(1);
	shop = `http://127.0.0.1:${port}`;
	await house.stripe.control('seed', seed());
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

// A page of the owner's, who stays signed in from one test to the next.
async function owner(t, path, options = {}) {
	const page = await openPage(browser, t, {viewport: DESK, storageState: state, ...options});
	if (path)
		await page.goto(house.url + path);
	return page;
}

test('signs up where nobody was before', async (t) => {
	const page = await owner(t, '/register');
	await page.getByLabel('Organisation').fill(OWNER.organisation);
	await page.getByLabel('Your name').fill(OWNER.name);
	await page.getByLabel('E-mail address').fill(OWNER.email);
	await page.getByLabel('Password').fill(OWNER.password);
	await page.getByRole('button', {name: 'Register'}).click();
	await page.getByRole('heading', {name: 'Keys and embedding'}).waitFor();
	state = await page.context().storageState();
	await page.goto(`${house.url}/`);
	await page.getByRole('heading', {name: 'The way to the first saved customer'}).waitFor();
});

test('connects Stripe and reads what is there', async (t) => {
	const page = await owner(t, '/settings/stripe?mode=test');
	await page.getByLabel('Secret or restricted key').fill('sk_live_0123456789abcdef');
	await page.getByRole('button', {name: 'Connect Stripe'}).click();
	await page.getByRole('alert').waitFor();
	await page.getByLabel('Secret or restricted key').fill(STRIPE_KEY);
	await page.getByRole('button', {name: 'Connect Stripe'}).click();
	await page.getByText('connected', {exact: true}).waitFor();
	await page.getByRole('button', {name: 'Begin the import'}).click();
	await page.getByText('Everything was read.').waitFor({timeout: 60000});
	assert.equal(house.sql("select count(*) from subscription where not live")[0][0], '4');
	assert.equal(house.sql("select count(*) from customer where not live and stripe_ref is not null")[0][0], '4');
});

async function addStep(page, type, words, more = async () => {}) {
	await page.getByLabel('Another step').selectOption(type);
	await page.getByRole('button', {name: 'Add', exact: true}).click();
	await page.locator('#e-title').fill(words);
	await page.locator('#e-message').fill(`${words}, in more words.`);
	await more();
}
const titles = (page) => page.locator('#steps strong').allTextContents();

test('builds a flow with the mouse and the keyboard, and publishes it', async (t) => {
	const page = await owner(t, '/flows');
	await page.getByLabel('Name').fill('First flow');
	await page.getByLabel('It begins with').selectOption('empty');
	await page.getByRole('button', {name: 'Make the flow'}).click();
	await page.getByRole('heading', {name: 'First flow'}).waitFor();
	await addStep(page, 'confirm', 'Cancel your plan?');
	await addStep(page, 'pause', 'A break');
	await addStep(page, 'survey', 'Before you go');

	// The pause by the mouse to the front, the survey by keys before it.
	const [from, to] = await Promise.all([1, 0].map((n) => page.locator('#steps [data-grip]').nth(n).boundingBox()));
	await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
	await page.mouse.down();
	await page.mouse.move(from.x + from.width / 2, from.y - 10, {steps: 3});
	await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2 - 8, {steps: 6});
	await page.mouse.up();
	assert.deepEqual(await titles(page), ['A break', 'Cancel your plan?', 'Before you go']);
	await page.locator('#steps [data-grip]').nth(2).focus();
	for (const key of ['Space', 'Home', 'Space'])
		await page.keyboard.press(key);
	assert.deepEqual(await titles(page), ['Before you go', 'A break', 'Cancel your plan?']);
	await page.locator('#state[data-state=saved]').waitFor();
	// Above the flows that every organisation begins with.
	await page.getByRole('button', {name: 'The flow: name, who sees it'}).click();
	await page.getByLabel('Rank', {exact: false}).first().fill('90');
	await page.locator('#state[data-state=saved]').waitFor();
	await page.locator('[data-do=publish]').click();
	await page.getByRole('button', {name: 'Publish and show to customers'}).click();
	await page.getByText('The draft is published.').waitFor();
	await until('the flow to be shown', () => house.sql("select count(*) from flow where name = 'First flow' and status = 'active'")[0][0] === '1');
});

test('embeds the widget; a customer accepts, and the Overview shows it', async (t) => {
	const page = await owner(t, '/keys');
	await page.locator('#name').fill('Shop');
	await page.locator('#origins').fill(shop);
	await page.getByLabel('Test', {exact: true}).check();
	await page.getByLabel(/must be signed/).check();
	await page.getByRole('button', {name: 'Make the key'}).click();
	const key = await page.getByLabel('Key', {exact: true}).inputValue(), secret = await page.getByLabel(/Signing secret/).inputValue();
	await house.start('shop', process.execPath, [join(ROOT, 'demo/shop.mjs')], {env: {SHOP_PORT: String(port), SHOP_STOA_URL: house.url,
		SHOP_WIDGET_KEY: key, SHOP_SIGNING_SECRET: secret, SHOP_STRIPE_URL: house.stripe.url, SHOP_STRIPE_KEY: STRIPE_KEY}}).firstLine;

	// The shop sets a look of its own, which comes first; what the owner wants is told it all the same.
	await page.goto(`${house.url}/settings/branding`);
	await page.locator('#radius').fill('3');
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByText('The widget looks like this now.').waitFor();

	const customer = await openPage(browser, t);
	await customer.goto(`${shop}/account/dan?lang=en`);
	const started = customer.waitForResponse((reply) => reply.url().endsWith('/widget/start') && reply.request().method() === 'POST');
	await customer.getByRole('button', {name: 'Cancel my plan'}).click();
	assert.equal((await (await started).json()).theme.radius, 3);
	await title(customer).waitFor();
	assert.equal(await title(customer).textContent(), 'Before you go');
	await action(customer, 'skip').click();
	assert.equal(await title(customer).textContent(), 'A break');
	await dialog(customer).getByLabel('1 month', {exact: true}).check();
	await action(customer, 'accept').click();
	await dialog(customer).getByText(/Your subscription is paused/).waitFor();
	assert.equal((await house.stripe.control('subscription/sub_paperplane_dan?mode=test')).pause_collection.behavior, 'void');

	await until('the day to be counted', async () => {
		await page.goto(`${house.url}/?mode=test`);
		return /USD 199\.00/.test(await page.locator('main').textContent()) && await page.locator('#way').count() === 0;
	}, 120);
});

// Where the navigation leads, and from there one page of each kind.
async function paths(page) {
	const links = async () => page.evaluate(() => [...document.querySelectorAll('nav.rooms a, main a')].map((a) => new URL(a.href))
		.filter((url) => url.origin === window.location.origin).map((url) => url.pathname + url.search));
	const kind = (path) => path.replace(/[?].*/, '').replace(/(wordings)\/.*/, '$1/:id').replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[a-z]+_[A-Za-z0-9_]{6,}/g, ':id');
	const found = new Map();
	const add = (list) => {
		for (const path of list)
			if (!/\.(csv|json|js|css|svg|xml)$|^\/(api|assets|logout)|\/export/.test(kind(path)) && !found.has(kind(path)))
				found.set(kind(path), path.includes('mode=') || !['/', '/analytics', '/customers', '/subscriptions'].includes(path) ? path : `${path}?mode=test`);
	};
	await page.goto(`${house.url}/?mode=test`);
	add(await links());
	for (const path of [...found.values()]) {
		const reply = await page.goto(house.url + path);
		assert.equal(reply.status(), 200, path);
		add(await links());
	}
	return [...found.values()];
}

const fits = async (page, what) => {
	// Charts are drawn anew a moment after the window has changed.
	await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth).catch(() => {});
	const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= room, `${what}: ${wide} wide in ${room}`);
};

async function picture(page, path, look) {
	if (!SHOTS)
		return;
	mkdirSync(SHOTS, {recursive: true});
	const name = path.replace(/[?].*/, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'one').replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'overview';
	await page.emulateMedia({colorScheme: look});
	await page.screenshot({path: join(SHOTS, `${name}-${look}.png`), fullPage: true});
}

test('every page of the house: English in light and German in dark, wide and on a phone', async (t) => {
	const page = await owner(t);
	const all = await paths(page);
	const faults = [];
	const must = async (check) => check.catch((error) => faults.push(error.message));
	assert.ok(all.length >= 25, `only ${all}`);
	for (const [language, colorScheme] of [['en', 'light'], ['de', 'dark']]) {
		house.sql(`update account set language = '${language}' where email = '${OWNER.email}'`);
		await page.goto(`${house.url}/settings`);
		await page.locator('main form[action="/settings"] button').click();
		for (const path of all) {
			await page.emulateMedia({colorScheme});
			const reply = await page.goto(house.url + path);
			assert.equal(reply.status(), 200, path);
			assert.equal(await page.locator('html').getAttribute('lang'), language, path);
			await must(accessible(page, `${path} in ${language}`, [colorScheme]));
			await picture(page, path, colorScheme);
			await page.setViewportSize(PHONE);
			await must(fits(page, `${path} in ${language} on a phone`));
			await page.setViewportSize(DESK);
		}
	}
	assert.deepEqual(faults, []);
}, {timeout: 600000});
