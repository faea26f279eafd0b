// What the Artillery scripts' functions beside this file share: made data, and the variables of a virtual user. `stoa bench export --artillery` puts it
// beside each script that it writes. Artillery was not run here: this is checked against a stand-in for it.
const { createHmac } = require('node:crypto');

const env = (name, fallback) => {
	const value = process.env[name] ?? fallback;
	if (value === undefined) throw new Error(`${name} must be set`);
	return value;
};
const between = (least, most) => least + Math.random() * (most - least);
const number = (least, most) => least + Math.floor(Math.random() * (most - least + 1));
const choose = (list) => list[number(0, list.length - 1)];
const lower = (count) => Array.from({ length: count }, () => String.fromCharCode(97 + number(0, 25))).join('');
const letters = (least, most) => {
	const size = number(least, most);
	let words = '';
	while (words.length < size) words += (words && ' ') + lower(number(2, 9));
	return size ? words.slice(0, size - 1) + lower(1) : '';
};
const hex = (count) => Array.from({ length: count }, () => number(0, 15).toString(16)).join('');
const uuid = (version) => {
	const head = version === 7 ? Date.now().toString(16).padStart(12, '0') : hex(12);
	return `${head.slice(0, 8)}-${head.slice(8)}-${version}${hex(3)}-${choose(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
};
const email = (domain) => `${hex(16)}@${domain}`;
const now = (form) => (form === 'iso' ? new Date().toISOString() : Math.floor(Date.now() / (form === 's' ? 1000 : 1)));
const day = (least, most) => new Date(Date.now() - number(least, most) * 86400000).toISOString().slice(0, 10);
const url = encodeURIComponent;
const quoted = (text) => JSON.stringify(text).slice(1, -1);
const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex');
// Each worker of Artillery counts for itself.
const counts = {};
const sequence = (name, least, most) => (counts[name] = counts[name] === undefined || counts[name] === most ? least : counts[name] + 1);
const pause = (least, most) => (context, events, done) => setTimeout(done, 1000 * between(least, most));

const id = (name) => name.replace(/^(?=[0-9])/, '_').replace(/[^A-Za-z0-9]/g, '_');
class Missing extends Error {}

// The functions of a script. data: how each name is made; captured: names that answers give.
function functions(data, captured, pauses) {
	// A name, and how it is written in an address and in JSON. What needs an answer first is made when that is there.
	const fill = ({ vars }) => {
		const v = (name) => {
			if (vars[id(name)] === undefined) {
				if (!(name in data)) throw new Missing(name);
				vars[id(name)] = String(data[name](v));
			}
			return String(vars[id(name)]);
		};
		for (const name of [...Object.keys(data), ...captured]) {
			try {
				vars[`${id(name)}_url`] = url(v(name));
				vars[`${id(name)}_json`] = quoted(v(name));
			} catch (error) {
				if (!(error instanceof Missing)) throw error;
			}
		}
	};
	return {
		...pauses,
		// Artillery gives every virtual user what `before` has set: what was made there is forgotten, what was captured stays.
		draw(context, events, done) {
			for (const name of Object.keys(data)) delete context.vars[id(name)];
			fill(context);
			done();
		},
		fill(request, response, context, events, done) {
			const wanted = request.expect?.[0]?.statusCode, status = response.statusCode;
			fill(context);
			done((wanted ? wanted.includes(status) : status < 400) ? undefined : new Error(`status ${status}`));
		},
	};
}

module.exports = { choose, day, email, env, functions, hmac, letters, now, number, pause, quoted, sequence, url, uuid };
