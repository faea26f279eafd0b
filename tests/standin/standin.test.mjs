// Proves the Stripe stand-in with Stripe's own clients: npm stripe and @stripe/cli (its program for Linux).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Stripe from 'stripe'
import { decodeForm } from './form.mjs'
import { addInterval } from './stripe-objects.mjs'
import { startStripe } from './stripe.mjs'

const KEY = 'sk_test_standin0001'
const LIVE = 'sk_live_standin0001'
let standin, stripe, live, folder
const now = () => Math.floor(Date.now() / 1000)

const client = (key, more = {}) => {
	const { hostname, port } = new URL(standin.url)
	return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false, ...more })
}

const SEED = {
	products: [{ id: 'prod_app', name: 'App' }],
	prices: [{ id: 'price_pro', currency: 'usd', unit_amount: 5000, product: 'prod_app', recurring: { interval: 'month' } },
		{ id: 'price_basic', currency: 'usd', unit_amount: 1500, product: 'prod_app', recurring: { interval: 'month' } },
		{ id: 'price_year', currency: 'usd', unit_amount: 50000, product: 'prod_app', recurring: { interval: 'year' } },
		{ id: 'price_euro', currency: 'eur', unit_amount: 1500, product: 'prod_app', recurring: { interval: 'month' } }],
	coupons: [{ id: 'half', percent_off: 50, duration: 'repeating', duration_in_months: 3 }, { id: 'tenth', percent_off: 10, duration: 'forever' },
		{ id: 'single', percent_off: 5, duration: 'once', max_redemptions: 1 }],
	customers: [{ id: 'cus_ada', email: 'ada@example.com' }],
	subscriptions: [{ id: 'sub_ada', customer: 'cus_ada', items: [{ id: 'si_ada', price: 'price_pro' }] }],
}

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'standin-'))
	standin = await startStripe({ state: join(folder, 'state.json') })
	stripe = client(KEY)
	live = client(LIVE)
})
after(async () => {
	await standin.close()
	rmSync(folder, { recursive: true })
})
beforeEach(async () => {
	await standin.control('reset', {})
	await standin.control('seed', SEED)
})

const fails = async (promise, expected) => {
	const error = await promise.then(() => assert.fail('it went through'), e => e)
	for (const [key, value] of Object.entries(expected)) {
		if (value instanceof RegExp) assert.match(String(error[key]), value)
		else assert.deepEqual(error[key], value, `${key} of ${error.message}`)
	}
	return error
}

// A request by hand, for what the clients would not send.
const raw = (path, { key = KEY, method = 'POST', body, headers = {} } = {}) => fetch(standin.url + path, { method, body,
	headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body !== undefined ? { 'content-type': 'application/x-www-form-urlencoded' } : {}), ...headers } })

describe('objects, by npm stripe', () => {
	test('a catalogue and a subscription from nothing', async () => {
		const product = await stripe.products.create({ name: 'Tea' })
		const price = await stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 700, recurring: { interval: 'month' } })
		const customer = await stripe.customers.create({ email: 'tea@example.com', metadata: { a: '1' } })
		const made = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id, quantity: 2 }], expand: ['customer', 'items.data.price.product'] })
		assert.equal(made.status, 'active')
		assert.equal(made.currency, 'eur')
		assert.equal(made.customer.email, 'tea@example.com')
		assert.equal(made.items.data[0].price.product.name, 'Tea')
		assert.equal(made.items.data[0].quantity, 2)
		assert.equal(made.current_period_end, undefined, 'the period left the subscription for its items with basil')
		assert.equal(made.items.data[0].current_period_end, addInterval(made.items.data[0].current_period_start, 'month'))
		assert.equal((await stripe.accounts.retrieve()).object, 'account')
	})

	test('discount: applied, kept, overwritten, cleared', async () => {
		const first = await stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'tenth' }], expand: ['discounts', 'discounts.source.coupon'] })
		assert.equal(first.discounts[0].source.coupon.percent_off, 10)
		assert.equal(first.discounts[0].end, null)
		const both = await stripe.subscriptions.update('sub_ada', { discounts: [{ discount: first.discounts[0].id }, { coupon: 'half' }], expand: ['discounts'] })
		assert.deepEqual(both.discounts.map(d => d.source.coupon), ['tenth', 'half'])
		assert.equal(both.discounts[0].id, first.discounts[0].id)
		assert.equal(both.discounts[1].end, addInterval(both.discounts[1].start, 'month', 3))
		assert.equal((await stripe.subscriptions.update('sub_ada', { discounts: [] })).discounts.length, 2, 'an empty array changes nothing')
		assert.equal((await stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'half' }] })).discounts.length, 1, 'a populated array overwrites')
		assert.deepEqual((await stripe.subscriptions.update('sub_ada', { discounts: '' })).discounts, [])
		assert.equal((await stripe.coupons.retrieve('half')).times_redeemed, 2)
	})

	test('a coupon runs out; a refused update changes nothing', async () => {
		await stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'single' }] })
		await fails(stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'half' }, { coupon: 'single' }] }), { statusCode: 400, code: 'coupon_expired', param: 'discounts[1][coupon]' })
		assert.equal((await stripe.coupons.retrieve('half')).times_redeemed, 0)
		await fails(stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'nope' }] }), { statusCode: 400, code: 'resource_missing', param: 'discounts[0][coupon]' })
	})

	test('promotion codes', async () => {
		const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: 'half' }, code: 'STAY' })
		const changed = await stripe.subscriptions.update('sub_ada', { discounts: [{ promotion_code: code.id }], expand: ['discounts'] })
		assert.equal(changed.discounts[0].promotion_code, code.id)
		assert.equal(changed.discounts[0].source.coupon, 'half')
		assert.equal((await stripe.promotionCodes.list({ code: 'STAY' })).data[0].times_redeemed, 1)
	})

	test('pause, trial extension, cancellation and its undoing', async () => {
		const resume = addInterval(now(), 'month', 2)
		const paused = await stripe.subscriptions.update('sub_ada', { pause_collection: { behavior: 'void', resumes_at: resume } })
		assert.deepEqual(paused.pause_collection, { behavior: 'void', resumes_at: resume })
		assert.equal(paused.status, 'active', 'pausing the collection leaves the status')
		assert.equal((await stripe.subscriptions.update('sub_ada', { pause_collection: '' })).pause_collection, null)
		const end = now() + 30 * 86400
		const extended = await stripe.subscriptions.update('sub_ada', { trial_end: end, proration_behavior: 'none' })
		assert.deepEqual([extended.status, extended.trial_end, extended.items.data[0].current_period_end, extended.billing_cycle_anchor], ['trialing', end, end, end])
		await fails(stripe.subscriptions.update('sub_ada', { trial_end: now() - 5 }), { statusCode: 400, param: 'trial_end' })
		await fails(stripe.subscriptions.update('sub_ada', { trial_end: now() + 900 * 86400 }), { statusCode: 400, param: 'trial_end' })
		const leaving = await stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true, cancellation_details: { feedback: 'too_expensive', comment: 'süß & teuer' } })
		assert.equal(leaving.cancel_at, end)
		assert.deepEqual(leaving.cancellation_details, { comment: 'süß & teuer', feedback: 'too_expensive', feedback_option: null, reason: 'cancellation_requested' })
		const stays = await stripe.subscriptions.update('sub_ada', { cancel_at_period_end: false })
		assert.deepEqual([stays.cancel_at, stays.canceled_at, stays.cancellation_details.reason], [null, null, null])
		await fails(stripe.subscriptions.update('sub_ada', { cancellation_details: { feedback: 'bored' } }), { statusCode: 400, param: 'cancellation_details[feedback]' })
		const over = await stripe.subscriptions.cancel('sub_ada')
		assert.equal(over.status, 'canceled')
		await fails(stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true }), { statusCode: 400, message: /canceled subscription/ })
		assert.equal((await stripe.subscriptions.list({ customer: 'cus_ada' })).data.length, 0)
		assert.equal((await stripe.subscriptions.list({ customer: 'cus_ada', status: 'all' })).data.length, 1)
	})

	test('plan change: with the item id it moves, without it adds', async () => {
		const moved = await stripe.subscriptions.update('sub_ada', { items: [{ id: 'si_ada', price: 'price_basic' }], proration_behavior: 'none' })
		assert.deepEqual(moved.items.data.map(i => [i.id, i.price.id, i.plan.amount]), [['si_ada', 'price_basic', 1500]])
		const before = moved.items.data[0].current_period_end
		const yearly = await stripe.subscriptions.update('sub_ada', { items: [{ id: 'si_ada', price: 'price_year' }] })
		assert.ok(yearly.items.data[0].current_period_end > before, 'another interval starts a period')
		const two = await stripe.subscriptions.update('sub_ada', { items: [{ price: 'price_pro' }] })
		assert.equal(two.items.data.length, 2)
		await fails(stripe.subscriptions.update('sub_ada', { items: [{ id: 'si_ada', price: 'price_euro' }] }), { statusCode: 400, param: 'items[0][price]' })
		await fails(stripe.subscriptions.update('sub_ada', { items: [{ id: 'si_ada', price: 'price_none' }] }), { code: 'resource_missing', param: 'items[0][price]' })
		await fails(stripe.subscriptions.update('sub_ada', { items: [{ id: 'si_foreign', price: 'price_pro' }] }), { code: 'resource_missing', param: 'items[0][id]' })
	})

	test('a schedule forbids cancelling directly; true pause needs flexible billing', async () => {
		await standin.control('subscription/sub_ada', { schedule: 'sub_sched_1' })
		await fails(stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true }), { statusCode: 400, message: /sub_sched_1/ })
		await standin.control('subscription/sub_ada', { schedule: null })
		await fails(stripe.subscriptions.pause('sub_ada'), { statusCode: 400, message: /flexible/ })
		await standin.control('subscription/sub_ada', { billing_mode: { type: 'flexible', flexible: {} } })
		assert.equal((await stripe.subscriptions.pause('sub_ada')).status, 'paused')
		assert.equal((await stripe.subscriptions.resume('sub_ada')).status, 'active')
	})

	test('time: a period rolls on, a pause and a discount end, a cancellation takes effect', async () => {
		await stripe.subscriptions.update('sub_ada', { discounts: [{ coupon: 'half' }], pause_collection: { behavior: 'void', resumes_at: now() + 40 * 86400 } })
		await standin.control('clock', { advance: 45 * 86400 })
		const later = await stripe.subscriptions.retrieve('sub_ada')
		assert.equal(later.pause_collection, null)
		assert.equal(later.discounts.length, 1)
		assert.ok(later.items.data[0].current_period_start <= now() + 45 * 86400 && later.items.data[0].current_period_end > now() + 45 * 86400)
		await standin.control('clock', { advance: 60 * 86400 })
		assert.deepEqual((await stripe.subscriptions.retrieve('sub_ada')).discounts, [])
		await stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true })
		await standin.control('clock', { advance: 40 * 86400 })
		assert.equal((await stripe.subscriptions.retrieve('sub_ada')).status, 'canceled')
	})

	test('events carry what changed', async () => {
		await stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true }, { idempotencyKey: 'k-event' })
		const [event] = (await stripe.events.list({ type: 'customer.subscription.updated' })).data
		assert.equal(event.data.previous_attributes.cancel_at_period_end, false)
		assert.equal(event.data.object.cancel_at_period_end, true)
		assert.equal(event.request.idempotency_key, 'k-event')
		assert.match(event.request.id, /^req_/)
		assert.equal((await stripe.events.retrieve(event.id)).id, event.id)
	})

	test('lists page by cursor', async () => {
		for (let i = 0; i < 5; i++) await stripe.customers.create({ name: `c${i}` })
		const seen = []
		for await (const customer of stripe.customers.list({ limit: 2 })) seen.push(customer.id)
		assert.equal(new Set(seen).size, 6)
		await fails(stripe.customers.list({ limit: 500 }), { statusCode: 400, param: 'limit' })
	})

	test('calendar months', () => {
		const at = text => Date.parse(text) / 1000
		for (const [from, months, to] of [['2027-01-31T10:00:00Z', 1, '2027-02-28T10:00:00Z'], ['2028-01-31T10:00:00Z', 1, '2028-02-29T10:00:00Z'],
			['2026-11-30T23:59:59Z', 3, '2027-02-28T23:59:59Z'], ['2026-12-15T00:00:00Z', 2, '2027-02-15T00:00:00Z']])
			assert.equal(addInterval(at(from), 'month', months), at(to), from)
	})
})

describe('money, by npm stripe', () => {
	test('an invoice is paid, refunded and disputed, and every step is an event', async () => {
		const open = await standin.control('bill', { subscription: 'sub_ada', pay: false })
		assert.equal((await stripe.invoices.retrieve(open.id)).status, 'open')
		const paid = await stripe.invoices.pay(open.id)
		assert.deepEqual([paid.status, paid.amount_paid, paid.parent.subscription_details.subscription], ['paid', 5000, 'sub_ada'])
		await fails(stripe.invoices.pay(open.id), { statusCode: 400, message: /already paid/ })
		assert.equal(paid.payments, undefined, 'payments are left out unless asked for')
		const [listed] = (await stripe.invoices.list({ status: 'paid', created: { gte: now() - 60 }, expand: ['data.payments'] })).data
		const intent = listed.payments.data[0].payment.payment_intent
		assert.equal((await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent } })).data[0].invoice, open.id)
		const refund = await stripe.refunds.create({ payment_intent: intent, amount: 1200 })
		const [given] = (await stripe.refunds.list({ expand: ['data.charge'] })).data
		assert.deepEqual([given.id, given.charge.amount_refunded, given.charge.refunded], [refund.id, 1200, false])
		await fails(stripe.refunds.create({ payment_intent: intent, amount: 4000 }), { statusCode: 400, code: 'charge_already_refunded' })
		assert.deepEqual((await stripe.disputes.list()).data, [])
		const types = (await stripe.events.list({ limit: 100 })).data.map(event => event.type).reverse()
		assert.deepEqual(types, ['invoice.created', 'customer.subscription.updated', 'invoice_payment.paid', 'invoice.paid', 'charge.refunded'])
	})

	test('a card is declined', async () => {
		await stripe.customers.update('cus_ada', { metadata: { decline: 'yes' } })
		const open = await standin.control('bill', { subscription: 'sub_ada', pay: false })
		await fails(stripe.invoices.pay(open.id), { statusCode: 402, code: 'card_declined', type: 'StripeCardError' })
		assert.equal((await stripe.invoices.retrieve(open.id)).attempt_count, 1)
	})

	test('a schedule is attached and released', async () => {
		const schedule = await stripe.subscriptionSchedules.create({ from_subscription: 'sub_ada' })
		assert.equal((await stripe.subscriptions.retrieve('sub_ada')).schedule, schedule.id)
		await fails(stripe.subscriptions.update('sub_ada', { cancel_at_period_end: true }), { statusCode: 400, message: /managed by the subscription schedule/ })
		assert.equal((await stripe.subscriptionSchedules.release(schedule.id)).released_subscription, 'sub_ada')
		assert.equal((await stripe.subscriptions.retrieve('sub_ada')).schedule, null)
	})

	test('pages of a list by cursor; a portal for the customer', async () => {
		for (let i = 0; i < 5; i++) await stripe.customers.create({ email: `c${i}@example.com` })
		const seen = []
		for await (const customer of stripe.customers.list({ limit: 2 })) seen.push(customer.id)
		assert.equal(new Set(seen).size, 6)
		assert.match((await stripe.billingPortal.sessions.create({ customer: 'cus_ada' })).url, /^https:/)
		await fails(stripe.billingPortal.sessions.create({ customer: 'cus_none' }), { statusCode: 400, code: 'resource_missing' })
	})

	test('a restricted key: 403 before anything is looked for, and nothing changes', async () => {
		await standin.control('keys', { rk_test_reader001: { account: 'acct_standin', scopes: ['customer_read', 'subscription_write'] } })
		const reader = client('rk_test_reader001')
		assert.equal((await reader.customers.list()).data.length, 1)
		assert.equal((await reader.subscriptions.list()).data.length, 1, 'writing includes reading')
		const error = await fails(reader.coupons.list(), { statusCode: 403, type: 'StripePermissionError', message: /Having the 'rak_coupon_read' permission/ })
		assert.doesNotMatch(error.message, /reader001/)
		await fails(reader.customers.update('cus_none', { name: 'x' }), { statusCode: 403 })
		await fails(reader.subscriptions.update('sub_none', { metadata: { a: '1' } }), { statusCode: 404, code: 'resource_missing' })
		await fails(stripe.customers.list(), { statusCode: 401 })
	})
})

describe('errors', () => {
	test('of authentication', async () => {
		await fails(client('sk_test_!').accounts.retrieve(), { statusCode: 401, type: 'StripeAuthenticationError' })
		assert.equal((await raw('/v1/account', { key: '', method: 'GET' })).status, 401)
		await standin.control('keys', { [KEY]: 'acct_one' })
		await fails(client('sk_test_other0001').customers.list(), { statusCode: 401, message: /^Invalid API Key provided: sk_test_\*+0001$/ })
		assert.equal((await stripe.accounts.retrieve()).id, 'acct_one')
		assert.equal((await stripe.customers.list()).data.length, 0, 'another account sees other data')
	})

	test('test and live data are apart', async () => {
		await fails(live.subscriptions.retrieve('sub_ada'), { statusCode: 404, code: 'resource_missing', message: /exists in test mode, but a live mode key/ })
		await standin.control('seed', { mode: 'live', customers: [{ id: 'cus_live' }] })
		assert.equal((await live.customers.retrieve('cus_live')).livemode, true)
		await fails(stripe.customers.retrieve('cus_live'), { statusCode: 404 })
	})

	for (const [what, path, body, expected] of [
		['unknown parameter', '/v1/subscriptions/sub_ada', 'coupon=half', { code: 'parameter_unknown', param: 'coupon' }],
		['unknown nested parameter', '/v1/subscriptions/sub_ada', 'items[0][plan]=x', { code: 'parameter_unknown', param: 'items[0][plan]' }],
		['missing parameter', '/v1/subscriptions', 'items[0][price]=price_pro', { code: 'parameter_missing', param: 'customer' }],
		['integer', '/v1/subscriptions/sub_ada', 'trial_end=soon', { code: 'parameter_invalid_integer', param: 'trial_end' }],
		['boolean', '/v1/subscriptions/sub_ada', 'cancel_at_period_end=1', { param: 'cancel_at_period_end' }],
		['empty value that cannot be unset', '/v1/subscriptions/sub_ada', 'proration_behavior=', { code: 'parameter_invalid_empty', param: 'proration_behavior' }],
		['choice', '/v1/subscriptions/sub_ada', 'proration_behavior=some', { param: 'proration_behavior' }],
		['pause without behaviour', '/v1/subscriptions/sub_ada', 'pause_collection[resumes_at]=9999999999', { code: 'parameter_missing', param: 'pause_collection[behavior]' }],
		['array given as a text', '/v1/subscriptions/sub_ada', 'items=x', { param: 'items' }],
	])
		test(what, async () => {
			const reply = await raw(path, { body })
			const { error } = await reply.json()
			assert.equal(reply.status, 400)
			assert.equal(error.type, 'invalid_request_error')
			for (const [key, value] of Object.entries(expected)) assert.equal(error[key], value)
			assert.match(error.request_log_url, new RegExp(reply.headers.get('request-id')))
			if (error.code) assert.match(error.doc_url, /^https:\/\/stripe\.com\/docs\/error-codes\//)
			assert.deepEqual(await standin.control('log'), [])
		})

	test('JSON bodies, unknown paths and versions', async () => {
		assert.equal((await raw('/v1/customers', { body: '{}', headers: { 'content-type': 'application/json' } })).status, 400)
		assert.equal((await raw('/v1/nothing', { method: 'GET' })).status, 404)
		assert.equal((await raw('/v1/account', { method: 'GET', headers: { 'stripe-version': 'yesterday' } })).status, 400)
		assert.equal((await raw('/v1/account', { method: 'GET', headers: { 'stripe-version': '2026-10-28.endive' } })).headers.get('stripe-version'), '2026-10-28.endive')
		await fails(stripe.subscriptions.retrieve('sub_none'), { statusCode: 404, type: 'StripeInvalidRequestError', code: 'resource_missing', param: 'id' })
		await fails(stripe.subscriptions.retrieve('sub_ada', { expand: ['status'] }), { statusCode: 400, param: 'expand' })
	})

	test('form decoding', () => {
		assert.deepEqual(JSON.parse(JSON.stringify(decodeForm('a[b][0][c]=1&a[b][1][c]=2&e[]=x&e[]=y&%61%5Bz%5D=%C3%BC'))),
			{ a: { b: { 0: { c: '1' }, 1: { c: '2' } }, z: 'ü' }, e: { 0: 'x', 1: 'y' } })
		for (const wrong of ['a[b=1', '[a]=1', 'a=1&a[b]=2', 'a[b]=2&a=1']) assert.throws(() => decodeForm(wrong), { name: 'Error' }, wrong)
		assert.equal(Object.prototype.polluted, undefined)
		decodeForm('__proto__[polluted]=1')
		assert.equal({}.polluted, undefined)
	})
})

describe('idempotency', () => {
	const change = (key, body = 'metadata[n]=1') => raw('/v1/subscriptions/sub_ada', { body, headers: { 'idempotency-key': key } })

	test('a repeat replays status and body and does nothing', async () => {
		const first = await change('k1', 'discounts[0][coupon]=half')
		const again = await change('k1', 'discounts[0][coupon]=half')
		assert.equal(first.headers.get('idempotent-replayed'), null)
		assert.equal(again.headers.get('idempotent-replayed'), 'true')
		assert.equal(again.headers.get('original-request'), first.headers.get('request-id'))
		assert.notEqual(again.headers.get('request-id'), first.headers.get('request-id'))
		assert.equal(await again.text(), await first.text())
		assert.equal((await standin.control('log')).length, 1)
		assert.deepEqual((await standin.control('requests')).map(r => r.fate), ['executed', 'replayed'])
	})

	test('other parameters or another endpoint are refused', async () => {
		await change('k1')
		for (const reply of [await change('k1', 'metadata[n]=2'), await raw('/v1/customers', { body: 'name=x', headers: { 'idempotency-key': 'k1' } })]) {
			assert.equal(reply.status, 400)
			assert.equal((await reply.json()).error.type, 'idempotency_error')
		}
		await fails(stripe.subscriptions.update('sub_ada', { metadata: { n: '3' } }, { idempotencyKey: 'k1' }), { type: 'StripeIdempotencyError' })
		assert.equal((await change('x'.repeat(256))).status, 400)
	})

	test('a 500 whose execution began is stored and replayed', async () => {
		await standin.control('faults', [{ kind: 'status', status: 500, when: 'during' }])
		const first = await change('k1')
		const again = await change('k1')
		assert.deepEqual([first.status, again.status, again.headers.get('idempotent-replayed')], [500, 500, 'true'])
		assert.equal(first.headers.get('stripe-should-retry'), 'false')
		assert.equal(await first.text(), await again.text())
		assert.equal((await change('k2')).status, 200)
	})

	test('a refused parameter stores nothing, a failed execution does', async () => {
		assert.equal((await change('k1', 'nonsense=1')).status, 400)
		assert.equal((await change('k1')).status, 200)
		assert.equal((await change('k2', 'discounts[0][coupon]=later')).status, 400)
		await standin.control('seed', { coupons: [{ id: 'later', percent_off: 5, duration: 'once' }] })
		assert.equal((await change('k2', 'discounts[0][coupon]=later')).headers.get('idempotent-replayed'), 'true')
	})

	test('a concurrent repeat is a conflict', async () => {
		await standin.control('faults', [{ kind: 'stall', ms: 300, when: 'during' }])
		const first = change('k1')
		while (!(await standin.control('requests')).length) await new Promise(done => setTimeout(done, 5))
		const second = await change('k1')
		assert.equal(second.status, 409)
		assert.equal((await second.json()).error.code, 'idempotency_key_in_use')
		assert.equal((await first).status, 200)
		assert.equal((await standin.control('log')).length, 1)
	})

	test('keys of test and live mode are apart, and die after a day', async () => {
		await standin.control('seed', { ...SEED, mode: 'live' })
		await change('k1')
		await live.subscriptions.update('sub_ada', { metadata: { n: '9' } }, { idempotencyKey: 'k1' })
		await standin.control('clock', { advance: 86401 })
		assert.equal((await change('k1')).headers.get('idempotent-replayed'), null)
	})

	test('401 and 429 come before the layer', async () => {
		await standin.control('faults', [{ kind: 'status', status: 429 }])
		assert.equal((await change('k1')).status, 429)
		assert.equal((await change('k1')).headers.get('idempotent-replayed'), null)
	})
})

describe('faults, and how npm stripe takes them', () => {
	const update = (options = {}) => client(KEY, { maxNetworkRetries: 2, timeout: 2000 }).subscriptions.update('sub_ada', { metadata: { n: '1' } }, options)
	const executed = async () => (await standin.control('log')).length

	for (const [what, fault] of [
		['reset before it', { kind: 'reset' }],
		['reset after it', { kind: 'reset', when: 'after' }],
		['500 before it', { kind: 'status', status: 500 }],
		['503 with the advice to repeat', { kind: 'status', status: 503, shouldRetry: true }],
		['429 with the advice to repeat', { kind: 'status', status: 429, code: 'lock_timeout', shouldRetry: true }],
	])
		test(`${what}: repeated, executed once`, async () => {
			await standin.control('faults', [{ ...fault, path: '^/v1/subscriptions' }])
			assert.equal((await update()).metadata.n, '1')
			assert.equal(await executed(), 1)
			assert.ok((await standin.control('requests')).length >= 2)
		})

	test('half an answer: npm stripe gives up, a repeat by hand replays', async () => {
		await standin.control('faults', [{ kind: 'truncated', path: '^/v1/subscriptions' }])
		await fails(update({ idempotencyKey: 'cut' }), { type: 'StripeConnectionError' })
		assert.equal((await update({ idempotencyKey: 'cut' })).metadata.n, '1')
		assert.equal(await executed(), 1)
	})

	test('plain 429 and a 500 with the advice against it are not repeated', async () => {
		await standin.control('faults', [{ kind: 'status', status: 429 }])
		await fails(update(), { type: 'StripeRateLimitError', statusCode: 429 })
		await standin.control('faults', [{ kind: 'status', status: 500, shouldRetry: false }])
		await fails(update(), { type: 'StripeAPIError', statusCode: 500 })
		assert.equal((await standin.control('requests')).length, 2)
	})

	test('nonsense, stalls, counting and paths', async () => {
		await standin.control('faults', [{ kind: 'nonsense', method: 'GET', skip: 1, times: 2 }, { kind: 'stall', ms: 5000, method: 'POST' }])
		const wanted = [200, 'x', 'x', 200]
		for (const expected of wanted) {
			const reply = await raw('/v1/account', { method: 'GET' })
			assert.equal(reply.headers.get('content-type'), expected === 200 ? 'application/json' : 'text/html')
		}
		await fails(client(KEY, { timeout: 100 }).customers.create({}), { type: 'StripeConnectionError' })
		await standin.control('faults', undefined, 'DELETE')
		assert.deepEqual(await standin.control('faults'), [])
	})
})

describe('as a program', () => {
	const run = (command, args, env) => new Promise(done => {
		const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
		let out = ''
		let errors = ''
		child.stdout.on('data', data => (out += data))
		child.stderr.on('data', data => (errors += data))
		child.on('close', code => done({ code, out, errors }))
	})

	test('@stripe/cli updates, reads and is refused', async () => {
		const bin = fileURLToPath(import.meta.resolve('@stripe/cli-linux-x64/bin/stripe'))
		const env = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, STRIPE_CLI_TELEMETRY_OPTOUT: '1' }
		const cli = (...args) => run(bin, [...args, '--api-base', standin.url, '--api-key', KEY, '--color', 'off'], env)
		const updated = await cli('subscriptions', 'update', 'sub_ada', '-d', 'discounts[0][coupon]=half', '-d', 'cancel_at_period_end=true', '--expand', 'discounts')
		assert.equal(updated.code, 0, updated.errors)
		const body = JSON.parse(updated.out.slice(updated.out.indexOf('{')))
		assert.equal(body.discounts[0].source.coupon, 'half')
		assert.equal(body.cancel_at_period_end, true)
		const read = await cli('subscriptions', 'retrieve', 'sub_ada')
		assert.equal(JSON.parse(read.out.slice(read.out.indexOf('{'))).id, 'sub_ada')
		const refused = await cli('subscriptions', 'update', 'sub_ada', '-d', 'coupon=half')
		assert.match(refused.out + refused.errors, /parameter_unknown/)
		assert.equal((await standin.control('log')).length, 1)
	})

	test('keeps its state across a restart', async () => {
		const state = join(folder, 'program.json')
		const start = async () => {
			const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./stripe.mjs')), '--state', state], { stdio: ['ignore', 'pipe', 'inherit'] })
			const url = await new Promise(done => child.stdout.once('data', data => done(String(data).trim())))
			return { url, stop: () => new Promise(done => { child.once('close', done); child.kill('SIGTERM') }) }
		}
		const headers = { authorization: `Bearer ${KEY}`, 'idempotency-key': 'kept' }
		const first = await start()
		await fetch(`${first.url}/_control/seed`, { method: 'POST', body: JSON.stringify({ ...SEED, keep: true }) })
		const made = await (await fetch(`${first.url}/v1/subscriptions/sub_ada`, { method: 'POST', headers, body: new URLSearchParams({ cancel_at_period_end: 'true' }) })).json()
		await first.stop()
		const second = await start()
		await fetch(`${second.url}/_control/seed`, { method: 'POST', body: JSON.stringify({ ...SEED, keep: true }) })
		const read = await (await fetch(`${second.url}/v1/subscriptions/sub_ada`, { headers })).json()
		const again = await fetch(`${second.url}/v1/subscriptions/sub_ada`, { method: 'POST', headers, body: new URLSearchParams({ cancel_at_period_end: 'true' }) })
		await second.stop()
		assert.deepEqual(read, made)
		assert.equal(again.headers.get('idempotent-replayed'), 'true')
	})

	test('stops although a connection is open', async () => {
		const other = await startStripe()
		const { hostname, port } = new URL(other.url)
		const socket = net.connect(port, hostname).on('error', () => {})
		await new Promise(done => socket.once('connect', done))
		await other.close()
		socket.destroy()
	})
})
