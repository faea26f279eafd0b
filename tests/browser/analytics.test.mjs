// The pages of figures in a real browser: uPlot draws from the table beside it, keys walk along its points, the URL keeps days and filters, files
// come as the page has them; in light and dark, English and German, on a phone, without JavaScript.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

const PHONE = {viewport: {width: 360, height: 740}};
const PAGES = ['/', '/analytics?preset=90&compare=yes', '/roi?preset=90&cost=49', '/feedback?preset=90'];
let browser, house;

// Sessions of 60 days and what became of them, as the worker would have written them.
function stories() {
	const [[org]] = house.sql("select org_id from organisation where name = 'Harbour'");
	const [[flow]] = house.sql(`select id from flow where org_id = '${org}' and language = 'en'`);
	house.sql(`
		insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of, canceled_at, ended_at)
			select '${org}', true, 'sub_' || n, 'cus_' || n, case n % 4 when 3 then 'canceled' else 'active' end, 'eur', now() - interval '200 days', now(),
				case n % 4 when 3 then now() - interval '20 days' end, case n % 4 when 3 then now() - interval '20 days' end from generate_series(0, 39) n;
		insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, language, segment, value_minor, currency, signed, flow_id,
				flow_version, step_order, started_at)
			select '${org}', true, (lpad(to_hex((extract(epoch from now() - (40 - n) * interval '36 hours') * 1000)::bigint), 12, '0') || lpad(n::text, 20, '0'))::uuid,
				gen_random_uuid(), 'customer ' || n, 'sub_' || n, (array['basic', 'pro', 'team'])[1 + n % 3], 'en', (array['low', 'medium', 'high'])[1 + n % 3],
				1000 * (1 + n % 5), 'eur', false, '${flow}', 1, '', now() - (40 - n) * interval '36 hours' from generate_series(0, 39) n;
		insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_code, feedback, path, request_hash, status, value_minor, saved_minor,
				currency, decided_at)
			select org_id, live, id, (array['accepted', 'accepted', 'dismissed', 'declined'])[1 + n % 4], case when n % 4 < 2 then 'discount' end,
				case when n % 4 < 2 then 1 end, (array['too_expensive', 'unused', 'missing_features'])[1 + n % 3], 'It is too expensive, number ' || n,
				'[{"step": 0, "answer": "answered"}, {"step": 1, "answer": "declined"}]', '', case when n = 1 then 'manual' else 'applied' end, value_minor,
				case when n % 4 < 2 then value_minor / 5 else 0 end, 'eur', started_at + interval '1 minute'
			from (select *, right(id::text, 12)::int as n from retention_session where org_id = '${org}') s;
		insert into invoice (org_id, live, ref, subscription_ref, status, currency, paid_minor, created_at, paid_at, as_of)
			select '${org}', true, 'in_' || n, 'sub_' || n, 'paid', 'eur', 900 * (1 + n % 5), now(), now() - interval '1 hour', now() from generate_series(0, 39) n`);
	house.stoa('measure', 'rebuild');
}

before(async () => {
	browser = await launch();
	house = await boot();
	stories();
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
const speak = (language) => house.sql(`update account set language = '${language}' where email = '${house.owner.email}'`);
// Rows of a section's table as texts.
const rows = (page, id) => page.locator(`#${id} tbody tr`).evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));

test('uPlot draws what the table says', async (t) => {
	const page = await open(t, '/analytics?preset=90');
	const figure = page.locator('#days figure');
	await figure.locator('.uplot canvas').waitFor();
	assert.equal(await figure.locator('svg').isVisible(), false);
	assert.equal(await page.locator('figure[data-plot] .uplot').count(), await page.locator('figure[data-plot]').count());
	// Something is drawn, in the colour of the series that the style sheet gives it.
	const drawn = await figure.locator('canvas').evaluate((canvas) => {
		const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
		const seen = new Set();
		for (let i = 0; i < data.length; i += 4)
			if (data[i + 3] === 255)
				seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
		return [...seen];
	});
	assert.ok(drawn.includes('31,157,85'), `accepted is #1f9d55: ${drawn.length} colours`);
	// Keys walk, and say the row's own words.
	const table = await rows(page, 'days');
	const plot = figure.getByRole('slider');
	await plot.focus();
	const said = () => plot.getAttribute('aria-valuetext');
	const words = ([day, sessions, accepted, cancels]) => `${day}: Sessions ${sessions}, Offers accepted ${accepted}, Cancellations ${cancels}`;
	assert.equal(await said(), words(table.at(-1)));
	await page.keyboard.press('ArrowLeft');
	assert.equal(await said(), words(table.at(-2)));
	await page.keyboard.press('Home');
	assert.equal(await said(), words(table[0]));
	assert.equal(await plot.getAttribute('aria-valuenow'), '1');
	assert.equal(await figure.locator('.said').textContent(), words(table[0]));
	await page.keyboard.press('PageUp');
	assert.equal(await said(), words(table[7]));
	await plot.hover({position: {x: 400, y: 100}});
	assert.notEqual(await said(), words(table[7]));
});

test('the drawing follows the width and the scheme', async (t) => {
	const page = await open(t, '/analytics?preset=90');
	const canvas = page.locator('#days canvas');
	await canvas.waitFor();
	const width = () => canvas.evaluate((at) => at.getBoundingClientRect().width);
	const wide = await width();
	await page.setViewportSize({width: 500, height: 800});
	await page.waitForFunction((before) => document.querySelector('#days canvas').getBoundingClientRect().width < before, wide);
	const ink = () => canvas.evaluate((at) => at.toDataURL());
	const light = await ink();
	await page.emulateMedia({colorScheme: 'dark'});
	await page.waitForFunction((before) => document.querySelector('#days canvas').toDataURL() !== before, light);
});

test('the URL keeps days and filters', async (t) => {
	const page = await open(t, '/analytics');
	await page.getByRole('link', {name: '90 days'}).click();
	await page.locator('summary', {hasText: 'Days and filters'}).click();
	await page.getByLabel('Plan', {exact: true}).selectOption('pro');
	await page.getByLabel('Compare with as many days before').check();
	await page.getByRole('button', {name: 'Show'}).click();
	const url = new URL(page.url());
	assert.deepEqual([url.searchParams.get('preset'), url.searchParams.get('plan'), url.searchParams.get('compare')], ['90', 'pro', 'yes']);
	await page.locator('#summary').waitFor();
	const sessions = (await rows(page, 'summary'))[0];
	assert.deepEqual([sessions[0], sessions[1].trim()], ['Sessions', '13']);
	await page.getByRole('link', {name: '7 days'}).click();
	assert.equal(await page.getByLabel('Plan', {exact: true}).inputValue(), 'pro');
	await page.getByLabel('First day (UTC)').fill('2026-01-01');
	await page.getByLabel('Last day').fill('2026-01-31');
	await page.getByLabel('Last day').press('Enter');
	await page.getByText('Days and filters: 1 Jan 2026 – 31 Jan 2026').waitFor();
	assert.equal(await page.locator('.switch a[aria-current]', {hasText: 'days'}).count(), 0);
	await page.goBack();
	assert.equal(await page.getByRole('link', {name: '7 days'}).getAttribute('aria-current'), 'true');
});

test('files hold what the page shows', async (t) => {
	const page = await open(t, '/analytics?preset=90&plan=pro');
	const download = async (link) => {
		const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
		return {name: file.suggestedFilename(), lines: readFileSync(await file.path(), 'utf8').split('\r\n')};
	};
	const reasons = await download(page.getByRole('link', {name: /^CSV.*Reasons given$/}));
	assert.match(reasons.name, /^reasons-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
	assert.equal(reasons.lines[0], 'reason_code,sessions,percent,accepted,cancels');
	assert.equal(reasons.lines[1].split(',')[1], (await rows(page, 'reasons'))[0][1]);
	const sessions = await download(page.locator('.files').getByRole('link', {name: 'Sessions'}));
	assert.equal(sessions.lines.length, 1 + 13 + 1);
});

test('without JavaScript the server’s drawing is there', async (t) => {
	const page = await open(t, '/analytics?preset=90', {javaScriptEnabled: false});
	assert.ok(await page.locator('#days figure svg').isVisible());
	assert.equal(await page.locator('#days figure svg path.line').count(), 3);
	await page.locator('#days details summary').click();
	assert.ok(await page.locator('#days table').isVisible());
	await page.locator('summary', {hasText: 'Days and filters'}).click();
	await page.getByLabel('Plan', {exact: true}).selectOption('team');
	await page.getByRole('button', {name: 'Show'}).click();
	assert.match(page.url(), /plan=team/);
	await page.goto(`${house.url}/roi?preset=90`);
	await page.getByLabel(/Cost a month in EUR/).fill('49.00');
	await page.getByRole('button', {name: 'Calculate'}).click();
	assert.match(await page.locator('#roi-multiplier').textContent(), /Multiplier\d+\.\d ×/);
	await page.goto(`${house.url}/feedback?preset=90`);
	await page.getByRole('link', {name: /^expensive 40/}).click();
	await page.getByRole('link', {name: 'Older answers'}).click();
	await page.getByText('It is too expensive, number 0', {exact: true}).waitFor();
});

test('a new owner is led, and what waits is at the top', async (t) => {
	const page = await open(t, '/');
	assert.equal(await page.locator('#attention a').first().textContent(), 'Decisions for your team to carry out by hand: 1');
	await page.getByRole('link', {name: 'Test', exact: true}).click();
	const way = page.locator('#way');
	await way.getByRole('heading', {name: 'The way to the first saved customer'}).waitFor();
	assert.deepEqual(await way.locator('.pill').allTextContents(), ['done', 'done', 'done', 'open', 'open']);
	assert.equal(await way.locator('[aria-current=step] a').getAttribute('href'), '/keys');
});

for (const language of ['en', 'de'])
	test(`accessible in light and dark, on a phone, in ${language}`, async (t) => {
		speak(language);
		try {
			const page = await open(t, PAGES[0]);
			for (const path of [...PAGES, '/?mode=test']) {
				await page.goto(house.url + path);
				assert.equal(await page.locator('html').getAttribute('lang'), language);
				for (const details of await page.locator('details').all())
					await details.evaluate((one) => { one.open = true; });
				await accessible(page, `${path} ${language}`);
			}
			const phone = await open(t, PAGES[0], PHONE);
			for (const path of PAGES) {
				await phone.goto(house.url + path);
				for (const details of await phone.locator('details').all())
					await details.evaluate((one) => { one.open = true; });
				const wide = await phone.evaluate(() => document.documentElement.scrollWidth);
				assert.ok(wide <= 360, `${path} ${language}: ${wide}`);
			}
		} finally {
			speak('en');
		}
	});
