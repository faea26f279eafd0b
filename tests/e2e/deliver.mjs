// node deliver.mjs [EVENTS]: makes events, lets the worker deliver them to a receiver that drops, stalls, answers 5xx, redirects and cuts
// bodies, and holds the books against each other: every event arrived, every arrival verifies with the reference library, nothing was
// followed, and each wait had the length that the policy says. Waits are moved back in SQL, never slept through.
// Prints its ledger; exits 1 when a line does not balance.
import { mkdtempSync, rmSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'
import { boot, until } from './harness.mjs'
import { startSink } from '../standin/sink.mjs'

const EVENTS = Number(process.argv[2] ?? 500)
const ATTEMPTS = 6
// Waits before the second … sixth attempt in seconds (lib/job/policies.h: webhook), of which a jitter leaves at least half.
const WAITS = [120, 240, 480, 960, 1800]
// A stall costs the sender its whole patience, so it is rare.
const FATES = [['ok'], ['status 500', 'ok'], ['drop', 'ok'], ['cut', 'ok'], ['redirect', 'ok'], ['reset', 'status 503', 'ok'], ['late', 'ok'],
	['ok'], ['status 429', 'drop', 'cut', 'redirect', 'reset', 'ok'], ['status 404', 'ok'], ['ok'], ['status 502', 'late', 'ok']]
const HARD = [...Array(8).fill(FATES).flat(), ['stall', 'ok'], ['status 500']]

const folder = mkdtempSync('/tmp/stoa-sink.')
const sink = await startSink({ folder, fates: HARD })
const house = await boot({ front: 'lighttpd', conf: {
	worker: { threads: 8, max: 2, poll: '100ms' }, // no more than one receiver can answer
	web: { log_level: 'warn' },
	webhook: { timeout: '3s' },
	net: { private_allowed: '127.0.0.1', ca_file: sink.certificate },
} })
let balanced = false
try {
	const as = { authorization: `Bearer ${house.owner.tokens.accessToken}` }
	const made = await house.json('POST', '/api/v1/orgs/webhooks', { url: sink.url, events: ['key.*'] }, as)
	if (made.status !== 201) throw new Error(`endpoint: ${made.status} ${made.text}`)
	const reference = new Webhook(made.body.secret)
	const org = house.sql(`select org_id from webhook_endpoint where id = '${made.body.id}'`)[0][0]

	// Through the same statement as the product's, in batches; the last one is made by the API itself and wakes the consumer.
	house.sql(`insert into event (org_id, id, live, actor_kind, entity, entity_id, type, payload, schema_version)
		select '${org}', gen_random_uuid(), true, 'system', 'api_key', n, 'key.changed', jsonb_build_object('n', n, 'name', 'café ☕'), 1 from generate_series(1, ${EVENTS - 1}) n`)
	const key = await house.json('POST', '/api/v1/orgs/keys', { name: 'last', kind: 'server', live: true }, as)
	if (key.status !== 201) throw new Error(`key: ${key.status} ${key.text}`)

	const count = text => Number(house.sql(text)[0][0])
	await until('the deliveries', () => count('select count(*) from webhook_delivery') === EVENTS, 600)
	let badWaits = 0, waits = 0
	for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
		await until(`attempt ${attempt}`, () => count("select count(*) from job where kind like 'webhook.%' and (state = 'running' or (state = 'waiting' and run_at <= now()))") === 0, 1800)
		if (attempt === ATTEMPTS) break
		// The wait counts from the failure, which the job's last error tells.
		const rows = house.sql("select attempt, extract(epoch from run_at - (errors->-1->>'time')::timestamptz) from job where kind = 'webhook.deliver' and state = 'waiting'")
		for (const [number, seconds] of rows) {
			const most = WAITS[Number(number) - 1]
			waits++
			if (Number(seconds) > most + 1 || Number(seconds) < most / 2 - 1) badWaits++
		}
		house.sql("update job set run_at = now() where kind = 'webhook.deliver' and state = 'waiting'; notify stoa_job")
	}

	const states = Object.fromEntries(house.sql('select state, count(*) from webhook_delivery group by state'))
	const ids = new Set(house.sql("select event_id from webhook_delivery").map(([id]) => id))
	const arrived = new Map(), outcomes = {}
	let forged = 0, wrong = 0
	// A receiver looks at a message when it comes, and refuses one that is older than five minutes.
	const now = Date.now
	for (const request of sink.requests) {
		outcomes[request.step.replace(/ .*/, '')] = (outcomes[request.step.replace(/ .*/, '')] ?? 0) + 1
		if (request.body === null) continue
		try {
			Date.now = () => request.at
			const body = reference.verify(request.body, request.headers)
			if (!ids.has(request.id) || body.id !== request.id || !body.type.startsWith('key.') || body.organisation !== org) wrong++
			if (request.step === 'ok') arrived.set(request.id, (arrived.get(request.id) ?? 0) + 1)
		} catch {
			forged++
		} finally {
			Date.now = now
		}
	}
	// What never gets a 2xx is told so after the last attempt, and stays for a resend.
	const hopeless = new Set(sink.requests.filter(r => r.attempt === ATTEMPTS && r.step === 'status 500').map(r => r.id))
	const logged = count('select count(*) from webhook_attempt')
	const ledger = {
		'events written': EVENTS,
		'deliveries made': ids.size,
		'attempts in the log': logged,
		'requests at the receiver': sink.requests.length,
		...Object.fromEntries(Object.entries(outcomes).map(([step, n]) => [`  of these, ${step}`, n])),
		'requests verified by standardwebhooks': sink.requests.filter(r => r.body !== null).length - forged - wrong,
		'requests that did not verify': forged + wrong,
		'redirects followed': sink.followed,
		'delivered': Number(states.delivered ?? 0),
		'arrived and answered by 200': arrived.size,
		'arrived so more than once': [...arrived.values()].filter(n => n > 1).length,
		'failed after the last attempt, as they had to': Number(states.failed ?? 0),
		'still pending': Number(states.pending ?? 0),
		'waits measured': waits,
		'waits off the schedule': badWaits,
	}
	for (const [name, value] of Object.entries(ledger)) console.log(`${String(value).padStart(7)}  ${name}`)
	balanced = ids.size === EVENTS && arrived.size + hopeless.size === EVENTS && Number(states.delivered ?? 0) === arrived.size && Number(states.failed ?? 0) === hopeless.size
		&& logged >= sink.requests.length && !ledger['arrived so more than once'] && !forged && !wrong && !sink.followed && !badWaits && waits > EVENTS / 3
} finally {
	await house.finish()
	await sink.close()
	rmSync(folder, { recursive: true, force: true })
}
process.exit(balanced ? 0 : 1)
