/* The middle pane: fields of the chosen step, or of the flow itself. The forms stand in the page as templates, already in the reader's
 * language; a control with data-path is bound to that member of the step. */
import {conditionField} from './builder-when.js';
import {copy, same} from './builder-merge.js';

const get = (object, path) => path.split('.').reduce((at, name) => at?.[name], object);

function put(object, path, value) {
	const names = path.split('.'), last = names.pop();
	let at = object;
	for (const name of names)
		at = at[name] ??= {};
	if (value === undefined)
		delete at[last];
	else
		at[last] = value;
}

export const clone = (id) => document.getElementById(id).content.cloneNode(true);

// What a control says. Text that is no number where one belongs is kept, so that the server can say what is wrong with it.
function read(control) {
	if (control.type === 'checkbox')
		return control.checked;
	const text = control.value;
	if (!text && (control.type === 'number' || control.dataset.empty === 'drop'))
		return undefined;
	return control.type === 'number' && Number.isInteger(Number(text)) ? Number(text) : text;
}

function write(control, value) {
	if (control === document.activeElement && same(read(control), value))
		return;
	if (control.type === 'checkbox')
		control.checked = Boolean(value);
	else if (control.value !== String(value ?? ''))
		control.value = value ?? '';
}

// Members that come and go with another.
const FOLLOWS = {
	'config.duration': (step) => {
		if (step.config.duration !== 'repeating')
			delete step.config.months;
		else
			step.config.months ??= 3;
	}
};

/* Fields that are lists: each has {render(value), value()} over its own part of the form. */
const LISTS = {
	options(box, commit, codes) {
		const list = box.querySelector('[data-options]');
		const values = () => [...list.children].map((row) => ({code: row.querySelector('[data-option=code]').value, text: row.querySelector('[data-option=text]').value}));
		const row = (option) => {
			const part = clone('edit-option');
			part.querySelector('[data-option=code]').value = option.code;
			part.querySelector('[data-option=text]').value = option.text;
			return part;
		};
		box.addEventListener('input', () => commit(values()));
		box.addEventListener('click', (event) => {
			const what = event.target.closest('[data-option]')?.dataset.option;
			if (what === 'remove') {
				const gone = event.target.closest('li');
				(gone.nextElementSibling ?? gone.previousElementSibling ?? box).querySelector('[data-option=remove], [data-option=add]').focus();
				gone.remove();
			} else if (what === 'add') {
				const taken = values().map((option) => option.code);
				const free = codes.find((reason) => !taken.includes(reason.value)) ?? codes[0];
				list.append(row({code: free.value, text: free.label}));
				list.lastElementChild.querySelector('input').focus();
			} else {
				return;
			}
			commit(values());
		});
		return {values, render: (options) => list.replaceChildren(...(Array.isArray(options) ? options : []).map(row))};
	},
	months(box, commit) {
		const boxes = [...box.querySelectorAll('[data-months] input')];
		const values = () => boxes.filter((one) => one.checked).map((one) => Number(one.value));
		box.addEventListener('input', () => commit(values()));
		return {values, render: (months) => boxes.forEach((one) => { one.checked = (months ?? []).includes(Number(one.value)); })};
	}
};

function translations(box, {store, step, commit, words, names}) {
	const pick = box.querySelector('[data-tongue=pick]'), fields = box.querySelector('[data-tongue=fields]'), code = box.querySelector('[data-tongue=code]');
	const nameOf = (tongue) => `${names.of(tongue) ?? tongue} (${tongue})`;
	const tongues = () => [...new Set(store.doc.steps.flatMap((one) => Object.keys(one.translations ?? {})))].sort();
	let shown = '';
	function controls() {
		fields.replaceChildren();
		if (!shown)
			return;
		fields.append(clone('edit-translation'));
		fields.lang = shown;
		const own = step();
		for (const option of own.type === 'survey' && own.config?.options || [])
			fields.append(field(`option-${option.code}`, option.text));
		if (own.type === 'feedback' && own.config?.placeholder)
			fields.append(field('placeholder', own.config.placeholder));
	}
	function field(word, text) {
		const box = document.createElement('div'), label = document.createElement('label'), input = document.createElement('input');
		label.textContent = words('translation', {text});
		label.htmlFor = input.id = `t-${word}`;
		input.dataset.word = word;
		input.maxLength = 200;
		box.className = 'field';
		box.append(label, input);
		return box;
	}
	const place = (word) => word.startsWith('option-') ? ['options', word.slice(7)] : [word];
	function fill() {
		const known = step().translations?.[shown] ?? {};
		for (const control of fields.querySelectorAll('[data-word]'))
			write(control, place(control.dataset.word).reduce((at, name) => at?.[name], known));
	}
	function render() {
		const list = tongues();
		if (!list.includes(shown))
			shown = list[0] ?? '';
		pick.replaceChildren(...list.map((tongue) => new Option(nameOf(tongue), tongue)));
		pick.value = shown;
		pick.disabled = !list.length;
		if (!fields.contains(document.activeElement))
			controls();
		fill();
	}
	pick.addEventListener('input', (event) => {
		event.stopPropagation();
		shown = pick.value;
		render();
	});
	box.querySelector('[data-tongue=add]').addEventListener('click', () => {
		const tongue = code.value.trim().toLowerCase();
		if (!/^[a-z]{2}$/.test(tongue) || tongue === store.doc.language)
			return code.focus();
		code.value = '';
		shown = tongue;
		const own = copy(step().translations ?? {});
		own[tongue] ??= {title: '', message: ''};
		commit(own);
		render();
		fields.querySelector('input')?.focus();
	});
	code.addEventListener('input', (event) => event.stopPropagation());
	fields.addEventListener('input', (event) => {
		const own = copy(step().translations ?? {});
		put(own, [shown, ...place(event.target.dataset.word)].join('.'), event.target.value || undefined);
		commit(own);
	});
	return {render};
}

export function makeEditor({root, flow, store, words, facts, codes, readonly}) {
	const names = new Intl.DisplayNames(document.documentElement.lang, {type: 'language', fallback: 'none'});
	let kind = '', id = null, parts = [], faults = [];

	const step = () => store.doc.steps.find((one) => one.id === id);
	const object = () => id === null ? store.doc : step();
	const commit = (path, value) => store.change(`${id}:${path}`, (doc) => {
		const target = id === null ? doc : doc.steps.find((one) => one.id === id);
		put(target, path, value);
		FOLLOWS[path]?.(target);
	});

	function bind(box) {
		parts = [];
		for (const control of box.querySelectorAll('input[data-path], select[data-path], textarea[data-path]')) {
			const path = control.dataset.path;
			control.addEventListener('input', () => commit(path, read(control)));
			parts.push({refresh: () => write(control, get(object(), path))});
		}
		const list = (selector, path, make) => {
			const own = box.querySelector(selector);
			if (!own)
				return;
			let last;
			const put = (value) => { last = copy(value); commit(path, value); };
			const widget = make(own, put);
			parts.push({refresh: () => {
				const value = get(object(), path) ?? null;
				if (widget.always || !same(last ?? null, value) || last === undefined) {
					last = copy(value);
					widget.render(value);
				}
			}});
		};
		list('[data-options]', 'config.options', (own, put) => LISTS.options(own.closest('[data-path]'), put, codes));
		list('[data-months]', 'config.months', (own, put) => LISTS.months(own.closest('[data-path]'), put));
		list('[data-path=when]', 'when', (own, put) => conditionField(own, (value) => put(value ?? undefined), facts));
		list('[data-path=translations]', 'translations', (own, put) => ({always: true, ...translations(own, {store, step, commit: put, words, names})}));
	}

	function build() {
		const form = clone('edit-step');
		form.querySelector('[data-slot=config]').append(clone(`edit-${step().type}`));
		root.replaceChildren(form);
		if (readonly)
			root.querySelectorAll('input, select, textarea, button').forEach((control) => { control.disabled = true; });
		bind(root);
	}

	/* What the server says of a field stands beside it, else above the form. */
	function mark() {
		root.querySelectorAll('.fault').forEach((note) => note.remove());
		root.querySelectorAll('[aria-invalid]').forEach((control) => {
			control.removeAttribute('aria-invalid');
			control.removeAttribute('aria-describedby');
		});
		faults.filter((fault) => fault.id === id).forEach((fault, i) => {
			const note = document.createElement('p');
			note.className = fault.warning ? 'fault warning' : 'fault';
			note.id = `fault-${i}`;
			note.textContent = fault.text;
			const near = [...root.querySelectorAll('[data-path]')].filter((own) => fault.path === own.dataset.path || fault.path.startsWith(own.dataset.path + '.')
				|| fault.path.startsWith(own.dataset.path + '[')).sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
			if (!near)
				return root.prepend(note);
			near.closest('details')?.setAttribute('open', '');
			(near.closest('.field') ?? near.parentElement).append(note);
			if (!fault.warning)
				near.setAttribute('aria-invalid', 'true');
			near.setAttribute('aria-describedby', note.id);
		});
	}

	function summary() {
		const sum = (name, text) => {
			const own = root.querySelector(`[data-sum=${name}]`);
			if (own)
				own.textContent = text;
		};
		const own = step();
		if (!own)
			return;
		sum('when', own.when ? words('sometimes') : words('always'));
		const tongues = [...new Set(store.doc.steps.flatMap((one) => Object.keys(one.translations ?? {})))];
		const whole = tongues.filter((tongue) => own.translations?.[tongue]?.title && own.translations[tongue].message);
		sum('translations', tongues.length ? words('translated', {n: whole.length, m: tongues.length}) : words('untranslated'));
	}

	const editor = {
		get chosen() { return id; },
		show(next) {
			id = next;
			const now = id === null ? 'flow' : `${id}/${step().type}`;
			if (now !== kind) {
				kind = now;
				flow.hidden = id !== null;
				root.hidden = id === null;
				if (id === null)
					bind(flow);
				else
					build();
			}
			editor.refresh();
			mark();
		},
		refresh() {
			parts.forEach((part) => part.refresh());
			for (const own of root.querySelectorAll('[data-if]')) {
				const [path, value] = own.dataset.if.split('=');
				own.hidden = get(object(), path) !== value;
			}
			summary();
		},
		faults(list) {
			faults = list;
			mark();
		},
		focus(path) {
			const near = path && [...(id === null ? flow : root).querySelectorAll('[data-path]')].find((own) => path.startsWith(own.dataset.path));
			const target = near?.matches('input, select, textarea') ? near : near?.querySelector('input, select, textarea, button');
			(target ?? (id === null ? flow : root).querySelector('input, textarea'))?.focus();
		}
	};
	return editor;
}
