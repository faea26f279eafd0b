// Outreach in a real browser: a program switched on by keyboard, its text changed and looked at before it is kept; the mail that arrives, and the
// timeline that shows it; an offer that a customer takes from a mail and that stands at Stripe; an unsubscription that holds. Every page of it in
// light and dark, on a phone, in German, without JavaScript.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {boot, until} from '../e2e/harness.mjs';
import {CATALOGUE} from '../e2e/widget.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

const PHONE = {viewport: {width: 360, height: 740}};
const ORG = '(select org_id from organisation limit 1)';
let browser, house, state;

function customer(name) {
	house.sql(`insert into customer (org_id, live, id, ref, stripe_ref, email, name, plan, value_minor, currency, region)
		select ${ORG}, true, gen_random_uuid(), '${name}', 'cus_${name}', '${name}@reach.example', 'Pat ${name}', 'Pro', 4900, 'usd', 'GB'`);
	return house.sql(`select id from customer where ref = '${name}'`)[0][0];
}

function subscribed(name, members, values) {
	house.sql(`insert into subscription (org_id, live, ref, customer_ref, plan, period, month_minor, currency, started_at, as_of, period_ends_at, status, ${members})
		select ${ORG}, true, 'sub_${name}', 'cus_${name}', 'Pro', 'month', 4900, 'usd', now() - interval '90 days', now(), now() + interval '5 days', ${values}`);
}

function unpaid(name) {
	house.sql(`insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, attempts, hosted_url, created_at, as_of)
		select ${ORG}, true, 'in_${name}', 'cus_${name}', 'sub_${name}', 'open', 'usd', 4900, 1, 'https://invoice.stripe.example/${name}', now(), now()`);
}

const sweep = () => house.sql("insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'outreach.sweep', 1, 1)");
const mailTo = (name) => until(`a mail to ${name}`, () => house.mail.mails.find((mail) => mail.to.includes(`${name}@reach.example`)));

before(async () => {
	browser = await launch();
	house = await boot({conf: {worker: {poll: '100ms'}}});
	house.sql(`insert into outreach_setting (org_id, quiet_from, quiet_until, sender_name) select ${ORG}, 0, 0, 'Harbour'`);
	await house.stripe.control('seed', {mode: 'live', keep: true, ...CATALOGUE, customers: [{id: 'cus_leaving'}],
		subscriptions: [{id: 'sub_leaving', customer: 'cus_leaving', items: [{id: 'si_leaving', price: 'price_pro'}]}]});
	await house.stripe.control('subscription/sub_leaving?mode=live', {cancel_at_period_end: true});
	const reply = await fetch(`${house.url}/api/v1/retention/connection/live`, {method: 'PUT', body: JSON.stringify({secretKey: 'sk_live_51outreach'}),
		headers: {...house.owner.bearer, 'Content-Type': 'application/json'}});
	assert.equal(reply.status, 200, await reply.text());
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

// The owner, signed in once.
async function open(t, path, options = {}) {
	const page = await openPage(browser, t, {...options, storageState: state});
	if (!state) {
		await signIn(page, house);
		state = await page.context().storageState();
	}
	await page.goto(house.url + path);
	return page;
}

const fits = async (page, what) => {
	const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= room, `${what}: ${wide} wide in ${room}`);
};

test('follows a failed payment up', async (t) => {
	const id = customer('owes');
	subscribed('owes', 'cancel_at_period_end', "'past_due', false");
	unpaid('owes');
	const page = await open(t, '/outreach/wordings/payment.failed/en');
	await page.getByLabel('Subject line').fill('Your card, {{name}}');
	await page.getByRole('button', {name: 'Preview'}).press('Enter');
	await page.getByText('Your card, Kim Berg').waitFor();
	await page.getByRole('button', {name: 'Keep'}).press('Enter');
	await page.getByText('It is kept.').waitFor();
	await page.getByRole('link', {name: 'Back to outreach'}).click();
	const program = page.getByRole('region', {name: /^Failed payments/}).filter({has: page.getByLabel('Send these mails')});
	await program.getByLabel('Send these mails').press('Space');
	await program.getByLabel('Most attempts of ours').fill('0');
	await program.getByRole('button', {name: /^Keep/}).press('Enter');
	await page.getByText('It is kept.').waitFor();
	sweep();
	const mail = await mailTo('owes');
	assert.equal(mail.subject, 'Your card, Pat owes');
	assert.match(mail.raw, /^From: "Harbour" /m);
	assert.match(mail.text, /https:\/\/invoice\.stripe\.example\/owes/);
	assert.match(mail.raw, /^List-Unsubscribe: /m);
	sweep();
	await until('the timeline to show it', async () => {
		await page.goto(`${house.url}/customers/${id}`);
		return page.getByRole('row', {name: /Mail Payment failed sent/}).isVisible();
	});
	await page.getByRole('row', {name: /Recovery of a payment open/}).waitFor();
	// Paid: it is told as recovered, and the next step sends nothing.
	house.sql("update invoice set status = 'paid', paid_minor = 4900, paid_at = now() where ref = 'in_owes'");
	sweep();
	await until('the case to be over', async () => {
		await page.goto(`${house.url}/outreach`);
		return page.getByText(/of it USD 49\.00 after a mail/).isVisible();
	});
	await accessible(page, 'the page of outreach');
});

test('an offer is taken from a mail and stands at Stripe', async (t) => {
	customer('leaving');
	subscribed('leaving', 'cancel_at_period_end, canceled_at', "'active', true, now() - interval '2 days'");
	const page = await open(t, '/outreach');
	const program = page.getByRole('region', {name: /^Offers before the end/});
	await program.getByLabel('Send these mails').check();
	await program.getByRole('button', {name: /^Keep/}).click();
	await page.getByText('It is kept.').waitFor();
	sweep();
	const [link] = (await mailTo('leaving')).text.match(/https?:\/\/\S+\/offer\?token=\S+/);
	const path = new URL(link).pathname + new URL(link).search;
	// The customer, who has no account here.
	const visitor = await openPage(browser, t, {...PHONE, javaScriptEnabled: false});
	await visitor.goto(house.url + path);
	await visitor.getByRole('heading', {name: '30 % off Pro'}).waitFor();
	await fits(visitor, 'the offer');
	await visitor.getByRole('button', {name: 'Take the offer'}).press('Enter');
	await visitor.getByRole('heading', {name: 'Thank you for staying'}).waitFor();
	const seen = await openPage(browser, t);
	await seen.goto(house.url + path);
	await accessible(seen, 'the offer taken');
	const at = await until('Stripe to show it', async () => {
		const now = await house.stripe.control('subscription/sub_leaving?mode=live');
		return now.discounts.length && now;
	});
	assert.equal(at.discounts[0].source.coupon.percent_off, 30);
	assert.equal(at.cancel_at_period_end, false);
	await until('the house to know', () => house.sql("select state from outreach_offer")[0][0] === 'applied');
});

test('who unsubscribes gets no more', async (t) => {
	customer('tired');
	subscribed('tired', 'cancel_at_period_end', "'past_due', false");
	unpaid('tired');
	sweep();
	const [link] = (await mailTo('tired')).text.match(/https?:\/\/\S+\/unsubscribe\?token=\S+/);
	const visitor = await openPage(browser, t, {javaScriptEnabled: false});
	await visitor.goto(house.url + new URL(link).pathname + new URL(link).search);
	await visitor.getByRole('button', {name: 'Unsubscribe'}).click();
	await visitor.getByRole('status').waitFor();
	// Days later the next step is due.
	house.sql("update outreach_case set opened_at = now() - interval '4 days' where invoice_ref = 'in_tired'; update outreach_mail set handed_at = now() - interval '4 days'");
	sweep();
	await until('the second mail to be left unsent', () => {
		sweep();
		return house.sql("select count(*) from outreach_mail m join customer c on c.id = m.customer_id where c.ref = 'tired' and m.state = 'suppressed' and m.reason = 'unsubscribe'")[0][0] === '1';
	});
	assert.equal(house.mail.mails.filter((mail) => mail.to.includes('tired@reach.example')).length, 1);
});

test('every page is readable by all, wide and narrow, in both languages', async (t) => {
	const id = house.sql("select id from customer where ref = 'owes'")[0][0];
	const paths = ['/subscriptions', '/subscriptions?view=attention', '/subscriptions?view=alerts', '/customers', `/customers/${id}`, '/outreach', '/outreach/mails',
		'/outreach/cases', '/outreach/wordings/retention.offer/fr'];
	for (const language of ['en', 'de']) {
		house.sql(`update account set language = '${language}'`);
		// Identities are cached for up to 30 s; a new session has none.
		state = undefined;
		const page = await openPage(browser, t);
		await signIn(page, house);
		for (const path of paths) {
			await page.setViewportSize({width: 1280, height: 900});
			await page.goto(house.url + path);
			assert.equal(await page.locator('html').getAttribute('lang'), language);
			await accessible(page, `${path} ${language}`);
			await page.setViewportSize(PHONE.viewport);
			await fits(page, `${path} ${language}`);
		}
		await page.context().close();
	}
	house.sql("update account set language = 'en'");
});
