// make bench-knee: how many requests a second this machine answers in time, per system and front server, and what it does at twice that.
//
//   64 busy   what 64 sessions without pause get through
//   knee      the highest rate at which every route's p95 is within its class (lib/web/target.h) and at most 0.5 % is not answered as it
//             should (003 §6, "Error rate"), found in BENCH_STEPS (8) of BENCH_SECONDS (5), from half of what 64 sessions get through: one and
//             a half times as many while that is borne, and halving what lies between from then on. What is not borne is asked once
//             more, so that a moment's trouble does not pass for the knee
//   overload  half the knee for 5 s, twice the knee for BENCH_OVERLOAD (10) s, half the knee for 15 s: goodput (answered as they should
//             before the client gives up, after 2 s) at twice the knee is asked to be at least 90 % of the knee, and p95 within its class
//             again, for three seconds on end, at most 10 s after going back
//   refused   p99 of the answers 503 and 429, in the time that the client waited for them, its own waiting for a connection with it
//   sent      of twice the knee, what really left: BENCH_SESSIONS (1000) connections are there, the rest waits for one and gives up
//
// BENCH_FRONTS (lighttpd,proxy_fcgi,fcgid) and BENCH_SYSTEMS (widget,retention,auth,pages) choose. The generator shares the machine with all that
// it loads; as root it takes precedence, as one on a machine of its own would. Build without sanitizers.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../tools/house.mjs'
import { SECONDS, count } from './common.mjs'
import { REPORTS, bench, staged } from './stage.mjs'

const FRONTS = (process.env.BENCH_FRONTS ?? 'lighttpd,proxy_fcgi,fcgid').split(',')
const SYSTEMS = (process.env.BENCH_SYSTEMS ?? 'widget,retention,auth,pages').split(',')
const STEPS = Number(process.env.BENCH_STEPS ?? 8), OVERLOAD = Number(process.env.BENCH_OVERLOAD ?? 10)
const ERRORS = 0.005, CALM = 5, AFTER = 15, BACK_WITHIN = 10
const SESSIONS = Number(process.env.BENCH_SESSIONS ?? 1000)
// Each start is of a customer who has not been seen: it makes a session, where one who comes back is shown the one he has.
const DATA = 'customer: {uuid: 7}'
const JOURNEYS = { widget: 'start: 1', retention: 'sessions: 2, decisions: 1', auth: 'me: 1', pages: 'pages: 1' }
const TARGETS = new Map([...readFileSync(join(ROOT, 'lib/web/target.h'), 'utf8').matchAll(/X\(CLASS_\w+, "([\w-]+)", \d+, (\d+),/g)].map(([, name, p95]) => [name, Number(p95)]))
const dir = mkdtempSync('/tmp/stoa-knee.')
const errorsOf = total => Object.values(total.errors).reduce((sum, n) => sum + n, 0)
const inTime = ({ routes }) => routes.every(route => route.p95Ms <= (TARGETS.get(route.class) ?? Infinity))

function ask(house, set, system, name, phases, users) {
	const file = join(dir, 'knee.yaml')
	writeFileSync(file, `include: ${join(ROOT, 'bench/scenarios/common.yaml')}\nname: knee-${system}-${name}\nusers: ${users}\ntimeout: 2s\narrivals: random\n`
		+ `data: {${DATA}}\nweights: {${JOURNEYS[system]}}\nphases: [${phases.join(', ')}]\n`)
	return bench(file, house.url, { set, json: join(REPORTS, `knee-${house.front}-${system}-${name}.json`) })
}

// The overload before may have switched parts off, which come back by themselves, one in 30 s (lib/web/brownout.h).
async function rest(house, set, system) {
	for (const end = performance.now() + 180000; performance.now() < end;) {
		const { total } = await ask(house, set, system, 'rest', ['{name: calm, for: 1s, rate: 20}'], 64)
		if (total.requests && !errorsOf(total)) return
		await new Promise(done => setTimeout(done, 1000))
	}
	throw new Error(`${system} does not come to rest`)
}

async function borne(house, set, system, rate) {
	for (let tries = 0; tries < 2; tries++) {
		const { total, routes } = await ask(house, set, system, 'step', [`{name: hold, for: ${SECONDS}s, rate: ${rate.toFixed(1)}}`], SESSIONS)
		if (errorsOf(total) <= ERRORS * total.requests && inTime({ routes })) return true
		await rest(house, set, system)
	}
	return false
}

async function findKnee(house, set, system) {
	await rest(house, set, system)
	await ask(house, set, system, 'warm', ['{name: all, for: 2s, users: 64}'], 64)
	const most = await ask(house, set, system, 'most', [`{name: all, for: ${SECONDS}s, users: 64}`], 64)
	const ceiling = (most.total.requests - errorsOf(most.total)) / most.measuredSeconds
	let low = 0, high = 0, rate = ceiling / 2
	for (let step = 0; step < STEPS; step++) {
		if (await borne(house, set, system, rate)) low = rate
		else high = rate
		rate = high ? (low + high) / 2 : 1.5 * rate
	}
	return { ceiling, knee: low }
}

async function overload(house, set, system, knee) {
	const half = (knee / 2).toFixed(1)
	const result = await ask(house, set, system, 'overload', [`{name: calm, for: ${CALM}s, rate: ${half}}`,
		`{name: over, for: ${OVERLOAD}s, rate: ${(2 * knee).toFixed(1)}, kind: spike}`, `{name: after, for: ${AFTER}s, rate: ${half}}`], SESSIONS)
	const target = Math.min(...result.routes.map(route => TARGETS.get(route.class) ?? Infinity)), end = CALM + OVERLOAD
	const during = result.timeline.filter(second => second.second >= CALM && second.second < end)
	const mean = key => during.reduce((sum, second) => sum + second[key], 0) / OVERLOAD
	const after = result.timeline.filter(second => second.second >= end && second.second < end + AFTER).map(second => second.p95Ms <= target && second.errors <= ERRORS * second.answered)
	const back = after.findIndex((_, at) => at + 3 <= after.length && after.slice(at, at + 3).every(calm => calm))
	return { goodput: mean('good'), sent: mean('sent'), back: back < 0 ? Infinity : back, errors: result.total.errors, refusals: result.refusals }
}

let green = true
mkdirSync(REPORTS, { recursive: true })
console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}; rates in requests a second\n`)
console.log(`${'front'.padEnd(11)} ${'system'.padEnd(10)} ${['64 busy', 'knee', 'sent', 'goodput', 'of knee', 'back in', 'refused p99'].map(head => head.padStart(10)).join(' ')}`)
try {
	for (const front of FRONTS)
		await staged({ front }, async (house, set) => {
			for (const system of SYSTEMS) {
				const { ceiling, knee } = await findKnee(house, set, system)
				if (!knee) {
					green = false
					console.log(`${front.padEnd(11)} ${system.padEnd(10)} ${count(ceiling).padStart(10)} ${'none'.padStart(10)}  nothing was answered in time`)
					continue
				}
				const over = await overload(house, set, system, knee), good = over.goodput >= 0.9 * knee && over.back <= BACK_WITHIN
				green &&= good
				console.log(`${front.padEnd(11)} ${system.padEnd(10)} ${count(ceiling).padStart(10)} ${count(knee).padStart(10)} ${count(over.sent).padStart(10)} ${count(over.goodput).padStart(10)} `
					+ `${(`${(100 * over.goodput / knee).toFixed(0)} %`).padStart(10)} ${(`${over.back} s`).padStart(10)} ${(over.refusals.requests ? `${over.refusals.p99Ms.toFixed(0)} ms` : '-').padStart(11)}  ${good ? 'held' : 'NOT HELD'}  ${JSON.stringify(over.errors)}`)
			}
		})
} finally {
	rmSync(dir, { recursive: true, force: true })
}
console.log(`\nasked: goodput >= 90 % of the knee, back within ${BACK_WITHIN} s: ${green ? 'all held' : 'not all held'}`)
process.exit(green ? 0 : 1)
