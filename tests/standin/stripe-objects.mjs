// Stripe's objects as API 2026-10-28.endive returns them, and the arithmetic of billing periods.
import { randomBytes } from 'node:crypto'

export const API_VERSION = '2026-10-28.endive'

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export function newId(prefix, length = 24) {
	return `${prefix}_${[...randomBytes(length)].map(byte => LETTERS[byte % 62]).join('')}`
}

// Calendar months as Stripe counts them: 31 January plus one month is the last day of February.
export function addInterval(seconds, interval, count = 1) {
	if (interval === 'day') return seconds + count * 86400
	if (interval === 'week') return seconds + count * 7 * 86400
	const from = new Date(seconds * 1000)
	const months = interval === 'year' ? count * 12 : count
	const to = new Date(from)
	to.setUTCDate(1)
	to.setUTCMonth(from.getUTCMonth() + months)
	const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate()
	to.setUTCDate(Math.min(from.getUTCDate(), lastDay))
	return Math.floor(to.getTime() / 1000)
}

const REQUIREMENTS = { alternatives: [], current_deadline: null, currently_due: [], disabled_reason: null, errors: [], eventually_due: [], past_due: [],
	pending_verification: [] }

export const account = id => ({
	id, object: 'account', business_profile: { name: 'Stand-in', support_email: null, url: null }, business_type: 'company',
	capabilities: { card_payments: 'active', transfers: 'active' }, charges_enabled: true, controller: { type: 'account' }, country: 'US',
	created: 1700000000, default_currency: 'usd', details_submitted: true, email: 'billing@standin.example',
	external_accounts: listOf(`/v1/accounts/${id}/external_accounts`, []), future_requirements: { ...REQUIREMENTS }, metadata: {},
	payouts_enabled: true, requirements: { ...REQUIREMENTS }, settings: { dashboard: { display_name: 'Stand-in', timezone: 'Etc/UTC' } },
	tos_acceptance: { date: null, ip: null, user_agent: null }, type: 'standard',
})

export const customer = (fields, now, livemode) => ({
	id: newId('cus', 14), object: 'customer', address: null, balance: 0, created: now, currency: null, default_source: null, delinquent: false,
	description: null, discount: null, email: null, invoice_prefix: newId('x', 8).slice(2).toUpperCase(),
	invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null }, livemode,
	metadata: {}, name: null, next_invoice_sequence: 1, phone: null, preferred_locales: [], shipping: null, tax_exempt: 'none', test_clock: null,
	...fields,
})

export const product = (fields, now, livemode) => ({
	id: newId('prod', 14), object: 'product', active: true, created: now, default_price: null, description: null, images: [], livemode,
	marketing_features: [], metadata: {}, name: '', package_dimensions: null, shippable: null, statement_descriptor: null, tax_code: null,
	type: 'service', unit_label: null, updated: now, url: null, ...fields,
})

export function price(fields, now, livemode) {
	const { recurring, ...rest } = fields
	return {
		id: newId('price'), object: 'price', active: true, billing_scheme: 'per_unit', created: now, currency: 'usd', custom_unit_amount: null,
		livemode, lookup_key: null, metadata: {}, nickname: null, product: null,
		recurring: recurring ? { interval: 'month', interval_count: 1, meter: null, trial_period_days: null, usage_type: 'licensed', ...recurring } : null,
		tax_behavior: 'unspecified', tiers_mode: null, transform_quantity: null, type: recurring ? 'recurring' : 'one_time',
		unit_amount: 0, unit_amount_decimal: String(rest.unit_amount ?? 0), ...rest,
	}
}

export const coupon = (fields, now, livemode) => ({
	id: newId('x', 8).slice(2), object: 'coupon', amount_off: null, created: now, currency: null, duration: 'once', duration_in_months: null,
	livemode, max_redemptions: null, metadata: {}, name: null, percent_off: null, redeem_by: null, times_redeemed: 0, valid: true, ...fields,
})

export const promotionCode = (fields, now, livemode) => ({
	id: newId('promo'), object: 'promotion_code', active: true, code: newId('x', 8).slice(2).toUpperCase(), created: now, customer: null,
	customer_account: null, expires_at: null, livemode, max_redemptions: null, metadata: {}, promotion: { coupon: null, type: 'coupon' },
	restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null }, times_redeemed: 0, ...fields,
})

export function discount(of, subscription, now, promotion = null) {
	return {
		id: newId('di'), object: 'discount', checkout_session: null, customer: subscription.customer, customer_account: null,
		end: of.duration === 'repeating' ? addInterval(now, 'month', of.duration_in_months) : null, invoice: null, invoice_item: null,
		promotion_code: promotion, source: { coupon: of.id, type: 'coupon' }, start: now, subscription: subscription.id, subscription_item: null,
	}
}

// The deprecated twin of price that every subscription item still carries.
const planOf = p => ({
	id: p.id, object: 'plan', active: p.active, amount: p.unit_amount, amount_decimal: p.unit_amount_decimal, billing_scheme: p.billing_scheme,
	created: p.created, currency: p.currency, interval: p.recurring.interval, interval_count: p.recurring.interval_count, livemode: p.livemode,
	metadata: p.metadata, meter: null, nickname: p.nickname, product: p.product, tiers_mode: null, transform_usage: null,
	trial_period_days: p.recurring.trial_period_days, usage_type: p.recurring.usage_type,
})

export const item = (subscription, of, quantity, start, end, now) => ({
	id: newId('si', 14), object: 'subscription_item', billing_thresholds: null, created: now, current_period_end: end, current_period_start: start,
	discounts: [], metadata: {}, plan: planOf(of), price: of, quantity, subscription, tax_rates: [],
})

export function itemPrice(line, of) {
	line.price = of
	line.plan = planOf(of)
}

export const subscription = (fields, now, livemode) => ({
	id: newId('sub'), object: 'subscription', application: null, application_fee_percent: null,
	automatic_tax: { disabled_reason: null, enabled: false, liability: null }, billing_cycle_anchor: now, billing_cycle_anchor_config: null,
	billing_mode: { type: 'classic', flexible: null }, billing_schedules: [], billing_thresholds: null, cancel_at: null,
	cancel_at_period_end: false, canceled_at: null, cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
	collection_method: 'charge_automatically', created: now, currency: 'usd', customer: null, customer_account: null, days_until_due: null,
	default_payment_method: null, default_source: null, default_tax_rates: [], description: null, discounts: [], ended_at: null,
	invoice_settings: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: { type: 'self' } },
	items: { object: 'list', data: [], has_more: false, total_count: 0, url: '' }, latest_invoice: null, livemode, managed_payments: null, metadata: {},
	next_pending_invoice_item_invoice: null, on_behalf_of: null, pause_collection: null,
	payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
	pending_invoice_item_interval: null, pending_setup_intent: null, pending_update: null, schedule: null, start_date: now, status: 'active',
	test_clock: null, transfer_data: null, trial_end: null, trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
	trial_start: null, ...fields,
})

export const listOf = (url, data, hasMore = false) => ({ object: 'list', data, has_more: hasMore, url })

export const invoice = (fields, now, livemode) => ({
	id: newId('in'), object: 'invoice', account_country: 'US', account_name: 'Stand-in', amount_due: 0, amount_overpaid: 0, amount_paid: 0,
	amount_remaining: 0, amount_shipping: 0, attempt_count: 0, attempted: false, auto_advance: true, automatically_finalizes_at: null,
	billing_reason: 'subscription_cycle', collection_method: 'charge_automatically', created: now, currency: 'usd', customer: null,
	customer_email: null, customer_name: null, default_payment_method: null, description: null, discounts: [], due_date: null,
	effective_at: now, ending_balance: 0, hosted_invoice_url: 'https://invoice.standin.example/i/1', invoice_pdf: null,
	lines: listOf('/v1/invoices/lines', []), livemode, metadata: {}, next_payment_attempt: null, number: null,
	parent: null, period_end: now, period_start: now, starting_balance: 0, status: 'open',
	status_transitions: { finalized_at: now, marked_uncollectible_at: null, paid_at: null, voided_at: null }, subtotal: 0, test_clock: null, total: 0,
	webhooks_delivered_at: null, ...fields,
})

export const invoicePayment = (fields, now, livemode) => ({
	id: newId('inpay'), object: 'invoice_payment', amount_paid: null, amount_requested: 0, created: now, currency: 'usd', invoice: null, is_default: true,
	livemode, payment: { type: 'payment_intent', payment_intent: null }, status: 'open', status_transitions: { canceled_at: null, paid_at: null }, ...fields,
})

export const charge = (fields, now, livemode) => ({
	id: newId('ch'), object: 'charge', amount: 0, amount_captured: 0, amount_refunded: 0, captured: true, created: now, currency: 'usd', customer: null,
	description: null, disputed: false, failure_code: null, failure_message: null, livemode, metadata: {}, outcome: null, paid: true,
	payment_intent: null, payment_method: null, receipt_email: null, refunded: false, status: 'succeeded', ...fields,
})

export const refund = (fields, now) => ({
	id: newId('re'), object: 'refund', amount: 0, balance_transaction: null, charge: null, created: now, currency: 'usd', metadata: {}, payment_intent: null,
	reason: null, receipt_number: null, status: 'succeeded', ...fields,
})

export const dispute = (fields, now, livemode) => ({
	id: newId('dp'), object: 'dispute', amount: 0, balance_transactions: [], charge: null, created: now, currency: 'usd', evidence: {},
	evidence_details: { due_by: now + 604800, has_evidence: false, past_due: false, submission_count: 0 }, is_charge_refundable: false, livemode, metadata: {},
	payment_intent: null, reason: 'general', status: 'needs_response', ...fields,
})

export const schedule = (fields, now, livemode) => ({
	id: newId('sub_sched'), object: 'subscription_schedule', canceled_at: null, completed_at: null, created: now, current_phase: null, customer: null,
	default_settings: {}, end_behavior: 'release', livemode, metadata: {}, phases: [], released_at: null, released_subscription: null,
	status: 'active', subscription: null, test_clock: null, ...fields,
})
