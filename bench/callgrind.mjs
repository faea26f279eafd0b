// make bench-instructions: how many instructions of Stoa's own code a request of the hot routes takes, counted by callgrind, against
// bench/baselines/instructions.json. The build decides nothing by time, so the figure says whether a change made a route dearer on any machine.
//
// Only what lies in the program itself counts: the C library, libpq and libsodium choose their code by the processor. All routes run in one
// process (bench/instructions.c), without a web server, against a PostgreSQL and a memcached of its own; each is warm before it is counted.
// Another compiler, other options or another kind of processor than the baseline's: the figures are shown and nothing is compared.
//
// With --accept it writes the baseline. Exit status 1: a route takes over 3 % more than its baseline; its functions that grew most are named.
// Two runs of one build differ by up to 0.3 %: what random identifiers, addresses and the clock decide.
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { House, ROOT } from '../tools/house.mjs'
import { startStripe } from '../tests/standin/stripe.mjs'
import { BUILD, count } from './common.mjs'

const BASELINE = join(ROOT, 'bench/baselines/instructions.json')
const PROGRAM = join(BUILD, 'bench/instructions')
const LIMIT = 0.03
const NAMED = 5
const WARM = 20
const COUNTED = 20
const SECRET = 'whsec_bench_0123456789'
const EMAIL = 'owner@bench.example', PASSWORD = 'a quiet harbour 42'

// The driver: a line each way.
class Driver {
	constructor(house, folder) {
		this.child = spawn('valgrind', ['--tool=callgrind', '--instr-atstart=no', '--quiet', `--callgrind-out-file=${folder}/out`, PROGRAM], { ...house.user, cwd: house.dir,
			env: house.environment, stdio: ['pipe', 'pipe', 'inherit'] })
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
		this.ended = new Promise(done => this.child.once('close', code => done(code)))
		this.child.stdin.on('error', () => {}) // it has ended, which say() reports
	}

	async line() {
		const { value, done } = await this.lines.next()
		if (done) throw new Error(`bench/instructions ended with ${await this.ended}`)
		return value
	}

	async say(what) {
		this.child.stdin.write(`${JSON.stringify(what)}\n`)
		return JSON.parse(await this.line())
	}

	async ask(method, path, headers = {}, body) {
		const reply = await this.say(request(method, path, headers, body))
		if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`)
		return JSON.parse(reply.body)
	}

	async end() {
		this.child.stdin.end()
		return this.ended
	}
}

function request(method, path, headers = {}, body) {
	const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
	return { method, path, headers: { ...(text ? { 'Content-Type': 'application/json' } : {}), 'User-Agent': 'bench', ...headers }, body: text }
}

const customer = n => ({ userId: `customer-${1000 + n}`, plan: 'pro', region: 'eu', stripeSubscriptionId: `sub_bench_${1000 + n}`, subscriptionValue: 4900, currency: 'usd', language: 'en' })

function stripeEvent(n) {
	const time = Math.floor(Date.now() / 1000)
	const body = JSON.stringify({ id: `evt_bench_${1000 + n}`, object: 'event', api_version: '2025-03-31.basil', created: time, livemode: false, type: 'customer.subscription.updated',
		pending_webhooks: 1, request: null, data: { object: { id: `sub_bench_${1000 + n}`, object: 'subscription', customer: `cus_bench_${1000 + n}`, livemode: false, status: 'active' } } })
	return [{ 'Stripe-Signature': `t=${time},v1=${createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex')}` }, body]
}

async function settle(house, driver) {
	const password = { ...house.user, env: house.environment, input: `${PASSWORD}\n` }
	execFileSync(join(BUILD, 'cli/stoa'), ['user', 'add', EMAIL, '--new-org', 'Bench'], password)
	const key = kind => /^key (\S+)$/m.exec(house.stoa('key', 'add', '--kind', kind, '--live', '--name', 'bench', ...(kind === 'widget' ? ['--unsigned'] : [])))[1]
	const at = { server: { 'X-API-Key': key('server') }, widget: { 'X-API-Key': key('widget') } }
	house.sql('update api_key set rate_per_minute = 100000000')
	const login = await driver.ask('POST', '/api/v1/auth/login', {}, { email: EMAIL, password: PASSWORD })
	const bearer = { Authorization: `Bearer ${login.accessToken}` }
	at.page = { Cookie: `__Host-stoa=${login.accessToken}` }
	await driver.ask('PUT', '/api/v1/retention/connection/test', bearer, { secretKey: 'sk_test_bench0001' })
	await driver.ask('PUT', '/api/v1/retention/stripe/test/secret', bearer, { secret: SECRET })
	at.endpoint = (await driver.ask('GET', '/api/v1/retention/stripe/test/state', bearer)).data.endpointPath
	at.sessions = []
	for (let n = 0; n < WARM + COUNTED; n++) at.sessions.push((await driver.ask('POST', '/api/v1/widget/start', at.widget, customer(n))).session)
	at.id = house.sql('select id from retention_session order by id limit 1')[0][0]
	return at
}

const routes = at => [
	{ name: 'widget start', make: n => request('POST', '/api/v1/widget/start', at.widget, customer(100 + n)) },
	{ name: 'widget decision', make: n => request('POST', '/api/v1/widget/decision', at.widget, { session: at.sessions[n], outcome: 'declined' }) },
	{ name: 'keyed read', make: () => request('GET', `/api/v1/retention/sessions/${at.id}`, at.server) },
	{ name: 'list of 20', make: () => request('GET', '/api/v1/retention/sessions?limit=20', at.server) },
	{ name: 'Stripe event', make: n => request('POST', at.endpoint, ...stripeEvent(n)) },
	{ name: 'page Overview', make: () => request('GET', '/', at.page) },
	// Few: its password hash, which is libsodium's and does not count, takes long here.
	{ name: 'login', warm: 3, counted: 3, make: () => request('POST', '/api/v1/auth/login', {}, { email: EMAIL, password: PASSWORD }) },
]

// Self cost by function of one dump, of one object alone. Names are given in full once and by number later; the line after "calls=" is the
// callee's (Callgrind Format Specification, https://valgrind.org/docs/manual/cl-format.html).
export function costs(text, wanted) {
	const names = { ob: new Map(), fn: new Map() }, found = new Map()
	const named = (table, value) => {
		const [, id, name] = /^\((\d+)\)(?: (.*))?$/.exec(value)
		if (name !== undefined) names[table].set(id, name)
		return names[table].get(id)
	}
	let object, name, callee = false
	for (const line of text.split('\n')) {
		const at = /^(c?)(ob|fn)=(.*)$/.exec(line)
		if (at) {
			const value = named(at[2], at[3])
			if (!at[1]) at[2] === 'ob' ? object = value : name = value
		} else if (line.startsWith('calls=')) {
			callee = true
		} else if (/^[+\-*\d]/.test(line)) {
			if (!callee && object === wanted) found.set(name, (found.get(name) ?? 0) + Number(line.split(' ')[1]))
			callee = false
		}
	}
	return found
}

// Of each dump of what was measured; counted: how many requests, by name. Nothing counted is no figure that could be within its limit.
export function figures(dumps, program, counted) {
	const found = {}
	for (const text of dumps) {
		const name = /^desc: Trigger: Client Request: (.*)$/m.exec(text)?.[1]
		if (!(name in counted)) continue
		const functions = [...costs(text, program)].map(([of, cost]) => [of, Math.round(cost / counted[name])]).filter(([, cost]) => cost).sort((a, b) => b[1] - a[1])
		found[name] = { instructions: functions.reduce((sum, [, cost]) => sum + cost, 0), functions: Object.fromEntries(functions) }
	}
	for (const name of Object.keys(counted)) if (!found[name]?.instructions) throw new Error(`${name}: callgrind counted nothing of ${program}`)
	return found
}

async function measure(house) {
	const folder = house.folder('callgrind'), program = realpathSync(PROGRAM)
	const driver = new Driver(house, folder)
	try {
		const compiler = await driver.line()
		const at = await settle(house, driver)
		const counted = {}
		for (const { name, make, warm = WARM, counted: number = COUNTED } of routes(at)) {
			const { statuses } = await driver.say({ measure: name, warm, requests: Array.from({ length: warm + number }, (_, n) => make(n)) })
			if (statuses.some(status => status >= 300)) throw new Error(`${name}: ${statuses}`)
			counted[name] = number
		}
		if (await driver.end()) throw new Error('bench/instructions failed')
		return { compiler, routes: figures(readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8')), program, counted) }
	} finally {
		driver.child.kill('SIGKILL')
	}
}

async function withHouse(work) {
	const house = new House({ dir: mkdtempSync('/tmp/stoa-instructions.'), build: BUILD, port: 1, fast: true })
	chmodSync(house.dir, 0o755)
	let stripe
	try {
		house.servicesUp()
		stripe = await startStripe()
		// One thread: the order of things is the same every time. And no time is too long: under callgrind, on a busy machine, all is slow.
		house.configure({ stripe: { api_base: stripe.url }, db: { url: house.env.DB_URL, statement_timeout: '10m' }, web: { threads: 1, deadline: '10m', deadline_factor: 1000, anonymous_per_minute: 0, session_per_minute: 0 }, who: { logins_per_address: 1000000 } })
		house.stoa('migrate', '--init')
		return await work(house)
	} finally {
		await house.stop()
		await stripe?.close()
		rmSync(house.dir, { recursive: true, force: true })
	}
}

function grown(before, now) {
	return [...new Set([...Object.keys(before), ...Object.keys(now)])].map(name => [name, (now[name] ?? 0) - (before[name] ?? 0)])
		.filter(([, more]) => more > 0).sort((a, b) => b[1] - a[1]).slice(0, NAMED)
}

// Lines to print, and whether a route is dearer than it may be.
export function compare(before, now) {
	if (before?.compiler !== now.compiler)
		return { grew: false, lines: [`not compared: the baseline is ${before ? `of ${before.compiler}` : 'missing'}, this build of ${now.compiler}`] }
	const lines = []
	let grew = false
	for (const [name, { instructions, functions }] of Object.entries(now.routes)) {
		const old = before.routes[name]
		if (!old) {
			lines.push(`${name}: not in the baseline`)
			continue
		}
		const change = instructions / old.instructions - 1
		if (Math.abs(change) <= LIMIT) continue
		lines.push(`${name}: ${(100 * Math.abs(change)).toFixed(1)} % ${change > 0 ? 'MORE' : 'fewer'} instructions than the baseline's ${count(old.instructions)}`)
		if (change < 0) continue
		grew = true
		for (const [of, more] of grown(old.functions, functions)) lines.push(`    ${of}: ${count(old.functions[of] ?? 0)} to ${count(functions[of])}, ${count(more)} more`)
	}
	for (const name of Object.keys(before.routes)) if (!(name in now.routes)) lines.push(`${name}: not measured`)
	return { grew, lines }
}

async function main() {
	const now = await withHouse(measure)
	const before = (() => {
		try {
			return JSON.parse(readFileSync(BASELINE, 'utf8'))
		} catch (error) {
			if (error.code === 'ENOENT') return null
			throw error
		}
	})()
	console.log(now.compiler)
	for (const [name, { instructions }] of Object.entries(now.routes)) {
		const old = before?.compiler === now.compiler && before.routes[name]?.instructions
		console.log(`${name.padEnd(20)} ${count(instructions).padStart(10)} instructions a request${old ? `  ${(100 * (instructions / old - 1)).toFixed(2).padStart(6)} %` : ''}`)
	}
	if (process.argv.includes('--accept')) {
		writeFileSync(BASELINE, `${JSON.stringify(now, null, '\t')}\n`)
		console.log(`written: ${BASELINE}`)
		return 0
	}
	const { grew, lines } = compare(before, now)
	console.log(lines.join('\n') || `each within ${100 * LIMIT} % of the baseline`)
	return grew ? 1 : 0
}

if (process.argv[1] === import.meta.filename) process.exit(await main())
