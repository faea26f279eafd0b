// make bench-scenarios: every scenario of bench/scenarios against a house of its own, with phases BENCH_TIME_SCALE (0.01) times as long as the documents
// say; rates and users are theirs unless BENCH_RATE_SCALE says otherwise. BENCH_SCENARIOS chooses by parts of names ("003-,baseline"); for endurance-2h
// in full: BENCH_SCENARIOS=endurance-2h BENCH_TIME_SCALE=1. Results (JSON, the terminal's report, HTML) are kept in var/bench. Build without sanitizers.
//
// Beside each stands what the house's programs held while it ran: resident memory at both ends and its slope over the second half, descriptors,
// PostgreSQL's connections.
import { openSync, closeSync, mkdirSync, readdirSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../tools/house.mjs'
import { count } from './common.mjs'
import { REPORTS, bench, held, staged } from './stage.mjs'

const TIME = Number(process.env.BENCH_TIME_SCALE ?? 0.01), RATE = Number(process.env.BENCH_RATE_SCALE ?? 1)
const CHOSEN = (process.env.BENCH_SCENARIOS ?? '').split(',').filter(Boolean)
const FOLDER = join(ROOT, 'bench/scenarios')
const names = readdirSync(FOLDER).filter(file => file !== 'common.yaml').map(file => file.replace(/\.yaml$/, '')).sort()
	.filter(name => !CHOSEN.length || CHOSEN.some(part => name.includes(part)))

// Least squares over the second half, when caches and arenas have what they keep: MiB an hour; of minutes, or it is noise times a hundred.
function slope(samples) {
	if (samples.at(-1).s < 300) return ''
	const late = samples.filter(sample => sample.s >= samples.at(-1).s / 2)
	const mean = key => late.reduce((sum, sample) => sum + sample[key], 0) / late.length, s = mean('s'), kib = mean('kib')
	const above = late.reduce((sum, sample) => sum + (sample.s - s) * (sample.kib - kib), 0), below = late.reduce((sum, sample) => sum + (sample.s - s) ** 2, 0)
	return ` (${((below ? above / below * 3600 : 0) / 1024).toFixed(1)} MiB/h)`
}

async function one(house, set, name) {
	mkdirSync(REPORTS, { recursive: true })
	const at = join(REPORTS, name), text = openSync(`${at}.txt`, 'w'), samples = [], began = performance.now()
	const look = () => samples.push({ s: (performance.now() - began) / 1000, ...held(house) })
	look()
	const result = await bench(join(FOLDER, `${name}.yaml`), house.url, { set, timeScale: TIME, rateScale: RATE, json: `${at}.json`, html: `${at}.html`, out: text, meanwhile: look })
	look()
	closeSync(text)
	const errors = Object.values(result.total.errors).reduce((sum, n) => sum + n, 0), last = samples.at(-1), peak = key => Math.max(...samples.map(sample => sample[key]))
	console.log(`${name.padEnd(16)} ${result.seconds.toFixed(0).padStart(5)} s ${count(result.total.requests).padStart(9)} ${count(result.total.requests / result.measuredSeconds).padStart(7)}/s `
		+ `${String(errors).padStart(7)} ${[result.total.p50Ms, result.total.p95Ms, result.total.p99Ms, result.total.maxMs].map(ms => ms.toFixed(1).padStart(8)).join(' ')}  `
		+ `${(samples[0].kib / 1024).toFixed(0).padStart(4)} to ${(last.kib / 1024).toFixed(0).padStart(4)} MiB${slope(samples)}  `
		+ `${String(peak('descriptors')).padStart(5)} fds ${String(peak('connections')).padStart(3)} conns  ${count(result.cost.requestsPerCpuSecond).padStart(7)}/CPU s  ${result.verdict}`)
	for (const why of result.broken) console.log(`${' '.repeat(17)}broken: ${why}`)
	for (const what of result.missing) console.log(`${' '.repeat(17)}not there: ${what}`)
	return result.verdict === 'met'
}

console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}; phases x ${TIME}, rates and users x ${RATE}; reports in ${REPORTS}\n`)
console.log(`${'scenario'.padEnd(16)} ${'time'.padStart(7)} ${'requests'.padStart(9)} ${'rate'.padStart(9)} ${'errors'.padStart(7)} ${['p50 ms', 'p95', 'p99', 'max'].map(head => head.padStart(8)).join(' ')}`)
let met = 0
await staged({}, async (house, set) => {
	for (const name of names) met += await one(house, set, name)
})
console.log(`\n${met} of ${names.length} scenarios met`)
process.exit(met === names.length ? 0 : 1)
