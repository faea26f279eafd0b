// make bench-jobs: the queue against the same statements run by pgbench and against document 001, on a durable PostgreSQL of its own. See
// README, "Speed".
//
//   enqueue, work  jobs a second through lib/job (bench/jobs.c) and through pgbench -M prepared with as many connections, one at a time
//                  and in batches; medians of BENCH_ROUNDS (3) rounds of BENCH_SECONDS (5) in alternation
//   flow           jobs a minute from the first one's enqueuing to the last one's end
//   pick-up        from before an enqueuing commit to the handler's begin; BENCH_PICKUPS (500) jobs, one now and then
//   claim          with 50 and with BENCH_DEPTH (1,000,000) jobs waiting, and with as many delayed, done and dead ones around 50
//   rest           processor time of the shipped worker, all its processes, with nothing to do for BENCH_REST (60) seconds
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { wait } from '../tools/house.mjs'
import { BUILD, ROUNDS, SECONDS, count, cpu, median, pgbench, processes, statement, withHouse } from './common.mjs'

const PICKUPS = Number(process.env.BENCH_PICKUPS ?? 500)
const DEPTH = Number(process.env.BENCH_DEPTH ?? 1000000)
const REST = Number(process.env.BENCH_REST ?? 60)
const CONNECTIONS = 4  // worker.threads, as it ships
const ENQUEUED = 100   // jobs of a statement, in batches
const CLAIMED = 32     // worker.batch, as it ships
const FLOW = 20000     // jobs, from eight connections to eight threads: those of worker.min processes, as it ships
const STEPS = 2000     // claims of a round

let house

const sql = (text, database = 'stoa') =>
	execFileSync('psql', ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-c', text, house.env.DB_URL.replace('dbname=stoa', `dbname=${database}`)], { encoding: 'utf8' }).trim()

// bench/jobs; its figures.
function jobs(args, { batch = CLAIMED, database = 'stoa' } = {}) {
	const env = { ...house.environment, STOA_WORKER_BATCH: String(batch), STOA_WORKER_LOG_FILE: join(house.dir, 'log/jobs.log'),
		STOA_DB_URL: house.env.DB_URL.replace('dbname=stoa', `dbname=${database}`) }
	return execFileSync(join(BUILD, 'bench/jobs'), args.map(String), { ...house.user, env, cwd: house.dir, encoding: 'utf8' }).trim().split(' ')
}

const JOB = `'bench.nothing', 1, 3`
// Ids in order, as the house's are.
const id = number => `('01930000-0000-7000-8000-' || lpad((${number})::text, 12, '0'))::uuid`
const insert = (from, to, columns, values, database) => sql(`insert into job (id, kind, queue, attempts${columns})
	select ${id('n')}, ${JOB}${values} from generate_series(${from}, ${to}) n`, database)

function fill(jobCount) {
	sql('truncate job')
	if (jobCount) insert(1, jobCount, '', '')
}

// A run that takes from what is filled in; it must not run dry.
function taking(run) {
	fill(SECONDS * 20000)
	const figure = run()
	if (sql(`select count(*) from (select from job where state = 'waiting' limit 100) left_over`) !== '100') throw new Error('the queue ran dry')
	return figure
}

function adding(run) {
	fill(0)
	return run()
}

// --- the same statements, by pgbench ---

const list = (number, item) => `{${Array(number).fill(item).join(',')}}`

function enqueueScript(number) {
	const ids = number === 1 ? `array[${id(':first::bigint')}]` : `(select array_agg(${id(':first::bigint + k')}) from generate_series(1, ${number}) k)`
	return `\\set made :made + ${number}\n\\set first :client_id * 10000000000 + :made\n`
		+ statement('sql/job/enqueue.sql', [ids, ':empty', ':payloads', ':empty', ':delays', ':kind', '1', '3', 'false']) + ';\n'
}
const enqueueBySql = number => pgbench(house, enqueueScript(number), { made: 0, kind: 'bench.nothing', empty: list(number, 'NULL'), payloads: list(number, '"{}"'),
	delays: list(number, '0') }, CONNECTIONS) * number

// A thread of a worker by itself: claims, ends the first, which begins the second, and so on.
function workScript(number) {
	const claim = statement('sql/job/claim.sql', [':kinds', ':queues', ':limits', ':worker', '30000', '0', number])
	const names = Array.from({ length: number }, (_, at) => `(array_agg(id))[${at + 1}] as id${at + 1}`).join(', ')
	const done = (at, next) => statement('sql/job/done.sql', [`:id${at}`, '1', 'null', next, next === 'null' ? 'null' : '0', ':worker', '30000'])
	return `with claimed as materialized (${claim}) select ${names} from claimed \\gset\n`
		+ Array.from({ length: number }, (_, at) => `${done(at + 1, at + 2 > number ? 'null' : `:id${at + 2}`)};\n`).join('')
}
function workBySql(number) {
	const [kinds, queues, limits] = jobs(['kinds'])
	return pgbench(house, workScript(number), { kinds, queues, limits, worker: 'bench' }, CONNECTIONS) * number
}

// --- the figures ---

const rows = []
function row(what, figure, against, value, target, met) {
	rows.push([what, figure, against, value, target, met ? 'met' : 'SHORT'])
}

function print() {
	const wide = rows[0].map((_, at) => Math.max(...rows.map(line => line[at].length)))
	console.log()
	for (const line of rows) console.log(line.map((text, at) => (at && at < 5 ? text.padStart(wide[at]) : text.padEnd(wide[at]))).join('  '))
}

function alternate(runs) {
	const figures = Object.fromEntries(Object.keys(runs).map(name => [name, []]))
	for (let round = 0; round < ROUNDS; round++)
		for (const [name, run] of Object.entries(runs)) figures[name].push(Number(run()))
	for (const [name, taken] of Object.entries(figures)) console.log(`${name.padEnd(24)} ${taken.map(count).join(' ')}`)
	return Object.fromEntries(Object.entries(figures).map(([name, taken]) => [name, median(taken)]))
}

function rates() {
	const rate = alternate({
		'enqueue one': () => adding(() => jobs(['enqueue', CONNECTIONS, SECONDS, 1])[0]),
		'enqueue one, sql': () => adding(() => enqueueBySql(1)),
		[`enqueue ${ENQUEUED}`]: () => adding(() => jobs(['enqueue', CONNECTIONS, SECONDS, ENQUEUED])[0]),
		[`enqueue ${ENQUEUED}, sql`]: () => adding(() => enqueueBySql(ENQUEUED)),
		'work one': () => taking(() => jobs(['work', CONNECTIONS, SECONDS], { batch: 1 })[0]),
		'work one, sql': () => taking(() => workBySql(1)),
		[`work ${CLAIMED}`]: () => taking(() => jobs(['work', CONNECTIONS, SECONDS])[0]),
		[`work ${CLAIMED}, sql`]: () => taking(() => workBySql(CLAIMED)),
	})
	const against = (what, name) => {
		const ratio = rate[name] / rate[`${name}, sql`]
		row(what, `${count(rate[name])}/s`, `${count(rate[`${name}, sql`])}/s`, ratio.toFixed(2), '>= 0.7', ratio >= 0.7)
	}
	against('enqueued, one at a time', 'enqueue one')
	against(`enqueued, ${ENQUEUED} at a time`, `enqueue ${ENQUEUED}`)
	against('claimed and completed, one at a time', 'work one')
	against(`claimed and completed, ${CLAIMED} at a time`, `work ${CLAIMED}`)
}

function flow() {
	const { flow: rate } = alternate({ flow: () => adding(() => jobs(['flow', FLOW, 8, 8])[0]) })
	if (sql(`select count(*) from job where state = 'done'`) !== String(FLOW)) throw new Error('not every job is done')
	row('enqueued to done, a minute', count(rate * 60), 'document 001: 10,000', `${(rate * 60 / 10000).toFixed(1)} x`, '>= 10 x', rate * 60 >= 100000)
}

function pickup() {
	fill(0)
	const [middle, p99, longest] = jobs(['latency', PICKUPS, CONNECTIONS]).map(Number)
	row('picked up, idle queue, p99', `${p99} ms`, `p50 ${middle}, max ${longest}`, '', '< 50 ms', p99 < 50)
}

function claims() {
	for (const name of ['few', 'deep', 'late']) {
		sql(`create database ${name} template stoa`, 'postgres')
		sql('truncate job', name)
	}
	insert(1, 50, '', '', 'few')
	insert(1, DEPTH, '', '', 'deep')
	insert(1, 50, '', '', 'late')
	insert(51, 50 + DEPTH, ', run_at', `, now() + interval '1 d' + n * interval '1 ms'`, 'late')
	insert(51 + DEPTH, 50 + DEPTH * 1.2, ', state, finished_at', `, case when n % 4 = 0 then 'dead' else 'done' end, now()`, 'late')
	for (const name of ['few', 'deep', 'late']) sql('vacuum analyze job', name)
	const took = alternate(Object.fromEntries(['few', 'deep', 'late'].map(name => [`claim, ${name}`, () => jobs(['claim', STEPS], { database: name })[0]])))
	const against = (what, name) => {
		const ratio = took[`claim, ${name}`] / took['claim, few']
		row(what, `${count(took[`claim, ${name}`])} µs`, `${count(took['claim, few'])} µs with 50`, ratio.toFixed(2), '< 1.5', ratio < 1.5)
	}
	against(`claim, ${count(DEPTH)} waiting`, 'deep')
	against(`claim, ${count(DEPTH)} delayed, ${count(DEPTH / 5)} done or dead`, 'late')
}

async function rest() {
	fill(0)
	sql('vacuum')
	const entry = house.worker()
	await wait(5000)
	const all = processes(house), worker = all.filter(({ program }) => program === 'stoa-worker'), postgres = all.filter(({ program }) => program === 'postgres')
	const used = list => list.reduce((sum, { pid }) => sum + cpu(pid), 0), before = [used(worker), used(postgres)]
	await wait(REST * 1000)
	const [own, served] = [used(worker) - before[0], used(postgres) - before[1]]
	await house.end(entry)
	const percent = seconds => `${(seconds / REST * 100).toFixed(2)} %`
	row(`worker at rest, ${worker.length} processes, of a core`, percent(own), `PostgreSQL: ${percent(served)}`, '', '< 0.5 %', own / REST < 0.005)
}

await withHouse({}, async made => {
	house = made
	house.servicesUp()
	house.configure()
	house.stoa('migrate', '--init')
	console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(2)}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`)
	rates()
	flow()
	pickup()
	await rest()
	claims()
	print()
})
