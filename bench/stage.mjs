// A house to load: durable PostgreSQL, responders behind a web server, the worker, data of a year, and what scenarios need to be told (--set).
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startStripe } from '../tests/standin/stripe.mjs'
import { House, ROOT, freePorts } from '../tools/house.mjs'
import { BUILD } from './common.mjs'

export const REPORTS = join(ROOT, 'var/bench')
const SECRET = 'whsec_bench_0123456789'
const ORGANISATION = 'Bench 1'
// bench/analytics.sql's flows are for figures only: a customer could not go through them.
const STEPS = [{ type: 'survey', title: 'Why?', message: 'Tell us.', config: { options: ['too_expensive', 'unused', 'missing_features', 'other'].map(code => ({ code, text: code })) } },
	{ type: 'confirm', title: 'Cancel', message: 'Really?', config: {} }]

function fill(house, sessions) {
	execFileSync('psql', ['-qX', '-o', '/dev/null', '-v', 'organisations=3', '-v', 'customers=12000', '-v', 'subscriptions=3000', '-v', `sessions=${sessions}`,
		'-f', join(ROOT, 'bench/analytics.sql'), house.env.DB_URL], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PGOPTIONS: '-c statement_timeout=0' } })
	house.sql(`alter table flow_version disable trigger user; update flow_version set steps = '${JSON.stringify(STEPS)}'; alter table flow_version enable trigger user`)
	house.stoa('measure', 'rebuild')
	house.sql('truncate measure_dirty')
	house.sql('vacuum analyze')
	house.sql('checkpoint')
}

async function settle(house) {
	const key = (kind, ...more) => /^key (\S+)$/m.exec(house.stoa('key', 'add', '--kind', kind, '--live', '--name', 'bench', '--org', ORGANISATION, ...more))[1]
	const set = { widgetKey: key('widget', '--unsigned'), serverKey: key('server'), email: 'owner@bench.example', password: 'a quiet harbour 42', stripeSecret: SECRET }
	house.sql('update api_key set rate_per_minute = 100000000')
	execFileSync(join(BUILD, 'cli/stoa'), ['user', 'add', set.email, '--role', 'owner', '--org', ORGANISATION], { ...house.user, env: house.environment, input: `${set.password}\n` })
	const login = await house.json('POST', '/api/v1/auth/login', { email: set.email, password: set.password })
	const bearer = { authorization: `Bearer ${login.body.accessToken}` }
	await house.json('PUT', '/api/v1/retention/connection/test', { secretKey: 'sk_test_bench0001' }, bearer)
	await house.json('PUT', '/api/v1/retention/stripe/test/secret', { secret: SECRET }, bearer)
	set.stripePath = (await house.json('GET', '/api/v1/retention/stripe/test/state', undefined, bearer)).body.data.endpointPath
	return set
}

// work(house, set) runs while all of it is up; its answer. front: as House's.
export async function staged({ front = 'lighttpd', sessions = 30000 }, work) {
	const [port] = await freePorts(1)
	const house = new House({ dir: mkdtempSync('/tmp/stoa-bench.'), build: BUILD, front, port })
	let stripe
	try {
		house.servicesUp()
		stripe = await startStripe()
		house.configure({ stripe: { api_base: stripe.url }, web: { anonymous_per_minute: 0, session_per_minute: 0 }, who: { logins_per_address: 1000000 } })
		house.stoa('migrate', '--init')
		fill(house, sessions)
		house.responders()
		house.worker()
		house.webServer()
		await house.ready()
		return await work(house, await settle(house))
	} catch (error) {
		console.error(house.tail())
		throw error
	} finally {
		await house.stop()
		await stripe?.close()
		rmSync(house.dir, { recursive: true, force: true })
	}
}

// Runs `stoa bench run` and reads its result. Text goes where `out` says.
export async function bench(file, url, { set = {}, timeScale = 1, rateScale = 1, json, html, out = 'ignore', meanwhile } = {}) {
	mkdirSync(REPORTS, { recursive: true })
	const args = ['bench', 'run', file, '--url', url, '--json', json, '--time-scale', String(timeScale), '--rate-scale', String(rateScale),
		...(html ? ['--html', html] : []), ...Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])]
	rmSync(json, { force: true })
	const child = spawn('nice', ['-n', process.getuid() ? '0' : '-10', join(BUILD, 'cli/stoa'), ...args], { stdio: ['ignore', out, 'inherit'] })
	const timer = meanwhile && setInterval(meanwhile, 1000)
	const status = await new Promise(done => child.once('close', done))
	clearInterval(timer)
	if (!existsSync(json)) throw new Error(`stoa bench run ${file} ended with ${status}`)
	return JSON.parse(readFileSync(json, 'utf8'))
}

// What the house's own programs hold now: resident KiB, descriptors, and PostgreSQL's connections.
export function held(house) {
	const sum = { kib: 0, descriptors: 0, connections: Number(house.sql(`select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`)[0][0]) }
	for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
		try {
			if (!readlinkSync(`/proc/${pid}/exe`).startsWith(BUILD) || !readFileSync(`/proc/${pid}/environ`, 'latin1').includes(house.conf)) continue
			sum.kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
			sum.descriptors += readdirSync(`/proc/${pid}/fd`).length
		} catch { /* it ended while we looked */ }
	}
	return sum
}
