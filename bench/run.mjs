// make bench-requests: ratios taken in one run, behind lighttpd, 32 connections. See README, "Speed".
//
//   bare    a responder that prints a constant, behind the same lighttpd configuration
//   sql     pgbench -M prepared of the same statement with the same parameters
//   limit   1 / (1/bare + 1/sql): what a request with one statement can reach
//   peer    the Node service of ../shared/peers/node-service, if it is there, on the same PostgreSQL and rows of the same width
//
// Every figure is the median of BENCH_ROUNDS (3) rounds of BENCH_SECONDS (5) in alternation. PostgreSQL is durable here.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, readdirSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { createHmac } from 'node:crypto'
import { loadavg, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { ROOT, freePorts, until } from '../tools/house.mjs'
import { BUILD, ROUNDS, SECONDS, count, median, pgbench, statement, withHouse } from './common.mjs'

const PEER = resolve(ROOT, process.env.BENCH_PEER ?? '../shared/peers/node-service')
const CUSTOMERS = 1000
const SESSIONS = 20000

function wrk(url, { headers = {}, script, env = {} } = {}) {
	const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
	const run = spawnSync('wrk', ['-t2', '-c32', `-d${SECONDS}s`, '--latency', ...flags, ...(script ? ['-s', script] : []), url],
		{ encoding: 'utf8', env: { ...process.env, ...env } })
	const rate = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout)
	if (!rate || /Non-2xx|Socket errors/.test(run.stdout)) throw new Error(`wrk ${url}\n${run.stdout}${run.stderr}`)
	return { rate: Number(rate[1]), p99: /99%\s+(\S+)/.exec(run.stdout)[1] }
}

function sql(house, file, values) {
	const names = values.map((_, at) => `p${at + 1}`)
	const variables = Object.fromEntries(names.map((name, at) => [name, values[at]]))
	return { rate: pgbench(house, `${statement(file, names.map(name => `:${name}`))};\n`, variables, 8) }
}

// Seconds of processor time that this bench, its load tools, everything in the house's sessions and PostgreSQL's processes have used.
function processorSeconds(house) {
	const sessions = new Set(house.children.map(entry => entry.child.pid))
	const postmaster = Number(readFileSync(join(house.dir, 'services/pg/postmaster.pid'), 'utf8').split('\n')[0])
	let ticks = 0
	for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
		try {
			const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number)
			if (Number(pid) === process.pid || fields[1] === process.pid || Number(pid) === postmaster) ticks += fields[13] + fields[14]
			if (sessions.has(fields[3]) || Number(pid) === postmaster || fields[1] === postmaster) ticks += fields[11] + fields[12]
		} catch { /* it ended while we looked */ }
	}
	return ticks / 100
}

// Resident memory of a family's responder, in KiB.
function resident(house, family) {
	const program = join(BUILD, `fcgi/${family}/stoa-${family}`)
	for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
		try {
			if (readlinkSync(`/proc/${pid}/exe`) === program)
				return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
		} catch { /* it ended while we looked */ }
	}
	return NaN
}

function sign(secret, fields) {
	const t = Math.floor(Date.now() / 1000) + 200 // good for 500 s: ±300 s are accepted
	const text = Object.keys(fields).sort().map(name => `\n${name}=${fields[name]}`).join('')
	return `t=${t},v1=${createHmac('sha256', secret).update(t + text).digest('hex')}`
}

// An organisation with a key, flows and sessions; the bench's identity is real.
async function settle(house) {
	const made = await house.json('POST', '/api/v1/auth/register', { organisation: 'Bench', name: 'Bench', email: 'bench@stoa.test', password: 'seasoned oak 4711 planks' })
	if (made.status >= 300) throw new Error(`register: ${made.text}`)
	const login = await house.json('POST', '/api/v1/auth/login', { email: 'bench@stoa.test', password: 'seasoned oak 4711 planks' })
	const token = login.body.accessToken
	const bearer = { authorization: `Bearer ${token}` }
	const key = await house.json('POST', '/api/v1/orgs/keys', { kind: 'widget', live: true, name: 'bench', origins: [] }, bearer)
	if (key.status >= 300) throw new Error(`key: ${key.text}`)
	house.sql(`update api_key set rate_per_minute = 100000000`)
	const org = house.sql('select org_id from organisation')[0][0]
	house.sql(`insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, region, language, segment,
			value_minor, currency, signed, flow_id, flow_version, step_order)
		select '${org}', true, ('01930000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, (select id from api_key), 'customer-' || n % ${CUSTOMERS},
			'sub_' || md5(n::text), 'pro', 'eu', 'en', 'medium', 4900, 'eur', true, (select id from flow where language = 'en'), 1, '0,1,2,3,4'
		from generate_series(1, ${SESSIONS}) n`)
	house.sql('vacuum analyze')
	return { bearer, org, key: key.body.key ?? key.body.data?.key, secret: key.body.signingSecret ?? key.body.data?.signingSecret }
}

function bodies(house, secret) {
	const file = join(house.dir, 'bodies')
	writeFileSync(file, Array.from({ length: CUSTOMERS }, (_, n) => {
		const fields = { userId: `customer-${n}`, plan: 'pro', region: 'eu', stripeSubscriptionId: `sub_1Nv0FGQ9RKHgCV${n}`, subscriptionValue: 4900, currency: 'eur', language: 'en' }
		return JSON.stringify({ ...fields, signature: sign(secret, fields) })
	}).join('\n') + '\n')
	return file
}

// A second lighttpd with the same configuration, whose widget responder is the bare one.
async function bareServer(house, port) {
	const at = house.folder('bare')
	const command = execFileSync(join(ROOT, 'tools/front'), ['lighttpd', at, String(port), BUILD, house.assets, house.conf], { encoding: 'utf8' }).trim().split(' ')
	const program = join(at, 'libexec/stoa-widget')
	unlinkSync(program)
	symlinkSync(join(BUILD, 'bench/bare'), program)
	if (house.user.uid !== undefined) execFileSync('chown', ['-R', '-h', `${house.user.uid}:${house.user.gid}`, at])
	house.start('bare', command[0], command.slice(1))
	const url = `http://127.0.0.1:${port}/api/v1/widget/bare`
	await until('the bare responder', async () => (await fetch(url)).ok)
	return url
}

// The peer wants TCP: one more server setting and a trusted loopback address on the private PostgreSQL.
async function peerServer(house, port, pgPort) {
	if (!existsSync(join(PEER, 'server.js'))) {
		console.log(`peer: not measured, ${PEER} is not there`)
		return null
	}
	const at = join(house.dir, 'peer')
	cpSync(PEER, at, { recursive: true })
	execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent'], { cwd: at, stdio: ['ignore', 'ignore', 'inherit'] })
	const socket = join(house.dir, 'services/run')
	const psql = (database, ...rest) => execFileSync('psql', ['-qX', '-h', socket, '-U', 'stoa', '-d', database, ...rest], { stdio: ['ignore', 'ignore', 'inherit'] })
	psql('postgres', '-c', "create role postgres login superuser password 'x'", '-c', 'create database base owner postgres')
	psql('base', '-f', join(at, 'schema.sql'))
	if (house.user.uid !== undefined) execFileSync('chown', ['-R', `${house.user.uid}:${house.user.gid}`, at])
	house.start('peer', process.execPath, [join(at, 'server.js')], { env: { PGPORT: pgPort, PORT: String(port), WORKERS: '2', NODE_ENV: 'production' } })
	const url = `http://127.0.0.1:${port}`
	await until('the peer', async () => (await fetch(`${url}/ping`)).status)
	return url
}

// The peer reaches PostgreSQL over TCP only. Server and clients read PGPORT.
function listenOnTcp(house) {
	const data = join(house.dir, 'services/pg')
	writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 trust\n')
	writeFileSync(join(data, 'postgresql.conf'), "\nlisten_addresses = '127.0.0.1'\n", { flag: 'a' })
}

async function measure(house, barePort, peerPort) {
	const { bearer, org, key, secret } = await settle(house)
	const bare = await bareServer(house, barePort)
	const peer = await peerServer(house, peerPort, process.env.PGPORT)
	const id = `01930000-0000-7000-8000-${(SESSIONS >> 1).toString(16).padStart(12, '0')}`
	const latest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
	const start = { script: join(ROOT, 'bench/start.lua'), env: { BENCH_KEY: key, BENCH_BODIES: bodies(house, secret) } }
	const peerToken = { headers: { Authorization: 'Bearer bench-token' } }
	const mine = { headers: { Authorization: bearer.authorization } }
	const memory = { widget: 0, retention: 0 }
	const held = (family, run) => () => {
		const figure = run()
		memory[family] = Math.max(memory[family], resident(house, family))
		return figure
	}
	const runs = {
		'bare GET': () => wrk(bare),
		'bare POST': () => wrk(bare, start),
		'start': held('widget', () => wrk(`${house.url}/api/v1/widget/start`, start)),
		'sql read': () => sql(house, 'sql/retention/session_get.sql', [org, 'true', id, 'true']),
		'read': held('retention', () => wrk(`${house.url}/api/v1/retention/sessions/${id}`, mine)),
		'sql list': () => sql(house, 'sql/retention/sessions_list.sql', [org, 'true', latest, 21, 'true']),
		'list': held('retention', () => wrk(`${house.url}/api/v1/retention/sessions?limit=20`, mine)),
		...(peer ? { 'peer read': () => wrk(`${peer}/tasks/1`, peerToken), 'peer list': () => wrk(`${peer}/projects/1/tasks`, peerToken) } : {}),
	}
	console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}, ${ROUNDS} rounds of ${SECONDS} s, 32 connections`)
	for (const run of Object.values(runs)) run()
	const rates = Object.fromEntries(Object.keys(runs).map(name => [name, []]))
	const costs = Object.fromEntries(Object.keys(runs).map(name => [name, []]))
	const tails = {}
	for (let round = 0; round < ROUNDS; round++)
		for (const [name, run] of Object.entries(runs)) {
			const before = processorSeconds(house)
			const figure = run()
			rates[name].push(figure.rate)
			costs[name].push((processorSeconds(house) - before) / (figure.rate * SECONDS) * 1e6)
			tails[name] = figure.p99
		}
	report(rates, costs, tails, memory)
}

function report(rates, costs, tails, memory) {
	const rate = Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, median(list)]))
	for (const [name, list] of Object.entries(rates))
		console.log(`${name.padEnd(10)} ${count(rate[name]).padStart(9)}/s  ${median(costs[name]).toFixed(1).padStart(6)} µs CPU   ${list.map(count).join(' ')}${tails[name] ? `   p99 ${tails[name]}` : ''}`)
	const limit = what => 1 / (1 / rate['bare GET'] + 1 / rate[`sql ${what}`])
	const line = (what, value, goal) => console.log(`${what.padEnd(44)} ${value.toFixed(2).padStart(6)}   asked ${goal}`)
	console.log()
	line('start / bare GET', rate.start / rate['bare GET'], '>= 0.80')
	line('start / bare answering the same POST', rate.start / rate['bare POST'], '(for comparison)')
	line(`read / limit of ${count(limit('read'))}/s`, rate.read / limit('read'), '>= 0.85')
	line(`list / limit of ${count(limit('list'))}/s`, rate.list / limit('list'), '>= 0.80')
	if (rate['peer read']) {
		line('read / peer', rate.read / rate['peer read'], '>= 2')
		line('list / peer', rate.list / rate['peer list'], '>= 2')
	}
	for (const [family, kib] of Object.entries(memory)) line(`resident memory of ${family} under load, MiB`, kib / 1024, '<= 20')
}

const [port, barePort, peerPort, pgPort] = await freePorts(4)
process.env.PGPORT = pgPort
await withHouse({ port }, async house => {
	house.services('up')
	listenOnTcp(house)
	house.services('down')
	house.servicesUp()
	house.env.DB_URL += ` port=${pgPort}`
	house.configure({ web: { anonymous_per_minute: 0, session_per_minute: 0 } })
	house.stoa('migrate', '--init')
	house.responders()
	house.webServer()
	await house.ready()
	await measure(house, barePort, peerPort)
})
