// What the benches share.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { startStripe } from '../tests/standin/stripe.mjs'
import { House, ROOT, freePorts } from '../tools/house.mjs'

export const BUILD = resolve(process.env.STOA_BUILD ?? join(ROOT, 'var/build'))
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)

export const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]
export const count = value => Math.round(value).toLocaleString('en')

// A file of sql/ on one line, its parameters replaced by the values.
export function statement(file, values) {
	const value = at => {
		if (values[at - 1] === undefined) throw new Error(`${file} has $${at}, which gets no value here`)
		return values[at - 1]
	}
	return readFileSync(join(ROOT, file), 'utf8').replace(/--.*$/gm, '').replace(/\$(\d+)/g, (_, at) => value(at)).replace(/\s+/g, ' ').trim()
}

// Transactions a second of a pgbench script with these variables, prepared statements, all of the connections busy.
export function pgbench(house, script, variables, clients) {
	const file = join(house.dir, 'pgbench.sql')
	writeFileSync(file, script)
	const defines = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
	const out = execFileSync('pgbench', ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(SECONDS), '-f', file, ...defines,
		'-h', join(house.dir, 'services/run'), '-U', 'stoa', 'stoa'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
	return Number(/tps = ([\d.]+)/.exec(out)[1])
}

// --- a house of one's own ---

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stop.abort(new Error(signal)))
export const stopped = stop.signal // aborted when a signal ends the bench
const interrupted = new Promise((_, failed) => stopped.addEventListener('abort', () => failed(stopped.reason)))

// work(house) runs while the house is there, which a signal ends as well; when that fails, what its logs hold is printed.
export async function withHouse({ front, port = 0 }, work) {
	const house = new House({ dir: mkdtempSync('/tmp/stoa-bench.'), build: BUILD, front, port })
	try {
		return await Promise.race([work(house), interrupted])
	} catch (error) {
		console.error(house.tail())
		throw error
	} finally {
		await house.stop()
		rmSync(house.dir, { recursive: true, force: true })
	}
}

// A year of data (bench/analytics.sql) with its sums, as if it had been there for long.
export function fill(house, data) {
	execFileSync('psql', ['-qX', '-o', '/dev/null', ...Object.entries(data).flatMap(([name, value]) => ['-v', `${name}=${Math.round(value)}`]), '-f', join(ROOT, 'bench/analytics.sql'), house.env.DB_URL],
		{ stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PGOPTIONS: '-c statement_timeout=0' } })
	house.sql('alter table session_outcome disable trigger user')
	house.stoa('measure', 'rebuild')
	house.sql('alter table session_outcome enable trigger user')
	house.sql('truncate measure_dirty')
	house.sql('vacuum analyze')
	// What follows is not to wait for the disk to take all this.
	house.sql('checkpoint')
}

// Keys of an organisation, a person of it who may do all, signed in, and its endpoint for Stripe.
const SECRET = 'whsec_bench_0123456789', EMAIL = 'owner@bench.example', PASSWORD = 'a quiet harbour 42'
async function settle(house, organisation) {
	const key = (kind, ...more) => /^key (\S+)$/m.exec(house.stoa('key', 'add', '--kind', kind, '--live', '--name', 'bench', '--org', organisation, ...more))[1]
	const keys = { widgetKey: key('widget', '--unsigned'), serverKey: key('server') }
	house.sql('update api_key set rate_per_minute = 100000000')
	execFileSync(join(BUILD, 'cli/stoa'), ['user', 'add', EMAIL, '--role', 'owner', '--org', organisation], { ...house.user, env: house.environment, input: `${PASSWORD}\n` })
	const { accessToken } = (await house.json('POST', '/api/v1/auth/login', { email: EMAIL, password: PASSWORD })).body
	const bearer = { authorization: `Bearer ${accessToken}` }
	await house.json('PUT', '/api/v1/retention/connection/test', { secretKey: 'sk_test_bench0001' }, bearer)
	await house.json('PUT', '/api/v1/retention/stripe/test/secret', { secret: SECRET }, bearer)
	const { endpointPath } = (await house.json('GET', '/api/v1/retention/stripe/test/state', undefined, bearer)).body.data
	return { ...keys, email: EMAIL, password: PASSWORD, accessToken, stripePath: endpointPath, stripeSecret: SECRET }
}

// Such a house with durable PostgreSQL, Stripe's stand-in, data, responders behind a web server and the worker: work(house, who), with who as
// settle() answers. filled(house) runs before the responders start. settings: as House.configure().
export async function withSite({ front, organisation, data, settings = {}, filled }, work) {
	const [port] = await freePorts(1)
	const stripe = await startStripe()
	try {
		return await withHouse({ front, port }, async house => {
			house.servicesUp()
			house.configure({ stripe: { api_base: stripe.url }, ...settings, web: { anonymous_per_minute: 0, session_per_minute: 0, ...settings.web } })
			house.stoa('migrate', '--init')
			fill(house, data)
			filled?.(house)
			house.responders()
			house.worker()
			house.webServer()
			await house.ready()
			return await work(house, await settle(house, organisation))
		})
	} finally {
		await stripe.close()
	}
}

// --- what a house's programs use ---

const files = path => { try { return readdirSync(path) } catch { return [] } }
export const read = path => { try { return readFileSync(path, 'utf8') } catch { return '' } }
const program = pid => { try { return basename(readlinkSync(`/proc/${pid}/exe`)) } catch { return '' } }
const session = pid => Number(read(`/proc/${pid}/stat`).replace(/^.*\) /, '').split(' ')[3])

// Everything that the house has started, PostgreSQL's processes too: {pid, program}.
export function processes(house) {
	const ours = new Set(house.children.map(entry => entry.child.pid))
	const postmaster = Number(read(join(house.dir, 'services/pg/postmaster.pid')).split('\n')[0])
	return files('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
		const parent = Number(/PPid:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1])
		return pid === postmaster || parent === postmaster || ours.has(session(pid))
	}).map(pid => ({ pid, program: program(pid) }))
}

// Seconds of the processor, of all threads, by the kernel's own count: what others use makes it later, not more.
export const cpu = pid => files(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] || 0), 0) / 1e9
