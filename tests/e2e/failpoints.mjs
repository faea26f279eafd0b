// node failpoints.mjs [POINT…]: kills the worker at every named point (lib/base/failpoint.h) in turn, or at those given, each time over
// work of every kind, and then holds the books against each other: every job done, every change at Stripe made once, every webhook
// delivered, every schedule's job made once, every mail at the relay once. A mail may come once more, with the same Message-ID, for
// each time that a worker died between the relay's 250 and the row's update: that is looked for after every death, and nothing else
// is allowed for.
//
// The points are those that a run passes with tracing on. A statement of sql/ that writes, that lib/ or the worker uses and that no
// run passes must stand in ELSEWHERE with a reason. Leases and waits are moved in SQL, never slept through.
// Without arguments the points are shared by three houses beside each other, since most of the time goes by in waiting.
// Prints a ledger for each house; exits 1 when a line does not balance. Needs a build with --enable-fail-points.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUILD, ROOT, boot, until } from './harness.mjs'
import { CATALOGUE, customer, stepOf } from './widget.mjs'
import { startSink } from '../standin/sink.mjs'

// --- the houses ---
const HOUSES = 3
const [, lane] = /^--house=(\d+)$/.exec(process.argv[2] ?? '') ?? []
const isMine = point => lane === undefined || createHash('sha256').update(point).digest()[0] % HOUSES === Number(lane)

async function houses() {
	const runs = await Promise.all(Array.from({ length: HOUSES }, (_, i) => new Promise(done => {
		const child = spawn(process.execPath, [fileURLToPath(import.meta.url), `--house=${i}`], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
		const text = { 1: '', 3: '' }
		for (const at of [1, 3]) child.stdio[at].on('data', data => { text[at] += data })
		child.once('close', status => done({ status, ledger: text[1], points: JSON.parse(text[3] || '{"seen":[],"struck":[]}') }))
	})))
	const struck = new Set(runs.flatMap(run => run.points.struck))
	const left = new Set(runs.flatMap(run => run.points.seen).filter(point => !struck.has(point)))
	for (const [i, { ledger }] of runs.entries()) console.log(`House ${i + 1}\n${ledger}`)
	console.log(`${String(struck.size).padStart(7)}  points in all at which a worker was killed`)
	for (const point of left) console.log(`seen in one house, and not by the one that kills there: ${point}`)
	process.exit(left.size === 0 && struck.size > 0 && runs.every(run => run.status === 0) ? 0 : 1)
}
if (process.argv.length === 2) await houses()

// --- one of them ---
const PEOPLE = ['reader@harbour.example', 'bounce@harbour.example']
const WORKER = 'failpoint-worker' // application_name of the worker's back-ends

// Statements that no run of the worker passes, and who does.
const ELSEWHERE = [
	[/^auth_(?!reset_|session_sweep)/, 'responders, on a request'],
	[/^auth_reset_(use|purge)$/, 'responders, on a request'],
	[/^who_/, 'responders, on a request'],
	[/^watch_/, 'responders, where replicas are named'],
	[/^widget_/, 'responders, on a request; tests/e2e/crash.mjs kills those'],
	[/^retention_(branding|connection|consent|coupon|experiment|flow|offer_policy|offer_rule|privacy|segment)_/, 'responders, on a request'],
	[/^webhook_(endpoint_(add|delete|update|rotate)|delivery_(add|again))$/, 'responders, on a request'],
	[/^job_(cancel|pause|resume|replay|replay_all)$/, 'an admin, through responders or the stoa command'],
	[/^mail_(digest_add|unsuppress)$/, 'whoever adds a line to a digest; an admin'],
	[/^(event_again|consumer_uncount)$/, 'an admin who lets a consumer read again'],
	[/^measure_rebuild_/, 'an admin, through the stoa command'],
	[/^measure_(before|skip)$/, 'a second session on a subscription, one that cannot be judged: tests/measure/measure_dbtest.c'],
	[/^billing_(?!put_(subscription|price)|customer_stub|derive_(subscription|customer)|event_settle)/,
		'responders; and what imports, catch-ups and rarer events write: tests/e2e/stripe-events.mjs kills workers over them, tests/stripe/import_dbtest.c cuts them off'],
	[/^outreach_(policy_put|program_put|offer_accept|alerts_read)$/, 'responders, on a request'],
	[/^outreach_(retry_(plan|done)|case_recovered|offer_(plan|settle))$/, 'attempts and offers at Stripe: tests/outreach loses their answers'],
	[/^observe_/, 'a worker that stays, once a minute: a statement that fails loses nothing: tests/observe/history_dbtest.c'],
	[/^event_(failed|skip)$/, 'a consumer whose statement fails: tests/event/consumer_dbtest.c'],
]

// --- what the points are ---
const writes = text => /\binsert\s+into\b|\bdelete\s+from\b|(?<!\bfor )\bupdate\s+\w+\s+(\w+\s+)?set\b/i.test(text)
const bare = text => text.replaceAll(/--.*/g, '')
const functions = readdirSync(join(ROOT, 'sql/schema')).flatMap(name => [...bare(readFileSync(join(ROOT, 'sql/schema', name), 'utf8'))
	.matchAll(/create (?:or replace )?function (\w+)([\s\S]*?\$\$[\s\S]*?\$\$)/gi)]).filter(match => writes(match[2])).map(match => match[1])
const statements = new Map(readdirSync(join(ROOT, 'sql')).filter(family => family !== 'schema').flatMap(family => readdirSync(join(ROOT, 'sql', family))
	.map(name => [`${family}_${name.slice(0, -4).replaceAll('-', '_')}`, bare(readFileSync(join(ROOT, 'sql', family, name), 'utf8'))])))
const writing = new Set([...statements].filter(([, text]) => writes(text) || functions.some(name => text.includes(`${name}(`))).map(([name]) => name))
const sources = ['lib', 'daemons'].flatMap(folder => readdirSync(join(ROOT, folder), { recursive: true }).filter(name => name.endsWith('.c'))
	.map(name => readFileSync(join(ROOT, folder, name), 'utf8'))).join('\n')
const ours = new Set([...sources.matchAll(/\bSQL_([A-Z0-9_]+)\b/g)].map(match => match[1].toLowerCase()))
const isPoint = point => {
	const what = point.split(':')[0]
	if (/^(commit\.)?observe_/.test(what)) return false // it comes by the clock, once a minute a machine
	return !statements.has(what) || writing.has(what)
}

// --- the house ---
const folder = mkdtempSync('/tmp/stoa-points.')
const FATES = [[/^\/gone/, ['status 410']], [/^\/again/, ['status 500', 'ok']], [/^\//, ['ok']]]
const sink = await startSink({ folder, fates: path => FATES.find(([pattern]) => pattern.test(path))[1] })
const house = await boot({ front: 'lighttpd', conf: {
	worker: { heartbeat: '20ms', poll: '100ms' },
	web: { log_level: 'warn' },
	webhook: { endpoints: 1000 },
	net: { private_allowed: '127.0.0.1', ca_file: sink.certificate },
} })
await house.end(house.workerProcess)
const trace = join(house.run, 'trace')
const bearer = house.owner.bearer
const must = async (status, path, body, headers = bearer) => {
	const reply = await house.json('POST', path, body, headers)
	if (reply.status !== status) throw new Error(`${path}: ${reply.status} ${reply.text}`)
	return reply.body
}
const count = text => Number(house.sql(text)[0][0])

// Runs a worker; {signal, status} when it ended.
function worker(args, env = {}) {
	const child = spawn(join(BUILD, 'daemons/worker/stoa-worker'), args, { ...house.user, cwd: house.dir, stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...house.environment, PGAPPNAME: WORKER, ...env } })
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', data => writeFileSync(join(house.dir, 'log/points.log'), data, { flag: 'a' }))
	return { child, ended: new Promise(done => child.once('close', (status, signal) => done({ status, signal }))) }
}
const drained = env => worker(['--drain', '--threads', '1'], env).ended

// Customers to reach: one with an unpaid invoice and a subscription that ends, who gets one mail today and another tomorrow; one who has left;
// one who wants none. The invoice of the time before is paid.
function reach(n) {
	const org = '(select org_id from organisation limit 1)'
	const person = (name, paused) => `insert into customer (org_id, live, id, ref, stripe_ref, email, outreach_paused_at)
		select ${org}, true, gen_random_uuid(), '${name}-${n}', 'cus_${name}${n}', '${name}-${n}@reach.example', ${paused ? 'now()' : 'null'};`
	const subscribed = (name, from, members, values) => `insert into subscription (org_id, live, ref, customer_ref, month_minor, currency, started_at, as_of, status, ${members})
		select ${org}, true, 'sub_${name}${n}', 'cus_${from}${n}', 4900, 'usd', now() - interval '90 days', now(), ${values};`
	const unpaid = name => `insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, attempts, created_at, as_of)
		select ${org}, true, 'in_${name}${n}', 'cus_${name}${n}', 'sub_${name}${n}', 'open', 'usd', 4900, 1, now(), now();`
	house.sql(`
		insert into outreach_setting (org_id, quiet_from, quiet_until, organisation_cap, return_url) select ${org}, 0, 0, 100000, 'https://reach.example/' on conflict do nothing;
		insert into outreach_program (org_id, program, enabled, days, percents, months, retries, retry_hour)
			select org_id, program, true, days, percents, months, retries, retry_hour from outreach_programs where org_id = ${org} on conflict do nothing;
		update invoice set status = 'paid', paid_minor = due_minor where ref = 'in_owes${n - 1}';
		${person('owes')} ${subscribed('owes', 'owes', 'period_ends_at', "'past_due', now() + interval '20 days'")} ${unpaid('owes')}
		${subscribed('ends', 'owes', 'period_ends_at, cancel_at_period_end', "'active', now() + interval '5 days', true")}
		${person('left')} ${subscribed('left', 'left', 'ended_at', "'canceled', now() - interval '8 days'")}
		${person('wants-none', true)} ${subscribed('wants-none', 'wants-none', 'period_ends_at', "'past_due', now() + interval '20 days'")} ${unpaid('wants-none')}`)
}

// Work of every kind, none of it begun. Each number leaves entities of its own.
const sessions = new Map()
async function work(n) {
	const who = { userId: `point-${n}`, customer: `cus_point${n}`, subscription: `sub_point${n}` }
	await house.stripe.control('seed', { mode: 'test', keep: true, ...CATALOGUE, customers: [{ id: who.customer }],
		subscriptions: [{ id: who.subscription, customer: who.customer, items: [{ id: `si_point${n}`, price: 'price_pro' }] }] })
	const widget = { 'x-api-key': house.keys.test.key }
	const decision = async () => {
		const session = await must(200, '/api/v1/widget/start', customer(who), widget)
		const choice = n % 2 ? { step: stepOf(session, 'pause'), choice: 2 } : { step: stepOf(session, 'discount') }
		await must(200, '/api/v1/widget/decision', { session: session.session, outcome: 'accepted', ...choice }, widget)
		sessions.set(n, session.sessionId)
	}
	const webhooks = async () => {
		await must(201, '/api/v1/orgs/webhooks', { url: `${sink.url.replace('/hooks', '')}/gone/${n}`, events: ['key.*'] })
		// Of two events one is answered by 410, and the other has nowhere to go then.
		for (const name of ['first', 'second']) await must(201, '/api/v1/orgs/keys', { name: `${name} ${n}`, kind: 'server', live: false })
	}
	house.sql('delete from mail_suppression; delete from password_reset')
	reach(n)
	// The API makes no more than some a minute, so later ones are copies.
	if (n === 0) await must(202, '/api/v1/retention/reports', { from: '2026-01-01', to: '2026-01-03', live: true, mail: true })
	await Promise.all([decision(), webhooks(), ...PEOPLE.map(email => must(202, '/api/v1/auth/password/forgot', { email }, {}))])
	// An endpoint that failed last time is well again with the next delivery.
	house.sql(`
		update webhook_endpoint set failing_since = now() where url like '%/ok' and failing_since is null;
		insert into mail_digest_entry (org_id, id, account_id, live, title, created_at)
			select m.org_id, gen_random_uuid(), m.account_id, true, 'line ${n}.', now() - interval '3 days' from membership m join account a on a.id = m.account_id
			where a.email in ('${PEOPLE.join("', '")}');
		with c as (insert into customer (org_id, live, id, ref, stripe_ref, email) select org_id, false, gen_random_uuid(), 'forgotten-${n}-' || now(),
				'cus_forgotten${n}' || now(), 'forgotten@harbour.example' from organisation limit 1 returning org_id, id)
			insert into job (id, org_id, kind, queue, attempts, payload) select gen_random_uuid(), org_id, 'customer.erase', 1, 3,
				jsonb_build_object('live', false, 'customer', id) from c;
		insert into schedule (id, org_id, name, cron, zone, kind, queue, attempts, next_at)
			select gen_random_uuid(), (select org_id from organisation limit 1), kind || '-${n}', '0 0 1 1 *', 'UTC', kind, 2, 3, now() - interval '1 s'
			from unnest('{mail.sweep,webhook.sweep,house.cleanup,event.wake,outreach.sweep}'::text[]) kind;
		insert into stripe_event (org_id, live, id, type, created_at, source, payload) select (select org_id from organisation limit 1), false, 'evt_point${n}',
			'customer.subscription.created', now(), 'webhook', '${JSON.stringify({ data: { object: { id: `sub_mirrored${n}`, object: 'subscription', customer: `cus_mirrored${n}`, status: 'active',
				currency: 'usd', start_date: 1700000000 + n, items: { data: [{ quantity: 1 + n, price: { id: `price_mirrored${n}`, currency: 'usd', unit_amount: 100, nickname: `Plan ${n}`,
					recurring: { interval: 'month', interval_count: 1 } } }] } } } })}';
		insert into job (id, org_id, kind, queue, attempts, payload) select gen_random_uuid(), org_id, 'stripe.event', 1, 24,
			jsonb_build_object('org', org_id, 'live', live, 'event', id) from stripe_event where id = 'evt_point${n}';
		insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'mail.sweep', 1, 3 from generate_series(1, 6);
		${n ? "insert into job (id, org_id, kind, queue, attempts, payload) select gen_random_uuid(), org_id, kind, queue, attempts, payload from (select * from job where kind = 'report.make' order by id limit 1) first" : ''}`)
}

// --- deaths ---
const windows = new Map() // mail -> deaths between the relay's 250 and the row's update
const arrivals = id => house.mail.mails.filter(mail => mail.messageId?.includes(id))
// What time would do: the dead one's back-ends end, its leases run out, and retries come due.
async function bury() {
	const queued = house.sql(`do $$ begin
			while exists (select from pg_stat_activity where application_name = '${WORKER}') loop
				perform pg_sleep(0.002);
				perform pg_stat_clear_snapshot();
			end loop;
		end $$;
		update job set leased_until = now() - interval '1 ms' where state = 'running';
		update job set run_at = now() where state = 'waiting' and run_at > now();
		-- One job for everybody is there at many deaths, and would run out of attempts.
		update job set attempts = attempts + 1 where state in ('waiting', 'running') and kind in ('measure.pass', 'outreach.run');
		select id from mail where state = 'queued'`).map(([id]) => id)
	await until('the relay to have taken what it was sent', () => house.mail.clients() === 0)
	const open = queued.filter(id => arrivals(id).length > (windows.get(id) ?? 0))
	for (const id of open) windows.set(id, (windows.get(id) ?? 0) + 1)
	return open.length
}

const MOST_LEFT = 80
const LEFT = "select count(*) from job where state in ('waiting', 'running')"
// Workers that nobody kills finish what is left.
async function finish(env) {
	for (let round = 0; count(LEFT) && round < 20; round++) {
		const { status, signal } = await drained(env)
		if (status !== 0) throw new Error(`the worker ended with ${signal ?? status}`)
		await bury()
	}
	if (count(LEFT)) throw new Error(`${count(LEFT)} jobs never end`)
}

// Jobs enough for batches to grow. Some are rejected: behind those the next is begun by a statement of its own.
const fill = () => house.sql(`insert into job (id, kind, queue, attempts, payload) select gen_random_uuid(), 'webhook.deliver', 1, 6,
	jsonb_build_object('filler', true) || case when n % 10 = 0 then '{}' else jsonb_build_object('org', gen_random_uuid(), 'delivery', gen_random_uuid()) end
	from generate_series(1, 600) n`)
function batched(env) {
	fill()
	return drained(env)
}

// A worker that is told to end while it holds jobs gives them back. What it runs is stopped by a lock once its batches have grown.
async function interrupted(env) {
	fill()
	const { child, ended } = worker(['--max-runtime', '600', '--threads', '1'], env)
	const lock = spawn('psql', ['-qX', '-c', `do $$ begin
			while (select count(*) from job where state = 'waiting' and payload ? 'filler') > 150 loop perform pg_sleep(0.001); end loop;
		end $$; lock table webhook_delivery; select pg_sleep(600)`, house.env.DB_URL], { stdio: 'ignore' })
	await until('a batch to be held', () => child.exitCode !== null || child.signalCode !== null
		|| count("select count(*) from job where state = 'running' and started_at is null") > 1)
	child.kill('SIGTERM')
	house.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%lock table webhook_delivery%' and pid <> pg_backend_pid()")
	await new Promise(done => lock.exitCode === null && lock.signalCode === null ? lock.once('close', done) : done())
	return ended
}

// A supervisor whose first child is killed. With a point, whoever passes it first dies: the supervisor, a child or the one that measures.
let times = 0
const isChild = (pid, parent) => existsSync(`/proc/${pid}/stat`) && Number(/\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]) === parent
async function supervised(env) {
	const once = join(house.run, `once-${++times}`)
	house.sql('delete from worker')
	const { child, ended } = worker(['--min', '2', '--max', '2', '--threads', '1'], { STOA_FAIL_ONCE: once, ...env })
	const over = () => child.exitCode !== null || child.signalCode !== null || existsSync(once)
	const first = await until('a child', () => over() || house.sql('select pid from worker').map(([pid]) => pid).find(pid => isChild(pid, child.pid)))
	if (first !== true) process.kill(Number(first), 'SIGKILL')
	if (env.STOA_FAIL_POINT) await until(`${env.STOA_FAIL_POINT} to be passed`, over, 20).catch(() => {})
	else await until('what it ran to be done', () => count(`${LEFT} and run_at <= now()`) === 0)
	child.kill('SIGTERM')
	await ended
	return { signal: existsSync(once) ? 'SIGKILL' : 'none' }
}

const TRIES = 3
const SUPERVISED = /^(supervisor\.|worker_dead:)/ // points that one worker alone never passes
const unreached = []
const windowed = new Map() // point -> mails that were on both sides of it
// Answers the number of the last work. What a death before has left may keep the next worker from the point, so it is tried again.
async function strike(point, n) {
	const run = point.startsWith('job_release:') ? interrupted : point.startsWith('job_start:') ? batched : SUPERVISED.test(point) ? supervised : drained
	for (let tries = 1; ; tries++) {
		// Work that early deaths leave must not pile up.
		if (tries > 1 || count(LEFT) > MOST_LEFT) await finish()
		await work(++n)
		const { signal, status } = await run({ STOA_FAIL_POINT: point })
		const open = await bury()
		if (open) windowed.set(point, open)
		if (signal === 'SIGKILL') return n
		if (tries === TRIES) {
			unreached.push(`${point} (the worker ended with ${signal ?? status})`)
			return n
		}
	}
}

// --- the run ---
const lines = []
const line = (name, value, wanted) => lines.push({ name, value, bad: wanted !== undefined && value !== wanted })
let balanced = false
try {
	for (const email of PEOPLE)
		await must(201, '/api/v1/users', { email, name: 'Reader', role: 'readonly' })
	const hook = (path, events, live) => must(201, '/api/v1/orgs/webhooks', { url: sink.url.replace('/hooks', path), events, live })
	await hook('/ok', ['offer.accepted', 'customer.saved'], false)
	await hook('/again', ['key.created'], true)

	const env = { STOA_FAIL_TRACE: trace }
	const traced = () => [...new Set(readFileSync(trace, 'utf8').split('\n').filter(Boolean))]
	await work(0)
	await finish(env)
	if (!existsSync(trace)) throw new Error('this build has no fail points: configure with --enable-fail-points')
	// A worker that is told to end may have finished its batch just then.
	for (let tries = 0; tries < TRIES && !traced().some(point => point.startsWith('job_release:')); tries++) {
		await interrupted(env)
		await finish(env)
	}
	const alone = traced()
	await work(1)
	await supervised(env)
	await bury()
	// What several workers pass by chance is left out: a transaction that found another at work and changed nothing.
	const passed = [...new Set([...alone, ...traced().filter(point => SUPERVISED.test(point))])]
	const points = lane === undefined ? process.argv.slice(2) : passed.filter(isPoint).filter(isMine)
	if (lane !== undefined) writeSync(3, JSON.stringify({ seen: passed.filter(isPoint), struck: points }))
	const reached = new Set(passed.map(point => point.split(':')[0]))
	const missing = [...writing].filter(name => ours.has(name) && !reached.has(name) && !ELSEWHERE.some(([pattern]) => pattern.test(name)))
	const needless = ELSEWHERE.filter(([pattern]) => ![...writing].some(name => pattern.test(name))).map(([pattern]) => String(pattern))

	let n = 1
	for (const point of points) n = await strike(point, n)
	await finish()

	// --- the books ---
	const scenarios = Array.from({ length: n + 1 }, (_, i) => i)
	const writesAt = new Map()
	for (const entry of await house.stripe.control('log')) {
		const id = /^\/v1\/subscriptions\/([^/]+)$/.exec(entry.path)?.[1]
		if (id) writesAt.set(id, (writesAt.get(id) ?? 0) + 1)
	}
	const status = new Map(house.sql('select session_id, status from decision'))
	const wrongAtStripe = []
	for (const i of scenarios) {
		const at = await house.stripe.control(`subscription/sub_point${i}`)
		const effect = i % 2 ? at.pause_collection !== null && at.discounts.length === 0 : at.pause_collection === null && at.discounts.length === 1
		if (writesAt.get(`sub_point${i}`) !== 1 || !effect || status.get(sessions.get(i)) !== 'applied')
			wrongAtStripe.push(`sub_point${i}: ${writesAt.get(`sub_point${i}`) ?? 0} writes, ${effect ? 'the effect' : 'not the effect'}, ${status.get(sessions.get(i))}`)
	}

	const mails = house.sql('select id, state, address, kind from mail')
	const wrongMails = [], again = []
	for (const [id, state, address, kind] of mails) {
		const came = arrivals(id), most = state === 'sent' ? 1 + (windows.get(id) ?? 0) : 0
		const wanted = address.startsWith('bounce') ? ['failed', 'suppressed'] : ['sent']
		const same = new Set(came.map(mail => `${mail.messageId} ${mail.to} ${mail.subject}`)).size <= 1
		if (!wanted.includes(state) || came.length > most || came.length < (state === 'sent' ? 1 : 0) || !same)
			wrongMails.push(`${kind} to ${address}: ${state}, came ${came.length} times, at most ${most} allowed${same ? '' : ', and differed'}`)
		if (came.length > 1) again.push(id)
	}
	const stray = house.mail.mails.filter(mail => !mails.some(([id]) => mail.messageId?.includes(id)))
	const told = pattern => new Set(house.mail.mails.filter(mail => mail.to[0] !== 'bounce@harbour.example' && pattern.test(mail.text)).map(mail => mail.messageId)).size

	const okAt = new Set(sink.requests.filter(request => request.step === 'ok').map(request => `${request.id} ${request.url}`))
	const wanted = house.sql(`select e.id, substring(w.url from '://[^/]+(/.*)'), d.state from event e join webhook_endpoint w on w.org_id = e.org_id and w.live = e.live
			and w.created_at <= e.at and exists (select from unnest(w.events) f where e.type = f or f = 'key.*' and e.type like 'key.%') and (w.enabled or w.url like '%/gone/%')
		left join webhook_delivery d on d.org_id = e.org_id and d.event_id = e.id and d.endpoint_id = w.id
		where w.url not like '%/gone/%' or d.id is not null`)
	const wrongHooks = wanted.filter(([id, path, state]) => path.startsWith('/gone') ? !['failed', 'cancelled'].includes(state) : state !== 'delivered' || !okAt.has(`${id} ${path}`))

	line('points passed by a worker', passed.length)
	line('of these, where something is written or sent', passed.filter(isPoint).length)
	line('workers killed', points.length - unreached.length)
	line('points that were not reached', unreached.length, 0)
	line('statements that write, are used by the worker\'s code and have no point passed', missing.length, 0)
	line('exceptions that fit nothing', needless.length, 0)
	line('changes at Stripe', [...writesAt.values()].reduce((a, b) => a + b, 0))
	line('decisions not applied exactly once', wrongAtStripe.length, 0)
	line('mails', mails.length)
	line('mails that arrived', house.mail.mails.length)
	line('mails found on both sides of a death: with the relay, and still queued', [...windows.values()].reduce((a, b) => a + b, 0))
	line('mails that came again for that, with the same Message-ID', again.length)
	line('mails not as they should be', wrongMails.length, 0)
	line('mails that no row knows', stray.length, 0)
	line('links for passwords that were not mailed', count(`select count(*) from job j where kind = 'password.mail' and payload->>'email' like 'reader@%'
		and not exists (select from mail m where m.id = j.id and m.state = 'sent')`), 0)
	line('reports not mailed exactly once', count("select abs((select count(*) from job where kind = 'report.make') - (select count(*) from mail where kind = 'report'))"), 0)
	line('lines of digests told other than once', scenarios.filter(i => told(new RegExp(`\\bline ${i}\\.`)) !== 1).length, 0)
	line('endpoints whose end the owner was told other than once', scenarios.filter(i => told(new RegExp(`/gone/${i}\\b`)) !== 1).length, 0)
	line('customers to reach who got other than one mail, and of those who want none any', count(`select count(*) from customer c where c.email like '%@reach.example'
		and (select count(*) from mail m where m.address = c.email) <> (c.outreach_paused_at is null)::int`), 0)
	line('mails to them that are neither sent nor wait for tomorrow', count(`select count(*) from outreach_mail where not (state in ('sent', 'queued') or held = 'customer-cap'
		or state = 'suppressed' and reason = 'paused' or state = 'cancelled' and reason = 'recovered')`), 0)
	line('payments recovered, some', count("select (count(*) > 0)::int from outreach_case where state = 'recovered'"), 1)
	line('payments recovered with other than one event', count(`select count(*) from outreach_case c where state = 'recovered'
		and (select count(*) from event e where e.type = 'payment.recovered' and e.entity_id = c.invoice_ref) <> 1`), 0)
	line('webhooks that should be delivered', wanted.length)
	line('webhooks not delivered', wrongHooks.length, 0)
	line('requests at their receiver', sink.requests.length)
	line('times of schedules', count("select count(*) from schedule where name ~ '-[0-9]+$'"))
	line('of these, with other than one job', count("select count(*) from schedule s where s.name ~ '-[0-9]+$' and (select count(*) from job where unique_key like s.org_id || '/' || s.name || '@%') <> 1"), 0)
	line('changes with other than one event', count("select count(*) from (select 1 from event where type in ('customer.saved', 'webhook.disabled') group by type, entity_id having count(*) <> 1) x"), 0)
	line('events of decisions', count("select count(*) from event where type = 'customer.saved'"), n + 1)
	line('events of endpoints that ended', count("select count(*) from event where type = 'webhook.disabled'"), n + 1)
	line('events of Stripe that are not mirrored whole', scenarios.length - count(`select count(*) from stripe_event e join subscription s on s.org_id = e.org_id and s.ref = replace(e.id, 'evt_point', 'sub_mirrored')
		join customer c on c.org_id = s.org_id and c.stripe_ref = s.customer_ref where e.state = 'done' and s.plan = c.plan and s.plan like 'Plan %' and c.value_minor = 100 * s.quantity`), 0)
	line('jobs', count('select count(*) from job'))
	line('attempts that ended by a death', count("select count(*) from job, jsonb_array_elements(errors) e where e->>'code' = 'lease-lost'"))
	line('jobs waiting or running', count(LEFT), 0)
	const dead = house.sql("select kind, payload, errors from job j where state = 'dead' and not payload ? 'filler' and not exists (select from mail m where m.address like 'bounce@%' and m.state = 'failed' and m.id::text in (j.id::text, j.payload->>'mail'))")
	line('jobs dead but for the address that does not exist', dead.length, 0)
	line('lines of digests that wait', count("select count(*) from mail_digest_entry where title like 'line %'"), 0)
	line('deliveries pending', count("select count(*) from webhook_delivery where state = 'pending'"), 0)
	for (const { name, value, bad } of lines) console.log(`${String(value).padStart(7)}  ${name}${bad ? '   <-- WRONG' : ''}`)
	if (windowed.size) console.log(`mails were open at ${[...windowed].map(([point, mailsThere]) => `${point} (${mailsThere})`).join(', ')}`)
	for (const text of [...unreached.map(point => `not reached: ${point}`), ...missing.map(name => `no point passed: ${name}`), ...needless.map(pattern => `fits nothing: ${pattern}`),
		...dead.map(row => row.join(' ')), ...wrongAtStripe, ...wrongMails, ...wrongHooks.map(row => row.join(' '))].slice(0, 60)) console.log(text)
	balanced = lines.every(({ bad }) => !bad)
} catch (error) {
	console.log(error)
} finally {
	await house.finish()
	await sink.close()
	rmSync(folder, { recursive: true, force: true })
}
process.exit(balanced ? 0 : 1)
