// The Jobs page in Chromium, with a real worker: progress that moves without a reload, replay by keyboard, cancel, filters, without JavaScript.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {boot, until} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

let browser, house, org, account;

before(async () => {
	browser = await launch();
	house = await boot();
	house.stoa('user', 'operator', house.owner.email, 'on');
	[[org, account]] = house.sql(`select m.org_id, m.account_id from membership m join account a on a.id = m.account_id where a.email = '${house.owner.email}'`);
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

beforeEach(() => house.sql('delete from job'));

const id = (n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

// A row of the queue; `more` replaces columns by SQL.
function job(n, more = {}) {
	const row = {id: `'${id(n)}'`, org_id: `'${org}'`, kind: "'report.make'", queue: 2, state: "'waiting'", attempt: 0, attempts: 3, run_at: "now() + interval '1 hour'", ...more};
	house.sql(`insert into job (${Object.keys(row)}) values (${Object.values(row)}); notify stoa_job`);
}
const DEAD = {state: "'dead'", attempt: 3, started_at: 'now()', finished_at: 'now()',
	errors: `'[{"time": "2026-03-04T05:06:07+00:00", "attempt": 3, "code": "upstream", "message": "It answers 500"}]'`};
const state = (n) => house.sql(`select state from job where id = '${id(n)}'`)[0]?.[0];

async function open(t, path, options) {
	const page = await openPage(browser, t, options);
	await signIn(page, house, path);
	return page;
}

// What a reload would lose.
const mark = (page) => page.evaluate(() => { window.unloaded = false; });
const marked = (page) => page.evaluate(() => window.unloaded === false);

test('a job’s progress moves without a reload, and its end is seen', async (t) => {
	// At the test's pace: slow until the movement has been seen.
	house.sql(`create table pace (seconds float); insert into pace values (0.5);
		create function pace() returns trigger language plpgsql as $$ begin perform pg_sleep(seconds) from pace; return null; end $$;
		create trigger pace after delete on password_reset for each statement execute function pace();
		insert into password_reset (token_hash, account_id, expires_at, created_at) select sha256(n::text::bytea), '${account}', now(),
		now() - interval '40 days' from generate_series(1, 200000) n`);
	t.after(() => house.sql('drop trigger pace on password_reset; drop function pace; drop table pace'));
	const page = await open(t, '/jobs?scope=house');
	await mark(page);
	job(1, {kind: "'house.cleanup'", org_id: 'null', run_at: 'now()'});
	const bar = page.locator(`#run-${id(1)} progress`);
	await bar.waitFor();
	const first = await bar.getAttribute('value');
	await page.waitForFunction(([selector, was]) => {
		const value = document.querySelector(selector)?.getAttribute('value');
		return value && Number(value) > Number(was);
	}, [`#run-${id(1)} progress`, first], {timeout: 60000});
	assert.match(await page.locator(`#run-${id(1)}`).textContent(), /\d+ of 200000 rows/);
	house.sql('update pace set seconds = 0');
	await page.locator(`#job-${id(1)} .pill`).getByText('done').waitFor({timeout: 120000});
	assert.equal(await page.locator(`#run-${id(1)}`).count(), 0);
	assert.ok(await marked(page));
	assert.equal(house.sql('select count(*) from password_reset')[0][0], '0');
});

test('a dead job is replayed by keyboard, and its new end is seen', async (t) => {
	job(2, {kind: "'house.cleanup'", org_id: 'null', ...DEAD});
	const page = await open(t, '/jobs?scope=house');
	const button = page.locator(`#dead-${id(2)}`).getByRole('button', {name: 'Replay house.cleanup'});
	await button.waitFor();
	await page.locator('#state').focus();
	for (let i = 0; i < 60 && !await button.evaluate((b) => b === document.activeElement); i++)
		await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.getByText('The job is tried again.').waitFor();
	await mark(page);
	await page.locator(`#job-${id(2)} .pill`).getByText('done').waitFor({timeout: 60000});
	assert.ok(await marked(page));
	assert.equal(state(2), 'done');
	assert.ok(page.url().includes('scope=house'));
});

test('cancel, try now, replay all', async (t) => {
	job(3);
	job(4, {...DEAD, kind: "'house.cleanup'"});
	job(5, {...DEAD, kind: "'house.cleanup'"});
	job(6, {kind: "'house.cleanup'", attempt: 1, errors: DEAD.errors});
	const page = await open(t, '/jobs');
	page.on('dialog', (dialog) => dialog.accept());
	await page.locator(`#job-${id(3)}`).getByRole('button', {name: 'Cancel'}).click();
	await page.getByText('The job is cancelled.').waitFor();
	assert.equal(state(3), 'cancelled');
	assert.match(await page.locator(`#retry-${id(6)}`).textContent(), /1 of 3.*It answers 500/);
	await page.locator(`#retry-${id(6)}`).getByRole('button', {name: 'Try now'}).click();
	await page.getByText('The job is tried again.').waitFor();
	await page.getByRole('button', {name: 'Replay all'}).click();
	await page.getByText('The dead jobs are tried again.').waitFor();
	await until('all to have run', () => [4, 5, 6].every((n) => state(n) === 'done'), 60);
	await page.locator('#dead').getByText('None.').waitFor();
});

test('focus and place stay while the page renews itself', async (t) => {
	for (let n = 10; n < 25; n++)
		job(n, DEAD);
	const page = await open(t, '/jobs');
	const button = page.locator(`#dead-${id(12)}`).getByRole('button', {name: 'Replay'});
	await button.focus();
	assert.ok(await page.evaluate(() => window.scrollY) > 0);
	const {y} = await button.boundingBox();
	job(30, {...DEAD, finished_at: 'now()'});
	await page.locator(`#dead-${id(30)}`).waitFor();
	// The browser keeps what is read in its place on the screen, as a row comes above it.
	assert.ok(Math.abs((await button.boundingBox()).y - y) < 2);
	assert.ok(await button.evaluate((b) => b === document.activeElement));
	house.sql(`delete from job where id = '${id(12)}'`);
	await page.locator(`#dead-${id(12)}`).waitFor({state: 'detached'});
	assert.equal(await page.evaluate(() => document.activeElement.id), 'dead');
	assert.equal(await page.locator('[role=status]').textContent(), 'Dead jobs: 15. Queues past their alert: 0.');
});

test('it asks less often while that fails, not at all while hidden, and recovers', async (t) => {
	const page = await openPage(browser, t);
	await signIn(page, house);
	await page.clock.install();
	await page.goto(`${house.url}/jobs`);
	await page.clock.pauseAt(Date.now() + 3600000);
	let asked = 0, fails = true;
	await page.route('**/jobs', (route) => { asked++; return fails ? route.fulfill({status: 503, body: ''}) : route.continue(); });
	// Milliseconds of the page's own clock until it asks again.
	const next = async () => {
		const before = asked;
		let ms = 0;
		for (; asked === before; ms += 250)
			await page.clock.runFor(250);
		return ms;
	};
	await next();
	// 3000 and 6000, less what the clock went on for while the one before was noticed.
	assert.ok(await next() >= 2000);
	assert.ok(await next() >= 4000);
	const hide = (hidden) => page.evaluate((value) => {
		Object.defineProperty(document, 'hidden', {configurable: true, get: () => value});
		document.dispatchEvent(new Event('visibilitychange'));
	}, hidden);
	await hide(true);
	const before = asked;
	await page.clock.runFor(600000);
	assert.equal(asked, before);
	fails = false;
	job(9, DEAD);
	await hide(false);
	await next();
	await page.locator(`#dead-${id(9)}`).waitFor();
});

test('filters are in the URL, and one job shows its failures', async (t) => {
	job(40, {kind: "'webhook.deliver'", queue: 1, ...DEAD});
	job(41);
	const page = await open(t, '/jobs');
	await page.getByLabel('Kind').selectOption('webhook.deliver');
	await page.getByLabel('State in the list').selectOption('dead');
	await page.getByRole('button', {name: 'Show'}).click();
	await page.waitForURL(/kind=webhook\.deliver.*state=dead/);
	await page.locator(`#job-${id(40)}`).waitFor();
	assert.equal(await page.locator(`#job-${id(41)}`).count(), 0);
	await page.locator(`#job-${id(40)}`).getByRole('link').click();
	await page.getByRole('heading', {name: 'Job webhook.deliver'}).waitFor();
	await page.getByText('It answers 500').waitFor();
	await accessible(page, 'one job');
});

test('operators hold back and let go on; others see their own alone', async (t) => {
	house.sql("insert into job (id, org_id, kind, queue, state, attempts, finished_at) values (gen_random_uuid(), null, 'foreign.kind', 2, 'dead', 3, now())");
	const page = await open(t, '/jobs?scope=house');
	await page.getByText('foreign.kind').first().waitFor();
	await page.getByRole('button', {name: 'Hold back queue low'}).click();
	await page.locator('#queue-low').getByText('held back').waitFor();
	await page.getByRole('button', {name: 'Let go on queue low'}).click();
	await page.getByText('It goes on.').waitFor();
	await page.getByLabel('Kind to hold back').selectOption('mail.send');
	await page.getByRole('button', {name: 'Hold back', exact: true}).click();
	await page.getByRole('button', {name: 'Let go on mail.send'}).click();
	assert.equal(house.sql('select count(*) from job_pause')[0][0], '0');
	await page.getByRole('link', {name: 'This organisation'}).click();
	await page.getByRole('heading', {name: 'Jobs'}).waitFor();
	assert.equal(await page.getByText('foreign.kind').count(), 0);
	assert.equal(await page.locator('#workers').count(), 0);
});

test('accessible in light and dark, and no wider than a phone', async (t) => {
	job(50, DEAD);
	job(51, {attempt: 1, errors: DEAD.errors});
	job(52, {state: "'running'", attempt: 1, started_at: 'now()', progress: 30, progress_note: "'A third'", leased_until: "now() + interval '1 hour'", worker: "'nobody'"});
	house.sql(`insert into job (id, org_id, kind, queue, attempts, run_at) select gen_random_uuid(), '${org}', 'test.unknown', 0, 3, now() from generate_series(1, 600)`);
	const page = await open(t, '/jobs?scope=house');
	await page.locator('#queue-high').getByText('alert', {exact: true}).waitFor();
	await accessible(page, 'Jobs of the house');
	await page.setViewportSize({width: 360, height: 640});
	for (const path of ['/jobs', '/jobs?scope=house', `/jobs/${id(50)}`, `/jobs/${id(52)}`]) {
		await page.goto(house.url + path);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, path);
		await accessible(page, `${path} on a phone`);
	}
});

test('works without JavaScript', async (t) => {
	job(60, {...DEAD, kind: "'house.cleanup'"});
	job(61);
	const page = await open(t, '/jobs', {javaScriptEnabled: false});
	await page.getByLabel('Kind').selectOption('house.cleanup');
	await page.getByRole('button', {name: 'Show'}).click();
	await page.getByRole('button', {name: 'Replay all of house.cleanup'}).click();
	await page.getByText('The dead jobs are tried again.').waitFor();
	await until('it to have run', () => state(60) === 'done', 60);
	await page.goto(`${house.url}/jobs`);
	await page.locator(`#job-${id(61)}`).getByRole('button', {name: 'Cancel'}).click();
	await page.getByText('The job is cancelled.').waitFor();
	assert.equal(state(61), 'cancelled');
});
