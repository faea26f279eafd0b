// node crash.mjs [DECISIONS]: kills responders and worker with SIGKILL at random while clients that repeat make decisions, then
// holds the books against each other: every acknowledged decision must have been applied exactly once at the Stripe stand-in.
// Prints its ledger; exits 1 when a line does not balance.
import { boot, childrenOf, until, wait } from './harness.mjs'
import { CATALOGUE, customer, stepOf } from './widget.mjs'

const DECISIONS = Number(process.argv[2] ?? 1000)
const CLIENTS = 12
const tally = { 'start requests repeated': 0, 'decision requests repeated': 0, 'widget responders killed': 0, 'worker children killed': 0, 'supervisors killed': 0 }
const pick = list => list[Math.floor(Math.random() * list.length)]

const house = await boot({ front: 'lighttpd', again: true, conf: { worker: { lease: '5s', heartbeat: '1s' }, web: { log_level: 'warn' } } })
const { key } = house.keys.test

const names = Array.from({ length: DECISIONS }, (_, i) => ({ userId: `crash-${i}`, customer: `cus_crash${i}`, subscription: `sub_crash${i}` }))
await house.stripe.control('seed', { mode: 'test', ...CATALOGUE, customers: names.map(n => ({ id: n.customer })),
	subscriptions: names.map(n => ({ id: n.subscription, customer: n.customer, items: [{ price: 'price_pro' }] })) })
// Every call takes a moment, so that many are in flight when the worker dies: half of them already executed.
await house.stripe.control('faults', [{ kind: 'stall', ms: 60, times: 0, when: 'after', path: '/v1/subscriptions/.*[02468]$' }, { kind: 'stall', ms: 20, times: 0, when: 'before', path: '/v1/subscriptions/' }])

function killAll(pids, counter) {
	for (const pid of pids) {
		try {
			process.kill(pid, 'SIGKILL')
			tally[counter]++
		} catch { /* it ended while we looked */ }
	}
}

// The widget's responders are lighttpd's children; lighttpd starts them again.
function killResponders() {
	killAll(childrenOf(house.web.child.pid, 'stoa-widget'), 'widget responders killed')
}

// One of the children that run jobs, or all of them; every fifth time the supervisor before them, which then does not see them die, and
// in half of these cases it alone, so that its children finish what they run.
let kills = 0
function killWorker() {
	const { child } = house.workerProcess
	if (child.exitCode !== null || child.signalCode !== null) return
	const children = childrenOf(child.pid, 'stoa-worker')
	const supervisor = ++kills % 5 === 0
	if (supervisor) {
		child.kill('SIGKILL')
		tally['supervisors killed']++
	}
	if (!supervisor || kills % 2) killAll(Math.random() < 0.5 ? children : [pick(children)].filter(Boolean), 'worker children killed')
}

// Repeats until it is answered by 200: a lost connection, 5xx or 429 says nothing of what became of it. Every 25th request the responder
// is killed while it is on its way.
let sent = 0
async function insist(path, body, counter) {
	if (++sent % 25 === 0) setTimeout(killResponders, Math.random() * 8)
	for (;;) {
		try {
			const reply = await house.json('POST', path, body, { 'x-api-key': key })
			if (reply.status === 200) return reply.body
			if (reply.status < 500 && reply.status !== 429) throw Object.assign(new Error(`${path}: ${reply.status} ${reply.text}`), { fatal: true })
		} catch (error) {
			if (error.fatal) throw error
		}
		tally[counter]++
		await wait(20 + Math.random() * 100)
	}
}

const CHOICES = [
	session => ({ outcome: 'accepted', step: stepOf(session, 'discount') }),
	session => ({ outcome: 'accepted', step: stepOf(session, 'pause'), choice: 2 }),
]
const acknowledged = new Map()
const queue = [...names]
async function client() {
	for (let who = queue.shift(); who; who = queue.shift()) {
		const session = await insist('/api/v1/widget/start', customer(who), 'start requests repeated')
		const decision = { session: session.session, ...pick(CHOICES)(session) }
		const answer = await insist('/api/v1/widget/decision', decision, 'decision requests repeated')
		if (Math.random() < 0.1) setTimeout(killWorker, 20 + Math.random() * 100)
		acknowledged.set(who.subscription, { session: session.sessionId, choice: decision.choice ? 'pause' : 'discount', status: answer.status })
	}
}

await Promise.all(Array.from({ length: CLIENTS }, client))
// The worker goes on dying for a while over what is left; then it may finish.
for (let i = 0; i < 20; i++) {
	await wait(50 + Math.random() * 400)
	killWorker()
}
const open = () => Number(house.sql("select count(*) from decision where status = 'pending'")[0][0])
await until('every decision to be settled', () => open() === 0, 300)

const log = await house.stripe.control('log')
const written = new Map()
for (const entry of log) {
	const id = /^\/v1\/subscriptions\/([^/]+)$/.exec(entry.path)?.[1]
	if (id) written.set(id, (written.get(id) ?? 0) + 1)
}
const rows = new Map(house.sql("select s.subscription_ref, d.status, coalesce(d.status_reason, ''), d.session_id from decision d join retention_session s using (org_id, live) where s.id = d.session_id")
	.map(([subscription, status, reason, session]) => [subscription, { status, reason, session }]))
// Decisions that a later attempt finished, and when that began (ms).
const resumed = new Map(house.sql("select payload->>'session', extract(epoch from started_at) * 1000 from job where kind = 'stripe.apply' and attempt > 1")
	.map(([session, at]) => [session, Number(at)]))
const wrong = []
let once = 0
for (const [subscription, { session, choice }] of acknowledged) {
	const at = await house.stripe.control(`subscription/${subscription}`)
	const effects = { discount: at.discounts.length, pause: at.pause_collection ? 1 : 0 }
	const other = choice === 'pause' ? 'discount' : 'pause'
	const row = rows.get(subscription)
	if (written.get(subscription) === 1 && effects[choice] === 1 && effects[other] === 0 && row?.status === 'applied' && row.session === session) once++
	else wrong.push(`${subscription}: ${choice}, writes ${written.get(subscription) ?? 0}, ${JSON.stringify(effects)}, row ${JSON.stringify(row)}`)
}
const ledger = {
	'decisions asked for': DECISIONS,
	'decisions acknowledged': acknowledged.size,
	...tally,
	'writes executed at the stand-in': [...written.values()].reduce((a, b) => a + b, 0),
	'decisions whose worker was killed over them': resumed.size,
	'of these, written at the stand-in by the one that died': log.filter(entry => {
		const at = /^\/v1\/subscriptions\/([^/]+)$/.exec(entry.path)
		return at && (entry.at + 1) * 1000 < (resumed.get(acknowledged.get(at[1])?.session) ?? 0)
	}).length,
	'acknowledged and applied exactly once': once,
	'acknowledged but not so': wrong.length,
	'applied but never acknowledged': [...written.keys()].filter(id => !acknowledged.has(id)).length,
}
for (const [name, value] of Object.entries(ledger)) console.log(`${String(value).padStart(7)}  ${name}`)
for (const line of wrong.slice(0, 20)) console.log(line)
await house.finish()
const hit = resumed.size > 0 && tally['supervisors killed'] > 0 && tally['start requests repeated'] > 0 && tally['decision requests repeated'] > 0
if (!hit) console.log('no request or no decision was hit: this proves nothing')
process.exit(once === DECISIONS && wrong.length === 0 && ledger['applied but never acknowledged'] === 0 && hit ? 0 : 1)
