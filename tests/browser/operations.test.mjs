// The pages of the house's own performance in Chromium, after real requests: SLO, profile, capacity.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {BUILD, boot, until} from '../e2e/harness.mjs';
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

test('SLO: objectives, budgets and what was counted, after real requests', async (t) => {
	// A minute goes by, and a worker that begins writes down what was counted in it.
	const minute = async () => {
		house.sql(`update observe_node set sampled_at = sampled_at - interval '1 minute'; update observe_sample set at = at - interval '1 minute'`);
		const worker = spawn(join(BUILD, 'daemons/worker/stoa-worker'), ['--max-runtime', '1'], {...house.user, cwd: house.dir, env: house.environment, stdio: 'ignore'});
		await once(worker, 'close');
	};
	await until('the first sample', () => house.sql('select count(*) from observe_node')[0][0] === '1');
	const page = await openPage(browser, t);
	await signIn(page, house, '/slo?range=1h');
	for (let i = 0; i < 20; i++)
		assert.equal((await house.fetch('/health')).status, 200);
	await minute();
	await page.reload();
	await page.getByRole('heading', {name: 'SLO', level: 1}).waitFor();
	const ops = page.locator('#class-ops');
	assert.match(await ops.textContent(), /99\.90 % within 200 ms/);
	assert.match(await page.locator('#routes tbody').textContent(), /GET \/health/);
	assert.ok(await page.locator('#caches tbody tr').count() > 0);
	assert.equal(await page.locator('#queues tbody tr').count(), 3);
	await ops.getByRole('link', {name: 'ops'}).click();
	await page.getByRole('heading', {name: 'Duration: ops'}).waitFor();
	assert.equal(new URL(page.url()).search, '?range=1h&class=ops');
	await page.locator('#times summary').click();
	assert.ok(await page.locator('#times tbody tr').count() > 0);
	await accessible(page, 'SLO');
	await page.getByRole('navigation', {name: 'Range'}).getByRole('link', {name: '30 days'}).click();
	await page.waitForURL(/range=30d&class=ops/);

	house.sql(`update account set language = 'de' where email = '${house.owner.email}'`);
	t.after(() => house.sql(`update account set language = 'en' where email = '${house.owner.email}'`));
	const german = await openPage(browser, t);
	await signIn(german, house, '/slo');
	await german.getByRole('heading', {name: 'Ziele und Fehlerbudgets'}).waitFor();
});

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

test('capacity: a size in the address, its figures with their formulas, without JavaScript, in German', async (t) => {
	const page = await openPage(browser, t);
	await signIn(page, house, '/capacity');
	await page.getByRole('heading', {name: 'Capacity', level: 1}).waitFor();
	await page.getByLabel('Users', {exact: true}).fill('100000');
	await page.getByLabel('Memory of a machine').fill('16g');
	await page.getByRole('button', {name: 'Calculate'}).click();
	await page.waitForURL(/users=100000.*memory=16g/);
	assert.match(await page.locator('#figure-designUsers').textContent(), /7,500.*peakConcurrent × headroom.*⌊6000 × 1\.25⌋.*001/s);
	assert.equal(await page.locator('#phases svg.columns rect[class^=series-]').count(), 14);
	assert.equal(await page.locator('#phases tbody').last().locator('tr').count(), 4);
	await accessible(page, 'capacity');
	await page.setViewportSize({width: 360, height: 640});
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360);

	house.sql(`update account set language = 'de' where email = '${house.owner.email}'`);
	t.after(() => house.sql(`update account set language = 'en' where email = '${house.owner.email}'`));
	const plain = await openPage(browser, t, {javaScriptEnabled: false});
	await signIn(plain, house, '/capacity?users=0');
	await plain.getByRole('alert').getByText('Benutzer: eine Zahl von 1 bis 10000000 wird gebraucht.').waitFor();
	await plain.getByLabel('Benutzer', {exact: true}).fill('50000');
	await plain.getByRole('button', {name: 'Berechnen'}).click();
	assert.match(await plain.locator('#short-designUsers').textContent(), /3\.750/);
});
