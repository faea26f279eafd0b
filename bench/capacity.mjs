// make bench-capacity: what a request of each system costs, as lib/observe/capacity_cost.c ships it. Build without sanitizers.
//
// Each system's journey runs BENCH_ROUNDS (3) times for BENCH_SECONDS (5), by BENCH_CLIENTS (32) clients that wait for their answers, over
// BENCH_EVENTS (100,000) sessions, decisions and offers, behind BENCH_FRONT (lighttpd; or proxy_fcgi, fcgid). Processor time is the kernel's
// (/proc/<pid>/task/*/schedstat) of the responder, the web server and PostgreSQL, so a busy machine makes the figures later, not greater; the
// median of the rounds is printed. How long statements and a request take is that of one client alone, and needs a quiet machine. Memory is the proportional set size of a responder after its journey,
// with 4 and with 16 threads; what lies between is the threads'.
import { createHmac } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { FAMILIES, until } from '../tools/house.mjs'
import { startSmtp } from '../tests/standin/smtp.mjs'
import { ROUNDS, SECONDS, count, cpu, median, processes, read, withSite } from './common.mjs'

const CLIENTS = Number(process.env.BENCH_CLIENTS ?? 32)
const EVENTS = Number(process.env.BENCH_EVENTS ?? 100000)
const FRONT = process.env.BENCH_FRONT ?? 'lighttpd'
const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
const day = ago => new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10)
const range = n => `from=${day(30 + n % 60)}&to=${day(n % 60)}`
const bearer = ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` })
let house

function request(method, path, headers, body) {
	const text = body && JSON.stringify(body)
	return new Promise((done, failed) => {
		const call = http.request(house.url + path, { method, agent, headers: { ...headers, ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}) } }, reply => {
			const parts = []
			reply.on('data', part => parts.push(part))
			reply.on('end', () => {
				const whole = String(Buffer.concat(parts))
				// A busy machine turns some away, who come again.
				if (reply.statusCode === 503) setTimeout(() => done(request(method, path, headers, body)), 50)
				else if (reply.statusCode >= 400) failed(new Error(`${method} ${path}: ${reply.statusCode} ${whole.slice(0, 300)}`))
				else done(reply.headers['content-type']?.includes('json') ? JSON.parse(whole) : whole)
			})
		})
		call.on('error', failed)
		call.end(text)
	})
}

// A system's journey: the requests of one visit.
const get = (at, who, ...paths) => paths.map(path => () => request('GET', path, at[who]))
const JOURNEYS = {
	auth: at => {
		const visit = {}, me = () => request('GET', '/api/v1/auth/me', visit.bearer)
		return [
			async () => { visit.bearer = bearer(await request('POST', '/api/v1/auth/login', {}, { email: at.email, password: at.password })) },
			...Array.from({ length: 17 }, () => me), ...['/api/v1/users', '/api/v1/orgs/current'].map(path => () => request('GET', path, visit.bearer)),
			() => request('POST', '/api/v1/auth/logout', visit.bearer)]
	},
	widget: (at, n) => {
		const visit = {}
		return [
			async () => { visit.session = (await request('POST', '/api/v1/widget/start', at.widget, { userId: `c${n % 2000}`, plan: 'pro', subscriptionValue: 2900, currency: 'usd', language: 'en' })).session },
			() => request('POST', '/api/v1/widget/decision', at.widget, { session: visit.session, outcome: 'declined' }),
			() => request('GET', '/api/v1/widget/decision', { ...at.widget, 'x-stoa-session': visit.session })]
	},
	retention: (at, n) => get(at, 'server', `/api/v1/retention/analytics/summary?${range(n)}`, `/api/v1/retention/analytics/offers?${range(n)}`, '/api/v1/retention/sessions?limit=20',
		'/api/v1/retention/decisions?limit=20', '/api/v1/retention/flows', `/api/v1/retention/risk?limit=${1 + n % 50}`, `/api/v1/retention/customers?limit=${1 + n % 50}`),
	stripe: (at, n) => [() => {
		const time = Math.floor(Date.now() / 1000)
		const event = { id: `evt_bench_${at.events++}`, object: 'event', api_version: '2025-03-31.basil', created: time, livemode: false, type: 'customer.subscription.updated', pending_webhooks: 1,
			request: null, data: { object: { id: `sub_bench_${n}`, object: 'subscription', customer: `cus_bench_${n}`, livemode: false, status: 'active' } } }
		return request('POST', at.stripePath, { 'stripe-signature': `t=${time},v1=${createHmac('sha256', at.stripeSecret).update(`${time}.${JSON.stringify(event)}`).digest('hex')}` }, event)
	}],
	ops: (at) => get(at, 'server', '/health', '/health/ready', '/api/v1/ops/targets', '/api/v1/ops/slo'),
	pages: (at, n) => get(at, 'cookie', '/', `/analytics?${range(n)}`, '/flows', '/subscriptions', '/customers', `/roi?${range(n)}`, '/settings', '/team'),
}

// --- what is used ---

const pss = (pid, field = 'Pss') => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? NaN) * 1024

// Seconds by program and process; those of processes that end meanwhile are lost.
const usage = () => new Map(processes(house).map(({ pid, program: name }) => [pid, { name, seconds: cpu(pid) }]))
function spent(before, after, matches) {
	let sum = 0
	for (const [pid, { name, seconds }] of after) if (matches(name)) sum += seconds - (before.get(pid)?.seconds ?? 0)
	return sum
}

// The sum of the metrics whose line begins so and holds the text, but for our own looking and for jobs.
async function metric(name, holds = '') {
	let sum = 0
	for (const line of (await (await fetch(`${house.url}/metrics`)).text()).split('\n'))
		if (line.startsWith(name) && line.includes(holds) && !/route="(\/metrics"|job:)/.test(line)) sum += Number(line.split(' ').at(-1))
	return sum
}

function memcached(command) {
	return new Promise((done, failed) => {
		const socket = net.connect(join(house.dir, 'services/run/memcached.sock'), () => socket.write(`${command}\r\n`))
		let text = ''
		socket.on('data', data => { text += data; if (/END\r\n/.test(text)) socket.end() }).on('close', () => done(text)).on('error', failed)
	})
}

async function round(system, at, clients = CLIENTS) {
	const before = usage(), end = performance.now() + SECONDS * 1000
	const tookBefore = [await metric('stoa_http_request_duration_seconds_sum'), await metric('stoa_http_request_duration_seconds_count')]
	const heldBefore = await metric('stoa_http_request_part_seconds_sum', 'part="query"')
	let requests = 0
	await Promise.all(Array.from({ length: clients }, async () => {
		while (performance.now() < end)
			for (const step of JOURNEYS[system](at, at.visits++)) {
				await step()
				requests++
			}
	}))
	const after = usage(), of = matches => spent(before, after, matches) / requests
	const took = [await metric('stoa_http_request_duration_seconds_sum'), await metric('stoa_http_request_duration_seconds_count')]
	return { requests, responder: of(name => name === `stoa-${system}`), front: of(name => name === 'lighttpd' || name === 'apache2'), database: of(name => name === 'postgres'),
		took: (took[0] - tookBefore[0]) / (took[1] - tookBefore[1]), held: (await metric('stoa_http_request_part_seconds_sum', 'part="query"') - heldBefore) / requests }
}

async function cached() {
	const customers = Number(house.sql(`select count(distinct customer_ref) from retention_session where started_at > now() - interval '1 hour'`)[0][0])
	const stats = await memcached('stats'), number = name => Number(new RegExp(`STAT ${name} (\\d+)`).exec(stats)[1])
	console.log(`  memcached: ${count(number('bytes'))} bytes, ${count(number('curr_items'))} values, ${count(customers)} customers: ${count(number('bytes') / customers)} bytes each`)
}

async function withSystems(threads, work) {
	const mail = await startSmtp(), part = EVENTS / 1000000
	try {
		return await withSite({ front: FRONT, organisation: 'Bench 3', data: { organisations: 4, customers: 200000 * part, subscriptions: 50000 * part, sessions: EVENTS / 3 },
			settings: { mail: { url: mail.url, starttls: 'no', from: 'Stoa <house@stoa.test>' }, who: { logins_per_address: 1000000, sessions_per_person: 1000 }, web: { threads } },
		}, async (made, who) => {
			house = made
			return work({ ...who, server: { 'x-api-key': who.serverKey }, widget: { 'x-api-key': who.widgetKey }, bearer: bearer(who), cookie: { cookie: `__Host-stoa=${who.accessToken}` },
				events: 0, visits: 0 })
		})
	} finally {
		await mail.close()
	}
}

// The share of the statements' time that replicas could have taken, as `stoa capacity` finds it in the metrics.
function readShare(system) {
	const { readShare: share, measuredHere } = JSON.parse(house.stoa('capacity', '--measured', '--json')).cost.systems.find(row => row.system === system)
	return measuredHere ? share : NaN
}

const us = seconds => count(seconds * 1e6).padStart(9), kib = bytes => count(bytes / 1024).padStart(9)
const responders = () => new Map(processes(house).filter(({ program: name }) => name.startsWith('stoa-') && name !== 'stoa-worker').map(({ pid, program: name }) => [name.slice(5), pss(pid)]))

console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(2)}; ${ROUNDS} rounds of ${SECONDS} s, ${CLIENTS} clients, ${count(EVENTS)} events, ${FRONT}`)
const few = await withSystems(4, async at => {
	console.log(`\n${'µs a request'.padEnd(12)} ${['requests', 'responder', 'front', 'database', 'reads', 'held', 'took'].map(name => name.padStart(9)).join(' ')}`)
	for (const system of FAMILIES) {
		await round(system, at)
		const rounds = []
		for (let n = 0; n < ROUNDS; n++) rounds.push(await round(system, at))
		const middle = part => median(rounds.map(one => one[part])), alone = await round(system, at, 1)
		console.log(`${system.padEnd(12)} ${count(rounds.reduce((sum, one) => sum + one.requests, 0)).padStart(9)} ${['responder', 'front', 'database'].map(part => us(middle(part))).join(' ')} ${readShare(system).toFixed(2).padStart(9)} ${us(alone.held)} ${us(alone.took)}`)
		if (system === 'widget') await cached()
	}
	await until('the queue to be empty', () => Number(house.sql(`select count(*) from job where state in ('waiting', 'running') and run_at <= now()`)[0][0]) === 0, 600)
	const jobs = await metric('stoa_job_duration_seconds_count'), ran = await metric('stoa_job_duration_seconds_sum')
	const workers = processes(house).filter(({ program: name }) => name === 'stoa-worker'), worked = workers.reduce((sum, { pid }) => sum + cpu(pid), 0)
	console.log(`jobs: ${count(jobs)}, ${us(ran / jobs)} µs each, ${us(worked / jobs)} µs of the processor; a worker's process ${kib(median(workers.map(({ pid }) => pss(pid))))} KiB`)
	const backends = processes(house).filter(({ program: name }) => name === 'postgres').map(({ pid }) => pss(pid, 'Pss_Anon')).filter(bytes => bytes > 0)
	console.log(`PostgreSQL: ${backends.length} processes, ${kib(median(backends))} KiB of their own each, ${kib(Math.max(...backends))} the largest`)
	return responders()
})
const many = await withSystems(16, async at => {
	for (const system of FAMILIES) await round(system, at, 8)
	return responders()
})
console.log(`\n${'KiB'.padEnd(12)} ${['4 threads', '16', 'a thread', 'a process'].map(name => name.padStart(9)).join(' ')}`)
for (const system of FAMILIES) {
	const thread = (many.get(system) - few.get(system)) / 12
	console.log(`${system.padEnd(12)} ${kib(few.get(system))} ${kib(many.get(system))} ${kib(thread)} ${kib(few.get(system) - 4 * thread)}`)
}
