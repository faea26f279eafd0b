// A house to load: durable PostgreSQL, responders behind a web server, the worker, data of a year, and what scenarios need to be told (--set).
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../tools/house.mjs'
import { BUILD, cpu, processes, stopped, withSite } from './common.mjs'

export const REPORTS = join(ROOT, 'var/bench')
// bench/analytics.sql's flows are for figures only: a customer could not go through them.
const STEPS = [{ type: 'survey', title: 'Why?', message: 'Tell us.', config: { options: ['too_expensive', 'unused', 'missing_features', 'other'].map(code => ({ code, text: code })) } },
	{ type: 'confirm', title: 'Cancel', message: 'Really?', config: {} }]
let current // the house that is staged

// work(house, set) runs while all of it is up; its answer. front: as House's.
export async function staged({ front = 'lighttpd', sessions = 30000 }, work) {
	return withSite({ front, organisation: 'Bench 1', data: { organisations: 3, customers: 12000, subscriptions: 3000, sessions }, settings: { who: { logins_per_address: 1000000, sessions_per_person: 1000 } },
		filled: house => house.sql(`alter table flow_version disable trigger user; update flow_version set steps = '${JSON.stringify(STEPS)}'; alter table flow_version enable trigger user`),
	}, async (house, { accessToken, ...set }) => {
		current = house
		try {
			return await work(house, set)
		} finally {
			current = undefined
		}
	})
}

// Seconds of the processor that the house's programs have used, by what they are; a process that has ended keeps what it had.
const PARTS = { postgres: 'postgresql', lighttpd: 'webServer', apache2: 'webServer', 'stoa-worker': 'rest', memcached: 'rest' }
function looks(house) {
	const spent = new Map(), list = []
	return { list, look: () => {
		for (const { pid, program } of processes(house)) spent.set(pid, { part: PARTS[program] ?? 'responders', seconds: cpu(pid) })
		const sum = { at: Date.now(), responders: 0, webServer: 0, postgresql: 0, rest: 0 }
		for (const { part, seconds } of spent.values()) sum[part] += seconds
		list.push(sum)
	} }
}

// Runs `stoa bench run` and reads its result. Text goes where `out` says. What a staged house spent meanwhile is added to the result, for
// `stoa capacity --knee`.
export async function bench(file, url, { set = {}, timeScale = 1, rateScale = 1, json, html, out = 'ignore', meanwhile } = {}) {
	mkdirSync(REPORTS, { recursive: true })
	const args = ['bench', 'run', file, '--url', url, '--json', json, '--time-scale', String(timeScale), '--rate-scale', String(rateScale),
		...(html ? ['--html', html] : []), ...Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])]
	rmSync(json, { force: true })
	const child = spawn('nice', ['-n', process.getuid() ? '0' : '-10', join(BUILD, 'cli/stoa'), ...args], { stdio: ['ignore', out, 'inherit'], signal: stopped })
	const house = current && looks(current)
	house?.look()
	const timer = setInterval(() => { house?.look(); meanwhile?.() }, 1000)
	const status = await new Promise((done, failed) => child.once('close', done).once('error', failed)).finally(() => clearInterval(timer))
	if (!existsSync(json)) throw new Error(`stoa bench run ${file} ended with ${status}`)
	const result = JSON.parse(readFileSync(json, 'utf8'))
	if (house) {
		const began = Date.parse(result.startedAt)
		result.house = house.list.map(({ at, ...seconds }) => ({ at: (at - began) / 1000, ...seconds }))
		writeFileSync(json, JSON.stringify(result))
	}
	return result
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
