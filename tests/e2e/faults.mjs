// What stands behind the house fails: memcached, PostgreSQL, Stripe, the mail relay.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { ROOT, until } from './harness.mjs'
import { call, decide, problem, settled, start, started, stepOf, subscriber, subscriptionAt } from './widget.mjs'

export function faultTests(house) {
	const accept = async session => {
		const reply = await decide(house, { session: session.session, outcome: 'accepted', step: stepOf(session, 'discount') })
		assert.equal(reply.status, 200, reply.text)
		return reply
	}
	const writes = async who => (await house.stripe.control('log')).filter(entry => entry.path === `/v1/subscriptions/${who.subscription}`)
	const subscriptionPath = who => `^/v1/subscriptions/${who.subscription}$`

	for (const [what, faults] of [
		['a reset before the write', [{ kind: 'reset' }]],
		['a reset after the write', [{ kind: 'reset', when: 'after' }]],
		['half an answer to the write', [{ kind: 'truncated' }]],
		['nonsense before the write', [{ kind: 'nonsense' }]],
		['nonsense after the write', [{ kind: 'nonsense', when: 'after' }]],
		['429 with the advice to repeat', [{ kind: 'status', status: 429, code: 'lock_timeout', shouldRetry: true }]],
		['plain 429', [{ kind: 'status', status: 429 }]],
		['500 before the write', [{ kind: 'status', status: 500, times: 2 }]],
		['503 for every attempt of the first try', [{ kind: 'status', status: 503, times: 3 }]],
		['a conflict with itself', [{ kind: 'status', status: 409, code: 'idempotency_key_in_use' }]],
	])
		test(`Stripe: ${what}: applied exactly once`, async () => {
			const who = await subscriber(house)
			const session = await started(house, who)
			await house.stripe.control('faults', faults.map(fault => ({ method: 'POST', path: subscriptionPath(who), ...fault })))
			await accept(session)
			const done = await settled(house, session)
			assert.equal(done.status, 'applied', JSON.stringify(done))
			assert.equal((await writes(who)).length, 1)
			assert.equal((await subscriptionAt(house, who)).discounts.length, 1)
			await house.stripe.control('faults', undefined, 'DELETE')
		})

	test('Stripe: a stored 500 is not taken for success, and nothing is applied twice', async () => {
		const who = await subscriber(house)
		const session = await started(house, who)
		await house.stripe.control('faults', [{ kind: 'status', status: 500, when: 'during', method: 'POST', path: subscriptionPath(who) }])
		await accept(session)
		const done = await settled(house, session)
		const at = await subscriptionAt(house, who)
		assert.equal(at.discounts.length, done.status === 'applied' ? 1 : 0, JSON.stringify(done))
		assert.ok((await writes(who)).length <= 1)
	})

	test('Stripe: a refusal is final and honest', async () => {
		const who = await subscriber(house)
		const session = await started(house, who)
		await house.stripe.control('faults', [{ kind: 'status', status: 402, type: 'card_error', code: 'card_declined', message: 'Your card was declined.', method: 'POST', path: subscriptionPath(who) }])
		await accept(session)
		const done = await settled(house, session)
		assert.deepEqual([done.status, done.subscriptionUpdated, done.revenueSaved], ['manual', false, 0])
	})

	test('Stripe stalls: customers do not wait, other decisions go on', async () => {
		const slow = await subscriber(house)
		const session = await started(house, slow)
		await house.stripe.control('faults', [{ kind: 'stall', ms: 4000, path: subscriptionPath(slow) }])
		const began = performance.now()
		await accept(session)
		assert.ok(performance.now() - began < 4000, 'the reply does not wait for Stripe')
		const quick = await subscriber(house)
		const other = await started(house, quick)
		await accept(other)
		assert.equal((await settled(house, other)).status, 'applied')
		assert.equal((await settled(house, session)).status, 'applied')
		assert.equal((await writes(slow)).length, 1)
	})

	test('mail: a relay that refuses for a while gets the mail later, once', async () => {
		await fetch(`${house.mail.httpUrl}/refuse`, { method: 'POST', body: JSON.stringify({ times: 1, code: 451 }) })
		const before = house.mail.mails.length
		const reply = await house.json('POST', '/api/v1/auth/password/forgot', { email: house.owner.email })
		assert.ok([200, 202, 204].includes(reply.status), reply.text)
		await until('the refusal', () => house.sql("select 1 from job where kind = 'password.mail' and state = 'waiting' and attempt > 0").length)
		house.sql("update job set run_at = now() where kind = 'password.mail' and state = 'waiting'")
		await until('the mail', () => house.mail.mails.length > before)
		assert.equal(house.mail.mails.length, before + 1)
	})

	for (const [what, stop, go] of [['stalled', 'STOP', 'CONT'], ['stopped', 'KILL', null]])
		test(`memcached ${what}: everything still works, and it is said`, async () => {
			const pid = house.memcachedPid()
			process.kill(pid, `SIG${stop}`)
			try {
				for (let i = 0; i < 10; i++) {
					const who = await subscriber(house)
					const session = await started(house, who)
					assert.equal((await decide(house, { session: session.session, outcome: 'dismissed' })).status, 200)
				}
				assert.equal((await call(house, 'GET', '/api/v1/retention/flows', undefined, house.bearer)).status, 200)
				await until('readiness to name the cache', async () => {
					const ready = await call(house, 'GET', '/health/ready')
					return /cache/.test(ready.text) && /down|unreachable|false|degraded|stalled|failed/i.test(ready.text)
				})
			} finally {
				if (go) process.kill(pid, `SIG${go}`)
				else house.services('up', ...(house.fast ? ['--fast'] : []))
			}
			await until('the cache to be used again', async () => (await call(house, 'GET', '/health/ready')).body.checks.cache.state === 'ok')
			assert.equal((await start(house, { userId: 'after' })).status, 200)
		})

	test('PostgreSQL is down: 503 with Retry-After at once, then as before, nothing acknowledged is lost', async () => {
		const acknowledged = []
		let stop = false
		const clients = Array.from({ length: 4 }, async () => {
			while (!stop) {
				const reply = await house.json('POST', '/api/v1/widget/start', { userId: 'during' }, { 'x-api-key': house.keys.test.key })
				if (reply.status === 200) acknowledged.push(reply.body.sessionId)
				else {
					problem(reply, 503)
					assert.ok(Number(reply.headers.get('retry-after')) >= 1, reply.text)
				}
			}
		})
		const control = (...args) => execFileSync('sh', ['-c', '. "$0/tools/as-user.sh"; as_user "$PG_BIN/pg_ctl" "$@"', ROOT, ...args], { stdio: 'ignore' })
		const data = ['-D', `${house.dir}/services/pg`, '-l', `${house.dir}/services/log/postgresql.log`, '-w']
		await until('some starts', () => acknowledged.length > 20)
		control('stop', '-m', 'immediate', ...data)
		const waits = []
		try {
			for (const path of ['/api/v1/retention/flows', '/api/v1/orgs/keys', '/api/v1/retention/analytics/summary', '/api/v1/jobs'])
				for (let i = 0; i < 5; i++) {
					const began = performance.now()
					const reply = await call(house, 'GET', path, undefined, house.bearer)
					waits.push(performance.now() - began)
					problem(reply, 503)
					assert.ok(Number(reply.headers.get('retry-after')) >= 1, reply.text)
				}
			assert.equal((await call(house, 'GET', '/health')).status, 200)
			const ready = await call(house, 'GET', '/health/ready')
			assert.deepEqual([ready.status, ready.body.checks.database.state], [503, 'down'])
		} finally {
			control('start', ...data)
		}
		// Nothing was waited for: that would be a place in the pool, the time of a connection or that of a statement.
		assert.ok(waits.sort((a, b) => a - b)[waits.length >> 1] < 1000, `they took ${waits.map(Math.round).join(', ')} ms`)
		const after = acknowledged.length
		await until('starts after the restart', () => acknowledged.length > after + 20)
		stop = true
		await Promise.all(clients)
		const missing = house.sql(`select wanted from unnest('{${acknowledged.join(',')}}'::uuid[]) wanted where not exists (select from retention_session s where s.id = wanted)`)
		assert.deepEqual(missing, [])
		await until('readiness', async () => (await call(house, 'GET', '/health/ready')).status === 200)
		const session = await started(house, await subscriber(house))
		await accept(session)
		assert.equal((await settled(house, session)).status, 'applied')
	})
}
