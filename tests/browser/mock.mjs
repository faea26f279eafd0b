// A host page on one origin and an API on another whose answers a test writes itself: for what a real Stoa never answers.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;

export function buildWidget(name = 'widget.js') {
	const folder = mkdtempSync(join(tmpdir(), 'stoa-widget-'));
	try {
		execFileSync('sh', [join(ROOT, 'tools/build-assets'), join(ROOT, 'web'), folder], {stdio: ['ignore', 'ignore', 'inherit']});
		return readFileSync(join(folder, JSON.parse(readFileSync(join(folder, 'manifest.json')))[name]));
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
}

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));

async function read(request) {
	const parts = [];
	for await (const part of request)
		parts.push(part);
	return Buffer.concat(parts).toString();
}

export const STEPS = [
	{index: 0, type: 'survey', title: 'Before you go', message: 'What made you think of leaving?', config: {allowText: true,
		options: [{code: 'too_expensive', text: 'Too expensive'}, {code: 'unused', text: 'I do not use it enough'}]}},
	{index: 2, type: 'discount', title: 'A lower price?', message: 'We would like to keep you.', buttonText: 'Take 20 % off',
		config: {percentage: 20, duration: 'repeating', months: 3}},
	{index: 1, type: 'pause', title: 'Take a break', message: 'Come back when you need us.', config: {months: [1, 2, 3]}},
	{index: 3, type: 'downgrade', title: 'A smaller plan', message: 'Pay less.', config: {plan: 'Basic', price: 'price_1', amountMinor: 900, currency: 'eur'}},
	{index: 4, type: 'extension', title: 'More time', message: 'Have another look.', config: {days: 14}},
	{index: 5, type: 'support', title: 'Talk to us', message: 'We can help.', config: {email: 'help@example.com'}},
	{index: 6, type: 'feedback', title: 'Tell us', message: 'What could we do better?', config: {required: false}},
	{index: 7, type: 'confirm', title: 'Cancel your plan?', message: 'It ends with the period that you have paid for.', config: {}}
];

export const started = (more) => ({success: true, session: 'token', sessionId: 's1', expiresAt: '2030-01-01T00:00:00Z', mode: 'live', flowId: 'f1',
	flowVersion: 1, language: 'en', segment: 'medium', cancelAt: 'host', steps: STEPS, ...more});
export const decided = (more) => ({success: true, decision: 's1', outcome: 'accepted', offerType: null, status: 'recorded', subscriptionUpdated: false,
	revenueSaved: 0, currency: null, ...more});

export async function mock() {
	const script = buildWidget();
	const state = {requests: [], cancels: []};
	const sockets = new Set();

	// answer(path, body, method) -> {status, json} | {status, raw} | 'hang' | 'reset'
	state.answer = () => ({json: started()});
	const api = createServer(async (request, response) => {
		const cors = {'Access-Control-Allow-Origin': request.headers.origin || '*', 'Access-Control-Allow-Methods': 'GET, POST',
			'Access-Control-Allow-Headers': 'Content-Type, X-API-Key, X-Stoa-Session'};
		if (request.url === '/widget.js')
			return response.writeHead(200, {'Content-Type': 'text/javascript; charset=utf-8'}).end(script);
		if (request.url === '/widget-preview.js')
			return response.writeHead(200, {'Content-Type': 'text/javascript; charset=utf-8'}).end(buildWidget('widget-preview.js'));
		if (request.method === 'OPTIONS')
			return response.writeHead(204, cors).end();
		const text = await read(request);
		const path = request.url.replace('/api/v1/widget/', '');
		const body = text ? JSON.parse(text) : null;
		if (request.headers.origin === state.host)
			state.requests.push({method: request.method, path, body, text, headers: request.headers});
		const answer = state.answer(path, body, request.method);
		if (answer === 'hang')
			return undefined;
		if (answer === 'reset')
			return request.socket.destroy();
		response.writeHead(answer.status || 200, {...cors, 'Content-Type': 'application/json'});
		return response.end(answer.raw ?? JSON.stringify(answer.json ?? {}));
	});

	const host = createServer(async (request, response) => {
		const url = new URL(request.url, 'http://host');
		if (url.pathname.startsWith('/cancel')) {
			state.cancels.push(`${request.method} ${request.url} ${await read(request)}`.trim());
			return response.writeHead(200, {'Content-Type': 'text/html'}).end('<!doctype html><title>Cancelled</title><p id="gone">The host cancelled.');
		}
		if (url.pathname === '/signature')
			return response.writeHead(200, {'Content-Type': 'application/json'}).end('{"signature":"t=1,v1=00","userId":"signed user"}');
		if (url.pathname === '/page.js')
			return response.writeHead(200, {'Content-Type': 'text/javascript'}).end(state.script);
		response.writeHead(200, {
			'Content-Type': 'text/html; charset=utf-8',
			'Content-Security-Policy': `default-src 'none'; script-src 'self' ${state.api}; connect-src 'self' ${state.api}; form-action 'self'; base-uri 'none'`
		});
		return response.end(`<!doctype html><html ${state.html}><meta name="viewport" content="width=device-width"><title>Account</title>
<main><h1>Account</h1>${state.body}</main>
<script src="${state.api}/widget.js" ${state.attributes}></script><script src="/page.js"></script></html>`);
	});
	for (const server of [api, host])
		server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));

	state.api = await listen(api);
	const {port} = new URL(await listen(host));
	let number = 0;
	state.reset = () => {
		// An origin of its own for each test: a page that goes away with its dialog open sends its dismissal late.
		state.host = `http://test${++number}.localhost:${port}`;
		state.requests.length = state.cancels.length = 0;
		state.html = 'lang="en"';
		state.body = '<button id="stop">Cancel my plan</button>';
		state.attributes = 'data-api-key="stoa_test_x" data-user-id="u1"';
		state.script = 'document.getElementById("stop")?.addEventListener("click", () => { window.hostCancelled = (window.hostCancelled || 0) + 1; });';
		state.answer = (path) => path === 'start' ? {json: started()} : {json: decided()};
	};
	state.sent = (path, method = 'POST') => state.requests.filter((r) => r.path === path && r.method === method);
	state.close = () => {
		for (const socket of sockets)
			socket.destroy();
		api.close();
		host.close();
	};
	state.reset();
	return state;
}
