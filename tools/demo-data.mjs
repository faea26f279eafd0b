// The demonstration's organisation, made through the real API once: owner, connection to Stripe's stand-in, keys, flows in four
// languages, and decisions of customers who came before. What was made is remembered in demo.json beside the data.
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRICES, seed } from '../demo/catalogue.mjs'
import { ROOT, until } from './house.mjs'

const STRIPE_KEY = 'sk_test_paperplane'
const PLANS = [['basic', 900], ['pro', 4900], ['team', 19900]]
const CONFIRM = { type: 'confirm', title: 'Confirm your cancellation', message: 'Your plan stays active until the end of the period that you have paid for.', config: {} }
// Beside the starter flows in four languages: what only some customers see.
const FLOWS = [
	{ name: 'Trial', language: 'en', segment: 'trial', rankingScore: 80, steps: [
		{ type: 'extension', title: 'Two more weeks?', message: 'Some things take longer than a trial. We add two weeks, free of charge.', buttonText: 'Extend my trial', config: { days: 14 } },
		{ type: 'support', title: 'Can we help you to start?', message: 'Write to us, and a person sets it up with you.', config: { email: 'help@paperplane.example' } }, CONFIRM] },
	{ name: 'Team', language: 'en', segment: 'high', rankingScore: 80, steps: [
		{ type: 'survey', title: 'Before you go: what made you decide to cancel?', message: 'You may skip this question.', config: { allowText: true, options: [{ code: 'too_expensive', text: 'It is too expensive' },
			{ code: 'unused', text: 'We do not use it enough' }, { code: 'missing_features', text: 'A feature that we need is missing' }, { code: 'other', text: 'Another reason' }] } },
		{ type: 'discount', title: 'Half price for three months', message: 'If the price is the reason: we take 50 % off your next three months.', buttonText: 'Take 50 % off', config: { percentage: 50, duration: 'repeating', months: 3 } },
		{ type: 'pause', title: 'Would a break suit you better?', message: 'Pause your plan for one to three months.', buttonText: 'Pause my plan', config: { months: [1, 2, 3] } },
		{ type: 'downgrade', title: 'Is Pro enough?', message: 'Pro has all that one person needs.', buttonText: 'Move to Pro', config: { plan: 'Pro', price: PRICES.pro, amountMinor: 4900, currency: 'usd' } },
		{ type: 'support', title: 'Can we solve it for you?', message: 'Write to us. A person answers.', config: { email: 'help@paperplane.example' } },
		{ type: 'feedback', title: 'Anything else that we should know?', message: 'You may leave this empty.', config: {} }, CONFIRM] },
]
// Who came before: language, plan, what they did.
const BEFORE = [
	['en', 1, 'discount', 'too_expensive'], ['en', 1, 'pause', 'unused'], ['de', 2, 'discount', 'too_expensive'], ['en', 0, 'declined', 'switched_service'],
	['fr', 1, 'declined', 'missing_features'], ['en', 2, 'pause', 'unused'], ['es', 0, 'cancelled'], ['de', 1, 'dismissed'], ['en', 2, 'discount', 'too_expensive'],
	['fr', 2, 'pause', 'other'], ['en', 2, 'downgrade', 'too_expensive'], ['es', 1, 'discount', 'too_expensive'], ['en', 1, 'declined', 'too_complex'], ['de', 0, 'declined', 'low_quality'],
	['en', 1, 'discount', 'too_expensive'], ['en', 2, 'support', 'missing_features'], ['en', 0, 'cancelled'], ['fr', 1, 'discount', 'too_expensive'],
]

export async function demonstrate(house, { stripeUrl, shopUrl, say }) {
	const file = join(house.dir, 'demo.json')
	const demo = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { email: 'owner@paperplane.example', password: `paperplane-${randomBytes(4).toString('hex')}` }
	// Written after every step, so that a run that was cut short goes on where it stopped.
	const keep = more => writeFileSync(file, JSON.stringify(Object.assign(demo, more), null, '\t'), { mode: 0o600 })
	const must = async (method, path, body, headers) => {
		const reply = await house.json(method, path, body, headers)
		if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
		return reply.body
	}
	const { email, password } = demo
	const signIn = async () => {
		const known = await house.json('POST', '/api/v1/auth/login', { email, password })
		const tokens = known.status === 200 ? known.body : await must('POST', '/api/v1/auth/register', { organisation: 'Paperplane', name: 'Olive Owner', email, password })
		return { authorization: `Bearer ${tokens.accessToken}` }
	}
	if (!demo.complete || demo.shopUrl !== shopUrl) {
		keep({})
		const bearer = await signIn()
		if (!demo.key) {
			say('making the demonstration: an organisation, keys and flows')
			await must('PUT', '/api/v1/retention/connection/test', { secretKey: STRIPE_KEY }, bearer)
			for (const flow of FLOWS) {
				const { data } = await must('POST', '/api/v1/retention/flows', flow, bearer)
				await must('POST', `/api/v1/retention/flows/${data.id}/publish`, { activate: true }, { ...bearer, 'if-match': String(data.revision) })
			}
			keep({ shopUrl, key: await must('POST', '/api/v1/orgs/keys', { name: 'Shop', kind: 'widget', live: false, origins: [shopUrl], signatureRequired: true }, bearer) })
		}
		if (!demo.complete) {
			say('letting customers of before decide')
			await before({ must, key: demo.key, stripeUrl })
			await until('their decisions to be applied', () => house.sql("select count(*) from decision where status = 'pending'")[0][0] === '0', 120)
		}
		house.stoa('user', 'operator', email, 'on')
		if (demo.shopUrl !== shopUrl) await must('PATCH', `/api/v1/orgs/keys/${demo.key.id}`, { origins: [shopUrl] }, bearer)
		keep({ shopUrl, complete: true })
	}
	return { email, password,
		async shop(port) {
			const shop = house.start('shop', process.execPath, [join(ROOT, 'demo/shop.mjs')], { env: { SHOP_PORT: String(port), SHOP_STOA_URL: house.url, SHOP_WIDGET_KEY: demo.key.key,
				SHOP_SIGNING_SECRET: demo.key.signingSecret, SHOP_STRIPE_URL: stripeUrl, SHOP_STRIPE_KEY: STRIPE_KEY } })
			await shop.firstLine
		} }
}

const signed = (fields, secret) => {
	const time = Math.floor(Date.now() / 1000)
	const text = [time, ...Object.keys(fields).sort().map(name => `${name}=${fields[name]}`)].join('\n')
	return { ...fields, signature: `t=${time},v1=${createHmac('sha256', secret).update(text).digest('hex')}` }
}

async function before({ must, key, stripeUrl }) {
	const name = i => `guest${String(i + 1).padStart(2, '0')}`
	const reply = await fetch(`${stripeUrl}/_control/seed`, { method: 'POST', body: JSON.stringify({ ...seed(),
		customers: BEFORE.map((_, i) => ({ id: `cus_${name(i)}`, email: `${name(i)}@example.com` })),
		subscriptions: BEFORE.map(([, plan], i) => ({ id: `sub_${name(i)}`, customer: `cus_${name(i)}`, items: [{ price: PRICES[PLANS[plan][0]] }] })) }) })
	if (!reply.ok) throw new Error(`stand-in: ${await reply.text()}`)
	for (const [i, [language, plan, did, reasonCode]] of BEFORE.entries()) {
		const headers = { 'x-api-key': key.key }
		const fields = { userId: name(i), email: `${name(i)}@example.com`, plan: PLANS[plan][0], region: 'us', stripeSubscriptionId: `sub_${name(i)}`,
			subscriptionValue: PLANS[plan][1], currency: 'usd', language }
		const session = await must('POST', '/api/v1/widget/start', signed(fields, key.signingSecret), headers)
		const at = session.steps.findIndex(step => step.type === did)
		const offer = session.steps[at]
		const path = session.steps.slice(0, offer ? at + 1 : session.steps.length).map(step => ({ step: step.index, ms: 1200,
			answer: step === offer ? 'accepted' : step.type === 'survey' ? (reasonCode ? 'answered' : 'skipped') : ['feedback', 'confirm'].includes(step.type) ? 'skipped' : 'declined' }))
		await must('POST', '/api/v1/widget/decision', { session: session.session, outcome: offer ? 'accepted' : did, path, ...(reasonCode ? { reasonCode } : {}),
			...(offer ? { step: offer.index, offerType: did } : {}), ...(did === 'pause' ? { choice: 1 + (i % 3) } : {}) }, headers)
	}
}
