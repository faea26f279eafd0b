// What the tests do with the widget's API. Every reply is checked against the OpenAPI document.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { until } from './harness.mjs'

// One call by the contract: {status, body, headers, text}.
export async function call(house, method, path, body, headers = {}) {
	const reply = await house.json(method, path, body, headers)
	house.contract?.check(method, path, reply.status, reply.headers.get('content-type'), reply.body ?? (reply.text || null))
	return reply
}

export function problem(reply, status, code, field) {
	assert.equal(reply.status, status, reply.text)
	assert.match(reply.headers.get('content-type'), /^application\/problem\+json/)
	assert.equal(reply.body.status, status)
	assert.equal(reply.body.type, `/problems/${reply.body.code}`)
	if (code) assert.equal(reply.body.code, code, reply.text)
	if (field) assert.equal(reply.body.field, field, reply.text)
	assert.match(reply.body.request_id, /^[0-9a-f-]{36}$/)
	assert.equal(reply.headers.get('x-request-id'), reply.body.request_id)
	assert.doesNotMatch(reply.text, /select |insert |\/tmp\/|\.c:\d|postgres/i, 'a problem tells nothing of our insides')
}

// A subscriber of their own at the stand-in.
export async function subscriber(house, { mode = 'test', price = 'price_pro', ...more } = {}) {
	const name = randomUUID().slice(0, 8)
	const who = { userId: `user-${name}`, customer: `cus_${name}`, subscription: `sub_${name}` }
	await house.stripe.control('seed', { mode, keep: true, ...CATALOGUE, customers: [{ id: who.customer, email: `${name}@example.com` }],
		subscriptions: [{ id: who.subscription, customer: who.customer, items: [{ id: `si_${name}`, price }], ...more }] })
	return who
}

export const CATALOGUE = {
	products: [{ id: 'prod_app', name: 'Harbour' }],
	prices: [{ id: 'price_pro', currency: 'usd', unit_amount: 4900, product: 'prod_app', nickname: 'Pro', recurring: { interval: 'month' } },
		{ id: 'price_basic', currency: 'usd', unit_amount: 1900, product: 'prod_app', nickname: 'Basic', recurring: { interval: 'month' } }],
}

export const subscriptionAt = (house, who, mode = 'test') => house.stripe.control(`subscription/${who.subscription}?mode=${mode}`)

// Signed fields: everything that is sent, in the order of their names.
export function sign(secret, fields, time = Math.floor(Date.now() / 1000)) {
	const text = [time, ...Object.keys(fields).sort().map(name => `${name}=${fields[name]}`)].join('\n')
	return `t=${time},v1=${createHmac('sha256', secret).update(text).digest('hex')}`
}

export const customer = (who, more = {}) => ({ userId: who.userId, plan: 'pro', email: `${who.userId}@example.com`, stripeSubscriptionId: who.subscription,
	subscriptionValue: 4900, currency: 'usd', language: 'en', ...more })

export const start = (house, body, key = house.keys.test.key, headers = {}) => call(house, 'POST', '/api/v1/widget/start', body, { 'x-api-key': key, ...headers })

export const decide = (house, body, key = house.keys.test.key, headers = {}) => call(house, 'POST', '/api/v1/widget/decision', body, { 'x-api-key': key, ...headers })

export async function started(house, who, more = {}) {
	const reply = await start(house, customer(who, more))
	assert.equal(reply.status, 200, reply.text)
	return reply.body
}

// The index by which a decision names the step of this type.
export const stepOf = (session, type) => {
	const step = session.steps.find(s => s.type === type)
	assert.ok(step, `no ${type} among ${session.steps.map(s => s.type)}`)
	return step.index
}

export const state = (house, session, key = house.keys.test.key) => call(house, 'GET', '/api/v1/widget/decision', undefined, { 'x-api-key': key, 'x-stoa-session': session.session })

export const settled = (house, session, key) => until('the decision to be settled', async () => {
	const reply = await state(house, session, key)
	assert.equal(reply.status, 200, reply.text)
	return reply.body.status !== 'pending' && reply.body
}, 90)
