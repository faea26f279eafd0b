// make bench-honesty: is what `stoa bench` says true? Against bench/stall.c, a server whose times are known, beside tools that others wrote.
//
//   agreement  answers after 20 to 200 ms, any as likely, at BENCH_RATE (400) requests a second for BENCH_SECONDS (5) a round: percentiles of `stoa bench` and
//              of h2load --rps, medians of BENCH_ROUNDS (3) rounds in alternation, within 5 % of each other, and of the truth
//   stall      answers at once, but does nothing for a second in the middle of every ten: p99 of `stoa bench` shows it; h2load without a rate asks
//              again only when it has an answer, sees it in as many requests as it has connections, and its p99 does not (wrk would not do
//              here: it puts in what it thinks it has left out)
//   cost       requests per second of processor time of `stoa bench` itself, at three rates and without pause; asked: 30,000 at 30,000 a second
//
// Needs h2load, of Debian's nghttp2-client.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { freePorts, until } from '../tools/house.mjs'
import { BUILD, ROUNDS, SECONDS, count, median } from './common.mjs'
import { REPORTS, bench } from './stage.mjs'

const RATE = Number(process.env.BENCH_RATE ?? 400)
const CONNECTIONS = 128, CLOSED = 8, QUANTILES = [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]]
const dir = mkdtempSync('/tmp/stoa-honesty.')
let green = true

const verdict = good => {
	green &&= good
	return good ? 'yes' : 'NO'
}
const row = (...cells) => console.log(cells.map((cell, at) => at ? String(cell).padStart(12) : String(cell).padEnd(34)).join(' '))

// The server with these times, for as long as work runs. Times in microseconds, stalls in milliseconds.
async function served(least, most, every, length, work) {
	const [port] = await freePorts(1), url = `http://127.0.0.1:${port}`
	const child = spawn(join(BUILD, 'bench/stall'), [port, least, most, every, length].map(String), { stdio: 'inherit' })
	const ended = new Promise(done => child.once('close', done))
	try {
		await until('the server', async () => (await fetch(url)).ok)
		return await work(url)
	} finally {
		child.kill()
		await ended
	}
}

async function stoa(name, phase, url) {
	const file = join(dir, `${name}.yaml`)
	writeFileSync(file, `name: ${name}\nusers: 512\nphases: [${phase}]\njourneys: [{name: ask, steps: [{get: /}]}]\n`)
	const result = await bench(file, url, { json: join(REPORTS, `honesty-${name}.json`) })
	if (Object.keys(result.total.errors).length) throw new Error(`${name}: ${JSON.stringify(result.total.errors)}`)
	return result
}

// h2load's own percentiles are of rounded times: its log has each request's microseconds.
function h2load(url, seconds, connections, rate) {
	const log = join(dir, 'h2load.log')
	rmSync(log, { force: true })
	const run = spawnSync('h2load', ['--h1', '-c', connections, '-t', 1, '-D', seconds, `--log-file=${log}`, ...(rate ? [`--rps=${rate / connections}`] : []), url].map(String), { encoding: 'utf8' })
	if (run.error) throw new Error(`h2load, of Debian's nghttp2-client: ${run.error.message}`)
	const times = readFileSync(log, 'utf8').trim().split('\n').map(line => line.split('\t')).filter(([, status]) => status === '200').map(([, , us]) => Number(us) / 1000).sort((a, b) => a - b)
	if (run.status || times.length < 100) throw new Error(`h2load: ${times.length} requests\n${run.stdout}${run.stderr}`)
	return Object.fromEntries(QUANTILES.map(([name, share]) => [name, times[Math.ceil(times.length * share) - 1]]))
}

async function agreement() {
	const ours = Object.fromEntries(QUANTILES.map(([name]) => [name, []])), theirs = structuredClone(ours)
	await served(20000, 200000, 0, 0, async url => {
		for (let round = 0; round < ROUNDS; round++) {
			const result = await stoa('agreement', `{name: hold, for: ${SECONDS}s, rate: ${RATE}}`, url), other = h2load(url, SECONDS, CONNECTIONS, RATE)
			for (const [name] of QUANTILES) {
				ours[name].push(result.total[`${name}Ms`])
				theirs[name].push(other[name])
			}
		}
	})
	console.log(`\nagreement: answers after 20 to 200 ms, ${RATE} requests a second, ${ROUNDS} rounds of ${SECONDS} s`)
	row('', 'stoa ms', 'h2load ms', 'true ms', 'apart', 'within 5 %')
	for (const [name, share] of QUANTILES) {
		const a = median(ours[name]), b = median(theirs[name]), known = 20 + 180 * share, apart = Math.max(Math.abs(a - b) / b, Math.abs(a - known) / known)
		row(name, a.toFixed(2), b.toFixed(2), known.toFixed(2), `${(100 * apart).toFixed(1)} %`, verdict(apart <= 0.05))
	}
}

async function stall() {
	await served(0, 0, 10000, 1000, async url => {
		const result = await stoa('stall', `{name: hold, for: 10s, rate: ${RATE}}`, url), closed = h2load(url, 10, CLOSED).p99
		console.log('\nstall: nothing for 1 s in every 10 s')
		row('', 'p99 ms', 'shows it')
		// A tenth of the requests are due within the stall; the last tenth of those wait at most 100 ms.
		row(`stoa bench, open loop, ${RATE}/s`, result.total.p99Ms.toFixed(1), verdict(result.total.p99Ms >= 800))
		row(`h2load, closed loop, ${CLOSED} connections`, closed.toFixed(1), closed >= 800 ? 'yes' : 'no')
		row('the difference is shown', '', verdict(closed < 400))
	})
}

// At low rates most of it is being woken for each request alone, which a processor with something to do does not need.
async function cost() {
	await served(0, 0, 0, 0, async url => {
		console.log('\ncost: a server that answers at once, requests of each second of the generator\'s own processor time')
		row('', 'per CPU s', '>= 30,000')
		for (const [name, phase, judged] of [['10,000 a second', 'rate: 10000'], ['20,000 a second', 'rate: 20000'], ['30,000 a second', 'rate: 30000', true], ['64 sessions without pause', 'users: 64']]) {
			const rates = []
			for (let round = 0; round < ROUNDS; round++) rates.push(await stoa('cost', `{name: hold, for: ${SECONDS}s, ${phase}}`, url))
			const figure = median(rates.map(result => result.cost.requestsPerCpuSecond))
			row(name, count(figure), judged ? verdict(figure >= 30000) : '')
		}
	})
}

mkdirSync(REPORTS, { recursive: true })
console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}`)
try {
	await agreement()
	await stall()
	await cost()
} finally {
	rmSync(dir, { recursive: true, force: true })
}
console.log(green ? '\nall as it should be' : '\nnot all as it should be')
process.exit(green ? 0 : 1)
