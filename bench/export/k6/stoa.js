// What the k6 scripts beside this file share: made data, what is read from answers, and a session. `stoa bench export --k6` puts it beside each
// script that it writes. k6 was not run here: this is checked as JavaScript, and against a stand-in for k6's modules.
import http from 'k6/http';
import crypto from 'k6/crypto';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';

const BASE = __ENV.URL ?? 'http://127.0.0.1:8080';
// What was not answered as it should be; the same without refusals (429 and 503).
const errors = new Rate('errors'), faults = new Rate('faults');

export const env = (name, fallback) => {
	const value = __ENV[name] ?? fallback;
	if (value === undefined) throw new Error(`${name} must be set`);
	return value;
};
const between = (least, most) => least + Math.random() * (most - least);
export const number = (least, most) => least + Math.floor(Math.random() * (most - least + 1));
export const choose = (list) => list[number(0, list.length - 1)];
const lower = (count) => Array.from({ length: count }, () => String.fromCharCode(97 + number(0, 25))).join('');
export const letters = (least, most) => {
	const size = number(least, most);
	let words = '';
	while (words.length < size) words += (words && ' ') + lower(number(2, 9));
	return size ? words.slice(0, size - 1) + lower(1) : '';
};
const hex = (count) => Array.from({ length: count }, () => number(0, 15).toString(16)).join('');
export const uuid = (version) => {
	const head = version === 7 ? Date.now().toString(16).padStart(12, '0') : hex(12);
	return `${head.slice(0, 8)}-${head.slice(8)}-${version}${hex(3)}-${choose(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
};
export const email = (domain) => `${hex(16)}@${domain}`;
export const now = (form) => (form === 'iso' ? new Date().toISOString() : Math.floor(Date.now() / (form === 's' ? 1000 : 1)));
export const day = (least, most) => new Date(Date.now() - number(least, most) * 86400000).toISOString().slice(0, 10);
export const url = encodeURIComponent;
export const quoted = (text) => JSON.stringify(text).slice(1, -1);
export const hmac = (key, text) => crypto.hmac('sha256', key, text, 'hex');
export const pause = (least, most) => sleep(between(least, most));

// Users share no memory: each has every so manieth number, beginning with its own.
const counts = {};
export const sequence = (name, least, most) => {
	counts[name] = (counts[name] ?? -1) + 1;
	return least + ((counts[name] * script.users + exec.vu.idInTest) % (most - least + 1));
};

export const header = (wanted) => (reply) => reply.headers[Object.keys(reply.headers).find((name) => name.toLowerCase() === wanted.toLowerCase())];
export const around = (from, before) => (reply) => {
	const text = reply.body ?? '', at = text.indexOf(from), end = text.indexOf(before, at + from.length);
	return at < 0 || end < 0 ? undefined : text.slice(at + from.length, end);
};
export const pointer = (path) => (reply) => {
	let value;
	try { value = JSON.parse(reply.body); } catch { return undefined; }
	for (const part of path.split('/').slice(1)) value = value?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
	return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
};

// A session's captured values stay; made ones are drawn anew for each pass.
let script, captured = null, drawn = {};
export const v = (name) => {
	if (name in captured) return captured[name];
	if (!(name in drawn)) drawn[name] = name in script.data ? String(script.data[name](v)) : '';
	return drawn[name];
};
export function ask(method, path, headers, body, expect, name, captures) {
	const reply = http.request(method, BASE + path, body, { headers, tags: { name }, timeout: script.timeout, redirects: 0,
		...(script.cookies ? {} : { jar: new http.CookieJar() }), responseCallback: http.expectedStatuses(...(expect.length ? expect : [{ min: 200, max: 399 }])) });
	let good = expect.length ? expect.includes(reply.status) : reply.status >= 200 && reply.status < 400;
	for (const [key, read] of good ? Object.entries(captures) : []) {
		const value = read(reply);
		good = check(value, { [`${name} gives ${key}`]: (found) => found !== undefined });
		if (!good) break;
		captured[key] = value;
	}
	errors.add(!good);
	faults.add(!good && reply.status !== 429 && reply.status !== 503);
	return good;
}

function pass(shared) {
	drawn = {};
	if (!captured) {
		captured = { ...shared };
		if (!script.session()) {
			captured = null;
			return;
		}
		drawn = {};
	}
	let at = Math.random() * script.journeys.reduce((sum, [weight]) => sum + weight, 0);
	(script.journeys.find(([weight]) => (at -= weight) < 0) ?? script.journeys[0])[1]();
}

const most = ({ preAllocatedVUs = 0, vus = 0, startVUs = 0, executor, stages = [] }) =>
	Math.max(preAllocatedVUs, vus, startVUs, ...(executor === 'ramping-vus' ? stages.map(({ target }) => target) : []));
// Takes a script's parts and answers what k6 is to call: setup(), pass() of a phase of requests a second, user() of a phase of users.
export function begin(parts) {
	// One more: setup() has number 0.
	script = { ...parts, users: Object.values(parts.options.scenarios).reduce((sum, scenario) => sum + most(scenario), 1) };
	return {
		setup() {
			captured = {};
			if (!script.once()) throw new Error('the steps of once failed');
			return captured;
		},
		pass,
		user(shared) {
			pass(shared);
			pause(...script.think);
		},
	};
}
