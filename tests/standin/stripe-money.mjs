// Invoices, their payments, and how money goes back: what one account's books do besides subscriptions.
import { ApiError, bad, choice, hash, integer, list, metadata, text } from './form.mjs'
import * as make from './stripe-objects.mjs'

const EXPAND = { expand: list(text()) }
const CREATED = hash({ gt: integer(), gte: integer(), lt: integer(), lte: integer() })
const PAGE = { limit: integer({ least: 1, most: 100 }), starting_after: text(), ending_before: text(), created: CREATED, ...EXPAND }

export const MONEY_PARAMS = {
	invoiceList: { ...PAGE, status: choice(['draft', 'open', 'paid', 'uncollectible', 'void']), customer: text(), subscription: text() },
	invoicePay: { payment_method: text(), off_session: text(), ...EXPAND },
	paymentList: { ...PAGE, invoice: text(), payment: hash({ type: choice(['payment_intent']), payment_intent: text() }) },
	refundCreate: { charge: text(), payment_intent: text(), amount: integer({ least: 1 }), reason: text(), metadata: metadata(), ...EXPAND },
	refundList: { ...PAGE, charge: text(), payment_intent: text() },
	disputeList: { ...PAGE, charge: text(), payment_intent: text() },
	scheduleCreate: { from_subscription: text({ required: true }), ...EXPAND },
	portalCreate: { customer: text({ required: true }), return_url: text(), flow_data: hash({ type: text(), payment_method_update: hash({}) }), ...EXPAND },
}

export const MONEY_KINDS = { invoices: 'invoice', invoicePayments: 'invoice payment', charges: 'charge', refunds: 'refund', disputes: 'dispute',
	schedules: 'subscription schedule' }

const within = (object, { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = {}) =>
	object.created > gt && object.created >= gte && object.created < lt && object.created <= lte

export class Money {
	list(kind, params, fits = () => true) {
		return Object.values(this[kind]).filter(object => within(object, params.created) && fits(object))
	}

	invoiceList(params) {
		return this.list('invoices', params, invoice => (!params.status || invoice.status === params.status) && (!params.customer || invoice.customer === params.customer) &&
			(!params.subscription || invoice.parent?.subscription_details.subscription === params.subscription))
	}

	paymentList(params) {
		return this.list('invoicePayments', params, payment => (!params.invoice || payment.invoice === params.invoice) &&
			(!params.payment?.payment_intent || payment.payment.payment_intent === params.payment.payment_intent))
	}

	// An open invoice over what the subscription costs.
	bill(id, fields = {}) {
		const subscription = this.find('subscriptions', id)
		const due = fields.amount ?? subscription.items.data.reduce((sum, line) => sum + (line.price.unit_amount ?? 0) * line.quantity, 0)
		const { amount, ...rest } = fields
		const made = make.invoice({ customer: subscription.customer, currency: subscription.currency, amount_due: due, amount_remaining: due, total: due, subtotal: due,
			parent: { quote_details: null, subscription_details: { metadata: {}, subscription: id }, type: 'subscription_details' }, ...rest }, this.clock(), this.livemode)
		this.invoices[made.id] = made
		this.record('invoice.created', made)
		const before = structuredClone(subscription)
		subscription.latest_invoice = made.id
		this.record('customer.subscription.updated', subscription, before)
		return made
	}

	// Customers with metadata.decline have a card that is declined.
	invoicePay(id, params = {}, request) {
		const invoice = this.find('invoices', id)
		if (invoice.status !== 'open') throw bad(invoice.status === 'paid' ? 'Invoice is already paid' : `Invoice is ${invoice.status}`, { code: 'invoice_not_editable' })
		invoice.attempt_count++
		invoice.attempted = true
		if (this.customers[invoice.customer]?.metadata.decline) {
			invoice.next_payment_attempt = this.clock() + 3 * 86400
			this.record('invoice.payment_failed', invoice, undefined, request)
			throw new ApiError(402, { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.' })
		}
		const now = this.clock()
		const intent = make.newId('pi')
		const charge = make.charge({ amount: invoice.amount_due, amount_captured: invoice.amount_due, currency: invoice.currency, customer: invoice.customer, payment_intent: intent }, now, this.livemode)
		const payment = make.invoicePayment({ amount_requested: invoice.amount_due, amount_paid: invoice.amount_due, currency: invoice.currency, invoice: id,
			payment: { type: 'payment_intent', payment_intent: intent }, status: 'paid', status_transitions: { canceled_at: null, paid_at: now } }, now, this.livemode)
		this.charges[charge.id] = charge
		this.invoicePayments[payment.id] = payment
		Object.assign(invoice, { status: 'paid', amount_paid: invoice.amount_due, amount_remaining: 0, next_payment_attempt: null })
		invoice.status_transitions = { ...invoice.status_transitions, paid_at: now }
		this.record('invoice_payment.paid', payment, undefined, request)
		this.record('invoice.paid', invoice, undefined, request)
		return invoice
	}

	invoiceVoid(id) {
		const invoice = this.find('invoices', id)
		invoice.status = 'void'
		this.record('invoice.voided', invoice)
		return invoice
	}

	chargeOf(params) {
		if (params.charge) return this.find('charges', params.charge, 'charge')
		return Object.values(this.charges).find(charge => charge.payment_intent === params.payment_intent) ?? this.find('charges', params.payment_intent ?? '', 'payment_intent')
	}

	refundCreate(params, request) {
		const charge = this.chargeOf(params)
		const amount = params.amount ?? charge.amount - charge.amount_refunded
		if (amount < 1 || charge.amount_refunded + amount > charge.amount) throw bad(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
		const made = make.refund({ amount, charge: charge.id, currency: charge.currency, payment_intent: charge.payment_intent, reason: params.reason ?? null }, this.clock())
		this.refunds[made.id] = made
		const before = structuredClone(charge)
		charge.amount_refunded += amount
		charge.refunded = charge.amount_refunded === charge.amount
		this.record('charge.refunded', charge, before, request)
		return made
	}

	disputeOpen(chargeId, amount) {
		const charge = this.find('charges', chargeId)
		const made = make.dispute({ amount: amount ?? charge.amount, charge: charge.id, currency: charge.currency, payment_intent: charge.payment_intent }, this.clock(), this.livemode)
		this.disputes[made.id] = made
		this.record('charge.dispute.created', made)
		return made
	}

	disputeClose(id, status) {
		const dispute = this.find('disputes', id)
		dispute.status = status
		this.record('charge.dispute.closed', dispute)
		return dispute
	}

	scheduleCreate(params, request) {
		const subscription = this.find('subscriptions', params.from_subscription, 'from_subscription')
		if (subscription.schedule) throw bad('You cannot migrate a subscription that is already attached to a schedule.', { param: 'from_subscription' })
		const made = make.schedule({ customer: subscription.customer, subscription: subscription.id }, this.clock(), this.livemode)
		this.schedules[made.id] = made
		this.record('subscription_schedule.created', made, undefined, request)
		const before = structuredClone(subscription)
		subscription.schedule = made.id
		this.record('customer.subscription.updated', subscription, before, request)
		return made
	}

	scheduleRelease(id, request) {
		const schedule = this.find('schedules', id)
		if (schedule.status !== 'active') throw bad(`You cannot release a subscription schedule that is ${schedule.status}.`)
		const subscription = this.find('subscriptions', schedule.subscription)
		Object.assign(schedule, { status: 'released', released_at: this.clock(), released_subscription: schedule.subscription, subscription: null })
		this.record('subscription_schedule.released', schedule, undefined, request)
		const before = structuredClone(subscription)
		subscription.schedule = null
		this.record('customer.subscription.updated', subscription, before, request)
		return schedule
	}

	portalCreate(params) {
		this.find('customers', params.customer, 'customer')
		return { id: make.newId('bps'), object: 'billing_portal.session', configuration: 'bpc_1', created: this.clock(), customer: params.customer, flow: null, livemode: this.livemode,
			locale: null, on_behalf_of: null, return_url: params.return_url ?? null, url: `https://billing.standin.example/p/session/${params.customer}` }
	}
}

export const MONEY_ROUTES = [
	['GET', '/v1/invoices', 'invoiceList', (b, p) => b.page('/v1/invoices', b.invoiceList(p), p)],
	['GET', '/v1/invoices/:id', 'none', (b, p, r) => b.find('invoices', r.id)],
	['POST', '/v1/invoices/:id/pay', 'invoicePay', (b, p, r) => b.invoicePay(r.id, p, r)],
	['POST', '/v1/invoices/:id/void', 'none', (b, p, r) => b.invoiceVoid(r.id)],
	['GET', '/v1/invoice_payments', 'paymentList', (b, p) => b.page('/v1/invoice_payments', b.paymentList(p), p)],
	['GET', '/v1/charges/:id', 'none', (b, p, r) => b.find('charges', r.id)],
	['POST', '/v1/refunds', 'refundCreate', (b, p, r) => b.refundCreate(p, r)],
	['GET', '/v1/refunds', 'refundList', (b, p) => b.page('/v1/refunds', b.list('refunds', p, x => !p.charge || x.charge === p.charge), p)],
	['GET', '/v1/disputes', 'disputeList', (b, p) => b.page('/v1/disputes', b.list('disputes', p, x => !p.charge || x.charge === p.charge), p)],
	['GET', '/v1/disputes/:id', 'none', (b, p, r) => b.find('disputes', r.id)],
	['POST', '/v1/subscription_schedules', 'scheduleCreate', (b, p, r) => b.scheduleCreate(p, r)],
	['GET', '/v1/subscription_schedules/:id', 'none', (b, p, r) => b.find('schedules', r.id)],
	['POST', '/v1/subscription_schedules/:id/release', 'none', (b, p, r) => b.scheduleRelease(r.id, r)],
	['POST', '/v1/billing_portal/sessions', 'portalCreate', (b, p) => b.portalCreate(p)],
]

// What a restricted key must be allowed: the first part of the path, and whether something is written.
const SCOPES = { account: 'account', accounts: 'account', customers: 'customer', products: 'product', prices: 'price', coupons: 'coupon', promotion_codes: 'coupon',
	subscriptions: 'subscription', subscription_schedules: 'subscription', invoices: 'invoice', invoice_payments: 'invoice', charges: 'charge', refunds: 'charge',
	disputes: 'dispute', events: 'event', billing_portal: 'customer_portal' }

// A restricted key has scopes such as "customer_read" and "subscription_write"; writing includes reading.
export function permit(key, scopes, account, method, path) {
	const scope = SCOPES[path.split('/')[2]] ?? 'nothing'
	const wanted = method === 'GET' ? [`${scope}_read`, `${scope}_write`] : [`${scope}_write`]
	if (wanted.some(name => scopes.includes(name))) return
	throw new ApiError(403, { message: `The provided key '${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}' does not have the required permissions for ` +
		`this endpoint on account '${account}'. Having the 'rak_${wanted[0]}' permission would allow this request to continue.` })
}
