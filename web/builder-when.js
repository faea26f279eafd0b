/* A step's condition as rows of fact, operator and value. What rows cannot say (conditions within conditions) is edited as JSON. */
import {clone} from './builder-editor.js';

const ORDERED = ['at_least', 'below'];
const SEVERAL = ['in', 'not_in'];
const plain = (condition) => typeof condition?.fact === 'string';

// {join: '' | 'all' | 'any' | 'json', rows}
function readCondition(condition) {
	if (!condition)
		return {join: '', rows: []};
	if (plain(condition))
		return {join: 'all', rows: [condition]};
	const join = ['all', 'any'].find((name) => Array.isArray(condition[name]) && condition[name].every(plain));
	return join ? {join, rows: condition[join]} : {join: 'json', rows: []};
}

export function conditionField(box, commit, facts) {
	const part = (name) => box.querySelector(`[data-when=${name}]`);
	const join = part('join'), rows = part('rows'), json = part('json').querySelector('textarea');
	const factOf = (name) => facts[name.startsWith('attribute.') ? 'attribute' : name] ?? facts.attribute;

	// The control for a value, as the fact and the operator have it.
	function valueControl(fact, op, value) {
		const make = (name, properties) => Object.assign(document.createElement(name), properties);
		const yesNo = op === 'exists' || fact.kind === 'flag';
		let control;
		if (yesNo) {
			control = make('select');
			control.append(new Option(facts.attribute.yes, 'true'), new Option(facts.attribute.no, 'false'));
			control.value = String(value ?? true);
		} else if (fact.choices) {
			control = make('select', {multiple: SEVERAL.includes(op), size: SEVERAL.includes(op) ? 4 : 0});
			control.append(...fact.choices.map((choice) => new Option(choice.label, choice.value)));
			[].concat(value ?? fact.choices[0].value).forEach((one) => [...control.options].filter((option) => option.value === one).forEach((option) => { option.selected = true; }));
		} else {
			const number = fact.kind === 'number' || ORDERED.includes(op);
			control = make('input', {type: number ? 'number' : 'text', value: SEVERAL.includes(op) ? [].concat(value ?? []).join(', ') : value ?? ''});
			if (number && fact.kind !== 'attribute')
				control.min = 0;
			if (fact.kind === 'attribute')
				control.step = 'any';
		}
		control.dataset.kind = yesNo ? 'flag' : control.type === 'number' ? 'number' : SEVERAL.includes(op) ? 'list' : 'text';
		control.setAttribute('aria-label', facts.attribute.value);
		return control;
	}

	function valueOf(control) {
		if (control.dataset.kind === 'flag')
			return control.value === 'true';
		if (control.dataset.kind === 'number')
			return control.value === '' ? '' : Number(control.value);
		if (control.multiple)
			return [...control.selectedOptions].map((option) => option.value);
		return control.dataset.kind === 'list' ? control.value.split(',').map((one) => one.trim()).filter(Boolean) : control.value;
	}

	function row(condition) {
		const own = clone('edit-when').firstElementChild;
		const at = (name) => own.querySelector(`[data-when=${name}]`);
		const attribute = condition.fact.startsWith('attribute.');
		at('fact').value = attribute ? 'attribute' : condition.fact;
		at('name').value = attribute ? condition.fact.slice(10) : '';
		const shape = (value) => {
			const fact = facts[at('fact').value];
			at('name').hidden = fact.kind !== 'attribute';
			[...at('op').options].forEach((option) => { option.hidden = option.disabled = !fact.ops.includes(option.value); });
			if (!fact.ops.includes(at('op').value))
				at('op').value = 'is';
			at('value').replaceChildren(valueControl(fact, at('op').value, value));
		};
		at('op').value = condition.op;
		shape(condition.value);
		at('fact').addEventListener('input', () => shape());
		at('op').addEventListener('input', () => shape());
		at('remove').addEventListener('click', () => {
			own.remove();
			part('add').focus();
			send();
		});
		return own;
	}

	function values() {
		return [...rows.children].map((own) => {
			const at = (name) => own.querySelector(`[data-when=${name}]`);
			const fact = at('fact').value === 'attribute' ? `attribute.${at('name').value.trim()}` : at('fact').value;
			return {fact, op: at('op').value, value: valueOf(at('value').firstElementChild)};
		});
	}

	function shown() {
		rows.hidden = part('add').hidden = !['all', 'any'].includes(join.value);
		part('json').hidden = join.value !== 'json';
	}

	function send() {
		if (join.value === 'json') {
			try {
				commit(JSON.parse(json.value));
				json.removeAttribute('aria-invalid');
			} catch {
				json.setAttribute('aria-invalid', 'true');
			}
		} else {
			const list = values();
			commit(join.value && list.length ? {[join.value]: list} : null);
		}
	}

	const add = () => rows.append(row({fact: 'answer', op: 'is'}));

	join.addEventListener('input', (event) => {
		event.stopPropagation();
		if (['all', 'any'].includes(join.value) && !rows.children.length)
			add();
		if (join.value === 'json' && !json.value)
			json.value = JSON.stringify({all: values()}, null, 2);
		shown();
		send();
	});
	part('add').addEventListener('click', () => {
		add();
		rows.lastElementChild.querySelector('select').focus();
		send();
	});
	rows.addEventListener('input', send);
	json.addEventListener('input', send);

	return {render(condition) {
		const known = readCondition(condition);
		if (document.activeElement !== json)
			json.value = condition ? JSON.stringify(condition, null, 2) : '';
		join.value = known.join;
		rows.replaceChildren(...known.rows.map(row));
		shown();
	}};
}
