/* Two people's work on one flow: what both began with, what each made of it. A flow is {name, …, steps: [{id, …}]}; steps are told apart
 * by their id. */

// Nothing, an empty text, an empty list and an empty object are the same, as they are when a flow is kept.
const nothing = (value) => (value ?? '') === '' || typeof value === 'object' && Object.values(value).every(nothing);
export const same = (a, b) => a === b || nothing(a) && nothing(b) || Boolean(a && b) && typeof a === 'object' && typeof b === 'object'
	&& Array.isArray(a) === Array.isArray(b) && Object.keys({...a, ...b}).every((name) => same(a[name], b[name]));

export const copy = (value) => JSON.parse(JSON.stringify(value));

const byId = (doc) => new Map(doc.steps.map((step) => [step.id, step]));
const ids = (doc) => doc.steps.map((step) => step.id);

// One value: whoever changed it; both to different values: a clash, which choose(key) decides with 'mine' or 'theirs'.
function pick(key, base, mine, theirs, choose, clashes) {
	if (same(mine, theirs) || same(theirs, base))
		return mine;
	if (same(mine, base))
		return theirs;
	clashes.push({key, mine, theirs});
	return choose(key) === 'theirs' ? theirs : mine;
}

// The steps' order: of whoever moved some; what the other added stands behind the step that it was added behind.
function order(base, mine, theirs, left, choose, clashes) {
	const [was, here, there] = [base, mine, theirs].map(ids);
	const common = (list, ...others) => list.filter((id) => others.every((other) => other.includes(id)));
	const lead = pick('order', common(was, here, there), common(here, was, there), common(there, was, here), choose, clashes);
	const theirsLeads = !same(lead, common(here, was, there));
	const [first, second] = theirsLeads ? [there, here] : [here, there];
	const list = first.filter((id) => left.has(id));
	second.forEach((id, i) => {
		if (!left.has(id) || list.includes(id))
			return;
		const before = second.slice(0, i).reverse().find((other) => list.includes(other));
		list.splice(before === undefined ? 0 : list.indexOf(before) + 1, 0, id);
	});
	return list;
}

/* -> {doc, clashes: [{key, mine, theirs}]}; key is a field's name, 'order' or 'step:' and an id, mine and theirs are null for a step that
 * one has deleted. choose(key) decides the clashes; without it mine stands. */
export function merge(base, mine, theirs, choose = () => 'mine') {
	const clashes = [], doc = {};
	for (const name of Object.keys({...base, ...mine, ...theirs}))
		if (name !== 'steps')
			doc[name] = pick(name, base[name] ?? null, mine[name] ?? null, theirs[name] ?? null, choose, clashes);
	const [was, here, there] = [base, mine, theirs].map(byId);
	const left = new Map();
	for (const id of new Set([...was.keys(), ...here.keys(), ...there.keys()])) {
		const step = pick(`step:${id}`, was.get(id) ?? null, here.get(id) ?? null, there.get(id) ?? null, choose, clashes);
		if (step)
			left.set(id, step);
	}
	doc.steps = order(base, mine, theirs, left, choose, clashes).map((id) => left.get(id));
	return {doc: copy(doc), clashes};
}

let last = 0;
export const newId = () => `s${Date.now().toString(36)}${(last++).toString(36)}`;

/* Stored steps have no id: each gets that of the step of `known` that it is, or was: the one that equals it, else has its type and title, else
 * has its type; in order. What is new since is compared with `mine`, by the first two. */
export function identify(doc, known, mine) {
	const steps = (doc.steps ?? []).map((step) => ({...step}));
	const bare = ({id, ...step}) => step;
	const rules = [(a, b) => same(bare(a), bare(b)), (a, b) => a.type === b.type && a.title === b.title, (a, b) => a.type === b.type];
	const find = (free, alike) => {
		for (const step of steps) {
			const at = step.id ? -1 : free.findIndex((other) => alike(step, other));
			if (at >= 0)
				step.id = free.splice(at, 1)[0].id;
		}
	};
	const first = known?.steps.slice() ?? [];
	const then = mine?.steps.filter(({id}) => !known.steps.some((step) => step.id === id)) ?? [];
	find(first, rules[0]);
	find(then, rules[0]);
	find(first, rules[1]);
	find(then, rules[1]);
	find(first, rules[2]);
	return {...doc, steps: steps.map((step) => ({...step, id: step.id ?? newId()}))};
}

export const anonymous = (doc) => ({...doc, steps: doc.steps.map(({id, ...step}) => step)});
