// The demonstration's organisation, made through the real API once: owner, connection to Stripe's stand-in, keys, flows in four
// languages, and decisions of customers who came before. What was made is remembered in demo.json beside the data.
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRICES, seed } from '../demo/catalogue.mjs'
import { ROOT, until } from './house.mjs'

const STRIPE_KEY = 'sk_test_paperplane'
const PLANS = [['basic', 900], ['pro', 4900], ['team', 19900]]
// Who came before: language, plan, what they did.
const BEFORE = [
	['en', 1, 'discount', 'too_expensive'], ['en', 1, 'pause', 'unused'], ['de', 2, 'discount', 'too_expensive'], ['en', 0, 'declined', 'switched_service'],
	['fr', 1, 'declined', 'missing_features'], ['en', 2, 'pause', 'unused'], ['es', 0, 'cancelled'], ['de', 1, 'dismissed'], ['en', 2, 'discount', 'too_expensive'],
	['fr', 2, 'pause', 'other'], ['en', 0, 'pause', 'unused'], ['es', 1, 'discount', 'too_expensive'], ['en', 1, 'declined', 'too_complex'], ['de', 0, 'declined', 'low_quality'],
	['en', 1, 'discount', 'too_expensive'], ['en', 2, 'support', 'missing_features'], ['en', 0, 'cancelled'], ['fr', 1, 'discount', 'too_expensive'],
]

export async function demonstrate(house, { stripeUrl, shopUrl, say }) {
	const file = join(house.dir, 'demo.json')
	const must = async (method, path, body, headers) => {
		const reply = await house.json(method, path, body, headers)
		if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
		return reply.body
	}
	const demo = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : await make(house, { must, stripeUrl, shopUrl, say })
	const sign = async () => ({ authorization: `Bearer ${(await must('POST', '/api/v1/auth/login', { email: demo.email, password: demo.password })).accessToken}` })
	if (demo.shopUrl !== shopUrl) await must('PATCH', `/api/v1/orgs/keys/${demo.key.id}`, { origins: [shopUrl] }, await sign())
	writeFileSync(file, JSON.stringify({ ...demo, shopUrl }, null, '\t'), { mode: 0o600 })
	return { ...demo,
		async shop(port) {
			const shop = house.start('shop', process.execPath, [join(ROOT, 'demo/shop.mjs')], { env: { SHOP_PORT: String(port), SHOP_STOA_URL: house.url, SHOP_WIDGET_KEY: demo.key.key,
				SHOP_SIGNING_SECRET: demo.key.signingSecret, SHOP_STRIPE_URL: stripeUrl, SHOP_STRIPE_KEY: STRIPE_KEY } })
			await shop.firstLine
		} }
}

async function make(house, { must, stripeUrl, shopUrl, say }) {
	say('making the demonstration: an organisation, keys and flows')
	const email = 'owner@paperplane.example'
	const password = `paperplane-${randomBytes(4).toString('hex')}`
	const { accessToken } = await must('POST', '/api/v1/auth/register', { organisation: 'Paperplane', name: 'Olive Owner', email, password })
	const bearer = { authorization: `Bearer ${accessToken}` }
	await must('PUT', '/api/v1/retention/connection/test', { secretKey: STRIPE_KEY }, bearer)
	const key = await must('POST', '/api/v1/orgs/keys', { name: 'Shop', kind: 'widget', live: false, origins: [shopUrl], signatureRequired: true }, bearer)
	say('letting customers of before decide')
	await before({ must, key, stripeUrl })
	await until('their decisions to be applied', () => house.sql("select count(*) from decision where status = 'pending'")[0][0] === '0', 120)
	return { email, password, key, shopUrl }
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
