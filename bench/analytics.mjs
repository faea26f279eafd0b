// make bench-analytics: the owner's routes over BENCH_EVENTS (1,000,000) sessions, decisions and offers of a year, 200,000 customers, 50,000
// subscriptions and 20 organisations, on a durable PostgreSQL of its own. See README, "Speed". Build without sanitizers.
//
//   cold      each route BENCH_REQUESTS (200) times, one after the other, every time with days or filters that no cache has
//   loads     Normal, Peak and Sustained of document 003, section 7 (1,000, 2,000 and 1,500 requests a minute) for BENCH_LOAD (60) seconds each:
//             an hour is scaled to that; requests leave at their time whatever came of those before, and time counts from then
//   starts    BENCH_STARTS (2,000) cancel events a second for BENCH_LOAD seconds, each counted in the table and in the figures
//   growth    with BENCH_GROWTH (10,000,000) events: the cold routes again, and how much slower than before; 0 leaves it out
//
// Beside each figure stand the p95 target of the route's class (lib/web/target.h) and a quarter of it, which p99 is held against.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { House, ROOT, freePorts, until, wait } from '../tools/house.mjs'
import { BUILD, count } from './common.mjs'

const EVENTS = Number(process.env.BENCH_EVENTS ?? 1000000)
const GROWTH = Number(process.env.BENCH_GROWTH ?? 10000000)
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 200)
const LOAD = Number(process.env.BENCH_LOAD ?? 60)
const STARTS = Number(process.env.BENCH_STARTS ?? 2000)
const SCALE = EVENTS >= 1000000 ? 1 : EVENTS / 1000000
const CUSTOMERS = Math.round(200000 * SCALE), SUBSCRIPTIONS = Math.round(50000 * SCALE), ORGANISATIONS = 20
const SESSIONS_OF = events => Math.round(events * 0.3) // the rest are their decisions and offers
const LOADS = [['Normal', 1000], ['Peak', 2000], ['Sustained', 1500]]
const DAY = 86400000

const TARGETS = new Map([...readFileSync(join(ROOT, 'lib/web/target.h'), 'utf8').matchAll(/X\(CLASS_\w+, "([\w-]+)", \d+, (\d+),/g)].map(([, name, p95]) => [name, Number(p95)]))
const day = ago => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)
const quantile = (list, share) => list[Math.min(list.length - 1, Math.ceil(list.length * share) - 1)]
const agent = new http.Agent({ keepAlive: true, maxSockets: 500 })

let house, classes

function request(method, path, headers, body) {
	return new Promise((done, failed) => {
		const call = http.request(house.url + path, { method, agent, headers: { ...headers, ...(body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}) } }, reply => {
			let size = 0
			reply.on('data', part => { size += part.length })
			reply.on('end', () => done({ status: reply.statusCode, size }))
		})
		call.on('error', failed)
		call.end(body)
	})
}

// What is asked: a name (its route), and the n-th request of it. `fresh` makes every request's days another's.
const range = n => `from=${day(30 + n % 300)}&to=${day(n % 300)}&definitions=${n % 600 < 300 ? 'en' : 'de'}`
const ANALYTICS = ['summary', 'offers', 'reasons', 'revenue', 'customers', 'funnel', 'cohorts', 'retention', 'breakdown', 'feedback'].map(name =>
	({ route: `GET /api/v1/retention/analytics/${name}`, make: (n, keys) => ['GET', `/api/v1/retention/analytics/${name}?${range(n)}`, keys.server] }))
const ROUTES = [...ANALYTICS,
	{ route: 'GET /api/v1/retention/roi', make: (n, keys) => ['GET', `/api/v1/retention/roi?${range(n)}&currency=usd&cost=9900`, keys.server] },
	{ route: 'GET /api/v1/retention/roi/trend', make: (n, keys) => ['GET', `/api/v1/retention/roi/trend?${range(n)}&currency=usd&cost=9900`, keys.server] },
	{ route: 'GET /api/v1/retention/roi/forecast', make: (n, keys) => ['GET', `/api/v1/retention/roi/forecast?${range(n)}&currency=usd`, keys.server] },
	{ route: 'GET /api/v1/retention/risk', make: (n, keys) => ['GET', `/api/v1/retention/risk?limit=${1 + n % 100}`, keys.server] },
	{ route: 'GET /api/v1/retention/sessions', make: (n, keys) => ['GET', '/api/v1/retention/sessions?limit=50', keys.server] },
	{ route: 'GET /api/v1/retention/decisions', make: (n, keys) => ['GET', '/api/v1/retention/decisions?limit=50', keys.server] },
	{ route: 'POST /api/v1/retention/flows', make: (n, keys) => ['POST', '/api/v1/retention/flows', keys.server, JSON.stringify({ name: `Bench ${n}`, language: 'en',
		steps: [{ type: 'confirm', title: 'Cancel', message: 'Really?', config: {} }] })] },
	{ route: 'POST /api/v1/widget/start', make: (n, keys) => ['POST', '/api/v1/widget/start', keys.widget, JSON.stringify({ userId: `c${n % 9000}`, plan: 'pro',
		subscriptionValue: 2900, currency: 'usd', language: 'en' })] }]

function lines(title, figures, before) {
	console.log(`\n${title}\n${'route'.padEnd(46)} ${'requests'.padStart(8)} ${'p50 ms'.padStart(8)} ${'p95 ms'.padStart(8)} ${'p99 ms'.padStart(8)} ${'target'.padStart(7)} ${'quarter'.padStart(8)}`)
	let green = true
	for (const [route, list] of figures) {
		const sorted = [...list].sort((a, b) => a - b), target = TARGETS.get(classes.get(route)), p99 = quantile(sorted, 0.99)
		const within = p99 <= target / 4, ratio = before ? quantile(sorted, 0.5) / quantile([...before.get(route)].sort((a, b) => a - b), 0.5) : 1
		green &&= within && ratio <= 1.3
		console.log(`${route.padEnd(46)} ${String(list.length).padStart(8)} ${[0.5, 0.95, 0.99].map(share => quantile(sorted, share).toFixed(1).padStart(8)).join(' ')} `
			+ `${String(target).padStart(7)} ${String(target / 4).padStart(8)}${within ? '' : '  MISSED'}${before ? `  ${ratio.toFixed(2)} times before${ratio <= 1.3 ? '' : '  MISSED'}` : ''}`)
	}
	return green
}

async function timed(entry, n, keys, from) {
	const reply = await request(...entry.make(n, keys))
	if (reply.status >= 300) throw new Error(`${entry.route}: ${reply.status}`)
	return performance.now() - from
}

async function cold(keys) {
	const figures = new Map()
	for (const entry of ROUTES) {
		const list = []
		for (let n = 0; n < REQUESTS + 10; n++) {
			const took = await timed(entry, n, keys, performance.now())
			if (n >= 10) list.push(took)
		}
		figures.set(entry.route, list)
	}
	return figures
}

async function load(keys, perMinute) {
	const figures = new Map(ROUTES.map(entry => [entry.route, []])), pending = []
	const begin = performance.now(), step = 60000 / perMinute, all = Math.round(LOAD * 1000 / step)
	for (let n = 0; n < all; n++) {
		const due = begin + n * step, ahead = due - performance.now()
		if (ahead > 0) await wait(ahead)
		// Half of the requests come from customers' browsers.
		const entry = n % 2 ? ROUTES.at(-1) : ROUTES[(n >> 1) % (ROUTES.length - 1)]
		pending.push(timed(entry, n, keys, due).then(took => figures.get(entry.route).push(took)))
	}
	await Promise.all(pending)
	return figures
}

// wrk keeps 32 requests on their way, which is more than are asked for: what comes through in the time is what is sustained.
async function starts(keys) {
	const before = Number(house.sql('select count(*) from retention_session')[0][0])
	const bodies = join(house.dir, 'bodies')
	writeFileSync(bodies, Array.from({ length: 1000 }, (_, n) => JSON.stringify({ userId: `c${n}`, plan: 'pro', subscriptionValue: 2900, currency: 'usd', language: 'en' })).join('\n') + '\n')
	const run = spawnSync('wrk', ['-t2', '-c32', `-d${LOAD}s`, '--latency', '-s', join(ROOT, 'bench/start.lua'), `${house.url}/api/v1/widget/start`],
		{ encoding: 'utf8', env: { ...process.env, BENCH_KEY: keys.widget['x-api-key'], BENCH_BODIES: bodies } })
	const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(run.stdout)?.[1]), answered = Number(/(\d+) requests in/.exec(run.stdout)?.[1])
	if (!rate || /Non-2xx|Socket errors/.test(run.stdout)) throw new Error(`wrk: ${run.stdout}${run.stderr}`)
	const written = Number(house.sql('select count(*) from retention_session')[0][0]) - before
	const begin = performance.now()
	await until('every start to be counted', () => Number(house.sql('select (select count(*) from retention_session) - (select count(*) from session_outcome)')[0][0]) === 0, 3600)
	const counted = Number(house.sql(`select sum(sessions) from measure_day where dimension = 'all'`)[0][0])
	console.log(`\nstarts: ${count(rate)}/s for ${LOAD} s (asked ${count(STARTS)}), p99 ${/99%\s+(\S+)/.exec(run.stdout)[1]}; ${count(answered)} answered, ${count(written)} written, `
		+ `all of them in the figures ${((performance.now() - begin) / 1000).toFixed(0)} s later (${count(counted)} in all)`)
	// wrk leaves without hearing the answers to its last requests.
	return rate >= STARTS && written >= answered && written <= answered + 64
}

function fill(events) {
	const begin = Date.now()
	execFileSync('psql', ['-qX', '-o', '/dev/null', '-v', `organisations=${ORGANISATIONS}`, '-v', `customers=${CUSTOMERS}`, '-v', `subscriptions=${SUBSCRIPTIONS}`, '-v', `sessions=${SESSIONS_OF(events)}`,
		'-f', join(ROOT, 'bench/analytics.sql'), house.env.DB_URL], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PGOPTIONS: '-c statement_timeout=0' } })
	const filled = Date.now()
	house.sql('alter table session_outcome disable trigger user')
	house.stoa('measure', 'rebuild')
	house.sql('alter table session_outcome enable trigger user')
	house.sql('truncate measure_dirty')
	house.sql('vacuum analyze')
	const [sessions, decisions, offers, sums] = house.sql('select (select count(*) from retention_session), (select count(*) from decision), (select count(*) from offer_event), (select count(*) from measure_day)')[0].map(Number)
	console.log(`${count(sessions + decisions + offers)} events (${count(sessions)} sessions), ${count(CUSTOMERS)} customers, ${count(SUBSCRIPTIONS)} subscriptions, ${ORGANISATIONS} organisations, `
		+ `${count(sums)} sums: made in ${((filled - begin) / 1000).toFixed(0)} s, judged in ${((Date.now() - filled) / 1000).toFixed(0)} s`)
}

function keysOf() {
	const add = kind => /^key (\S+)$/m.exec(house.stoa('key', 'add', '--kind', kind, '--live', '--name', 'bench', '--org', 'Bench 3', ...(kind === 'widget' ? ['--unsigned'] : [])))[1]
	const keys = { server: { 'x-api-key': add('server') }, widget: { 'x-api-key': add('widget') } }
	house.sql('update api_key set rate_per_minute = 100000000')
	return keys
}

async function withHouse(events, work) {
	const [port] = await freePorts(1)
	house = new House({ dir: mkdtempSync('/tmp/stoa-bench.'), build: BUILD, port })
	try {
		house.servicesUp()
		house.configure({ web: { anonymous_per_minute: 0, session_per_minute: 0 }, db: { url: house.env.DB_URL, statement_timeout: '60s' } })
		house.stoa('migrate', '--init')
		fill(events)
		house.responders()
		house.worker()
		house.webServer()
		await house.ready()
		classes = new Map(house.stoa('routes').split('\n').filter(Boolean).map(text => {
			const [method, path, ...more] = text.split(/\s+/)
			return [`${method} ${path}`, more.find(word => TARGETS.has(word))]
		}))
		return await work(keysOf())
	} catch (error) {
		console.error(house.tail())
		throw error
	} finally {
		await house.stop()
		rmSync(house.dir, { recursive: true, force: true })
	}
}

console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}`)
let green = true
const first = await withHouse(EVENTS, async keys => {
	const figures = await cold(keys)
	green = lines('cold', figures) && green
	for (const [name, perMinute] of LOADS) green = lines(`${name}: ${count(perMinute)} requests a minute for ${LOAD} s`, await load(keys, perMinute)) && green
	green = await starts(keys) && green
	console.log(`\n${house.stoa('slo')}`)
	return figures
})
if (GROWTH) await withHouse(GROWTH, async keys => { green = lines(`with ${count(GROWTH / EVENTS)} times as many`, await cold(keys), first) && green })
console.log(green ? '\nall green' : '\nnot all green')
process.exit(green ? 0 : 1)
