/* The flow builder: steps, editor, preview. The page is whole without it: what it takes the place of is a form. */
import {clone, makeEditor} from './builder-editor.js';
import {makePreview} from './builder-preview.js';
import {sortable} from './builder-sort.js';
import {ask, makeStore, useToken} from './builder-store.js';
import {anonymous, copy, identify, newId} from './builder-merge.js';

const page = document.getElementById('builder');
const at = (id) => document.getElementById(id);
const data = (name) => JSON.parse(page.dataset[name] || 'null');
const readonly = 'readonly' in page.dataset;
const url = `/api/v1/retention/flows/${page.dataset.id}`;

const texts = new Map([...at('words').content.querySelectorAll('[data-word]')].map((one) => [one.dataset.word, one.textContent]));
const words = (name, values = {}) => (texts.get(name) ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
const titled = (step) => step.title || words('untitled');
const say = (text) => { at('live').textContent = text; };

function element(name, properties = {}, ...children) {
	const made = Object.assign(document.createElement(name), properties);
	made.append(...children);
	return made;
}

/* ---- the flow ---- */

useToken(page.dataset.csrf);
const facts = data('facts');
for (const fact of Object.values(facts))
	Object.assign(fact, {yes: words('yes'), no: words('no'), value: words('value')});

// The revision is read from the body: a front that compresses writes another ETag.
const replied = (reply) => ({...reply, doc: reply.body?.data?.draft, etag: `"${reply.body?.data?.revision}"`});
const backend = {
	read: async () => replied(await ask('GET', url)),
	save: async (doc, etag) => replied(await ask('PUT', url, doc, {'If-Match': etag}))
};

let review = data('review'), faults = [];
const store = makeStore({doc: data('document'), etag: page.dataset.etag, backend, name: page.dataset.id, told});

function told(what, reply, changed) {
	if (what === 'state')
		showState();
	if (what === 'doc')
		show();
	if (what === 'clash')
		showClash();
	if (what === 'saved' || what === 'adopted') {
		review = reply.body.data.review;
		judge(store.base);
		document.querySelectorAll('input[name=revision]').forEach((field) => { field.value = reply.body.data.revision; });
		at('flow-name').textContent = store.doc.name;
	}
	if (what === 'adopted' && changed)
		note(words('merged'));
	if (!store.clash)
		at('clash').hidden = true;
}

// Said, and seen until the next thing is done.
function note(text) {
	at('note').textContent = text;
	at('note').hidden = false;
	say(text);
}

/* ---- what is wrong ---- */

const issues = data('issues');
const issueText = (issue) => (issues[issue.code] ?? issue.message).replace(/\{(\w+)\}/g, (all, key) => issue[key] ?? all);

function judge(doc) {
	const fault = (warning) => (issue) => ({warning, text: issueText(issue), path: issue.step === null ? issue.field ?? '' : issue.name ?? '',
		id: issue.step === null || issue.step === undefined ? null : doc.steps[issue.step]?.id});
	showLanguages();
	faults = [...(review?.errors ?? []).map(fault(false)), ...(review?.warnings ?? []).map(fault(true))];
	editor.faults(faults);
	marks();
}

function marks() {
	const mark = (own, id) => {
		const count = faults.filter((fault) => fault.id === id && !fault.warning).length;
		own.hidden = !count;
		own.textContent = count ? words('wrong') : '';
	};
	for (const item of at('steps').children)
		mark(item.querySelector('.mark'), item.dataset.id);
	mark(page.querySelector('[data-do=flow] .mark'), null);
}

// How much of the flow speaks which language; the first is its own.
function showLanguages() {
	const names = new Intl.DisplayNames(document.documentElement.lang, {type: 'language'});
	const list = (review?.languages ?? []).slice(1);
	at('languages').replaceChildren(...list.map((one) => element('li', {},
		`${names.of(one.language)}: `, element('progress', {max: one.texts, value: one.translated, ariaLabel: names.of(one.language)}), ` ${words('translated', {n: one.translated, m: one.texts})}`)));
	at('languages').parentElement.hidden = !list.length;
}

/* ---- steps ---- */

let chosen = store.doc.steps[0]?.id ?? null;
const stepOf = (id) => store.doc.steps.find((step) => step.id === id);
const placeOf = (id) => store.doc.steps.findIndex((step) => step.id === id);

const editor = makeEditor({root: at('editor'), flow: at('editor-flow'), store, words, facts, codes: data('reasons'), readonly});
const preview = makePreview({box: at('preview'), page, words, branding: data('branding')});

function showList() {
	const list = at('steps');
	const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
	store.doc.steps.forEach((step, i) => {
		const item = known.get(step.id) ?? clone('step').querySelector('li');
		known.delete(step.id);
		if (list.children[i] !== item)
			list.insertBefore(item, list.children[i] ?? null);
		const name = titled(step);
		item.dataset.id = step.id;
		item.querySelector('.place').textContent = i + 1;
		item.querySelector('strong').textContent = name;
		item.querySelector('small').textContent = words(`type-${step.type}`) + (step.when ? ` · ${words('sometimes')}` : '');
		item.querySelector('[data-grip]').setAttribute('aria-label', words('move', {name}));
		item.querySelector('[data-do=pick]').toggleAttribute('aria-current', step.id === chosen);
		const acts = item.querySelector('.acts');
		acts.hidden = readonly || step.id !== chosen;
		acts.setAttribute('aria-label', words('acts', {name}));
		for (const button of acts.children)
			button.setAttribute('aria-label', words(button.dataset.do, {name}));
		acts.children[0].disabled = i === 0;
		acts.children[1].disabled = i === store.doc.steps.length - 1;
		item.querySelector('[data-grip]').hidden = readonly;
	});
	known.forEach((item) => item.remove());
	at('none').hidden = store.doc.steps.length > 0;
	page.querySelector('[data-do=flow]').toggleAttribute('aria-current', chosen === null);
	marks();
}

function show() {
	if (chosen !== null && !stepOf(chosen))
		chosen = store.doc.steps[0]?.id ?? null;
	const step = stepOf(chosen);
	showList();
	editor.show(chosen);
	at('editor-title').textContent = step ? words('step', {n: placeOf(chosen) + 1, type: words(`type-${step.type}`)}) : words('flow');
	preview.show(store.doc, placeOf(chosen));
	for (const [name, able] of [['undo', store.undoable()], ['redo', store.redoable()]])
		page.querySelector(`[data-do=${name}]`).disabled = !able;
}

function choose(id) {
	chosen = id;
	show();
}

const buttonIn = (id, what) => at('steps').querySelector(`[data-id="${id}"] [data-do=${what}]`);

function change(fn, id, word) {
	store.change(null, fn);
	const step = stepOf(id);
	chosen = id;
	show();
	if (word)
		say(words(word, {name: titled(step), place: placeOf(id) + 1, count: store.doc.steps.length}));
}

function moveTo(id, to) {
	change((doc) => doc.steps.splice(to, 0, ...doc.steps.splice(doc.steps.findIndex((step) => step.id === id), 1)), id, 'moved');
}

// Without a place: behind the chosen step, else at the end.
function add(step) {
	const id = newId();
	change((doc) => doc.steps.splice(chosen === null ? doc.steps.length : placeOf(chosen) + 1, 0, {...step, id}), id, 'added');
}

const ACTS = {
	pick: (id) => choose(id),
	up: (id) => moveTo(id, placeOf(id) - 1),
	down: (id) => moveTo(id, placeOf(id) + 1),
	copy(id) {
		const {id: old, ...step} = copy(stepOf(id));
		add(step);
		buttonIn(chosen, 'copy').focus();
	},
	delete(id) {
		const gone = stepOf(id), next = store.doc.steps[placeOf(id) + 1] ?? store.doc.steps[placeOf(id) - 1];
		change((doc) => doc.steps.splice(placeOf(id), 1), next?.id ?? null);
		say(words('deleted', {name: titled(gone)}));
		(next ? buttonIn(next.id, 'pick') : at('add-type')).focus();
	},
	flow: () => choose(null),
	add() {
		add(data('starts')[at('add-type').value]);
		editor.focus();
	},
	undo: () => store.undo() && say(words('undone')),
	redo: () => store.redo() && say(words('redone')),
	save: () => store.save(),
	publish: () => publish()
};

page.addEventListener('click', (event) => {
	const button = event.target.closest('[data-do]');
	at('note').hidden = true;
	if (!button || button.closest('#clash, #publish'))
		return;
	const focus = document.activeElement;
	ACTS[button.dataset.do](button.closest('li')?.dataset.id);
	if (focus?.disabled) // moved to the end: the way on is back
		(focus.nextElementSibling ?? focus.previousElementSibling)?.focus();
});

document.addEventListener('keydown', (event) => {
	const key = event.key.toLowerCase();
	if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y') || event.target.closest('input:not([type=checkbox], [type=radio]), textarea'))
		return;
	event.preventDefault();
	ACTS[key === 'y' || event.shiftKey ? 'redo' : 'undo']();
});

if (!readonly)
	sortable(at('steps'), {
		moved: (from, to) => {
			const id = store.doc.steps[from].id;
			store.change(null, (doc) => doc.steps.splice(to, 0, ...doc.steps.splice(from, 1)));
			choose(id);
		},
		say: (word, item, place, count) => say(words(word, {name: titled(stepOf(item.dataset.id)), place, count}))
	});

for (const form of [at('editor'), at('editor-flow')]) {
	form.addEventListener('submit', (event) => event.preventDefault());
	form.addEventListener('input', show);
	form.addEventListener('click', () => queueMicrotask(show));
}

/* ---- saving ---- */

function showState() {
	const own = at('state');
	own.dataset.state = store.state;
	own.textContent = words(`state-${store.state}`, {text: store.fault?.detail ?? ''});
	page.querySelector('[data-do=save]').hidden = !['offline', 'refused', 'signedout'].includes(store.state);
	if (['offline', 'refused', 'signedout'].includes(store.state))
		say(own.textContent);
	for (const [name, able] of [['undo', store.undoable()], ['redo', store.redoable()]])
		page.querySelector(`[data-do=${name}]`).disabled = !able;
}

// Forms below the builder work on what is stored: first everything is.
document.addEventListener('submit', async (event) => {
	if (event.defaultPrevented || store.safe() || event.target.closest('#builder'))
		return;
	event.preventDefault();
	if (await store.settle())
		event.target.requestSubmit(event.submitter);
});

document.addEventListener('visibilitychange', () => document.hidden ? store.safe() || store.save() : store.refresh());

/* ---- two people ---- */

// [path, text] of everything that a step says.
const leaves = (value, path = '') => typeof value === 'object' && value
	? Object.entries(value).flatMap(([name, one]) => leaves(one, path ? `${path}.${name}` : name)) : [[path, String(value ?? '')]];

// One side of a clash: of a step, only what differs.
function brief({key, ...sides}, side) {
	const value = sides[side], other = sides[side === 'mine' ? 'theirs' : 'mine'];
	if (key === 'order')
		return value.map((id) => titled(stepOf(id) ?? store.clash.theirs.steps.find((step) => step.id === id) ?? {})).join(' → ');
	if (!key.startsWith('step:'))
		return String(value ?? '') || words('nothing');
	if (!value)
		return words('gone');
	const known = new Map(leaves(other ?? {}));
	return leaves(value).filter(([path, text]) => path !== 'id' && known.get(path) !== text).map(([path, text]) => `${path}: ${text}`).join('\n') || titled(value);
}

function nameOfClash({key, mine, theirs}) {
	if (key === 'order')
		return words('clash-order');
	if (key.startsWith('step:'))
		return titled(mine ?? theirs);
	return document.querySelector(`label[for="${at('editor-flow').querySelector(`[data-path="${key}"]`)?.id}"]`)?.textContent ?? key;
}

function showClash() {
	const box = at('clash');
	const choice = (clash, i, side) => element('label', {className: 'choice side'},
		element('input', {type: 'radio', name: `clash-${i}`, value: side, checked: side === 'mine'}),
		element('span', {}, element('strong', {textContent: words(side)}), element('span', {className: 'lines', textContent: brief(clash, side)})));
	const rows = store.clash.clashes.map((clash, i) => element('fieldset', {},
		element('legend', {textContent: nameOfClash(clash)}), element('div', {className: 'two'}, choice(clash, i, 'mine'), choice(clash, i, 'theirs'))));
	const button = (word, className, act) => element('button', {type: 'button', className, textContent: words(word), onclick: act});
	const keys = store.clash.clashes.map((clash) => clash.key);
	const chosenSide = (key) => box.querySelector(`[name="clash-${keys.indexOf(key)}"]:checked`)?.value ?? 'mine';
	const settle = (choice) => () => {
		store.resolve(choice);
		box.hidden = true;
		at('editor-title').focus();
	};
	box.replaceChildren(element('h2', {id: 'clash-title', textContent: words('clash-title')}), element('p', {textContent: words('clash-text')}), ...rows,
		element('div', {className: 'row'}, button('clash-merge', '', settle(chosenSide)), button('clash-mine', 'second', settle('mine')), button('clash-theirs', 'second', settle('theirs'))));
	box.hidden = false;
	box.focus();
}

/* ---- publishing ---- */

async function publish() {
	const box = at('publish');
	if (!await store.settle())
		return;
	const list = (word, issues) => issues.length ? [element('p', {textContent: words(word)}), element('ul', {}, ...issues.map((issue) => {
		const step = store.doc.steps[issue.step];
		const go = element('button', {type: 'button', className: 'plain', textContent: `${step ? `${issue.step + 1}. ${titled(step)}: ` : ''}${issueText(issue)}`});
		go.addEventListener('click', () => {
			choose(step?.id ?? null);
			editor.focus(step ? issue.name : issue.field);
		});
		return element('li', {}, go);
	}))] : [];
	const errors = review?.errors ?? [], warnings = review?.warnings ?? [];
	const fault = element('p', {className: 'message bad', hidden: true});
	fault.setAttribute('role', 'alert');
	const button = (word, className, act) => element('button', {type: 'button', className, textContent: words(word), onclick: act});
	const go = (activate) => async () => {
		const reply = await store.settle() && await ask('POST', `${url}/publish`, {activate}, {'If-Match': store.etag});
		if (reply?.status >= 200 && reply.status < 300)
			return location.assign(`/flows/${page.dataset.id}?notice=published`);
		fault.textContent = words('publish-failed', {text: reply?.body?.detail ?? ''});
		fault.hidden = false;
		store.refresh();
	};
	box.replaceChildren(element('h2', {id: 'publish-title', textContent: words('publish-title')}), fault,
		...list('publish-errors', errors), ...list('publish-warnings', warnings),
		...(errors.length + warnings.length ? [] : [element('p', {textContent: words('publish-fine')})]),
		element('div', {className: 'row'}, ...(errors.length ? [] : [button('publish-show', '', go(true)), button('publish-quiet', 'second', go(false))]),
			button('publish-close', 'second', () => {
				box.hidden = true;
				page.querySelector('[data-do=publish]').focus();
			})));
	box.hidden = false;
	box.focus();
}

/* ---- begin ---- */

page.hidden = false;
at('plain').hidden = true;
if (readonly)
	page.querySelectorAll('.tools button, #editor-flow input, #editor-flow select').forEach((control) => { control.hidden = control.localName === 'button'; control.disabled = true; });
judge(store.doc);
showState();
show();
if (!readonly && store.unshelve())
	note(words('unshelved'));
