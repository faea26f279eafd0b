// What a customer sees of a flow that branches, and the flow builder's preview, which is the same code.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, beforeEach, test} from 'node:test';
import {accessible, action, dialog, launch, openPage, title} from './browser.mjs';
import {STEPS, decided, mock, started} from './mock.mjs';

// Judged by the server too: tests/widget/flow_dbtest.c.
const CASES = JSON.parse(readFileSync(new URL('./when.json', import.meta.url)));
const ANSWERS = ['too_expensive', 'unused', 'other', null];

let browser, site;
before(async () => {
	browser = await launch();
	site = await mock();
});
after(async () => {
	await browser?.close();
	site?.close();
});
beforeEach(() => site.reset());

const survey = {...STEPS[0], config: {options: ANSWERS.filter(Boolean).map((code) => ({code, text: code}))}};
const [discount, pause, confirm] = [STEPS[1], STEPS[2], STEPS[7]];
const top = (page) => dialog(page).locator('.top span').textContent();
const answer = async (page, code) => {
	if (code)
		await dialog(page).locator(`input[value=${code}]`).check();
	await action(page, code ? 'next' : 'skip').click();
};

test('conditions are judged as the server judges them', async (t) => {
	const page = await openPage(browser, t);
	const steps = [survey, ...CASES.map(({when}, i) => ({...pause, index: i + 1, title: `case ${i}`, when})), {...confirm, index: CASES.length + 1}];
	site.answer = (path) => path === 'start' ? {json: started({steps})} : {json: decided()};
	for (const code of ANSWERS) {
		const expected = CASES.map(({holds}, i) => holds.includes(code) && `case ${i}`).filter(Boolean);
		const seen = [];
		await page.goto(site.host);
		await page.click('#stop');
		await title(page).waitFor();
		assert.equal(await top(page), 'Step 1 of …', 'how many steps there are hangs on the answer');
		await answer(page, code);
		for (let n = 2; await title(page).textContent() !== confirm.title; n++) {
			seen.push(await title(page).textContent());
			assert.equal(await top(page), `Step ${n} of ${expected.length + 2}`);
			assert.ok(await action(page, 'cancel').isVisible());
			await action(page, 'no').click();
		}
		assert.deepEqual(seen, expected, `answer ${code}`);
	}
});

test('the decision tells of the steps that were shown, by their own positions', async (t) => {
	const page = await openPage(browser, t);
	const steps = [survey, {...discount, index: 3, when: {fact: 'answer', op: 'is', value: 'too_expensive'}}, {...pause, index: 1, when: {fact: 'answer', op: 'is', value: 'unused'}},
		{...confirm, index: 2}];
	site.answer = (path) => path === 'start' ? {json: started({steps})} : {json: decided()};
	await page.goto(site.host);
	await page.click('#stop');
	await answer(page, 'unused');
	assert.equal(await title(page).textContent(), pause.title);
	await action(page, 'accept').click();
	await dialog(page).getByText('Thank you').waitFor();
	const {body} = site.sent('decision')[0];
	assert.deepEqual([body.step, body.offerType, body.choice, body.reasonCode], [1, 'pause', 1, 'unused']);
	assert.deepEqual(body.path.map(({step, answer: how}) => [step, how]), [[0, 'answered'], [1, 'accepted']]);
});

test('a flow whose every offer is left out asks plainly', async (t) => {
	const page = await openPage(browser, t);
	site.answer = (path) => path === 'start' ? {json: started({steps: [survey, {...pause, when: {fact: 'answer', op: 'is', value: 'unused'}}]})} : {json: decided()};
	await page.goto(site.host);
	await page.click('#stop');
	await answer(page, null);
	assert.equal(await title(page).textContent(), 'Cancel your subscription?');
	assert.equal(await top(page), 'Step 2 of 2');
});

test('a condition that cannot be judged lets the cancellation through', async (t) => {
	const page = await openPage(browser, t);
	site.answer = (path) => path === 'start' ? {json: started({steps: [survey, {...pause, when: {all: 7}}]})} : {json: decided()};
	await page.goto(site.host);
	await page.click('#stop');
	await answer(page, 'unused');
	await page.waitForFunction(() => window.hostCancelled === 1);
	assert.equal(await dialog(page).count(), 0);
});

test('a smaller plan without a name is offered without one', async (t) => {
	const page = await openPage(browser, t);
	site.answer = (path) => path === 'start' ? {json: started({steps: [{...STEPS[3], config: {}}]})} : {json: decided()};
	await page.goto(site.host);
	await page.click('#stop');
	await title(page).waitFor();
	assert.doesNotMatch(await dialog(page).textContent(), /undefined|new plan/);
});

test('“Cancel now” stands beside every offer unless the reply says that it need not; at the end it always does', async (t) => {
	const page = await openPage(browser, t);
	for (const cancelNow of [undefined, true, false]) {
		site.answer = (path) => path === 'start' ? {json: started({cancelNow})} : {json: decided()};
		await page.goto(site.host);
		await page.click('#stop');
		for (const {type} of STEPS.slice(0, 7)) {
			await title(page).waitFor();
			assert.equal(await action(page, 'cancel').count(), cancelNow === false ? 0 : 1, type);
			await action(page, /survey|feedback/.test(type) ? 'skip' : 'no').click();
		}
		await action(page, 'cancel').click();
		await page.waitForFunction(() => window.hostCancelled === 1);
	}
});

test('the host’s own facts of the customer are sent', async (t) => {
	site.attributes = '';
	site.script = `Stoa.init({apiKey: 'k', userId: 'u1', attributes: {seats: 3}, apiUrl: ${JSON.stringify(site.api)}});`;
	const page = await openPage(browser, t);
	await page.goto(site.host);
	await page.click('#stop');
	await title(page).waitFor();
	assert.deepEqual(site.sent('start')[0].body.attributes, {seats: 3});
});

/* ---- the preview ---- */

const preview = async (t, given, options) => {
	site.attributes = '';
	site.body = '<input id="field"><div id="mount"></div>';
	site.script = `const load = document.createElement('script'); load.src = ${JSON.stringify(`${site.api}/widget-preview.js`)};
		load.onload = () => { window.shown = Stoa.preview({mount: document.getElementById('mount'), ...${JSON.stringify(given)}}); }; delete window.Stoa; document.head.append(load);`;
	const page = await openPage(browser, t, options);
	await page.goto(site.host);
	await title(page).waitFor();
	return page;
};
const DRAFT = STEPS.map(({index, ...step}) => step);

test('shows a draft with the widget’s own code, and sends nothing', async (t) => {
	const page = await preview(t, {steps: DRAFT, language: 'en'});
	await page.focus('#field');
	for (const step of DRAFT) {
		assert.equal(await title(page).textContent(), step.title);
		assert.ok(await action(page, 'cancel').isVisible());
		await action(page, /survey|feedback/.test(step.type) ? 'skip' : step.type === 'confirm' ? 'cancel' : 'no').click();
	}
	// The end is the beginning, and an accepted offer thanks.
	assert.equal(await title(page).textContent(), DRAFT[0].title);
	await page.evaluate(() => window.shown.show(1));
	await action(page, 'accept').click();
	assert.equal(await title(page).textContent(), 'Thank you');
	assert.equal(site.requests.length, 0);
});

test('follows what is written without taking the focus', async (t) => {
	const page = await preview(t, {steps: DRAFT, language: 'en', step: 2});
	assert.equal(await title(page).textContent(), DRAFT[2].title);
	await page.focus('#field');
	await page.evaluate((steps) => window.shown.update({steps, step: 2}), DRAFT.map((step) => ({...step, title: `${step.title}!`})));
	assert.equal(await title(page).textContent(), `${DRAFT[2].title}!`);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'field');
	assert.equal(await dialog(page).count(), 1);
	// Another look is at once there.
	await page.evaluate(() => window.shown.update({branding: {accent: '#500050', accentText: '#ffffff', accentDark: '#ffb0ff', accentDarkText: '#0a1626', radius: 3, font: ''}, theme: 'light'}));
	assert.equal(await action(page, 'accept').evaluate((b) => getComputedStyle(b).backgroundColor), 'rgb(80, 0, 80)');
	assert.equal(await dialog(page).evaluate((d) => getComputedStyle(d).borderTopLeftRadius), '3px');
	await page.evaluate(() => window.shown.update({theme: 'dark'}));
	assert.equal(await action(page, 'accept').evaluate((b) => getComputedStyle(b).backgroundColor), 'rgb(255, 176, 255)');
});

test('shows steps that are not finished, and none', async (t) => {
	const page = await preview(t, {steps: [], language: 'en'});
	assert.equal(await title(page).textContent(), 'Cancel your subscription?');
	for (const {type} of DRAFT) {
		await page.evaluate((step) => window.shown.update({steps: [step], step: 0}), {type});
		assert.equal(await title(page).textContent(), type === 'confirm' ? 'Cancel your subscription?' : '');
		assert.doesNotMatch(await dialog(page).textContent(), /undefined|NaN|\{\w+\}/);
	}
});

test('speaks the language that is asked for, as far as it is translated', async (t) => {
	const steps = [{...DRAFT[0], translations: {de: {title: 'Warum?', options: {unused: 'Zu selten'}}, ar: {title: 'لماذا؟'}}}];
	const page = await preview(t, {steps, language: 'de'});
	assert.equal(await title(page).textContent(), 'Warum?');
	const text = await dialog(page).textContent();
	assert.match(text, /Zu selten/);
	assert.match(text, /Too expensive/);
	assert.match(text, /Jetzt kündigen/);
	await page.evaluate(() => window.shown.update({language: 'ar'}));
	assert.equal(await dialog(page).getAttribute('dir'), 'rtl');
});

test('branches by the answer, and shows the step that is chosen whatever its condition', async (t) => {
	const when = {fact: 'answer', op: 'is', value: 'unused'};
	const page = await preview(t, {steps: [survey, {...DRAFT[1], when}, {...DRAFT[2], when: {not: when}}, {...DRAFT[4], when: {fact: 'plan', op: 'is', value: 'pro'}}], language: 'en', step: 1});
	assert.equal(await title(page).textContent(), DRAFT[1].title);
	await page.evaluate(() => window.shown.show(0));
	await answer(page, 'unused');
	assert.equal(await title(page).textContent(), DRAFT[1].title);
	await action(page, 'no').click();
	assert.equal(await title(page).textContent(), DRAFT[4].title, 'of the customer nothing is known here');
});

test('the preview has no fault that axe-core knows', async (t) => {
	const page = await preview(t, {steps: DRAFT, language: 'en'});
	await page.evaluate(() => document.getElementById('field').setAttribute('aria-label', 'Field'));
	await accessible(page, 'preview');
});
