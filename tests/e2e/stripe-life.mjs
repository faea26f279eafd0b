// A generated life of customers at Stripe: the stand-in's books after it, and every event of it, the first half in the shapes of before
// 2025-03-31.basil and the rest in today's. Moments hold several changes of one object, as they do at Stripe.
import { Books } from '../standin/stripe-books.mjs'
import * as make from '../standin/stripe-objects.mjs'

const DAY = 86400
export const OLDER = '2024-06-20'

// mulberry32: the same life for the same seed.
export function random(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}
}

// An event in the shape of an endpoint of before basil; null: there was none.
function older(event, books) {
	const { object } = event.data
	event.api_version = OLDER
	if (object.object === 'invoice_payment') return null
	const whole = discount => {
		const { source, ...rest } = discount
		return { ...rest, coupon: books.coupons[source.coupon] ?? books.gone[source.coupon] }
	}
	if (object.object === 'subscription') {
		const soonest = object.items.data.reduce((a, b) => (b.current_period_end < a.current_period_end ? b : a))
		Object.assign(object, { current_period_start: soonest.current_period_start, current_period_end: soonest.current_period_end })
		for (const line of object.items.data) {
			delete line.current_period_start
			delete line.current_period_end
		}
		object.discount = object.discounts.length ? whole(books.discounts[object.discounts[0]]) : null
	}
	if (object.object === 'discount') event.data.object = whole(object)
	if (object.object === 'invoice') {
		object.subscription = object.parent.subscription_details.subscription
		delete object.parent
		const payment = Object.values(books.invoicePayments).find(p => p.invoice === object.id)
		const charge = payment && Object.values(books.charges).find(c => c.payment_intent === payment.payment.payment_intent)
		Object.assign(object, { paid: object.status === 'paid', payment_intent: payment?.payment.payment_intent ?? null, charge: charge?.id ?? null })
	}
	if (object.object === 'charge') object.invoice = Object.values(books.invoicePayments).find(p => p.payment.payment_intent === object.payment_intent)?.invoice ?? null
	event.data.object = structuredClone(event.data.object)
	return event
}

// At least `wanted` events. Answers {books, events}; the last change lies a minute ago.
export function life(wanted, seed = 1) {
	const end = Math.floor(Date.now() / 1000) - 60
	const rand = random(seed)
	const pick = list => list[Math.floor(rand() * list.length)]
	const chance = part => rand() < part
	let now = end - 25 * DAY
	const step = (25 * DAY - 3600) / wanted
	const books = new Books(false, () => Math.floor(now))
	books.gone = {}
	const events = []
	const record = Books.prototype.record
	books.record = (...args) => {
		if (!record.apply(books, args)) return false
		const event = structuredClone(books.events.at(-1))
		const told = events.length < wanted / 2 ? older(event, books) : event
		if (told) events.push(told)
		return true
	}

	const products = ['Harbour', 'Lagoon', 'Delta'].map(name => books.create('products', make.product, { name }, 'product.created').id)
	const prices = products.flatMap((product, i) => [['month', 900], ['month', 4900], ['year', 49000]].map(([interval, amount], j) =>
		books.create('prices', make.price, { product, currency: i === 2 ? 'eur' : 'usd', unit_amount: amount, nickname: j ? `${interval} ${amount}` : null,
			recurring: { interval } }, 'price.created')))
	const coupons = () => Object.keys(books.coupons)
	const newCoupon = () => books.couponCreate({ ...(chance(0.7) ? { percent_off: 5 + Math.floor(rand() * 90) } : { amount_off: 300, currency: 'usd' }),
		...(chance(0.5) ? { duration: 'repeating', duration_in_months: 3 } : { duration: 'forever' }), name: `Coupon ${Math.floor(rand() * 1000)}` })
	for (let i = 0; i < 4; i++) newCoupon()

	const people = []
	const born = () => {
		const customer = books.create('customers', make.customer, { email: `c${people.length}@example.com`, name: `Customer ${people.length}`,
			metadata: { tier: pick(['gold', 'silver']) }, preferred_locales: chance(0.5) ? [pick(['de-DE', 'en', 'fr'])] : [] }, 'customer.created')
		const price = pick(prices)
		const subscription = books.subscriptionCreate({ customer: customer.id, items: [{ price: price.id, quantity: 1 + Math.floor(rand() * 3) }],
			...(chance(0.2) ? { trial_period_days: 60 } : {}) })
		people.push({ customer: customer.id, subscription: subscription.id, currency: price.currency, charges: [], schedule: null })
	}
	const of = who => books.subscriptions[who.subscription]
	const alive = who => of(who).status !== 'canceled'
	const update = (who, params) => alive(who) && !of(who).schedule && books.subscriptionUpdate(who.subscription, params)
	const acts = [
		who => books.customers[who.customer] && books.update('customers', who.customer, { email: chance(0.1) ? null : `c${Math.floor(rand() * 1e6)}@example.com`,
			...(chance(0.5) ? { metadata: { tier: pick(['gold', 'silver', 'iron']), ...(chance(0.3) ? { seats: String(Math.floor(rand() * 9)) } : {}) } } : {}) }, 'customer.updated'),
		who => update(who, { items: [{ id: of(who).items.data[0].id, quantity: 1 + Math.floor(rand() * 9) }] }),
		who => update(who, { items: [{ id: of(who).items.data[0].id, price: pick(prices.filter(p => p.currency === who.currency && p.recurring.interval === of(who).items.data[0].price.recurring.interval)).id }] }),
		who => coupons().length && update(who, { discounts: chance(0.4) ? null : [{ coupon: pick(coupons()) }] }),
		who => update(who, { pause_collection: chance(0.5) ? null : { behavior: 'void', resumes_at: end + 90 * DAY } }),
		who => update(who, { cancel_at_period_end: chance(0.5) }),
		who => alive(who) && of(who).status === 'trialing' && update(who, { trial_end: 'now' }),
		who => {
			if (!alive(who) || !books.customers[who.customer]) return
			const invoice = books.bill(who.subscription)
			if (chance(0.15)) {
				books.customers[who.customer].metadata.decline = 'yes'
				try { books.invoicePay(invoice.id) } catch { /* declined, as it should be */ }
				delete books.customers[who.customer].metadata.decline
				now += 5
			}
			if (chance(0.05)) return void books.invoiceVoid(invoice.id)
			books.invoicePay(invoice.id)
			who.charges.push(Object.values(books.charges).at(-1).id)
		},
		who => {
			const charge = books.charges[pick(who.charges)]
			const left = charge ? charge.amount - charge.amount_refunded : 0
			if (left > 0) books.refundCreate({ charge: charge.id, amount: 1 + Math.floor(rand() * left) })
		},
		who => {
			if (!who.charges.length || chance(0.5)) return
			const dispute = books.disputeOpen(pick(who.charges))
			now += chance(0.5) ? 0 : 3600
			books.disputeClose(dispute.id, pick(['won', 'lost']))
		},
		who => {
			if (!alive(who)) return
			const at = of(who).schedule
			if (at) books.scheduleRelease(at)
			else if (chance(0.3)) books.scheduleCreate({ from_subscription: who.subscription })
		},
		who => alive(who) && chance(0.15) && books.subscriptionCancel(who.subscription, { cancellation_details: { feedback: pick(['unused', 'too_expensive']) } }),
		who => !alive(who) && books.customers[who.customer] && chance(0.1) && books.remove('customers', who.customer, 'customer.deleted'),
		() => chance(0.1) && books.update('products', pick(products), { name: `Product ${Math.floor(rand() * 100)}` }, 'product.updated'),
		() => chance(0.1) && books.update('prices', pick(prices).id, { nickname: chance(0.3) ? null : `Plan ${Math.floor(rand() * 100)}` }, 'price.updated'),
		() => {
			if (chance(0.9)) return
			newCoupon()
			const id = pick(coupons())
			if (chance(0.3)) {
				books.gone[id] = structuredClone(books.coupons[id])
				books.remove('coupons', id, 'coupon.deleted')
			} else books.update('coupons', id, { name: `Coupon ${Math.floor(rand() * 1000)}` }, 'coupon.updated')
		},
	]
	while (events.length < wanted) {
		if (!people.length || chance(0.06)) born()
		const who = pick(people)
		const before = events.length
		// Every fifth time several things happen to one customer within a second.
		for (let i = chance(0.2) ? 3 : 1; i > 0; i--) pick(acts)(who)
		now += Math.max(0, events.length - before) * step * (chance(0.3) ? 0 : 1)
		now = Math.min(now, end - 3600)
	}
	now = end
	for (const { subscription } of people) books.subscription(subscription)
	delete books.record
	delete books.gone
	return { books, events, people }
}
