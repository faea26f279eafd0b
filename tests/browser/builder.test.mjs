// The flow builder in a real browser: a flow built with the mouse, one with the keyboard alone, two people on one flow, a house that does not
// answer, publishing with what is wrong first, the list's forms, German, a phone, and all of it without JavaScript.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

const DESK = {viewport: {width: 1440, height: 1000}};
const PHONE = {viewport: {width: 360, height: 740}, hasTouch: true};
let browser, house;

before(async () => {
	browser = await launch();
	house = await boot();
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

async function open(t, path, options = DESK) {
	const page = await openPage(browser, t, options);
	await signIn(page, house, path);
	await page.locator(path === '/flows' ? 'table' : 'main h1').first().waitFor();
	return page;
}

const STEPS = [
	{type: 'survey', title: 'Before you go', message: 'What is the reason?', config: {options: [{code: 'too_expensive', text: 'Too expensive'}, {code: 'unused', text: 'Not used'}]}},
	{type: 'discount', title: 'A lower price', message: 'For three months.', config: {percentage: 25, duration: 'repeating', months: 3}},
	{type: 'pause', title: 'A break', message: 'Come back later.', config: {months: [1, 2, 3]}},
	{type: 'confirm', title: 'Cancel your plan?', message: 'It ends with the paid period.', config: {}}
];
const TITLES = STEPS.map((step) => step.title);

async function makeFlow(name, steps = STEPS) {
	const made = await house.json('POST', '/api/v1/retention/flows', {name, language: 'en', steps}, house.bearer);
	assert.equal(made.status, 201, made.text);
	return {id: made.body.data.id, path: `/flows/${made.body.data.id}`};
}
const stored = (id) => JSON.parse(house.sql(`select document from flow_draft where flow_id = '${id}'`)[0][0]);
const storedTitles = (id) => stored(id).steps.map((step) => step.title);

const titles = (page) => page.locator('#steps strong').allTextContents();
const saved = (page) => page.locator('#state[data-state=saved]').waitFor();
const said = (page) => page.locator('#live').textContent();
const grip = (page, n) => page.locator('#steps [data-grip]').nth(n);
const pick = (page, n) => page.locator('#steps [data-do=pick]').nth(n).click();
const fits = async (page, what) => {
	const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= room, `${what}: ${wide} wide in ${room}`);
};

async function drag(page, from, to) {
	const [a, b] = [await grip(page, from).boundingBox(), await grip(page, to).boundingBox()];
	await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
	await page.mouse.down();
	await page.mouse.move(a.x + a.width / 2, a.y + (to < from ? -10 : a.height + 10), {steps: 3});
	await page.mouse.move(b.x + b.width / 2, b.y + b.height / 2 + (to < from ? -8 : 8), {steps: 6});
}

test('a flow built with the mouse', async (t) => {
	const page = await open(t, '/flows');
	await accessible(page, 'the list');
	await page.getByLabel('Name').fill('By mouse');
	await page.getByLabel('It begins with').selectOption('empty');
	await page.getByRole('button', {name: 'Make the flow'}).click();
	await page.getByRole('heading', {name: 'By mouse'}).waitFor();
	const id = page.url().match(/flows\/([0-9a-f-]{36})/)[1];
	for (const [type, title] of [['confirm', 'Sure?'], ['survey', 'Why?'], ['discount', 'Cheaper']]) {
		await page.getByLabel('Another step').selectOption(type);
		await page.getByRole('button', {name: 'Add', exact: true}).click();
		await page.locator('#e-title').fill(title);
	}
	await saved(page);
	assert.deepEqual(storedTitles(id), ['Sure?', 'Why?', 'Cheaper']);

	// Dragged to the end, and back in the air.
	await drag(page, 0, 2);
	await page.mouse.up();
	assert.deepEqual(await titles(page), ['Why?', 'Cheaper', 'Sure?']);
	assert.equal(await said(page), 'Sure? is dropped at place 3 of 3.');
	await drag(page, 0, 1);
	assert.deepEqual(await titles(page), ['Cheaper', 'Why?', 'Sure?']);
	await page.keyboard.press('Escape');
	await page.mouse.up();
	assert.deepEqual(await titles(page), ['Why?', 'Cheaper', 'Sure?']);
	await saved(page);
	assert.deepEqual(storedTitles(id), ['Why?', 'Cheaper', 'Sure?']);

	// The editor: a number, a condition, a translation.
	await pick(page, 1);
	await page.getByLabel('Percent off').fill('40');
	await page.getByText('When it is shown').click();
	await page.getByLabel('Show this step').selectOption('all');
	await page.getByText('Translations').first().click();
	await page.getByLabel('Code of another language').fill('de');
	await page.getByRole('button', {name: 'Add this language'}).click();
	await page.locator('#t-title').fill('Günstiger');
	await saved(page);
	const step = stored(id).steps[1];
	assert.equal(step.config.percentage, 40);
	assert.deepEqual(step.when, {all: [{fact: 'answer', op: 'is', value: 'too_expensive'}]});
	assert.deepEqual(step.translations, {de: {title: 'Günstiger'}});

	// The preview is the widget itself, with the edit, in the language chosen.
	const shown = page.locator('#preview stoa-cancel-flow dialog');
	await shown.getByRole('heading', {name: 'Cheaper'}).waitFor();
	await shown.getByText('40%').waitFor();
	await page.locator('#preview-tongue').selectOption('de');
	await shown.getByRole('heading', {name: 'Günstiger'}).waitFor();
	await page.getByLabel('Desktop').check();
	assert.ok((await page.locator('#preview').boundingBox()).width > 600);
	await page.getByLabel('Phone').check();
	assert.ok((await page.locator('#preview').boundingBox()).width <= 375);
	await page.locator('#preview-tongue').selectOption('en');

	// Undone and done again; deleted and back.
	await page.getByRole('button', {name: 'Undo'}).click();
	await page.getByRole('button', {name: 'Redo'}).click();
	await page.getByRole('button', {name: 'Delete Cheaper'}).click();
	assert.deepEqual(await titles(page), ['Why?', 'Sure?']);
	await page.getByRole('button', {name: 'Undo'}).click();
	assert.deepEqual(await titles(page), ['Why?', 'Cheaper', 'Sure?']);
	await saved(page);
	assert.deepEqual(stored(id).steps[1], step);
	await accessible(page, 'the builder');
});

test('a flow built with the keyboard alone, and published', async (t) => {
	const {id, path} = await makeFlow('By keyboard', STEPS.slice(0, 3));
	const page = await open(t, path);
	const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
	const onto = async (what) => {
		for (let i = 0; i < 80; i++) {
			if (await page.evaluate((selector) => document.activeElement.matches(selector), what))
				return;
			await press('Tab');
		}
		assert.fail(`Tab does not lead to ${what}`);
	};
	await onto('#steps li:nth-child(1) [data-grip]');
	await press('Space', 'ArrowDown', 'ArrowDown');
	assert.equal(await said(page), 'Before you go, place 3 of 3.');
	await press('Escape');
	assert.equal(await said(page), 'Before you go is back at place 1 of 3.');
	assert.deepEqual(await titles(page), TITLES.slice(0, 3));
	await press('Enter', 'End', 'Enter');
	assert.deepEqual(await titles(page), ['A lower price', 'A break', 'Before you go']);
	assert.equal(await grip(page, 2).getAttribute('aria-pressed'), 'false');
	await press('Space', 'Home', 'Space');
	await onto('#steps li:nth-child(1) [data-do=down]');
	await press('Space');
	assert.deepEqual(await titles(page), ['A lower price', 'Before you go', 'A break']);
	await press('Control+z');
	await onto('#add-type');
	await press('End'); // the last type: the confirmation
	await onto('[data-do=add]');
	await press('Enter');
	await press('Control+a');
	await page.keyboard.type('Really?');
	await saved(page);
	assert.deepEqual(storedTitles(id), ['Before you go', 'Really?', 'A lower price', 'A break']);

	// What is wrong stands beside its field, and stops the publishing.
	await press('Control+a', 'Delete');
	await page.locator('.fault').waitFor();
	assert.equal(await page.locator('#e-title').getAttribute('aria-invalid'), 'true');
	assert.ok(await page.locator('#e-title').evaluate((input) => document.getElementById(input.getAttribute('aria-describedby')).textContent));
	await page.locator('[data-do=publish]').focus();
	await press('Enter');
	await page.getByText('These must be put right first:').waitFor();
	await accessible(page, 'what is wrong');
	await onto('#publish li button');
	await press('Enter');
	assert.ok(await page.locator('#e-title').evaluate((input) => input === document.activeElement));
	await page.keyboard.type('Really?');
	await saved(page);
	await page.locator('[data-do=publish]').focus();
	await press('Enter');
	await page.getByRole('button', {name: 'Publish and show to customers'}).focus();
	await press('Enter');
	await page.getByText('The draft is published.').waitFor();
	assert.deepEqual(house.sql(`select status, version from flow where id = '${id}'`), [['active', '1']]);
});

test('two people edit one flow, and nobody loses anything', async (t) => {
	const {id, path} = await makeFlow('Of two');
	const [one, two] = [await open(t, path), await open(t, path)];
	// Different steps: both are in, without a question.
	await pick(one, 0);
	await pick(two, 1);
	await Promise.all([one.locator('#e-title').fill('From one'), two.locator('#e-title').fill('From two')]);
	await Promise.all([saved(one), saved(two)]);
	assert.deepEqual(storedTitles(id), ['From one', 'From two', ...TITLES.slice(2)]);
	await one.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	await one.getByText('From two').first().waitFor();
	// One moves while the other adds and deletes.
	await drag(one, 3, 0);
	await one.mouse.up();
	await pick(two, 2);
	await two.getByRole('button', {name: 'Delete A break'}).click();
	await Promise.all([saved(one), saved(two)]);
	assert.deepEqual(storedTitles(id), ['Cancel your plan?', 'From one', 'From two']);

	// The same field: a choice, and the other side comes back with Undo.
	for (const page of [one, two])
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	await two.getByText('Cancel your plan?').first().waitFor();
	await one.locator('#steps [data-do=pick]', {hasText: 'From one'}).click();
	await two.locator('#steps [data-do=pick]', {hasText: 'From one'}).click();
	await two.locator('#e-title').fill('Theirs');
	await saved(two);
	await one.locator('#e-title').fill('Mine');
	const clash = one.locator('#clash');
	await clash.getByText('title: Mine').waitFor();
	await clash.getByText('title: Theirs').waitFor();
	await accessible(one, 'a clash');
	await one.getByRole('button', {name: 'Merge as chosen'}).click();
	await saved(one);
	assert.equal(storedTitles(id)[1], 'Mine');
	await one.getByRole('button', {name: 'Undo'}).click();
	await saved(one);
	assert.equal(storedTitles(id)[1], 'Theirs');
	await two.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

	// Theirs, and mine back.
	await two.locator('#e-message').fill('By two');
	await saved(two);
	await one.locator('#e-message').fill('By one');
	await one.getByRole('button', {name: 'See theirs'}).click();
	await saved(one);
	assert.equal(stored(id).steps[1].message, 'By two');
	await one.getByRole('button', {name: 'Undo'}).click();
	await saved(one);
	assert.equal(stored(id).steps[1].message, 'By one');
});

test('a house that does not answer loses nothing', async (t) => {
	const {id, path} = await makeFlow('Offline');
	const page = await open(t, path);
	let answers = false;
	// One save arrives and its answer is lost; then nothing arrives.
	let first = true;
	await page.route('**/api/v1/retention/flows/*', async (route) => {
		if (!answers && first) {
			first = false;
			await route.fetch();
		}
		await (answers ? route.continue() : route.abort());
	});
	await pick(page, 1);
	await page.locator('#e-title').fill('Kept');
	await page.locator('#state[data-state=offline]').waitFor();
	await page.locator('#e-message').fill('This too');
	answers = true;
	await saved(page);
	assert.deepEqual([stored(id).steps[1].title, stored(id).steps[1].message], ['Kept', 'This too']);
	assert.ok(await page.locator('#clash').isHidden());

	// Left with unsaved edits: the browser asks, and they are there again afterwards.
	answers = false;
	await page.locator('#e-title').fill('Survives');
	await page.locator('#state[data-state=offline]').waitFor();
	const asked = new Promise((resolve) => page.once('dialog', (dialog) => resolve(dialog.type(), dialog.accept())));
	await page.reload();
	assert.equal(await asked, 'beforeunload');
	answers = true;
	await saved(page);
	assert.equal(storedTitles(id)[1], 'Survives');
});

test('in German, on a phone, in light and dark', async (t) => {
	const {id, path} = await makeFlow('Unterwegs');
	const speak = async (language) => assert.equal((await house.json('PATCH', '/api/v1/auth/me', {language}, house.bearer)).status, 200);
	await speak('de');
	t.after(() => speak('en'));
	const page = await open(t, path, PHONE);
	await page.getByRole('heading', {name: 'Schritte', exact: true}).waitFor();
	await fits(page, 'the builder');
	await pick(page, 2);
	await accessible(page, 'the builder on a phone, in German');
	// By touch: pointer events of a finger.
	await grip(page, 2).scrollIntoViewIfNeeded();
	const [from, to] = [await grip(page, 2).boundingBox(), await grip(page, 0).boundingBox()];
	const touch = await page.context().newCDPSession(page);
	const finger = (type, y) => touch.send('Input.dispatchTouchEvent', {type, touchPoints: type === 'touchEnd' ? [] : [{x: from.x + 15, y}]});
	await finger('touchStart', from.y + 20);
	for (let i = 1; i <= 6; i++)
		await finger('touchMove', from.y + 20 + (to.y - 12 - from.y) * i / 6);
	await finger('touchEnd');
	await saved(page);
	assert.deepEqual(storedTitles(id), ['A break', 'Before you go', 'A lower price', 'Cancel your plan?']);
	await page.goto(`${house.url}/flows`);
	await fits(page, 'the list');
	await accessible(page, 'the list on a phone, in German');
});

test('where the script does not arrive, the form is there', async (t) => {
	const {id, path} = await makeFlow('Halfway', [{type: 'discount', title: 'Cheaper'}]);
	const page = await open(t, '/flows');
	await page.route('**/assets/builder.*.js', (route) => route.abort());
	await page.goto(house.url + path);
	await page.getByLabel('Steps (JSON)').waitFor();
	await accessible(page, 'the plain form');
	await page.locator('#plain-name').fill('All the way');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('The draft is saved.').waitFor();
	assert.equal(stored(id).name, 'All the way');
});

test('without JavaScript', async (t) => {
	const page = await open(t, '/flows', {...DESK, javaScriptEnabled: false});
	await page.getByLabel('Name').fill('Plain');
	await page.getByRole('button', {name: 'Make the flow'}).click();
	await page.getByText('The flow is made.').waitFor();
	const id = page.url().match(/flows\/([0-9a-f-]{36})/)[1];
	await page.getByLabel('Steps (JSON)').fill('[{');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByRole('alert').waitFor();
	assert.equal(await page.getByLabel('Steps (JSON)').inputValue(), '[{');
	await page.getByLabel('Steps (JSON)').fill(JSON.stringify([{type: 'discount', title: 'Cheaper', message: 'Now'}]));
	await page.locator('#plain-plan').fill('pro');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('The draft is saved.').waitFor();
	await page.getByText('steps[0].config.percentage').waitFor();
	assert.equal(stored(id).plan, 'pro');

	// Somebody saves meanwhile.
	const revision = house.sql(`select revision from flow_draft where flow_id = '${id}'`)[0][0];
	const reply = await house.json('PUT', `/api/v1/retention/flows/${id}`, {name: 'Plain', language: 'en', steps: STEPS}, {...house.bearer, 'If-Match': `"${revision}"`});
	assert.equal(reply.status, 200, reply.text);
	await page.locator('#plain-name').fill('Plain, again');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('Somebody else saved meanwhile').waitFor();
	assert.equal(await page.locator('#plain-name').inputValue(), 'Plain, again');
	assert.match(await page.getByLabel('The steps as they are stored now').inputValue(), /A lower price/);
	await page.getByLabel('Steps (JSON)').fill(await page.getByLabel('The steps as they are stored now').inputValue());
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('The draft is saved.').waitFor();

	await page.getByRole('button', {name: 'Publish the draft'}).click();
	await page.getByText('The draft is published.').waitFor();
	await page.locator('#plain-name').fill('Changed');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByRole('button', {name: 'Make it the draft'}).click();
	await page.getByText('The draft is what that version was.').waitFor();
	assert.equal(stored(id).name, 'Plain, again');
	await page.getByRole('button', {name: 'Deactivate'}).click();
	await page.getByRole('button', {name: 'Activate', exact: true}).waitFor();
	await page.getByLabel('Shown from').fill('2030-06-01T10:00');
	await page.getByRole('button', {name: 'Activate', exact: true}).click();
	await page.getByText('scheduled').waitFor();
	assert.equal(house.sql(`select active_from at time zone 'UTC' from flow where id = '${id}'`)[0][0], '2030-06-01 10:00:00');
	await page.getByRole('button', {name: 'Duplicate'}).click();
	await page.getByText('The flow is made.').waitFor();
	await page.getByRole('button', {name: 'Delete', exact: true}).click();
	await page.getByText('The flow is deleted.').waitFor();
	await page.getByRole('button', {name: 'Archive Plain, again'}).click();
	await page.getByText('It is done.').waitFor();
	await page.goto(`${house.url}/flows`);
	assert.equal(await page.getByRole('link', {name: 'Plain, again'}).count(), 0);
	await page.getByRole('link', {name: 'In the archive'}).click();
	await page.getByRole('link', {name: 'Plain, again'}).waitFor();
});
