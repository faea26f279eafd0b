// Paperplane: the account page of a fictitious company that embeds Stoa's widget, exactly as a customer of Stoa would. It reads and
// cancels subscriptions at Stripe (here: the stand-in) with Stripe's own client.
//
// Environment: SHOP_PORT (0 = any), SHOP_STOA_URL, SHOP_WIDGET_KEY, SHOP_SIGNING_SECRET (of that key), SHOP_STRIPE_URL, SHOP_STRIPE_KEY.
// Prints its URL when it listens. Customers that are missing at the stand-in are made (catalogue.mjs).
import {createHmac} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import Stripe from 'stripe';
import {CUSTOMERS, PRICES, seed, subscriptionOf, trialEnd} from './catalogue.mjs';

const env = (name, fallback) => process.env[name] ?? fallback ?? (() => { throw new Error(`${name} is not set`); })();
const STOA = new URL(env('SHOP_STOA_URL')).origin;
const WIDGET_KEY = env('SHOP_WIDGET_KEY');
const SIGNING_SECRET = env('SHOP_SIGNING_SECRET');
const STRIPE_URL = new URL(env('SHOP_STRIPE_URL'));
const LANGUAGES = {en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español'};
const PLANS = Object.fromEntries(Object.entries(PRICES).map(([plan, price]) => [price, plan[0].toUpperCase() + plan.slice(1)]));

const stripe = new Stripe(env('SHOP_STRIPE_KEY'), {
	host: STRIPE_URL.hostname, port: STRIPE_URL.port, protocol: STRIPE_URL.protocol.slice(0, -1), telemetry: false, maxNetworkRetries: 2
});

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const money = (minor, currency) => new Intl.NumberFormat('en', {style: 'currency', currency}).format(minor / 100);
const date = (unix) => new Intl.DateTimeFormat('en', {dateStyle: 'long', timeZone: 'UTC'}).format(unix * 1000);
const asset = (name) => readFileSync(new URL(name, import.meta.url));
const ASSETS = {'/shop.css': ['text/css; charset=utf-8', asset('shop.css')], '/shop.js': ['text/javascript; charset=utf-8', asset('shop.js')]};

async function control(path, body) {
	const reply = await fetch(new URL(`/_control/${path}`, STRIPE_URL), {method: 'POST', body: JSON.stringify(body)});
	if (!reply.ok)
		throw new Error(`stand-in: ${path}: ${await reply.text()}`);
}

const read = (customer) => stripe.subscriptions.retrieve(subscriptionOf(customer), {expand: ['discounts', 'discounts.source.coupon']});

async function makeMissing() {
	for (const customer of CUSTOMERS)
		await read(customer).catch((error) => {
			if (error.statusCode !== 404)
				throw error;
			return control('seed', seed(customer));
		});
}

/* ---- what Stoa's widget is told about the customer, signed so that a visitor cannot pose as another ---- */

function signed(customer, subscription, language) {
	const [item] = subscription.items.data;
	const fields = {
		userId: customer.id, email: customer.email, plan: PLANS[item.price.id] ?? item.price.id, region: 'us', language,
		stripeSubscriptionId: subscription.id, subscriptionValue: subscription.status === 'trialing' ? 0 : item.price.unit_amount,
		currency: item.price.currency
	};
	const time = Math.floor(Date.now() / 1000);
	const text = [time, ...Object.keys(fields).sort().map((name) => `${name}=${fields[name]}`)].join('\n');
	return {...fields, signature: `t=${time},v1=${createHmac('sha256', SIGNING_SECRET).update(text).digest('hex')}`};
}

/* ---- pages ---- */

const page = (language, title, main, script = '') => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escape(title)} – Paperplane</title><link rel="stylesheet" href="/shop.css"></head>
<body><header><a href="/?lang=${language}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 11 22 2l-7 20-4-8-9-3Zm9 3 11-12" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>Paperplane</a>
<p>A demonstration shop: nothing here is real.</p></header>
<main>${main}</main>${script}</body></html>`;

const languages = (path, language) => `<nav aria-label="Language of the cancel flow"><span>Cancel flow in</span> ${Object.entries(LANGUAGES).map(([code, name]) =>
	`<a href="${path}?lang=${code}" lang="${code}"${code === language ? ' aria-current="true"' : ''}>${name}</a>`).join(' ')}</nav>`;

const home = (language) => page(language, 'Sign in', `<h1>Whose account?</h1>
<p>Four customers, one of each value segment: Stoa makes each of them different offers.</p>
<ul class="people">${CUSTOMERS.map((c) => `<li><a href="/account/${c.id}?lang=${language}"><strong>${escape(c.name)}</strong> ${escape(c.about)}</a></li>`).join('')}</ul>
${languages('/', language)}`);

function discountText({source, end}) {
	const {coupon} = source;
	const off = coupon.percent_off ? `${coupon.percent_off} % off` : `${money(coupon.amount_off, coupon.currency)} off`;
	return end ? `${off} until ${date(end)}` : coupon.duration === 'once' ? `${off} the next invoice` : off;
}

// What Stripe says about the subscription, as rows of name and text.
function facts(subscription) {
	const [item] = subscription.items.data;
	const {price} = item;
	const rows = [['Plan', PLANS[price.id] ?? price.nickname ?? price.id], ['Price', `${money(price.unit_amount, price.currency)} a ${price.recurring.interval}`],
		['State', subscription.pause_collection ? 'paused' : subscription.status]];
	if (subscription.status === 'trialing')
		rows.push(['Trial ends', date(subscription.trial_end)]);
	for (const discount of subscription.discounts)
		rows.push(['Discount', discountText(discount)]);
	if (subscription.pause_collection?.resumes_at)
		rows.push(['Billing starts again', date(subscription.pause_collection.resumes_at)]);
	if (subscription.cancel_at_period_end)
		rows.push(['Ends', date(subscription.cancel_at ?? item.current_period_end)]);
	else if (subscription.status !== 'canceled')
		rows.push(['Paid until', date(item.current_period_end)]);
	return rows;
}

function account(customer, subscription, language) {
	const ending = subscription.cancel_at_period_end || subscription.status === 'canceled';
	const path = `/account/${customer.id}`;
	return page(language, customer.name, `<h1>Hello, ${escape(customer.name)}</h1>
<section aria-labelledby="plan"><h2 id="plan">Your plan</h2>
<dl>${facts(subscription).map(([name, text]) => `<div><dt>${name}</dt><dd>${escape(text)}</dd></div>`).join('')}</dl>
${ending ? `<p role="status">Your plan is cancelled.</p><form method="post" action="${path}/resume?lang=${language}"><button>Keep my plan after all</button></form>`
		: `<form method="post" action="${path}/cancel?lang=${language}"><button class="quiet">Cancel my plan</button></form>`}
</section>
<section aria-labelledby="stripe"><h2 id="stripe">At Stripe</h2><p>What Stripe holds about this subscription, read just now.</p>
<details><summary>The subscription as JSON</summary><div class="code" tabindex="0" role="region" aria-labelledby="stripe"><pre>${escape(JSON.stringify(subscription, null, 2))}</pre></div></details>
<form method="post" action="${path}/again?lang=${language}"><button class="quiet">Start over with this customer</button></form></section>
${languages(path, language)}<p><a href="/?lang=${language}">Another customer</a></p>`,
	`<script src="${STOA}/widget.js" defer data-api-key="${escape(WIDGET_KEY)}" data-signature-url="${path}/stoa?lang=${language}"></script>
<script src="/shop.js" defer></script>`);
}

/* ---- requests ---- */

const seeOther = (location) => [303, {Location: location}, ''];
const html = (text, status = 200) => [status, {'Content-Type': 'text/html; charset=utf-8'}, text];
const notFound = (language) => html(page(language, 'Not found', '<h1>Not found</h1><p><a href="/">To the start</a></p>'), 404);

// What the account pages do, by "METHOD verb".
const ACTIONS = {
	'GET ': async (customer, language) => html(account(customer, await read(customer), language)),
	'GET stoa': async (customer, language) => [200, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'},
		JSON.stringify(signed(customer, await read(customer), language))],
	// Paperplane's own cancellation, which works with or without Stoa.
	'POST cancel': (customer) => stripe.subscriptions.update(subscriptionOf(customer), {cancel_at_period_end: true}),
	'POST resume': (customer) => stripe.subscriptions.update(subscriptionOf(customer), {cancel_at_period_end: false}),
	// As at first: for the next try of whoever plays with this.
	'POST again': async (customer) => {
		const {items} = await read(customer);
		return stripe.subscriptions.update(subscriptionOf(customer), {
			cancel_at_period_end: false, discounts: '', pause_collection: '', proration_behavior: 'none',
			items: [{id: items.data[0].id, price: PRICES[customer.plan]}], trial_end: customer.trial ? trialEnd() : 'now'
		});
	}
};

async function answer(request) {
	const url = new URL(request.url, 'http://shop');
	const language = LANGUAGES[url.searchParams.get('lang')] ? url.searchParams.get('lang') : 'en';
	if (request.method === 'GET' && ASSETS[url.pathname])
		return [200, {'Content-Type': ASSETS[url.pathname][0]}, ASSETS[url.pathname][1]];
	if (request.method === 'GET' && url.pathname === '/')
		return html(home(language));
	const [, id, verb = ''] = /^\/account\/(\w+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
	const customer = CUSTOMERS.find((c) => c.id === id);
	const action = ACTIONS[`${request.method} ${verb}`];
	if (!customer || !action)
		return notFound(language);
	const reply = await action(customer, language);
	return Array.isArray(reply) ? reply : seeOther(`/account/${customer.id}?lang=${language}`);
}

const server = createServer(async (request, response) => {
	let reply;
	try {
		request.resume();
		reply = await answer(request);
	} catch (error) {
		console.error(error);
		reply = html(page('en', 'Something broke', '<h1>Something broke</h1><p>Stripe did not answer as it should.</p>'), 502);
	}
	const [status, headers, body] = reply;
	response.writeHead(status, {
		'Content-Security-Policy': `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self' ${STOA}; connect-src 'self' ${STOA}`,
		'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store', ...headers
	});
	response.end(body);
});

await makeMissing();
server.listen(Number(env('SHOP_PORT', '0')), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
for (const signal of ['SIGTERM', 'SIGINT'])
	process.on(signal, () => {
		server.close(() => process.exit(0));
		server.closeAllConnections();
	});
