// Start, decision, status, and what became of it at Stripe.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, customer, decide, problem, settled, sign, start, started, state, stepOf, subscriber, subscriptionAt } from './widget.mjs'

const day = 86400
const now = () => Math.floor(Date.now() / 1000)

export function journeyTests(house) {
	const writes = async who => (await house.stripe.control('log')).filter(entry => entry.path === `/v1/subscriptions/${who.subscription}`)

	test('discount: accepted, applied once, read back, counted', async () => {
		const who = await subscriber(house)
		const session = await started(house, who)
		assert.equal(session.segment, 'medium')
		assert.equal(session.mode, 'test')
		const body = { session: session.session, outcome: 'accepted', step: stepOf(session, 'discount'), offerType: 'discount', reasonCode: 'too_expensive',
			path: [{ step: 0, answer: 'answered', ms: 900 }, { step: stepOf(session, 'discount'), answer: 'accepted', ms: 1500 }] }
		const first = await decide(house, body)
		assert.equal(first.status, 200, first.text)
		assert.deepEqual([first.body.status, first.body.subscriptionUpdated, first.body.revenueSaved, first.body.offerType], ['pending', false, 0, 'discount'])
		const again = await decide(house, body)
		assert.deepEqual([again.status, again.body], [200, first.body], 'the same decision again gets the same answer')
		const done = await settled(house, session)
		assert.deepEqual([done.status, done.subscriptionUpdated, done.effect.kind, done.currency], ['applied', true, 'discount', 'usd'], JSON.stringify(done))
		assert.equal(done.revenueSaved, 980, '20 % of the monthly value')
		const at = await subscriptionAt(house, who)
		assert.equal(at.discounts.length, 1)
		assert.equal(at.discounts[0].source.coupon.percent_off, done.effect.percentage)
		assert.equal((await writes(who)).length, 1)
	})

	test('a discount that was there stays', async () => {
		await house.stripe.control('seed', { keep: true, coupons: [{ id: 'loyal', percent_off: 5, duration: 'forever' }] })
		const who = await subscriber(house, { discounts: [{ coupon: 'loyal' }] })
		const session = await started(house, who)
		await decide(house, { session: session.session, outcome: 'accepted', step: stepOf(session, 'discount') })
		assert.equal((await settled(house, session)).status, 'applied')
		const coupons = (await subscriptionAt(house, who)).discounts.map(d => d.source.coupon.id)
		assert.equal(coupons.length, 2)
		assert.equal(coupons[0], 'loyal')
	})

	test('pause: for the months that were chosen', async () => {
		const who = await subscriber(house)
		const session = await started(house, who)
		const step = stepOf(session, 'pause')
		problem(await decide(house, { session: session.session, outcome: 'accepted', step }), 422, 'invalid', 'choice')
		problem(await decide(house, { session: session.session, outcome: 'accepted', step, choice: 12 }), 422, 'invalid', 'choice')
		const taken = await decide(house, { session: session.session, outcome: 'accepted', step, choice: 2 })
		assert.equal(taken.status, 200, taken.text)
		const done = await settled(house, session)
		assert.deepEqual([done.status, done.effect.kind, done.revenueSaved], ['applied', 'pause', 4900])
		const at = await subscriptionAt(house, who)
		assert.equal(at.pause_collection.behavior, 'void')
		assert.equal(new Date(done.effect.resumesAt).getTime() / 1000, at.pause_collection.resumes_at)
	})

	test('downgrade and extension', async () => {
		const flow = await call(house, 'POST', '/api/v1/retention/flows', { name: 'Plans', language: 'en', plan: 'gold', rankingScore: 90, steps: [
			{ type: 'downgrade', title: 'Basic?', message: 'Smaller and cheaper', config: { plan: 'Basic', price: 'price_basic', amountMinor: 1900, currency: 'usd' } },
			{ type: 'extension', title: 'More time', message: 'Two weeks more', config: { days: 14 } },
			{ type: 'confirm', title: 'Cancel', message: 'Really?', config: {} }] }, house.bearer)
		assert.equal(flow.status, 201, flow.text)
		const id = flow.body.data.id
		assert.equal((await call(house, 'POST', `/api/v1/retention/flows/${id}/publish`, { activate: true }, { ...house.bearer, 'if-match': '"1"' })).status, 200)
		const who = await subscriber(house)
		const session = await started(house, who, { plan: 'gold' })
		assert.equal(session.flowId, id, 'the flow for the plan comes first')
		await decide(house, { session: session.session, outcome: 'accepted', step: stepOf(session, 'downgrade') })
		assert.equal((await settled(house, session)).effect.kind, 'downgrade')
		const at = await subscriptionAt(house, who)
		assert.deepEqual(at.items.data.map(line => line.price.id), ['price_basic'])
		const other = await subscriber(house)
		const second = await started(house, other, { plan: 'gold' })
		await decide(house, { session: second.session, outcome: 'accepted', step: stepOf(second, 'extension') })
		const done = await settled(house, second)
		assert.equal(done.effect.kind, 'extension')
		const extended = await subscriptionAt(house, other)
		assert.equal(extended.status, 'trialing')
		assert.ok(extended.trial_end >= now() + 13 * day)
		assert.equal((await call(house, 'POST', `/api/v1/retention/flows/${id}/deactivate`, undefined, house.bearer)).status, 200)
	})

	test('cancel at Stripe, with what the customer said', async () => {
		const flow = await call(house, 'POST', '/api/v1/retention/flows', { name: 'We cancel', language: 'en', plan: 'tin', rankingScore: 95, cancelAt: 'stripe', steps: [
			{ type: 'survey', title: 'Why?', message: 'Tell us', config: { options: [{ code: 'unused', text: 'Unused' }], allowText: true } },
			{ type: 'confirm', title: 'Cancel', message: 'Really?', config: {} }] }, house.bearer)
		assert.equal(flow.status, 201, flow.text)
		await call(house, 'POST', `/api/v1/retention/flows/${flow.body.data.id}/publish`, { activate: true }, { ...house.bearer, 'if-match': '"1"' })
		for (const outcome of ['declined', 'cancelled']) {
			const who = await subscriber(house)
			const session = await started(house, who, { plan: 'tin' })
			assert.equal(session.cancelAt, 'stripe')
			const sent = await decide(house, { session: session.session, outcome, reasonCode: 'unused', reasonText: 'nie benutzt – schade' })
			assert.equal(sent.body.status, 'pending', sent.text)
			const done = await settled(house, session)
			assert.deepEqual([done.status, done.effect.kind, done.revenueSaved], ['applied', 'cancel', 0])
			const at = await subscriptionAt(house, who)
			assert.equal(at.cancel_at_period_end, true)
			assert.equal(at.cancellation_details.feedback, 'unused')
			assert.match(at.cancellation_details.comment, /nie benutzt/)
		}
		await call(house, 'POST', `/api/v1/retention/flows/${flow.body.data.id}/deactivate`, undefined, house.bearer)
	})

	test('decline, dismiss and cancel where the host cancels touch nothing', async () => {
		for (const outcome of ['declined', 'dismissed', 'cancelled']) {
			const who = await subscriber(house)
			const session = await started(house, who)
			assert.equal(session.cancelAt, 'host')
			const sent = await decide(house, { session: session.session, outcome })
			assert.deepEqual([sent.status, sent.body.outcome, sent.body.status, sent.body.revenueSaved], [200, outcome, 'recorded', 0], sent.text)
			assert.equal((await state(house, session)).body.status, 'recorded')
			assert.equal((await writes(who)).length, 0)
		}
	})

	test('what Stripe does not allow becomes work for a person, not a lie', async () => {
		const who = await subscriber(house)
		await house.stripe.control(`subscription/${who.subscription}`, { schedule: 'sub_sched_1' })
		const session = await started(house, who)
		await decide(house, { session: session.session, outcome: 'accepted', step: stepOf(session, 'discount') })
		const done = await settled(house, session)
		assert.equal(done.status, 'manual')
		assert.ok(done.reason)
		assert.deepEqual([done.subscriptionUpdated, done.revenueSaved], [false, 0])
		assert.deepEqual((await subscriptionAt(house, who)).discounts, [])
		const unknown = await started(house, { userId: 'nobody', subscription: 'sub_nowhere' })
		await decide(house, { session: unknown.session, outcome: 'accepted', step: stepOf(unknown, 'discount') })
		assert.equal((await settled(house, unknown)).status, 'manual')
	})

	test('languages, segments and no flow', async () => {
		const who = await subscriber(house)
		for (const [language, wanted] of [['de', 'de'], ['fr-CA', 'fr'], ['es', 'es'], ['en-GB', 'en']]) assert.equal((await started(house, who, { language })).language, wanted)
		for (const [value, segment] of [[0, 'trial'], [1900, 'low'], [2000, 'medium'], [9999, 'medium'], [10000, 'high']])
			assert.equal((await started(house, who, { subscriptionValue: value })).segment, segment, String(value))
		const high = await started(house, await subscriber(house), { subscriptionValue: 50000 })
		const order = high.steps.map(s => s.type).filter(type => ['discount', 'pause'].includes(type))
		assert.deepEqual(order, ['discount', 'pause'])
	})

	test('a live key sees live data only, and must be signed', async () => {
		const who = await subscriber(house, { mode: 'live' })
		const { key, signingSecret } = house.keys.live
		problem(await start(house, customer(who), key), 403, 'forbidden', 'signature')
		const fields = customer(who)
		problem(await start(house, { ...fields, signature: sign('wrong', fields) }, key), 403)
		problem(await start(house, { ...fields, signature: sign(signingSecret, fields, now() - 3600) }, key), 403)
		problem(await start(house, { ...fields, plan: 'gold', signature: sign(signingSecret, fields) }, key), 403)
		const reply = await start(house, { ...fields, signature: sign(signingSecret, fields) }, key)
		assert.equal(reply.status, 200, reply.text)
		assert.equal(reply.body.mode, 'live')
		const body = { session: reply.body.session, outcome: 'accepted', step: stepOf(reply.body, 'discount') }
		problem(await decide(house, body), 401)
		assert.equal((await decide(house, body, key)).status, 200)
		assert.equal((await settled(house, reply.body, key)).status, 'applied')
		assert.equal((await subscriptionAt(house, who, 'live')).discounts.length, 1)
		await assert.rejects(subscriptionAt(house, who, 'test'), /No such subscription/)
	})

	test('a decision counts for the session that it was made in, once', async () => {
		const ada = await started(house, await subscriber(house))
		const ben = await started(house, await subscriber(house))
		const body = { session: ada.session, outcome: 'dismissed' }
		assert.equal((await decide(house, body)).status, 200)
		problem(await decide(house, { ...body, outcome: 'declined' }), 409, 'conflict')
		problem(await state(house, { session: `${ben.session.slice(0, -4)}AAAA` }), 401)
		assert.equal((await state(house, ben)).status, 404, 'undecided')
		problem(await decide(house, { session: ben.session, outcome: 'accepted', step: 19 }), 422, 'invalid', 'step')
		problem(await decide(house, { session: ben.session, outcome: 'accepted', step: stepOf(ben, 'discount'), offerType: 'pause' }), 422, 'invalid', 'offerType')
		problem(await decide(house, { session: ben.session, outcome: 'accepted' }), 422, 'invalid', 'step')
	})

	test('the owner sees it counted', async () => {
		const summary = await call(house, 'GET', '/api/v1/retention/analytics/summary?live=false', undefined, house.bearer)
		assert.equal(summary.status, 200, summary.text)
		const decisions = await call(house, 'GET', '/api/v1/retention/decisions?live=false&limit=100', undefined, house.bearer)
		assert.equal(decisions.status, 200, decisions.text)
		assert.ok(decisions.body.data.length >= 8)
		const page = await call(house, 'GET', '/api/v1/retention/decisions?live=false&limit=2', undefined, house.bearer)
		assert.equal(page.body.data.length, 2)
		const next = await call(house, 'GET', `/api/v1/retention/decisions?live=false&limit=2&cursor=${encodeURIComponent(page.body.meta.next)}`, undefined, house.bearer)
		assert.equal(next.status, 200, next.text)
		assert.notDeepEqual(next.body.data, page.body.data)
		problem(await call(house, 'GET', '/api/v1/retention/decisions?cursor=nonsense', undefined, house.bearer), 400, 'bad-input', 'cursor')
	})

	test('a key is slowed after its thousand a minute', async () => {
		const made = await house.newKey({ name: 'slow', kind: 'widget', live: false, ratePerMinute: 3 })
		const who = await subscriber(house)
		const replies = []
		for (let i = 0; i < 5; i++) replies.push(await start(house, customer(who), made.key))
		const refused = replies.find(r => r.status === 429)
		assert.deepEqual(replies.slice(0, 3).map(r => r.status), [200, 200, 200])
		problem(refused, 429, 'rate-limited')
		assert.ok(Number(refused.headers.get('retry-after')) >= 1)
	})
}
