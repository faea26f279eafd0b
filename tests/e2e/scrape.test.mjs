// A scrape under load: promtool reads it, its labels are bounded, and the sums over all processes are exactly what the clients have sent.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { boot, childrenOf, until } from './harness.mjs'

const PROCESSES = 3 // of each responder
const CLIENTS = 12
const ROUNDS = 5

// Requests by route template; what is in the path, the query and the credentials is another each time.
const ROUTES = [
	['GET /health', () => ['GET', '/health']],
	['GET /api/v1/ops/targets', () => ['GET', '/api/v1/ops/targets']],
	['POST /api/v1/ops/probe', () => ['POST', '/api/v1/ops/probe', { fill: randomUUID() }]],
	['GET /api/v1/jobs/:id', () => ['GET', `/api/v1/jobs/${randomUUID()}`]],
	['GET /api/v1/retention/flows/:id', () => ['GET', `/api/v1/retention/flows/${randomUUID()}`]],
	['POST /api/v1/widget/start', () => ['POST', '/api/v1/widget/start', { userId: randomUUID() }, { 'x-api-key': `none-${randomUUID()}` }]],
	['GET /login', () => ['GET', `/login?next=/${randomUUID()}`]],
	[' none', () => ['GET', `/api/v1/nothing/${randomUUID()}`]],
]

// [name, {label: value}, number] of every line.
const parse = text => text.split('\n').filter(line => line && line[0] !== '#').map(line => {
	const [, name, labels = '', value] = /^([a-zA-Z_:]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line)
	return [name, Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(match => match.slice(1))), Number(value)]
})

const counts = samples => {
	const sums = new Map()
	for (const [name, { method, route }, value] of samples)
		if (name === 'stoa_http_requests_total') sums.set(`${method} ${route}`, (sums.get(`${method} ${route}`) ?? 0) + value)
	return sums
}
const timed = samples => new Map(samples.filter(([name]) => name === 'stoa_http_request_duration_seconds_count')
	.map(([, { method, route }, value]) => [`${method} ${route}`, value]))

let house
const processes = () => childrenOf(house.web.child.pid, 'stoa-widget').length

before(async () => {
	house = await boot({ people: false })
	const conf = join(house.dir, 'front/50-stoa.conf')
	writeFileSync(conf, readFileSync(conf, 'utf8').replace('"max-procs" => 1', `"max-procs" => ${PROCESSES}`))
	process.kill(house.web.child.pid, 'SIGUSR1') // lighttpd reads its configuration anew
	await until('every responder to run in several processes', () => processes() === PROCESSES)
}, { timeout: 300000 })
after(() => house?.finish(), { timeout: 120000 })

async function scrape() {
	const reply = await house.fetch('/metrics')
	assert.equal(reply.status, 200)
	return reply.text()
}

const load = () => Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
	for (let round = 0; round < ROUNDS; round++)
		for (let i = 0; i < ROUTES.length; i++) {
			const [method, path, body, headers] = ROUTES[(i + client) % ROUTES.length][1]()
			const reply = await house.json(method, path, body, headers)
			assert.ok(reply.status < 500, `${method} ${path}: ${reply.status}`)
		}
}))

test('the sums over all processes are what was sent', { timeout: 300000 }, async t => {
	await load() // every series that there will be is there
	const first = parse(await scrape())
	await load()
	const text = await scrape()
	const last = parse(text)
	const [was, is, wasTimed, isTimed] = [counts(first), counts(last), timed(first), timed(last)]
	for (const [route] of ROUTES) {
		assert.equal(is.get(route) - was.get(route), CLIENTS * ROUNDS, route)
		assert.equal(isTimed.get(route) - wasTimed.get(route), CLIENTS * ROUNDS, `${route}, timed`)
	}
	assert.equal(processes(), PROCESSES)
	t.diagnostic(`${CLIENTS * ROUNDS} requests of each of ${ROUTES.length} routes over ${PROCESSES} processes of each responder; ${last.length} samples`)

	const routes = new Set(house.stoa('routes').split('\n').map(line => line.split(/\s+/)[1]))
	for (const [name, labels] of last)
		for (const [label, value] of Object.entries(labels)) {
			if (label === 'route') assert.ok(routes.has(value) || value === 'none' || /^job:[a-z.-]+$/.test(value), `${name} ${value}`)
			assert.doesNotMatch(value, /[0-9a-f]{8}-[0-9a-f]{4}-|\?/, `${name}{${label}}`)
		}
	// The same requests with other ids, keys and queries have made no series.
	const ours = samples => samples.filter(([name, { route }]) => name === 'stoa_http_requests_total' && !route.startsWith('job:')).length
	assert.equal(ours(last), ours(first))
	execFileSync('promtool', ['check', 'metrics'], { input: text, stdio: ['pipe', 'pipe', 'inherit'] })
})
