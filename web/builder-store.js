/* The flow as it is being edited: undo and redo, saving by itself without losing anybody's edits, and talking to Stoa. */
import {anonymous, copy, identify, merge, same} from './builder-merge.js';

const QUIET_MS = 800, TRIES = 5, AGAIN_MS = 1000, AGAIN_MOST_MS = 30000, TYPING_MS = 1500, UNDO_MOST = 200;

/* ---- the API, with the page's own session ---- */

let csrf = '';
export const useToken = (token) => { csrf = token; };

// The session's short token ends after an hour: going through /login renews it where the long one still holds.
async function renew() {
	const reply = await fetch(`/login?next=${encodeURIComponent(location.pathname)}`);
	const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
	const token = page.querySelector('main [name=csrf]')?.value;
	if (!reply.ok || new URL(reply.url).pathname !== location.pathname || !token)
		return false;
	csrf = token;
	return true;
}

// -> {status, body}; status 0 when nothing answered.
export async function ask(method, path, body, headers = {}, again = true) {
	let reply;
	try {
		reply = await fetch(path, {
			method, cache: 'no-store', headers: {Accept: 'application/json', 'X-CSRF-Token': csrf, ...(body === undefined ? {} : {'Content-Type': 'application/json'}), ...headers},
			body: body === undefined ? undefined : JSON.stringify(body)
		});
		if ((reply.status === 401 || reply.status === 403 && method !== 'GET') && again && await renew())
			return ask(method, path, body, headers, false);
		const text = await reply.text();
		return {status: reply.status, body: text && /json/.test(reply.headers.get('Content-Type') || '') ? JSON.parse(text) : null};
	} catch {
		return {status: 0, body: null};
	}
}

/* ---- the store ---- */

/* backend: {read(), save(doc, etag)} -> {status, etag, body, doc}, without the steps' ids. told(what): 'doc' (it changed under the page), 'state', 'saved' (with the
 * reply), 'adopted' (theirs is in: with the reply, and whether that changed mine), 'clash'.
 * state: saved | unsaved | saving | offline | refused | signedout | clash. */
export function makeStore({doc, etag, backend, name, told}) {
	const first = identify(doc);
	const store = {doc: copy(first), base: copy(first), etag, state: 'saved', fault: null, clash: null};
	let unsure = null; // sent, and no answer came
	let past = [], future = [], timer, busy = null, wait = AGAIN_MS;
	const shelf = `stoa-flow-${name}`;

	function state(next) {
		store.state = next;
		told('state');
	}

	// What is not saved yet outlives the page.
	function shelve() {
		try {
			if (same(store.doc, store.base))
				localStorage.removeItem(shelf);
			else
				localStorage.setItem(shelf, JSON.stringify({base: store.base, doc: store.doc}));
		} catch { /* no room, or none allowed: the page still warns before it is left */ }
	}

	function soon(ms) {
		clearTimeout(timer);
		timer = setTimeout(() => store.save(), ms);
	}

	function touched() {
		shelve();
		if (store.state === 'clash')
			return told('state');
		state(same(store.doc, store.base) ? 'saved' : 'unsaved');
		wait = AGAIN_MS;
		if (store.state === 'unsaved')
			soon(QUIET_MS);
	}

	/* Changes the flow by fn(doc). Changes of one key that follow each other quickly are undone as one. */
	store.change = (key, fn) => {
		const before = copy(store.doc);
		fn(store.doc);
		if (same(before, store.doc))
			return;
		const last = past[past.length - 1];
		if (key && last?.key === key && Date.now() - last.at < TYPING_MS && same(last.after, before))
			Object.assign(last, {after: copy(store.doc), at: Date.now()});
		else
			past.push({key, before, after: copy(store.doc), at: Date.now()});
		past = past.slice(-UNDO_MOST);
		future = [];
		touched();
	};

	// Undone and redone as a change of its own, so that what others did since stays.
	function back(from, to, [was, is]) {
		const entry = from.pop();
		if (!entry)
			return false;
		to.push(entry);
		store.doc = merge(entry[was], entry[is], store.doc).doc;
		told('doc');
		touched();
		return true;
	}
	store.undo = () => back(past, future, ['after', 'before']);
	store.redo = () => back(future, past, ['before', 'after']);
	store.undoable = () => past.length > 0;
	store.redoable = () => future.length > 0;

	// Theirs has come; choose decides where both changed the same. Without choose a clash waits for the person.
	function adopt(theirs, tag, choose) {
		const {doc: merged, clashes} = merge(store.base, store.doc, theirs, choose);
		if (clashes.length && !choose) {
			store.clash = {theirs, etag: tag, clashes};
			state('clash');
			told('clash');
			return false;
		}
		const mine = store.doc;
		if (choose) { // undone, each clash goes the other way
			const other = merge(store.base, mine, theirs, (key) => choose(key) === 'mine' ? 'theirs' : 'mine').doc;
			past.push({key: null, before: other, after: copy(merged), at: Date.now()});
		}
		Object.assign(store, {clash: null, base: copy(theirs), etag: tag, doc: merged});
		if (!same(mine, merged))
			told('doc');
		shelve();
		return true;
	}

	// The person's answer: 'mine', 'theirs', or a function of the clash's key.
	store.resolve = (choice) => {
		const {theirs, etag: tag} = store.clash;
		const mine = copy(store.doc);
		if (typeof choice === 'function') {
			adopt(theirs, tag, choice);
		} else {
			store.doc = choice === 'mine' ? mine : copy(theirs);
			Object.assign(store, {clash: null, base: copy(theirs), etag: tag});
			past.push({key: null, before: choice === 'mine' ? copy(theirs) : mine, after: copy(store.doc), at: Date.now()});
			told('doc');
		}
		state('unsaved');
		return store.save();
	};

	async function fetchTheirs() {
		const reply = await backend.read();
		if (reply.status !== 200)
			return trouble(reply);
		if (unsure && same(anonymous(unsure), reply.doc)) { // our own save, whose answer was lost
			Object.assign(store, {base: unsure, etag: reply.etag});
			return true;
		}
		return adopted(reply);
	}

	function adopted(reply) {
		const mine = store.doc;
		if (!adopt(identify(reply.doc, store.base, store.doc), reply.etag))
			return false;
		told('adopted', reply, !same(mine, store.doc));
		return true;
	}

	function trouble(reply) {
		store.fault = reply.body;
		if (reply.status === 401 || reply.status === 403) {
			state('signedout');
		} else if (reply.status && reply.status < 500 && ![408, 412, 429].includes(reply.status)) {
			state('refused');
		} else {
			state('offline');
			soon(wait);
			wait = Math.min(2 * wait, AGAIN_MOST_MS);
		}
		return false;
	}

	async function once() {
		clearTimeout(timer);
		for (let tries = TRIES; ;) {
			if (same(store.doc, store.base)) {
				state('saved');
				shelve();
				return true;
			}
			const sent = copy(store.doc);
			state('saving');
			const reply = await backend.save(anonymous(sent), store.etag);
			if (reply.status === 412 && tries--) {
				if (!await fetchTheirs())
					return false;
				continue;
			}
			unsure = reply.status ? null : sent;
			if (reply.status < 200 || reply.status > 299)
				return trouble(reply);
			Object.assign(store, {base: sent, etag: reply.etag, fault: null});
			wait = AGAIN_MS;
			shelve();
			told('saved', reply);
			if (!same(store.doc, sent)) {
				state('unsaved');
				soon(QUIET_MS);
				return false;
			}
		}
	}

	/* Saves now; true when everything is saved. One at a time. */
	store.save = () => {
		if (store.state === 'clash')
			return Promise.resolve(false);
		busy ??= once().finally(() => { busy = null; });
		return busy;
	};

	/* As save(), edits that came meanwhile included. */
	store.settle = async () => {
		while (!store.safe() || busy)
			if (!await store.save() && store.state !== 'unsaved')
				return false;
		return true;
	};

	/* Takes in what others saved meanwhile. */
	store.refresh = async () => {
		if (busy || store.state === 'clash')
			return;
		const reply = await backend.read();
		if (!busy && reply.status === 200 && reply.etag !== store.etag && adopted(reply))
			touched();
	};

	/* What an earlier page could not save, as a change on top of what is stored. */
	store.unshelve = () => {
		let kept = null;
		try {
			kept = JSON.parse(localStorage.getItem(shelf));
		} catch { /* none */ }
		if (!kept?.doc?.steps || !kept.base?.steps || same(anonymous(kept.doc), anonymous(store.doc)))
			return false;
		const theirs = identify(anonymous(store.doc), kept.base, kept.doc), tag = store.etag;
		Object.assign(store, {doc: kept.doc, base: kept.base});
		if (adopt(theirs, tag))
			touched();
		told('doc');
		return true;
	};

	store.safe = () => same(store.doc, store.base);
	window.addEventListener('online', () => store.state === 'offline' && store.save());
	window.addEventListener('beforeunload', (event) => store.safe() || event.preventDefault());
	return store;
}
