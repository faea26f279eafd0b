// The whole way in a real browser, through real services: an owner makes a key, a customer of the shop clicks "Cancel my plan", and
// what they choose is read back from the Stripe stand-in and seen on the Overview.
import assert from 'node:assert/strict';
import {after, afterEach, before, test} from 'node:test';
import {join} from 'node:path';
import {PRICES} from '../../demo/catalogue.mjs';
import {ROOT, boot, freePorts, until} from '../e2e/harness.mjs';
import {accessible, action, dialog, launch, openPage, signIn, title} from './browser.mjs';

const STRIPE_KEY = 'sk_test_paperplane';
const STEPS = [
	{type: 'survey', title: 'Before you go', message: 'What is the reason?', config: {allowText: true, options: [{code: 'too_expensive', text: 'Too expensive'},
		{code: 'unused', text: 'Not used enough'}]}},
	{type: 'discount', title: 'A lower price', message: 'For three months.', buttonText: 'Take 25 % off', config: {percentage: 25, duration: 'repeating', months: 3}},
	{type: 'pause', title: 'A break', message: 'Come back later.', config: {months: [1, 2, 3]}},
	{type: 'downgrade', title: 'A smaller plan', message: 'Basic has all you need.', config: {plan: 'Basic', price: PRICES.basic, amountMinor: 900, currency: 'usd'}},
	{type: 'extension', title: 'More time', message: 'Two more weeks.', config: {days: 14}},
	{type: 'support', title: 'Talk to us', message: 'We are here.', config: {email: 'help@paperplane.example'}},
	{type: 'feedback', title: 'Tell us', message: 'What was missing?', config: {required: false}},
	{type: 'confirm', title: 'Cancel your plan?', message: 'It ends with the paid period.', config: {}}
];

let browser, house, shop;

const api = async (method, path, body, headers) => {
	const reply = await house.json(method, `/api/v1/retention/${path}`, body, {...house.bearer, ...headers});
	assert.ok(reply.status < 300, `${path}: ${reply.text}`);
	return reply.body;
};

async function flow(language, cancelAt) {
	const made = await api('POST', 'flows', {name: `Journey ${language}`, language, cancelAt, rankingScore: 100, steps: STEPS});
	await api('POST', `flows/${made.data.id}/publish`, {activate: true}, {'if-match': '"1"'});
}

// The owner makes the shop's key on the page for that.
async function makeKey(origin) {
	const context = await browser.newContext();
	const page = await context.newPage();
	await signIn(page, house);
	await page.getByRole('link', {name: 'Keys'}).click();
	await page.locator('#name').fill('Paperplane');
	await page.locator('#origins').fill(origin);
	await page.getByLabel('Test').check();
	await page.getByLabel(/must be signed/).check();
	await page.getByRole('button', {name: 'Make the key'}).click();
	const made = {key: await page.getByLabel('Key', {exact: true}).inputValue(), secret: await page.getByLabel(/Signing secret/).inputValue()};
	assert.ok((await page.locator('#snippet').textContent()).includes(made.key));
	await context.close();
	return made;
}

before(async () => {
	browser = await launch();
	house = await boot();
	await api('PUT', 'connection/test', {secretKey: STRIPE_KEY});
	// The same four customers take one offer after the other here.
	for (const type of ['discount', 'pause', 'downgrade', 'extension', 'support'])
		await api('PUT', `offers/${type}`, {enabled: true, acceptedMost: null, periodDays: 1, cooldownDays: 0, discounted: true});
	await flow('en', 'host');
	await flow('es', 'stripe');
	const [port] = await freePorts(1);
	const {key, secret} = await makeKey(`http://127.0.0.1:${port}`);
	const process_ = house.start('shop', process.execPath, [join(ROOT, 'demo/shop.mjs')], {env: {
		SHOP_PORT: String(port), SHOP_STOA_URL: house.url, SHOP_WIDGET_KEY: key, SHOP_SIGNING_SECRET: secret, SHOP_STRIPE_URL: house.stripe.url,
		SHOP_STRIPE_KEY: STRIPE_KEY
	}});
	shop = await process_.firstLine;
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

afterEach(async () => {
	for (const customer of ['ada', 'ben', 'cleo', 'dan'])
		await fetch(`${shop}/account/${customer}/again`, {method: 'POST', redirect: 'manual'});
});

const atStripe = (customer) => house.stripe.control(`subscription/sub_paperplane_${customer}?mode=test`);
const account = async (t, customer, {language = 'en', ...options} = {}) => {
	const page = await openPage(browser, t, options);
	await page.goto(`${shop}/account/${customer}?lang=${language}`);
	return page;
};
const cancelButton = (page) => page.getByRole('button', {name: 'Cancel my plan'});

// Answers every step until the one with this title shows.
async function reach(page, wanted) {
	await title(page).waitFor();
	for (let i = 0; i < STEPS.length && await title(page).textContent() !== wanted; i++) {
		const shown = await title(page).textContent();
		const asks = /survey|feedback/.test(STEPS.find((step) => step.title === shown).type);
		await action(page, asks ? 'skip' : 'no').click();
	}
	assert.equal(await title(page).textContent(), wanted);
}

const lastDecision = async () => (await api('GET', 'decisions?live=false&limit=1')).data[0];

// Each offer: what the customer reads once Stripe has confirmed it, and what Stripe then holds.
const ACCEPTED = {
	discount: {customer: 'cleo', says: /Your discount of 25% is active until /, holds: (s) => {
		assert.equal(s.discounts.length, 1);
		assert.equal(s.discounts[0].source.coupon.percent_off, 25);
		assert.equal(s.discounts[0].source.coupon.duration_in_months, 3);
	}},
	pause: {customer: 'dan', choose: '2 months', says: /Your subscription is paused\. Billing starts again on /, holds: (s) => {
		assert.equal(s.pause_collection.behavior, 'void');
		const days = (s.pause_collection.resumes_at - Date.now() / 1000) / 86400;
		assert.ok(days > 57 && days < 63, `${days} days`);
	}},
	downgrade: {customer: 'cleo', says: /Your plan has been changed\./, holds: (s) => {
		assert.deepEqual(s.items.data.map((item) => item.price.id), [PRICES.basic]);
	}},
	extension: {customer: 'ada', says: /Your trial now runs until /, holds: (s) => {
		assert.equal(s.status, 'trialing');
		const days = (s.trial_end - Date.now() / 1000) / 86400;
		assert.ok(days > 13, `${days} days`);
	}},
	support: {customer: 'ben', says: /We have received your choice\./, holds: (s) => {
		assert.deepEqual([s.discounts.length, s.pause_collection, s.cancel_at_period_end], [0, null, false]);
	}}
};
for (const [type, {customer, choose, says, holds}] of Object.entries(ACCEPTED))
	test(`accept ${type}: applied at Stripe, told to the customer, seen by the owner`, async (t) => {
		const page = await account(t, customer);
		await cancelButton(page).click();
		await reach(page, STEPS.find((step) => step.type === type).title);
		if (choose)
			await dialog(page).getByLabel(choose).check();
		await action(page, 'accept').click();
		await dialog(page).getByText(says).waitFor();
		holds(await atStripe(customer));
		const decision = await lastDecision();
		assert.equal(decision.outcome, 'accepted');
		assert.equal(decision.offer_type, type);
		assert.equal(decision.status, type === 'support' ? 'recorded' : 'applied');
		await action(page, 'close').last().click();
		if (type !== 'support')
			await page.waitForLoadState();
		assert.equal((await atStripe(customer)).cancel_at_period_end, false);
	});

test('decline everything and confirm: the host cancels, with the reason kept', async (t) => {
	const page = await account(t, 'cleo');
	await cancelButton(page).click();
	await dialog(page).getByLabel('Too expensive').check();
	await dialog(page).getByLabel(/own words/).fill('It went up\nagain.');
	await action(page, 'next').click();
	await reach(page, 'Cancel your plan?');
	await action(page, 'cancel').click();
	await page.getByText('Your plan is cancelled.').waitFor();
	assert.equal((await atStripe('cleo')).cancel_at_period_end, true);
	const decision = await lastDecision();
	assert.equal(decision.outcome, 'declined');
	assert.equal(decision.reason_code, 'too_expensive');
});

test('Cancel now on the first step: the host cancels at once', async (t) => {
	const page = await account(t, 'ben');
	await cancelButton(page).click();
	await action(page, 'cancel').click();
	await page.getByText('Your plan is cancelled.').waitFor();
	assert.equal((await atStripe('ben')).cancel_at_period_end, true);
	assert.equal((await lastDecision()).outcome, 'cancelled');
});

test('where Stoa cancels at Stripe, the customer reads when it ends', async (t) => {
	const page = await account(t, 'dan', {language: 'es'});
	await cancelButton(page).click();
	await action(page, 'cancel').click();
	await dialog(page).getByText(/Tu suscripción está cancelada y termina el /).waitFor();
	const subscription = await atStripe('dan');
	assert.equal(subscription.cancel_at_period_end, true);
	assert.equal((await lastDecision()).status, 'applied');
});

test('dismiss: nothing changes', async (t) => {
	const page = await account(t, 'cleo');
	await cancelButton(page).click();
	await title(page).waitFor();
	await page.keyboard.press('Escape');
	await until('the dismissal', async () => (await lastDecision()).outcome === 'dismissed');
	assert.equal((await atStripe('cleo')).cancel_at_period_end, false);
	await cancelButton(page).waitFor();
});

test('keyboard only: a pause is taken without a pointer', async (t) => {
	const page = await account(t, 'dan');
	await cancelButton(page).focus();
	await page.keyboard.press('Enter');
	await reachByKeys(page, 'A break');
	await page.keyboard.press('Tab');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await dialog(page).getByText(/Your subscription is paused/).waitFor();
	const days = ((await atStripe('dan')).pause_collection.resumes_at - Date.now() / 1000) / 86400;
	assert.ok(days > 57 && days < 63, `two months, as chosen by the arrow key: ${days} days`);
});

async function reachByKeys(page, wanted) {
	await title(page).waitFor();
	for (let i = 0; i < STEPS.length && await title(page).textContent() !== wanted; i++) {
		const before = await title(page).textContent();
		// "No thanks" and "Skip" stand last but the cross.
		for (let tabs = 0; tabs < 12; tabs++) {
			await page.keyboard.press('Tab');
			const at = await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.dataset.action);
			if (at === 'no' || at === 'skip')
				break;
		}
		await page.keyboard.press('Enter');
		await until('the next step', async () => await title(page).textContent() !== before);
	}
}

test('already paused by someone else: promised is only what a person will do', async (t) => {
	await house.stripe.control('subscription/sub_paperplane_cleo?mode=test', {pause_collection: {behavior: 'keep_as_draft', resumes_at: null}});
	const page = await account(t, 'cleo');
	await cancelButton(page).click();
	await reach(page, 'A break');
	await action(page, 'accept').click();
	await dialog(page).getByText('Our team will carry it out by hand.').waitFor();
	assert.equal((await atStripe('cleo')).pause_collection.behavior, 'keep_as_draft');
	assert.equal((await lastDecision()).status, 'manual');
});

test('a Stripe that fails for a while: received, not promised', async (t) => {
	const page = await account(t, 'cleo');
	await cancelButton(page).click();
	await reach(page, 'A lower price');
	await house.stripe.control('faults', [{kind: 'status', status: 503, times: 0, path: '/v1/', when: 'before'}]);
	try {
		await action(page, 'accept').click();
		await dialog(page).getByText('It has not been confirmed yet.').waitFor({timeout: 60000});
	} finally {
		await house.stripe.control('faults', undefined, 'DELETE');
	}
	await until('the job to have been repeated', async () => (await lastDecision()).status === 'applied', 120);
	assert.equal((await atStripe('cleo')).discounts.length, 1);
});

test('Stoa down, and back: the host’s own cancellation goes through', async (t) => {
	const page = await account(t, 'ben');
	await page.waitForFunction(() => window.Stoa);
	await house.end(house.web);
	try {
		await cancelButton(page).click();
		await page.getByText('Your plan is cancelled.').waitFor();
		assert.equal((await atStripe('ben')).cancel_at_period_end, true);
		await page.reload();
		await page.getByRole('button', {name: 'Keep my plan after all'}).click();
		await cancelButton(page).click();
		await page.getByText('Your plan is cancelled.').waitFor();
	} finally {
		house.webServer();
		await house.ready();
	}
});

test('Stoa hangs: the host’s own cancellation goes through after the time-out', async (t) => {
	const page = await account(t, 'ben');
	await page.waitForFunction(() => window.Stoa);
	house.web.child.kill('SIGSTOP');
	try {
		await cancelButton(page).click();
		await page.getByText('Your plan is cancelled.').waitFor({timeout: 30000});
	} finally {
		house.web.child.kill('SIGCONT');
	}
	assert.equal((await atStripe('ben')).cancel_at_period_end, true);
});

test('Stoa answers nonsense: the host’s own cancellation goes through', async (t) => {
	const page = await account(t, 'ben');
	await page.route('**/api/v1/widget/start', (route) => route.fulfill({status: 200, contentType: 'text/html', body: '<!doctype html><title>Welcome'}));
	await cancelButton(page).click();
	await page.getByText('Your plan is cancelled.').waitFor();
	assert.equal((await atStripe('ben')).cancel_at_period_end, true);
});

test('a foreign page cannot use the key', async (t) => {
	const page = await openPage(browser, t);
	await page.goto(`${shop}/account/ben`);
	const other = await openPage(browser, t);
	const [key] = await page.locator('script[data-api-key]').evaluateAll((all) => all.map((s) => s.dataset.apiKey));
	await other.goto(`${house.stripe.url}/`);
	const status = await other.evaluate(([url, apiKey]) => fetch(`${url}/api/v1/widget/start`, {method: 'POST', headers: {'Content-Type': 'application/json', 'X-API-Key': apiKey},
		body: '{"userId":"x"}'}).then((r) => r.status, () => 'refused'), [house.url, key]);
	assert.equal(status, 'refused');
});

test('right to left and reduced motion, in the shop', async (t) => {
	const page = await account(t, 'cleo', {reducedMotion: 'reduce'});
	await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
	await cancelButton(page).click();
	await title(page).waitFor();
	assert.deepEqual(await dialog(page).evaluate((d) => [getComputedStyle(d).direction, getComputedStyle(d).animationName]), ['rtl', 'none']);
	await action(page, 'close').click();
});

test('the widget is fetched once and kept: a hashed name with a long life', async (t) => {
	const redirect = await house.fetch('/widget.js');
	assert.equal(redirect.status, 302);
	assert.match(redirect.headers.get('cache-control'), /max-age=300/);
	const script = await house.fetch(redirect.headers.get('location'));
	assert.equal(script.status, 200);
	assert.match(script.headers.get('cache-control'), /max-age=31536000.*immutable|immutable.*max-age=31536000/);
	assert.match(script.headers.get('content-type'), /javascript; *charset=utf-8/i);
});

test('accessible in light and dark: shop, sign-in, Overview, keys, errors', async (t) => {
	const page = await openPage(browser, t);
	for (const path of ['/', '/account/ada', '/nowhere']) {
		await page.goto(shop + path);
		await accessible(page, `shop ${path}`);
	}
	for (const path of ['/login', '/password/forgot', '/password/reset?token=x', '/nowhere']) {
		await page.goto(house.url + path);
		await accessible(page, path);
	}
	await signIn(page, house);
	for (const path of ['/', '/?mode=test&preset=7', '/keys', '/settings', '/unsubscribe?token=x', '/nowhere']) {
		await page.goto(house.url + path);
		await accessible(page, path);
	}
	await page.goto(`${shop}/account/cleo`);
	await cancelButton(page).click();
	for (const step of STEPS) {
		const shown = await title(page).textContent();
		await accessible(page, `${step.type}: ${shown}`);
		if (shown !== 'Cancel your plan?')
			await action(page, /Before you go|Tell us/.test(shown) ? 'skip' : 'no').click();
	}
	await action(page, 'keep').click();
});

test('the Overview counts it all', async (t) => {
	const page = await openPage(browser, t);
	await signIn(page, house);
	await page.getByRole('link', {name: 'Test', exact: true}).click();
	const figure = (name) => page.locator(`#figure-${name} dd`).first().textContent();
	const count = (which) => house.sql(`select count(*) from decision where not live and ${which}`)[0][0];
	// What the worker has judged, a moment later.
	await until('the figures', async () => {
		await page.reload();
		return await figure('accepted') === count("outcome = 'accepted'");
	});
	assert.ok(Number(await figure('accepted')) >= 5);
	assert.equal(await page.locator('#reasons tbody tr', {hasText: 'Too expensive'}).locator('td').first().textContent(), count("reason_code = 'too_expensive'"));
	const [[saved]] = house.sql("select sum(saved_minor) from decision where not live and outcome = 'accepted' and status in ('applied', 'recorded')");
	assert.equal((await figure('saved_minor')).replaceAll(/[^\d]/g, ''), saved);
	await until('the activity', async () => {
		await page.reload();
		return await page.getByRole('row', {name: /^customer\.cancelled .* \d+ /}).count() === 1;
	});
	await page.getByRole('link', {name: 'Live', exact: true}).click();
	await page.getByRole('heading', {name: 'The way to the first saved customer'}).waitFor();
});

test('phone width: no page is wider than the screen', async (t) => {
	const page = await openPage(browser, t, {viewport: {width: 360, height: 640}});
	await signIn(page, house);
	for (const path of [`${house.url}/?mode=test`, `${house.url}/keys`, `${house.url}/settings`, `${house.url}/nowhere`, shop, `${shop}/account/cleo`]) {
		await page.goto(path);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, path);
	}
});

test('pages work without JavaScript', async (t) => {
	const page = await openPage(browser, t, {javaScriptEnabled: false});
	await signIn(page, house);
	await page.getByRole('link', {name: '7 days'}).click();
	await page.getByRole('link', {name: 'Settings'}).click();
	await page.getByLabel('Time zone').fill('Europe/Atlantis');
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByText('is not a time zone').waitFor();
	await page.getByLabel('Language').selectOption('fr');
	await page.getByLabel('Time zone').fill('Europe/Lisbon');
	await page.getByLabel(/how many customers/).check();
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByText('Your settings are saved.').waitFor();
	assert.deepEqual([await page.getByLabel('Language').inputValue(), await page.getByLabel('Time zone').inputValue()], ['fr', 'Europe/Lisbon']);
	assert.ok(await page.getByLabel(/how many customers/).isChecked());
	await page.getByRole('button', {name: 'Sign out'}).click();
	await page.getByText('You are signed out.').waitFor();
	await page.goto(house.url);
	await page.getByRole('heading', {name: 'Sign in'}).waitFor();
});
