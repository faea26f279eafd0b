// Experiments made, started, read and promoted, with JavaScript and without; and the page of data. Both schemes, both languages.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {accessible, launch, openPage, signIn} from './browser.mjs';

let browser, house;

before(async () => {
	browser = await launch();
	house = await boot({});
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});

async function open(t, path, options = {}) {
	const page = await openPage(browser, t, options);
	page.on('dialog', (asked) => asked.accept());
	await signIn(page, house, path);
	return page;
}

async function flow(name, activate) {
	const steps = [{type: 'pause', title: 'A break?', message: 'Take one.', config: {months: [1]}}, {type: 'confirm', title: 'Sure?', message: 'Bye.', config: {}}];
	const {body} = await house.json('POST', '/api/v1/retention/flows', {name, language: 'en', steps}, house.owner.bearer);
	const done = await house.json('POST', `/api/v1/retention/flows/${body.data.id}/publish`, {activate}, {...house.owner.bearer, 'If-Match': '"1"'});
	assert.equal(done.status, 200, done.text);
	return body.data.id;
}

// Customers of each variant who stay, out of `of`, on each of three days.
const outcomes = (id, stayed, of) => stayed.forEach((stay, variant) => house.sql(`
	insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, experiment_id, variant, segment, language,
		policy, raw, status, due_at)
	select e.org_id, true, gen_random_uuid(), current_date - d, now() - make_interval(days => d), concat_ws('/', ${variant}, d, n), e.flow_id, 1, e.id, ${variant},
		'low', 'en', 'documented', case when n <= ${stay} then 'accepted' else 'cancelled' end, 'recorded', now() + interval '30 days'
	from experiment e, generate_series(1, 3) d, generate_series(1, ${of}) n where e.id = '${id}'`));

test('an experiment from its draft to its winner', async (t) => {
	const [, rival] = [await flow('Standard', true), await flow('Short', false)];
	const page = await open(t, '/experiments', {viewport: {width: 400, height: 800}});
	await accessible(page, 'no experiments');
	await page.getByLabel('Name', {exact: true}).fill('Shorter is better');
	await page.getByLabel('Control: the flow').selectOption({label: 'Standard (en, active)'});
	await page.getByLabel('Variant 1 shows').selectOption(rival);
	await page.getByLabel('Smallest difference').fill('10');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('The experiment is saved.').waitFor();
	await accessible(page, 'a draft');
	await page.getByRole('button', {name: 'Start'}).click();
	await page.getByText('The experiment runs.').waitFor();
	const id = /experiments\/([0-9a-f-]{36})/.exec(page.url())[1];
	outcomes(id, [60, 120], 200);
	await page.goto(`${house.url}/experiments/${id}`);
	await page.getByText('better than the control').waitFor();
	// 180 of 600 against 360 of 600.
	await page.getByRole('cell', {name: '30.0 % (180 of 600)'}).first().waitFor();
	await page.getByRole('img', {name: /Difference of the shares who stayed .* now \+30\.0 points/}).waitFor();
	await page.getByText('The figures of each day').click();
	await accessible(page, 'an experiment that runs');
	await page.getByRole('button', {name: 'Promote Short'}).click();
	await page.getByText('The winner is promoted.').waitFor();
	assert.deepEqual(house.sql(`select name, status from flow where name in ('Standard', 'Short') order by name`), [['Short', 'active'], ['Standard', 'inactive']]);
	house.sql(`update account set language = 'de' where email = '${house.owner.email}'`);
	const german = await open(t, `/experiments/${id}`);
	await german.getByText('besser als die Kontrolle').waitFor();
	await accessible(german, 'an experiment in German');
	await german.goto(`${house.url}/settings/data`);
	await german.getByText('Was keine Frist hat, und warum').waitFor();
	await accessible(german, 'the page of data in German');
	house.sql(`update account set language = 'en' where email = '${house.owner.email}'`);
});

test('without JavaScript', async (t) => {
	const page = await open(t, '/experiments', {javaScriptEnabled: false});
	await page.getByLabel('Name', {exact: true}).fill('No offer at all');
	await page.getByLabel('Variant 1 shows').selectOption('holdout');
	await page.getByRole('button', {name: 'Save the draft'}).click();
	await page.getByText('The experiment is saved.').waitFor();
	await page.getByRole('button', {name: 'Delete'}).click();
	await page.getByText('The experiment is deleted.').waitFor();
	await page.goto(`${house.url}/settings/data`);
	await page.getByLabel('what customers wrote').fill('90');
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByText('Saved.').waitFor();
	assert.deepEqual(house.sql("select name, days from keep_period where name = 'words'"), [['words', '90']]);
});
