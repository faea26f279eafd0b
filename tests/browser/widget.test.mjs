// widget.js against a scripted API: what it does when Stoa is slow, down or mistaken, and what it finds in a host page.
import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {accessible, action, dialog, launch, openPage, title} from './browser.mjs';
import {STEPS, buildWidget, decided, mock, started} from './mock.mjs';

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

const visit = async (t, options) => {
	const page = await openPage(browser, t, options);
	await page.goto(site.host);
	return page;
};
const hostCancelled = (page, times = 1) => page.waitForFunction((n) => window.hostCancelled === n, times);
const neverOpened = async (page) => assert.equal(await dialog(page).count(), 0);
const start = (more) => (path) => path === 'start' ? {json: started(more)} : {json: decided()};

test('the shipped script is at most 10 KB compressed', () => {
	const bytes = gzipSync(buildWidget(), {level: 9}).length;
	assert.ok(bytes <= 10240, `${bytes} bytes`);
});

test('only Stoa is added to the page', async (t) => {
	const page = await openPage(browser, t);
	await page.goto(site.host);
	const names = await page.evaluate(() => {
		const frame = document.body.appendChild(document.createElement('iframe'));
		const known = new Set(Object.getOwnPropertyNames(frame.contentWindow));
		return Object.getOwnPropertyNames(window).filter((name) => !known.has(name) && !/^\d+$|^__|^(stop|playwright)/.test(name));
	});
	assert.deepEqual(names, ['Stoa']);
});

// Every way in which Stoa can fail to answer as agreed.
const BROKEN = {
	'refuses the connection': () => 'reset',
	'answers nothing': () => 'hang',
	'answers 404': () => ({status: 404, json: {code: 'not-found'}}),
	'answers 403': () => ({status: 403, json: {code: 'forbidden'}}),
	'answers 429': () => ({status: 429, json: {code: 'rate-limited'}}),
	'answers 500': () => ({status: 500, raw: '<h1>oops'}),
	'answers HTML': () => ({raw: '<!doctype html><title>Login</title>'}),
	'answers an empty body': () => ({raw: ''}),
	'answers null': () => ({raw: 'null'}),
	'answers a list': () => ({raw: '[]'}),
	'answers without steps': () => ({json: started({steps: undefined})}),
	'answers steps that are null': () => ({json: started({steps: [null]})}),
	'answers an unknown step': () => ({json: started({steps: [{index: 0, type: 'constructor', title: 'x', message: '', config: {}}]})}),
	'answers a step without title': () => ({json: started({steps: [{...STEPS[1], title: undefined}]})}),
	'answers a discount without percentage': () => ({json: started({steps: [{...STEPS[1], config: {duration: 'once'}}]})}),
	'answers a script for a link': () => ({json: started({steps: [{...STEPS[5], config: {url: 'javascript:alert(1)'}}]})}),
	'answers without session': () => ({json: started({session: ''})}),
	'answers an unknown cancelAt': () => ({json: started({cancelAt: 'never'})}),
	'answers success false': () => ({json: started({success: false})})
};
for (const [name, answer] of Object.entries(BROKEN))
	test(`the host's cancellation runs when Stoa ${name}`, async (t) => {
		site.answer = answer;
		site.attributes += ' data-timeout="1200"';
		const page = await visit(t);
		await page.click('#stop');
		await hostCancelled(page);
		await neverOpened(page);
	});

// A holdout over a flow of offers only, or a customer to whom none is made: they are asked all the same, and what they answer is known.
test('a flow without a step for this customer asks for the confirmation', async (t) => {
	site.answer = start({steps: []});
	const page = await visit(t);
	await page.click('#stop');
	assert.equal(await title(page).textContent(), 'Cancel your subscription?');
	assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
	await accessible(page, 'no step');
	await action(page, 'cancel').click();
	await hostCancelled(page);
	const [{body}] = site.sent('decision');
	assert.deepEqual([body.outcome, body.step, body.path], ['declined', undefined, []]);
});

test('it runs when the script itself cannot be loaded', async (t) => {
	const page = await openPage(browser, t);
	await page.route('**/widget.js', (route) => route.abort());
	await page.goto(site.host);
	await page.click('#stop');
	await hostCancelled(page);
});

// A replayed click is the same click: links lead, forms are sent with their button, handlers run.
const CONTROLS = {
	'a link': {body: '<a href="/cancel/link?x=1">Cancel subscription</a>', click: 'a', expect: 'GET /cancel/link?x=1'},
	'text inside a link': {body: '<a href="/cancel/inner"><b>Cancel</b> <i>membership</i></a>', click: 'i', expect: 'GET /cancel/inner'},
	'a submit button': {body: '<form method="post" action="/cancel/form"><input type="hidden" name="a" value="1"><button name="how" value="now">Cancel my plan</button></form>',
		click: 'button', expect: 'POST /cancel/form a=1&how=now'},
	'an input of type submit': {body: '<form method="post" action="/cancel/input"><input type="submit" name="s" value="Cancel plan"></form>', click: 'input', expect: 'POST /cancel/input s=Cancel+plan'},
	'a drawing in a button': {body: '<form action="/cancel/svg"><button aria-label="Cancel my subscription"><svg width="20" height="20"><rect width="20" height="20"/></svg></button></form>', click: 'rect', expect: 'GET /cancel/svg?'},
	'a class name': {body: '<form action="/cancel/class"><button class="btn cancelSubscription">Bye</button></form>', click: 'button', expect: 'GET /cancel/class?'},
	'an address': {body: '<a href="/cancel/x/../../cancel/subscription/cancel">Bye</a>', click: 'a', expect: 'GET /cancel/subscription/cancel'},
	'an attribute': {body: '<form action="/cancel/attribute"><button data-stoa-cancel>Bye</button></form>', click: 'button', expect: 'GET /cancel/attribute?'},
	'a custom selector': {body: '<form action="/cancel/custom"><button><span class="leave">Bye</span></button></form>', attributes: 'data-selectors=".leave"', click: 'span', expect: 'GET /cancel/custom?'},
	'German words': {body: '<a href="/cancel/de">Mein Abo kündigen</a>', click: 'a', expect: 'GET /cancel/de'},
	'French words': {body: '<a href="/cancel/fr">Résilier mon abonnement</a>', click: 'a', expect: 'GET /cancel/fr'},
	'Spanish words': {body: '<a href="/cancel/es">Cancelar mi suscripción</a>', click: 'a', expect: 'GET /cancel/es'}
};
for (const [name, control] of Object.entries(CONTROLS))
	test(`finds and replays ${name}`, async (t) => {
		site.answer = () => ({status: 503});
		site.body = control.body;
		site.script = '';
		site.attributes += ` ${control.attributes || ''}`;
		const page = await visit(t);
		await page.click(`main ${control.click}`);
		await page.waitForSelector('#gone');
		assert.ok(site.sent('start').length >= 1, 'the click was taken');
		assert.deepEqual(site.cancels, [control.expect]);
	});

const OTHERS = {
	'another Cancel': '<button>Cancel</button>',
	'an order': '<button>Cancel order</button>',
	'keeping': '<button>Don’t cancel my plan</button>',
	'undoing': '<button id="undo-cancel-subscription">Undo</button>',
	'a button in a cancel page': '<div class="cancel-subscription-page"><button>Save</button></div>',
	'a long text': `<button>${'Cancel my plan '.repeat(9)}</button>`,
	'a text field': '<input class="cancel-subscription" type="text">',
	'an ignored control': '<div data-stoa-ignore><button>Cancel my plan</button></div>'
};
for (const [name, body] of Object.entries(OTHERS))
	test(`leaves ${name} alone`, async (t) => {
		site.body = body;
		site.script = 'document.querySelector("main").addEventListener("click", () => { window.hostCancelled = 1; });';
		const page = await visit(t);
		await page.click('main button, main input');
		await hostCancelled(page);
		assert.equal(site.requests.length, 0);
	});

test('clicks by scripts are never taken', async (t) => {
	const page = await visit(t);
	await page.evaluate(() => document.getElementById('stop').click());
	await hostCancelled(page);
	assert.equal(site.requests.length, 0);
});

test('controls added later and in shadow roots are found', async (t) => {
	site.body = '<div id="late"></div>';
	site.script = `setTimeout(() => { const root = document.getElementById('late').attachShadow({mode: 'open'});
		root.innerHTML = '<button>Cancel my plan</button>'; root.firstChild.onclick = () => { window.hostCancelled = 1; }; }, 50);`;
	const page = await visit(t);
	await page.click('#late button');
	await title(page).waitFor();
	assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
	await action(page, 'skip').click();
	await action(page, 'cancel').click();
	await hostCancelled(page);
});

test('a control that the page replaced meanwhile is found again', async (t) => {
	site.answer = () => ({status: 503});
	site.script = `const make = () => { document.querySelector('main').innerHTML = '<button id="stop">Cancel my plan</button>';
		document.getElementById('stop').onclick = () => { window.hostCancelled = 1; }; }; make();
		document.addEventListener('pointerup', () => setTimeout(make, 20));`;
	const page = await visit(t);
	await page.click('#stop');
	await hostCancelled(page);
});

test('the first click opens one flow, later ones none', async (t) => {
	site.answer = (path) => path === 'start' ? {json: started()} : {json: decided()};
	const page = await visit(t);
	await page.dblclick('#stop');
	await title(page).waitFor();
	await page.evaluate(() => { window.one = window.Stoa.open() === window.Stoa.open(); });
	assert.equal(await page.evaluate(() => window.one), true);
	assert.equal(await dialog(page).count(), 1);
	assert.equal(site.sent('start').length, 1);
	assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
});

test('a slow start shows that it works, with Cancel now', async (t) => {
	site.answer = () => 'hang';
	site.attributes += ' data-timeout="600000"'; // longer than axe takes
	const page = await visit(t);
	await page.click('#stop');
	await action(page, 'cancel').waitFor();
	assert.equal(await title(page).textContent(), 'One moment…');
	await accessible(page, 'waiting');
	await action(page, 'cancel').click();
	await hostCancelled(page);
	await neverOpened(page);
});

test('every step: words, choices, accessibility, Cancel now of the same weight', async (t) => {
	const page = await visit(t);
	await page.click('#stop');
	for (const [number, step] of STEPS.entries()) {
		await page.waitForFunction((text) => document.querySelector('stoa-cancel-flow')?.shadowRoot?.querySelector('h2')?.textContent === text, step.title);
		assert.match(await dialog(page).locator('.top').textContent(), new RegExp(`Step ${number + 1} of ${STEPS.length}`));
		await accessible(page, step.type);
		const buttons = await dialog(page).locator('.main .button').evaluateAll((all) => all.map((b) => {
			const {width, height} = b.getBoundingClientRect();
			const {fontSize, fontWeight, opacity} = getComputedStyle(b);
			return {name: b.dataset.action, look: `${Math.round(width)} ${Math.round(height)} ${fontSize} ${fontWeight} ${opacity}`};
		}));
		assert.equal(buttons.length, 2);
		assert.equal(buttons[1].name, 'cancel');
		assert.equal(buttons[0].look, buttons[1].look, step.type);
		if (step.type === 'survey') {
			await dialog(page).getByLabel('Too expensive').check();
			await dialog(page).getByLabel('In your own words (optional)').fill('The price went up.');
			await action(page, 'next').click();
		} else if (step.type === 'feedback') {
			await dialog(page).getByLabel('In your own words (optional)').fill('Nothing.');
			await action(page, 'next').click();
		} else if (step.type === 'confirm') {
			await action(page, 'cancel').click();
		} else {
			await action(page, 'no').click();
		}
	}
	await hostCancelled(page);
	await neverOpened(page);
	const [{body}] = site.sent('decision');
	assert.equal(body.outcome, 'declined');
	assert.equal(body.reasonCode, 'too_expensive');
	assert.equal(body.reasonText, 'The price went up.');
	assert.equal(body.feedback, 'Nothing.');
	assert.deepEqual(body.path.map((p) => [p.step, p.answer]), [[0, 'answered'], [2, 'declined'], [1, 'declined'], [3, 'declined'], [4, 'declined'],
		[5, 'declined'], [6, 'answered'], [7, 'answered']]);
	assert.ok(body.path.every((p) => Number.isInteger(p.ms) && p.ms >= 0));
});

// What each offer sends when it is accepted.
const OFFERS = {
	discount: {step: 2, offerType: 'discount'},
	pause: {step: 1, offerType: 'pause', choice: 2},
	downgrade: {step: 3, offerType: 'downgrade'},
	extension: {step: 4, offerType: 'extension'},
	support: {step: 5, offerType: 'support'}
};
for (const [type, expected] of Object.entries(OFFERS))
	test(`accepting ${type}`, async (t) => {
		site.answer = start({steps: STEPS.filter((step) => step.type === type)});
		const page = await visit(t);
		await page.click('#stop');
		if (type === 'pause')
			await dialog(page).getByLabel('2 months').check();
		await action(page, 'accept').click();
		await dialog(page).getByText('We have received your choice.').waitFor();
		await accessible(page, 'the result');
		const [{body}] = site.sent('decision');
		const {session, outcome, path, ...rest} = body;
		assert.deepEqual(rest, expected);
		assert.equal(session, 'token');
		assert.equal(outcome, 'accepted');
		assert.equal(path[0].answer, 'accepted');
		await action(page, 'close').last().click();
		assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'stop');
	});

const EFFECTS = {
	'the discount until its end': [{kind: 'discount', percentage: 20, endsAt: '2027-03-05T12:00:00Z'}, 'Your discount of 20% is active until March 5, 2027.'],
	'the discount without end': [{kind: 'discount', percentage: 20}, 'Your discount of 20% is active.'],
	'the pause': [{kind: 'pause', resumesAt: '2027-01-05T12:00:00Z'}, 'Your subscription is paused. Billing starts again on January 5, 2027.'],
	'the plan': [{kind: 'downgrade'}, 'Your plan has been changed.'],
	'the trial': [{kind: 'extension', until: '2027-01-05T12:00:00Z'}, 'Your trial now runs until January 5, 2027.'],
	'something new': [{kind: 'gift'}, 'Done.']
};
for (const [name, [effect, text]] of Object.entries(EFFECTS))
	test(`tells what Stripe confirmed: ${name}`, async (t) => {
		let asked = 0;
		site.answer = (path, body, method) => path === 'start' ? {json: started({steps: [STEPS[1]]})}
			: method === 'POST' ? {json: decided({status: 'pending', offerType: 'discount'})}
				: {json: ++asked < 2 ? {status: 'pending'} : {status: 'applied', effect}};
		const page = await visit(t);
		await page.click('#stop');
		await action(page, 'accept').click();
		await dialog(page).getByText(text, {exact: true}).waitFor();
		assert.equal(site.sent('decision', 'GET')[0].headers['x-stoa-session'], 'token');
	});

test('what is not confirmed is not claimed', async (t) => {
	for (const [status, text] of [['manual', 'Our team will carry it out by hand.'], ['pending', 'It has not been confirmed yet.']]) {
		site.answer = (path, body, method) => path === 'start' ? {json: started({steps: [STEPS[1]]})}
			: method === 'POST' ? {json: decided({status: 'pending'})} : status === 'manual' ? {json: {status}} : {status: 401, json: {}};
		const page = await visit(t);
		await page.click('#stop');
		await action(page, 'accept').click();
		await dialog(page).getByText(text).waitFor();
		assert.doesNotMatch(await dialog(page).textContent(), /active|paused|changed|Done/);
	}
});

test('a decision is repeated with the same body until it is answered', async (t) => {
	let times = 0;
	site.answer = (path) => path === 'start' ? {json: started({steps: [STEPS[1]]})} : ++times < 3 ? {status: 503} : {json: decided()};
	const page = await visit(t);
	await page.click('#stop');
	await action(page, 'accept').click();
	await dialog(page).getByText('We have received your choice.').waitFor();
	assert.equal(new Set(site.sent('decision').map((r) => r.text)).size, 1);
	assert.equal(site.sent('decision').length, 3);
});

test('an acceptance that cannot be delivered says so and can be tried again or cancelled', async (t) => {
	let broken = true;
	site.answer = (path) => path === 'start' ? {json: started({steps: [STEPS[1]]})} : broken ? 'reset' : {json: decided()};
	const page = await visit(t);
	await page.click('#stop');
	await action(page, 'accept').click();
	await dialog(page).getByText('could not be delivered').waitFor();
	await accessible(page, 'not delivered');
	broken = false;
	await action(page, 'accept').click();
	await dialog(page).getByText('We have received your choice.').waitFor();
	assert.equal(new Set(site.sent('decision').map((r) => r.text)).size, 1);
});

for (const [name, answer] of Object.entries({'is down': () => 'reset', 'hangs': () => 'hang', 'answers 409': () => ({status: 409, json: {}}),
	'answers 410': () => ({status: 410, json: {}}), 'answers nonsense': () => ({raw: '<p>'}), 'answers no success': () => ({json: {}})}))
	for (const cancelAt of ['host', 'stripe'])
		test(`Cancel now reaches the host when the decision ${name} (${cancelAt})`, async (t) => {
			site.answer = (path) => path === 'start' ? {json: started({cancelAt})} : answer();
			const page = await visit(t);
			await page.click('#stop');
			await action(page, 'cancel').click();
			await hostCancelled(page);
			await neverOpened(page);
		});

test('where Stripe cancels, the host does not, and the end is told', async (t) => {
	site.answer = (path, body, method) => path === 'start' ? {json: started({cancelAt: 'stripe'})}
		: method === 'POST' ? {json: decided({outcome: 'cancelled', status: 'pending'})}
			: {json: {status: 'applied', effect: {kind: 'cancel', endsAt: '2027-03-05T12:00:00Z'}}};
	const page = await visit(t);
	await page.click('#stop');
	await action(page, 'cancel').click();
	await dialog(page).getByText('Your subscription is cancelled and ends on March 5, 2027.').waitFor();
	await action(page, 'close').last().click();
	assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
});

test('Escape, the cross and Keep close without cancelling', async (t) => {
	const page = await visit(t);
	for (const leave of [() => page.keyboard.press('Escape'), () => action(page, 'close').click(), async () => {
		for (const step of STEPS.slice(0, 7))
			await action(page, /survey|feedback/.test(step.type) ? 'skip' : 'no').click();
		await action(page, 'keep').click();
	}]) {
		site.requests.length = 0;
		await page.click('#stop');
		await title(page).waitFor();
		await leave();
		await page.waitForFunction(() => !document.querySelector('stoa-cancel-flow'));
		while (!site.sent('decision').length)
			await new Promise((resolve) => setTimeout(resolve, 20));
		assert.equal(site.sent('decision')[0].body.outcome, 'dismissed');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'stop');
		assert.equal(await page.evaluate(() => window.hostCancelled), undefined);
	}
});

test('leaving the page sends the dismissal', async (t) => {
	const page = await visit(t);
	await page.click('#stop');
	await title(page).waitFor();
	await page.goto('about:blank');
	for (let i = 0; i < 250 && !site.sent('decision').length; i++)
		await new Promise((resolve) => setTimeout(resolve, 20));
	assert.equal(site.sent('decision')[0]?.body.outcome, 'dismissed');
});

test('keyboard only: focus stays inside, moves to each heading and comes back', async (t) => {
	const page = await visit(t);
	await page.locator('#stop').focus();
	await page.keyboard.press('Enter');
	await title(page).waitFor();
	const focused = () => page.evaluate(() => {
		const active = document.activeElement.shadowRoot?.activeElement;
		return active ? active.dataset.action || active.localName + (active.value && active.type === 'radio' ? ` ${active.value}` : '') : null;
	});
	assert.equal(await focused(), 'h2');
	const seen = [];
	for (let i = 0; i < 6; i++) {
		await page.keyboard.press('Tab');
		seen.push(await focused());
	}
	assert.deepEqual(seen, ['input too_expensive', 'textarea', 'next', 'cancel', 'skip', 'close']);
	await page.keyboard.press('Shift+Tab');
	assert.equal(await focused(), 'skip');
	await page.keyboard.press('Enter');
	assert.equal(await focused(), 'h2');
	assert.equal(await title(page).textContent(), STEPS[1].title);
	await page.keyboard.press('Escape');
	await page.waitForFunction(() => document.activeElement.id === 'stop');
});

test('the rest of the page is inert while the dialog is open', async (t) => {
	site.body += '<input id="other">';
	const page = await visit(t);
	await page.click('#stop');
	await title(page).waitFor();
	await page.evaluate(() => document.getElementById('other').focus());
	assert.notEqual(await page.evaluate(() => document.activeElement.id), 'other');
});

test('right to left by language and by document', async (t) => {
	for (const [html, language, phrases] of [['lang="en"', 'ar', '{ar: {cancelNow: "إلغاء الآن"}}'], ['lang="ar" dir="rtl"', 'en', '{}']]) {
		site.html = html;
		site.attributes = '';
		site.script = `Stoa.init({apiKey: 'k', userId: 'u', apiUrl: ${JSON.stringify(site.api)}, language: ${JSON.stringify(language)}, phrases: ${phrases}});`;
		site.answer = start({language});
		const page = await visit(t);
		await page.click('#stop');
		await title(page).waitFor();
		assert.equal(await dialog(page).evaluate((d) => getComputedStyle(d).direction), 'rtl');
		const [close, heading] = [await action(page, 'close').boundingBox(), await title(page).boundingBox()];
		assert.ok(close.x < heading.x + heading.width / 2, 'the cross is on the left');
		if (language === 'ar')
			assert.equal(await action(page, 'cancel').textContent(), 'إلغاء الآن');
		await accessible(page, 'right to left');
	}
});

test('reduced motion: nothing moves', async (t) => {
	for (const [reducedMotion, moves] of [['reduce', 0], ['no-preference', 1]]) {
		const page = await visit(t, {reducedMotion});
		await page.click('#stop');
		await title(page).waitFor();
		assert.equal(await dialog(page).evaluate((d) => getComputedStyle(d).animationName !== 'none' ? 1 : 0), moves);
	}
});

test('phrases in four languages', async (t) => {
	for (const [language, cancel] of [['en', 'Cancel now'], ['de', 'Jetzt kündigen'], ['fr', 'Résilier maintenant'], ['es', 'Cancelar ahora']]) {
		site.answer = start({language});
		const page = await visit(t);
		await page.click('#stop');
		await title(page).waitFor();
		assert.equal(await action(page, 'cancel').textContent(), cancel);
		assert.equal(await dialog(page).getAttribute('lang'), language);
		for (const step of STEPS.slice(0, 7)) {
			assert.doesNotMatch(await dialog(page).textContent(), /undefined|\{\w+\}|NaN/);
			await action(page, /survey|feedback/.test(step.type) ? 'skip' : 'no').click();
		}
	}
});

test('the owner’s look, for a light and a dark ground', async (t) => {
	const theme = {accent: '#5b2a86', accentText: '#ffffff', accentDark: '#c9a4ff', accentDarkText: '#0a1626', radius: 3, font: 'Courier New'};
	site.answer = (path) => ({json: path === 'start' ? started({theme}) : decided()});
	const page = await visit(t);
	await page.click('#stop');
	await title(page).waitFor();
	const look = () => action(page, 'next').evaluate((b) => [getComputedStyle(b).backgroundColor, getComputedStyle(b).color, getComputedStyle(b).fontFamily]);
	assert.deepEqual(await look(), ['rgb(91, 42, 134)', 'rgb(255, 255, 255)', '"Courier New", sans-serif']);
	assert.equal(await dialog(page).evaluate((d) => getComputedStyle(d).borderTopLeftRadius), '3px');
	await page.emulateMedia({colorScheme: 'dark'});
	assert.deepEqual((await look()).slice(0, 2), ['rgb(201, 164, 255)', 'rgb(10, 22, 38)']);
	await accessible(page, 'the owner’s look');
});

test('what is sent at the start, and callbacks', async (t) => {
	site.attributes = '';
	site.script = `window.log = []; const note = (name) => (value) => { window.log.push([name, value.outcome || value.mode || value.message]); };
		Stoa.init({apiKey: 'k', userId: 'u1', plan: 'pro', region: 'eu', email: 'a@example.com', stripeSubscriptionId: 'sub_1', subscriptionValue: 4900,
			currency: 'eur', signatureUrl: '/signature', apiUrl: ${JSON.stringify(site.api)}, theme: {accent: 'rgb(80, 0, 80)'},
			onFlowStart: note('start'), onDecision: note('decision'), onFlowComplete: note('complete'), onError: note('error'),
			onCancel: () => { window.log.push(['cancel']); throw new Error('the host stumbles'); }});`;
	const page = await visit(t);
	const result = page.evaluate(() => window.Stoa.open());
	await title(page).waitFor();
	assert.equal(await action(page, 'next').evaluate((b) => getComputedStyle(b).backgroundColor), 'rgb(80, 0, 80)');
	await action(page, 'cancel').click();
	const {proceed, outcome} = await result;
	assert.deepEqual({proceed, outcome}, {proceed: true, outcome: 'cancelled'});
	assert.deepEqual(await page.evaluate(() => window.log), [['start', 'live'], ['decision', 'cancelled'], ['cancel'], ['complete', 'cancelled']]);
	const [{body, headers}] = site.sent('start');
	assert.deepEqual(body, {userId: 'signed user', plan: 'pro', region: 'eu', email: 'a@example.com', stripeSubscriptionId: 'sub_1', subscriptionValue: 4900,
		currency: 'eur', signature: 't=1,v1=00'});
	assert.equal(headers['x-api-key'], 'k');
});

test('destroy stops everything; without a set-up open lets the cancellation through', async (t) => {
	const page = await visit(t);
	await page.evaluate(() => window.Stoa.destroy());
	await page.click('#stop');
	await hostCancelled(page);
	assert.equal(site.requests.length, 0);
	assert.deepEqual(await page.evaluate(() => window.Stoa.open()), {outcome: 'unavailable', proceed: true});
});

test('a page that throws the dialog away does not lock the customer in', async (t) => {
	const page = await visit(t);
	await page.click('#stop');
	await title(page).waitFor();
	await page.evaluate(() => document.querySelector('stoa-cancel-flow').remove());
	await page.click('#stop');
	await title(page).waitFor();
	await action(page, 'cancel').click();
	await hostCancelled(page);
});

test('fits a small screen and large type', async (t) => {
	const page = await visit(t, {viewport: {width: 320, height: 480}});
	await page.click('#stop');
	for (const step of STEPS) {
		await page.waitForFunction((text) => document.querySelector('stoa-cancel-flow')?.shadowRoot?.querySelector('h2')?.textContent === text, step.title);
		const wide = await dialog(page).evaluate((d) => d.scrollWidth - d.clientWidth);
		assert.ok(wide <= 0, `${step.type}: ${wide} px too wide`);
		await action(page, 'cancel').scrollIntoViewIfNeeded();
		if (step.type !== 'confirm')
			await action(page, /survey|feedback/.test(step.type) ? 'skip' : 'no').click();
	}
});
