// node stripe-events.mjs [EVENTS [KILLS]]: a generated life of customers at Stripe is told three times over in no order, through the web
// server to the real responder, while the workers are killed by SIGKILL; another organisation is told the same once and in order. The
// mirrors of both must be the same, row by row, and what Stripe itself would answer. Then every signature that Stripe's own library
// refuses must be refused, and change nothing. Prints its ledger; exits 1 when a line does not balance.
import http from 'node:http'
import Stripe from 'stripe'
import { boot, childrenOf, until, wait } from './harness.mjs'
import { OLDER, life, random } from './stripe-life.mjs'

const EVENTS = Number(process.argv[2] ?? 400)
const KILLS = Number(process.argv[3] ?? 5)
const TOLD = 3
const CLIENTS = 12
const TABLES = ['customer', 'product', 'price', 'coupon', 'discount', 'subscription', 'schedule_plan', 'invoice', 'invoice_payment', 'charge', 'dispute']
// When a row was read, and what names it in our house, are not Stripe's.
const OURS = ['org_id', 'id', 'as_of', ...['attempts', 'last_attempt_at', 'churn_risk', 'churn_risk_why', 'churn_risk_at'].map(name => `customer.${name}`), 'customer.created_at']
const SECRETS = { shuffled: 'whsec_shuffled_0123456789', before: 'whsec_before_0123456789', ordered: 'whsec_ordered_0123456789' }
const oracle = new Stripe('sk_test_oracle0001')
const rand = random(7)
const pick = list => list[Math.floor(rand() * list.length)]
const tally = { 'deliveries repeated because nobody answered': 0, 'worker children killed': 0, 'supervisors killed': 0, 'responders killed': 0 }

const { books, events, people } = life(EVENTS)
const house = await boot({ front: 'lighttpd', again: true, conf: { worker: { lease: '3s', heartbeat: '500ms', poll: '200ms', threads: 4, min: 2, max: 2 }, web: { log_level: 'warn' } } })
books.clock = house.stripe.standin.clock
Object.defineProperty(books, 'account', { value: 'acct_standin' })
house.stripe.standin.books['acct_standin test'] = books

// --- two organisations, one account at Stripe ---
const must = async (status, method, path, body, headers) => {
	const reply = await house.json(method, path, body, headers)
	if (reply.status !== status) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
	return reply.body
}
async function endpoint(bearer, ...secrets) {
	for (const secret of secrets) await must(200, 'PUT', '/api/v1/retention/stripe/test/secret', { secret, overlapHours: 24 }, bearer)
	const state = await must(200, 'GET', '/api/v1/retention/stripe/test/state', undefined, bearer)
	const org = house.sql(`select org_id from stripe_endpoint where '${state.data.endpointPath}' like '%' || id`)[0][0]
	return { path: state.data.endpointPath, org }
}
const shuffled = await endpoint(house.bearer, SECRETS.before, SECRETS.shuffled)
const ordered = await endpoint((await house.otherOrganisation()).bearer, SECRETS.ordered)
const count = text => Number(house.sql(text)[0][0])

// --- telling ---
const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
const post = (path, body, signature) => new Promise((done, failed) => {
	const request = http.request(house.url + path, { method: 'POST', agent, headers: { 'content-type': 'application/json; charset=utf-8',
		'content-length': Buffer.byteLength(body), ...(signature === undefined ? {} : { 'stripe-signature': signature }) } }, response => {
		response.resume()
		response.once('end', () => done(response.statusCode)).once('error', failed)
	})
	// The server may close an idle connection just when the next request is on its way.
	request.once('error', error => (request.reusedSocket ? done(post(path, body, signature)) : failed(error))).end(body)
})
const sign = (payload, secret, timestamp = Math.floor(Date.now() / 1000)) => oracle.webhooks.generateTestHeaderString({ payload, secret, timestamp })
const took = []
async function tell(path, event, secret) {
	const body = JSON.stringify(event, null, 2)
	for (;;) {
		const began = performance.now()
		const status = await post(path, body, sign(body, secret)).catch(() => 0)
		if (status === 200) return void took.push(performance.now() - began)
		if (status && status < 500) throw new Error(`${event.id}: ${status}`)
		tally['deliveries repeated because nobody answered']++
		await wait(20)
	}
}
const shuffle = list => {
	for (let i = list.length - 1; i > 0; i--) {
		const j = Math.floor(rand() * (i + 1))
		;[list[i], list[j]] = [list[j], list[i]]
	}
	return list
}

// --- killing ---
let kills = 0
const strike = (pids, counter) => {
	for (const pid of pids) {
		try {
			process.kill(pid, 'SIGKILL')
			tally[counter]++
		} catch { /* it ended while we looked */ }
	}
}
function kill() {
	const { child } = house.workerProcess
	const children = childrenOf(child.pid, 'stoa-worker')
	if (!children.length || child.exitCode !== null || child.signalCode !== null) return
	if (++kills % 10 === 0) {
		child.kill('SIGKILL')
		tally['supervisors killed']++
	}
	strike(rand() < 0.5 ? children : [pick(children)], 'worker children killed')
	if (kills % 5 === 0) strike(childrenOf(house.web.child.pid, 'stoa-stripe'), 'responders killed')
}

const queue = shuffle(Array.from({ length: TOLD }, () => events).flat())
const all = queue.length
const every = Math.floor(all / KILLS) || 1
const client = async () => {
	for (let event = queue.pop(); event; event = queue.pop()) {
		if (kills < KILLS && queue.length % every === 0) kill()
		await tell(shuffled.path, event, pick([SECRETS.shuffled, SECRETS.before]))
	}
}
const open = org => count(`select count(*) from stripe_event where org_id = '${org}' and state = 'waiting'`)
let balanced = false
try {
	const began = Date.now()
	await Promise.all(Array.from({ length: CLIENTS }, client))
	const toldAfter = Date.now() - began
	while (kills < KILLS) {
		kill()
		await wait(100)
	}
	await until('every event to be dealt with', () => open(shuffled.org) === 0, 1800)
	const doneAfter = Date.now() - began
	await house.end(house.workerProcess)

	// --- once, in order ---
	for (const event of events) await tell(ordered.path, event, SECRETS.ordered)
	house.start('ordered', `${house.build}/daemons/worker/stoa-worker`, ['--max-runtime', '3600', '--threads', '1'])
	await until('the ordered pass', () => open(ordered.org) === 0, 1800)

	// --- row by row ---
	const different = []
	let rows = 0
	for (const table of TABLES) {
		const columns = house.sql(`select string_agg(quote_ident(column_name), ', ' order by ordinal_position) from information_schema.columns where table_name = '${table}'
			and column_name not in (${OURS.filter(name => !name.includes('.')).map(name => `'${name}'`)}) and '${table}.' || column_name not in (${OURS.map(name => `'${name}'`)})`)[0][0]
		const of = org => house.sql(`select (t)::text from (select ${columns} from ${table} where org_id = '${org}') t order by 1`).map(row => row.join('\t'))
		const a = of(shuffled.org), b = of(ordered.org)
		rows += b.length
		const inB = new Set(b), inA = new Set(a)
		if (!b.length) different.push(`${table}: there is nothing`)
		different.push(...a.filter(row => !inB.has(row)).map(row => `${table}, shuffled only: ${row}`), ...b.filter(row => !inA.has(row)).map(row => `${table}, ordered only: ${row}`))
	}

	// --- and against Stripe's own books ---
	const wrong = []
	const worth = line => ({ month: line.price.unit_amount * line.quantity, year: Math.floor((line.price.unit_amount * line.quantity) / 12 + 0.5) })[line.price.recurring.interval]
	const mirrored = new Map(house.sql(`select ref, status, month_minor, extract(epoch from period_ends_at)::bigint, cancel_at_period_end, coalesce(pause_behavior, ''), coalesce(schedule_ref, ''),
		discount_refs::text from subscription where org_id = '${shuffled.org}'`).map(([ref, ...row]) => [ref, row.join('|')]))
	for (const s of Object.values(books.subscriptions)) {
		const [line] = s.items.data
		const is = [s.status, worth(line), line.current_period_end, s.cancel_at_period_end ? 't' : 'f', s.pause_collection?.behavior ?? '', s.schedule ?? '', `{${s.discounts}}`].join('|')
		if (mirrored.get(s.id) !== is) wrong.push(`${s.id} is ${is}, mirrored as ${mirrored.get(s.id)}`)
	}
	const money = new Map(house.sql(`select ref, status, paid_minor, refunded_minor from invoice where org_id = '${shuffled.org}'`).map(([ref, ...row]) => [ref, row.join('|')]))
	for (const invoice of Object.values(books.invoices)) {
		const payment = Object.values(books.invoicePayments).find(p => p.invoice === invoice.id)
		const charge = payment && Object.values(books.charges).find(c => c.payment_intent === payment.payment.payment_intent)
		const lost = charge ? Object.values(books.disputes).filter(d => d.charge === charge.id && d.status === 'lost').reduce((sum, d) => sum + d.amount, 0) : 0
		const is = [invoice.status, invoice.amount_paid, Math.min(invoice.amount_paid, (charge?.amount_refunded ?? 0) + lost)].join('|')
		if (money.get(invoice.id) !== is) wrong.push(`${invoice.id} is ${is}, mirrored as ${money.get(invoice.id)}`)
	}
	const known = new Map(house.sql(`select stripe_ref, deleted_at is not null, coalesce(email, '') from customer where org_id = '${shuffled.org}'`).map(([ref, ...row]) => [ref, row]))
	for (const { customer } of people) {
		const [deleted, email] = known.get(customer) ?? []
		const at = books.customers[customer]
		if (deleted !== (at ? 'f' : 't') || (at && email !== (at.email ?? ''))) wrong.push(`${customer}: ${email}, ${deleted}`)
	}

	// --- what must not pass ---
	const refusedBefore = house.sql('select (select count(*) from stripe_event), (select count(*) from job), (select md5(string_agg(s::text, chr(10) order by s::text)) from subscription s)').join()
	const now = Math.floor(Date.now() / 1000)
	const body = JSON.stringify({ ...events[0], id: 'evt_forged0001' })
	const good = sign(body, SECRETS.shuffled)
	const mac = good.split('v1=')[1]
	const forged = [[body, undefined], [body, ''], [body, 'nonsense'], [body, `t=${now}`], [body, `v1=${mac}`], [body, `t=,v1=${mac}`], [body, `t=${now},v0=${mac}`], [body, `t=${now},v1=`],
		[body, good.replace('t=', 'T=')], [body, `t=${now + 1},v1=${mac}`], [body, good.slice(0, -1)], [body, good.toUpperCase()], [`${body} `, good], [body.slice(0, -1), good], [`\ufeff${body}`, good],
		[body, sign(body, 'whsec_foreign_0123456789')], [body, sign(body, SECRETS.ordered)], [body, sign(body, SECRETS.shuffled.slice(6))], [body, sign(body, '0123456789')],
		[body, sign(body, SECRETS.shuffled, now - 301 - 2)], [body, sign(body, SECRETS.shuffled, now - 86400)], [body, sign(body, SECRETS.before, 1)]]
	for (let i = 0; i < 200; i++) { // one character somewhere is another one
		const at = Math.floor(rand() * good.length)
		forged.push([body, good.slice(0, at) + pick([...'0123456789abcdef=,tv'].filter(c => c !== good[at])) + good.slice(at + 1)])
	}
	const accepts = (text, header) => [SECRETS.shuffled, SECRETS.before].some(secret => {
		try { return oracle.webhooks.constructEvent(text, header ?? '', secret) } catch { return false }
	})
	let asked = 0, passed = 0
	for (const [text, header] of forged) {
		if (accepts(text, header)) continue
		asked++
		const status = await post(shuffled.path, text, header)
		if (status < 400 || status >= 500) passed++
	}
	// Rightly signed, and not for here: ahead of time, live, of another account, thin, of another endpoint.
	const ahead = await post(shuffled.path, body, sign(body, SECRETS.shuffled, now + 3600))
	const strange = [{ livemode: true }, { account: 'acct_other' }, { object: 'v2.core.event' }].map(more => JSON.stringify({ ...JSON.parse(body), ...more }))
	const answers = [ahead, await post(ordered.path, body, good), ...await Promise.all(strange.map(text => post(shuffled.path, text, sign(text, SECRETS.shuffled))))]
	const refusedAfter = house.sql('select (select count(*) from stripe_event), (select count(*) from job), (select md5(string_agg(s::text, chr(10) order by s::text)) from subscription s)').join()

	took.sort((a, b) => a - b)
	const failed = count("select count(*) from stripe_event where state = 'failed'"), dead = count("select count(*) from job where kind = 'stripe.event' and state = 'dead'")
	const ledger = {
		'events of Stripe': events.length,
		'of these, in the shapes of before 2025-03-31.basil': events.filter(event => event.api_version === OLDER).length,
		'of these, of an object and second of another one': events.length - new Set(events.map(event => `${event.data.object.id} ${event.created}`)).size,
		'deliveries in no order, each answered by 200': all,
		...tally,
		'attempts cut off by a death': count("select count(*) from job, jsonb_array_elements(errors) e where kind = 'stripe.event' and e->>'code' = 'lease-lost'"),
		'objects read from Stripe for a tie': house.stripe.standin.requests.filter(r => r.method === 'GET' && /^\/v1\/\w+\/[^/]+$/.test(r.path)).length,
		'events stored for the one': count(`select count(*) from stripe_event where org_id = '${shuffled.org}'`),
		'events stored for the other': count(`select count(*) from stripe_event where org_id = '${ordered.org}'`),
		'events failed': failed,
		'jobs dead': dead,
		'rows of the ordered pass': rows,
		'rows that differ': different.length,
		'objects that are not as they are at Stripe': wrong.length,
		'signatures that Stripe\'s library refuses': asked,
		'of these, taken here': passed,
		'others that are not for here, and taken': answers.filter(status => status < 400 || status >= 500).length,
		'ms at the median until a delivery was answered': Math.round(took[took.length >> 1]),
		'ms at the 99th percentile': Math.round(took[Math.floor(took.length * 0.99)]),
		'ms until all were delivered': toldAfter,
		'ms until all were dealt with': doneAfter,
	}
	for (const [name, value] of Object.entries(ledger)) console.log(`${String(value).padStart(7)}  ${name}`)
	for (const text of [...different.slice(0, 20), ...wrong.slice(0, 20)]) console.log(text.slice(0, 600))
	balanced = !different.length && !wrong.length && !failed && !dead && !passed && asked > 200 && answers.every(status => status >= 400 && status < 500) && refusedBefore === refusedAfter
		&& ledger['events stored for the one'] === events.length && ledger['events stored for the other'] === events.length && tally['worker children killed'] >= KILLS
		&& ledger['attempts cut off by a death'] > 0
} catch (error) {
	console.log(error)
} finally {
	agent.destroy()
	await house.finish()
}
process.exit(balanced ? 0 : 1)
