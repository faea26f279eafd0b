// The Webhooks page in a real browser: an endpoint made, its secret seen once, a test that arrives at a receiver with TLS, the log with
// nothing secret in it, resent, rotated with both secrets signing, switched off and on, deleted; in light and dark, on a phone, without JavaScript.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {Webhook} from 'standardwebhooks';
import {boot, until} from '../e2e/harness.mjs';
import {startSink} from '../standin/sink.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

const PHONE = {viewport: {width: 360, height: 740}};
let browser, house, sink, folder;

before(async () => {
	folder = mkdtempSync('/tmp/stoa-sink.');
	sink = await startSink({folder});
	browser = await launch();
	house = await boot({conf: {net: {private_allowed: '127.0.0.1', ca_file: sink.certificate}, worker: {poll: '100ms'}}});
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
	await sink?.close();
	rmSync(folder, {recursive: true, force: true});
}, {timeout: 120000});

async function open(t, options) {
	const page = await openPage(browser, t, options);
	await signIn(page, house, '/webhooks');
	await page.getByRole('heading', {name: 'Webhooks', exact: true}).waitFor();
	return page;
}

async function add(page, path, events = []) {
	await page.getByLabel('Address (https)').fill(`${sink.url}/${path}`);
	await page.getByLabel('What it is for').fill(`for ${path}`);
	for (const event of events)
		await page.locator(`input[name=events][value="${event}"]`).check();
	// By keyboard: Enter in a field sends the form.
	await page.getByLabel('Address (https)').press('Enter');
	await page.getByRole('heading', {name: 'The new secret'}).waitFor();
	return page.getByLabel('Signing secret').inputValue();
}

const fits = async (page, what) => {
	const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= room, `${what}: ${wide} wide in ${room}`);
};
const arrived = (path) => sink.requests.filter((request) => request.url.endsWith(`/${path}`) && request.body !== null);
// The delivery's page, again until it has settled.
async function settled(page, state) {
	await until(`delivery ${state}`, async () => {
		await page.reload();
		return await page.locator('.pill').first().textContent() === state;
	});
}

test('an endpoint from its making to its end', async (t) => {
	const page = await open(t);
	await page.getByText('No endpoints yet.').waitFor();
	await accessible(page, 'no endpoints');
	const secret = await add(page, 'one', ['offer.accepted', 'member.*']);
	assert.match(secret, /^whsec_/);
	assert.match(page.url(), /\/webhooks$/);
	await accessible(page, 'a new secret');
	await page.getByRole('link', {name: 'Webhooks', exact: true}).click();
	await page.getByRole('link', {name: `${sink.url}/one`}).click();
	assert.ok(!(await page.content()).includes(secret), 'the secret is shown once');
	assert.deepEqual(await page.locator('input[name=events]:checked').evaluateAll((boxes) => boxes.map((box) => box.value)), ['offer.accepted', 'member.*']);

	// A test arrives and is in the log, without what is secret.
	await page.getByRole('button', {name: 'Send a test event'}).click();
	await page.getByRole('heading', {name: 'Delivery', exact: true}).waitFor();
	await settled(page, 'Delivered');
	assert.equal(arrived('one').length, 1);
	assert.equal(new Webhook(secret).verify(arrived('one')[0].body, arrived('one')[0].headers).type, 'webhook.test');
	const log = await page.locator('main').textContent();
	assert.ok(log.includes('thank you') && log.includes('"webhook.test"'), log);
	assert.ok(!log.includes('sid=hidden') && !log.includes(arrived('one')[0].headers['webhook-signature']), log);
	await accessible(page, 'a delivery');

	await page.getByRole('button', {name: 'Send it once more'}).click();
	await until('a second attempt', async () => (await page.reload(), await page.getByRole('heading', {name: 'Attempt 2: 200'}).count()));
	assert.equal(arrived('one').length, 2);
	assert.equal(arrived('one')[1].id, arrived('one')[0].id);

	// Rotated: for an hour both secrets sign.
	await page.getByRole('link', {name: 'Its endpoint'}).click();
	await page.getByLabel(/Hours for which/).fill('1');
	await page.getByRole('button', {name: 'Make a new secret'}).click();
	const next = await page.getByLabel('Signing secret').inputValue();
	assert.notEqual(next, secret);
	await page.getByText('The secret before this one also signs until').waitFor();
	await page.getByRole('button', {name: 'Send a test event'}).click();
	await settled(page, 'Delivered');
	for (const either of [secret, next])
		new Webhook(either).verify(arrived('one')[2].body, arrived('one')[2].headers);

	// The log by state, in the address.
	await page.getByRole('link', {name: 'Its endpoint'}).click();
	await page.getByRole('navigation', {name: 'State of deliveries'}).getByRole('link', {name: 'Delivered'}).click();
	assert.match(page.url(), /state=delivered/);
	assert.equal(await page.getByRole('row').count(), 3);
	await page.getByRole('navigation', {name: 'State of deliveries'}).getByRole('link', {name: 'Failed'}).click();
	await page.getByText('None.').waitFor();
	await accessible(page, 'an endpoint');

	// Changed: the filters are those that are checked.
	await page.locator('input[name=events][value="member.*"]').uncheck();
	await page.getByLabel('What it is for').fill('für <b>alle</b>');
	await page.getByRole('button', {name: 'Save'}).click();
	assert.deepEqual(house.sql('select description, events from webhook_endpoint'), [['für <b>alle</b>', '{offer.accepted}']]);

	await page.getByRole('button', {name: 'Switch off'}).click();
	await page.getByText('Someone of your organisation switched it off.').waitFor();
	assert.ok(await page.getByRole('button', {name: 'Send a test event'}).isDisabled());
	await accessible(page, 'switched off');
	await page.getByRole('button', {name: 'Switch on'}).click();
	await page.getByRole('button', {name: 'Switch off'}).waitFor();

	page.once('dialog', (dialog) => dialog.accept());
	await page.getByRole('button', {name: 'Delete'}).click();
	await page.getByText('No endpoints yet.').waitFor();
	assert.deepEqual(house.sql("select action from audit_log where action like 'webhook.%' order by id").map(([action]) => action), ['webhook.create',
		'webhook.test', 'webhook.resend', 'webhook.rotate', 'webhook.test', 'webhook.update', 'webhook.update', 'webhook.update', 'webhook.delete']);
});

test('what is wrong is said where it was typed', async (t) => {
	const page = await open(t);
	await page.getByLabel('What it is for').fill('kept');
	await page.locator('input[name=events][value="key.*"]').check();
	await page.getByLabel('Address (https)').fill('https://10.0.0.1/hooks');
	await page.getByRole('button', {name: 'Add the endpoint'}).click();
	await page.getByRole('alert').waitFor();
	assert.equal(await page.getByLabel('What it is for').inputValue(), 'kept');
	assert.ok(await page.locator('input[name=events][value="key.*"]').isChecked());
	await accessible(page, 'refused');
	assert.equal(house.sql("select count(*) from webhook_endpoint where description = 'kept'")[0][0], '0');
});

test('on a phone', async (t) => {
	const page = await open(t, PHONE);
	await add(page, `phone-${'long'.repeat(30)}`);
	await fits(page, 'the secret');
	await page.getByRole('button', {name: 'Send a test event'}).click();
	await settled(page, 'Delivered');
	await fits(page, 'a delivery');
	await accessible(page, 'a delivery on a phone');
	await page.getByRole('link', {name: 'Its endpoint'}).click();
	await fits(page, 'an endpoint');
	await accessible(page, 'an endpoint on a phone');
	await page.getByRole('link', {name: 'Webhooks', exact: true}).click();
	await fits(page, 'the list');
	await accessible(page, 'the list on a phone');
});

test('without JavaScript', async (t) => {
	const page = await open(t, {javaScriptEnabled: false});
	const secret = await add(page, 'plain');
	await page.getByRole('button', {name: 'Send a test event'}).click();
	await settled(page, 'Delivered');
	new Webhook(secret).verify(arrived('plain')[0].body, arrived('plain')[0].headers);
	await page.getByRole('button', {name: 'Send it once more'}).click();
	await until('a second attempt', async () => (await page.reload(), await page.getByRole('heading', {name: 'Attempt 2: 200'}).count()));
	await page.getByRole('link', {name: 'Its endpoint'}).click();
	await page.getByRole('button', {name: 'Make a new secret'}).click();
	assert.notEqual(await page.getByLabel('Signing secret').inputValue(), secret);
	await page.getByRole('button', {name: 'Delete'}).click();
	await page.getByRole('heading', {name: 'Add an endpoint'}).waitFor();
});

test('many deliveries come in pages', async (t) => {
	const page = await open(t);
	await add(page, 'many');
	const [[id, org]] = house.sql("select id, org_id from webhook_endpoint where url like '%/many'");
	house.sql(`with e as (insert into event (org_id, id, live, actor_kind, entity, type, payload, schema_version) select '${org}', gen_random_uuid(), false,
		'system', 'api_key', 'key.changed', '{}', 1 from generate_series(1, 45) returning org_id, id)
		insert into webhook_delivery (org_id, id, endpoint_id, event_id, state, status, attempts)
		select org_id, gen_random_uuid(), '${id}', id, 'failed', 500, 6 from e`);
	await page.goto(`${house.url}/webhooks/${id}?state=failed`);
	const seen = new Set();
	for (const rows of [20, 20, 5]) {
		const links = await page.locator('tbody a').evaluateAll((found) => found.map((link) => link.href));
		assert.equal(links.length, rows);
		links.forEach((link) => seen.add(link));
		if (rows === 20)
			await page.getByRole('link', {name: 'Older deliveries'}).click();
	}
	assert.equal(seen.size, 45);
	assert.equal(await page.getByRole('link', {name: 'Older deliveries'}).count(), 0);
	await page.getByRole('link', {name: 'The newest'}).click();
	assert.match(page.url(), /state=failed$/);
});
