// One account's data in one mode, and what Stripe's operations do to it.
import { ApiError, bad, choice, decimal, flag, hash, integer, list, metadata, missing, text } from './form.mjs'
import { MONEY_KINDS, MONEY_PARAMS, Money } from './stripe-money.mjs'
import * as make from './stripe-objects.mjs'

const FEEDBACK = ['customer_service', 'low_quality', 'missing_features', 'other', 'switched_service', 'too_complex', 'too_expensive', 'unused']
const PRORATION = choice(['always_invoice', 'create_prorations', 'none'])
const STATUSES = ['active', 'past_due', 'unpaid', 'canceled', 'incomplete', 'incomplete_expired', 'trialing', 'paused', 'all', 'ended']
const TWO_YEARS = 731 * 86400
const EXPAND = { expand: list(text()) }
const PAGE = { limit: integer({ least: 1, most: 100 }), starting_after: text(), ending_before: text(), ...EXPAND }
const CANCELLATION = hash({ comment: text({ empty: true }), feedback: choice(FEEDBACK, { empty: true }), feedback_option: text({ empty: true }) })
const DISCOUNTS = list(hash({ coupon: text(), promotion_code: text(), discount: text() }), { empty: true })
const KINDS = { customers: 'customer', products: 'product', prices: 'price', coupons: 'coupon', promotionCodes: 'promotion code', subscriptions: 'subscription',
	...MONEY_KINDS }
const EXPANDABLE = ['customer', 'discounts', 'coupon', 'promotion_code', 'product', 'latest_invoice', 'default_payment_method',
	'pending_setup_intent', 'schedule', 'default_price', 'test_clock', 'charge']

const CUSTOMER = { email: text({ most: 512, empty: true }), name: text({ empty: true }), description: text({ empty: true }), phone: text({ empty: true }),
	metadata: metadata(), ...EXPAND }
const PRODUCT = { name: text(), active: flag(), description: text({ empty: true }), metadata: metadata(), url: text({ empty: true }), ...EXPAND }
const ITEM = { price: text(), quantity: integer({ least: 0 }), metadata: metadata() }
const SUBSCRIPTION = {
	cancel_at_period_end: flag(), cancellation_details: CANCELLATION, collection_method: choice(['charge_automatically', 'send_invoice']),
	days_until_due: integer(), default_payment_method: text(), description: text({ empty: true }), discounts: DISCOUNTS, metadata: metadata(),
	off_session: flag(), payment_behavior: choice(['allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete']),
	proration_behavior: PRORATION, trial_end: integer({ word: 'now' }), ...EXPAND,
}

// Parameter tables by operation.
export const PARAMS = {
	...MONEY_PARAMS,
	none: EXPAND,
	page: PAGE,
	customerCreate: CUSTOMER,
	customerList: { ...PAGE, email: text() },
	productCreate: { ...PRODUCT, id: text(), name: text({ required: true }) },
	productUpdate: PRODUCT,
	priceCreate: {
		currency: text({ required: true }), product: text(), product_data: hash({ name: text({ required: true }), metadata: metadata() }),
		unit_amount: integer({ least: 0 }), recurring: hash({ interval: choice(['day', 'week', 'month', 'year'], { required: true }), interval_count: integer({ least: 1, most: 36 }) }),
		nickname: text(), lookup_key: text(), active: flag(), metadata: metadata(), ...EXPAND,
	},
	priceUpdate: { nickname: text({ empty: true }), active: flag(), metadata: metadata(), lookup_key: text(), ...EXPAND },
	priceList: { ...PAGE, product: text(), active: flag(), currency: text() },
	couponCreate: {
		id: text(), duration: choice(['forever', 'once', 'repeating']), duration_in_months: integer({ least: 1, most: 120 }), percent_off: decimal({ least: 0.01, most: 100 }),
		amount_off: integer({ least: 1 }), currency: text(), name: text({ most: 40 }), max_redemptions: integer({ least: 1 }), redeem_by: integer(), metadata: metadata(), ...EXPAND,
	},
	couponUpdate: { name: text({ most: 40, empty: true }), metadata: metadata(), ...EXPAND },
	promotionCreate: { promotion: hash({ type: choice(['coupon'], { required: true }), coupon: text() }, { required: true }), code: text(), active: flag(), customer: text(),
		max_redemptions: integer({ least: 1 }), expires_at: integer(), metadata: metadata(), ...EXPAND },
	promotionUpdate: { active: flag(), metadata: metadata(), ...EXPAND },
	promotionList: { ...PAGE, code: text(), coupon: text(), active: flag(), customer: text() },
	subscriptionCreate: { ...SUBSCRIPTION, customer: text({ required: true }), items: list(hash(ITEM), { required: true }), trial_period_days: integer({ least: 1, most: 730 }),
		currency: text(), billing_mode: hash({ type: choice(['classic', 'flexible'], { required: true }) }) },
	subscriptionUpdate: {
		...SUBSCRIPTION, items: list(hash({ ...ITEM, id: text(), deleted: flag() })), proration_date: integer(), billing_cycle_anchor: choice(['now', 'unchanged']),
		pause_collection: hash({ behavior: choice(['keep_as_draft', 'mark_uncollectible', 'void'], { required: true }), resumes_at: integer() }, { empty: true }),
		cancel_at: integer({ empty: true }),
	},
	subscriptionCancel: { invoice_now: flag(), prorate: flag(), cancellation_details: CANCELLATION, ...EXPAND },
	subscriptionPause: { type: choice(['subscription']), invoicing_behavior: choice(['invoice', 'pending_invoice_item']), ...EXPAND },
	subscriptionResume: { billing_cycle_anchor: choice(['now', 'unchanged']), proration_behavior: PRORATION, ...EXPAND },
	subscriptionList: { ...PAGE, customer: text(), status: choice(STATUSES), price: text() },
	eventList: { ...PAGE, type: text(), types: list(text()), delivery_success: flag(), created: hash({ gt: integer(), gte: integer(), lt: integer(), lte: integer() }) },
}

export class Books extends Money {
	constructor(livemode, clock, saved = {}) {
		super()
		this.livemode = livemode
		this.clock = clock
		for (const kind of [...Object.keys(KINDS), 'discounts']) this[kind] = saved[kind] ?? {}
		this.events = saved.events ?? []
	}

	toJSON() {
		const { livemode, clock, ...data } = this
		return data
	}

	find(kind, id, param) {
		const found = Object.hasOwn(this[kind], id) && this[kind][id]
		if (found) return found
		throw param === undefined ? new ApiError(404, missing(KINDS[kind], id, { param: 'id' }).fields) : missing(KINDS[kind], id, { param })
	}

	// A subscription shows its prices as they are.
	refresh(subscription) {
		for (const line of subscription.items.data) make.itemPrice(line, this.prices[line.price.id] ?? line.price)
	}

	record(type, object, before, request) {
		if (object.object === 'subscription') this.refresh(object)
		if (before?.object === 'subscription') this.refresh(before)
		const previous = {}
		if (before)
			for (const key of Object.keys(object)) if (JSON.stringify(before[key]) !== JSON.stringify(object[key])) previous[key] = before[key]
		if (before && !Object.keys(previous).length) return false
		this.events.push({ id: make.newId('evt'), object: 'event', api_version: make.API_VERSION, created: this.clock(),
			data: { object: structuredClone(object), ...(before ? { previous_attributes: previous } : {}) }, livemode: this.livemode, pending_webhooks: 0,
			request: { id: request?.request ?? null, idempotency_key: request?.key ?? null }, type })
		if (this.events.length > 20000) this.events.splice(0, 5000)
		return true
	}

	// What time alone has done: periods roll on, trials, pauses and discounts end, a cancellation takes effect.
	settle(subscription) {
		const now = this.clock()
		this.refresh(subscription)
		const before = structuredClone(subscription)
		if (subscription.status === 'trialing' && subscription.trial_end <= now) subscription.status = 'active'
		if (subscription.pause_collection?.resumes_at && subscription.pause_collection.resumes_at <= now) subscription.pause_collection = null
		const over = subscription.discounts.filter(id => this.discounts[id].end && this.discounts[id].end <= now)
		subscription.discounts = subscription.discounts.filter(id => !over.includes(id))
		for (const id of over) this.record('customer.discount.deleted', this.discounts[id])
		for (const line of subscription.items.data)
			while (!subscription.ended_at && line.current_period_end <= now) {
				if (subscription.cancel_at && subscription.cancel_at <= line.current_period_end) {
					Object.assign(subscription, { status: 'canceled', ended_at: subscription.cancel_at })
					break
				}
				const { interval, interval_count: count } = line.price.recurring
				line.current_period_start = line.current_period_end
				line.current_period_end = make.addInterval(line.current_period_start, interval, count)
			}
		if (subscription.status === 'canceled' && before.status !== 'canceled') this.record('customer.subscription.deleted', subscription)
		else this.record('customer.subscription.updated', subscription, before)
		return subscription
	}

	subscription(id) {
		return this.settle(this.find('subscriptions', id))
	}

	// --- discounts ---
	redeem(coupon, param) {
		const full = coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions
		if (full || !coupon.valid || (coupon.redeem_by && coupon.redeem_by <= this.clock()))
			throw bad(`Coupon expired: ${coupon.id}`, { code: 'coupon_expired', param })
		coupon.times_redeemed++
		if (coupon.times_redeemed === coupon.max_redemptions) coupon.valid = false
		return coupon
	}

	setDiscounts(subscription, wanted) {
		if (wanted !== null && wanted.length === 0) return
		const before = subscription.discounts
		subscription.discounts = (wanted ?? []).map((entry, i) => {
			const param = `discounts[${i}]`
			if (Object.keys(entry).length !== 1) throw bad(`You must specify exactly one of coupon, discount, or promotion_code.`, { param })
			if (entry.discount) {
				if (subscription.discounts.includes(entry.discount)) return entry.discount
				throw missing('discount', entry.discount, { param: `${param}[discount]` })
			}
			let code = null
			let name = entry.coupon
			if (entry.promotion_code) {
				code = this.find('promotionCodes', entry.promotion_code, `${param}[promotion_code]`)
				if (!code.active) throw bad('This promotion code is inactive.', { code: 'promotion_code_inactive', param: `${param}[promotion_code]` })
				code.times_redeemed++
				name = code.promotion.coupon
			}
			const coupon = this.redeem(this.find('coupons', name, `${param}[coupon]`), `${param}[coupon]`)
			const made = make.discount(coupon, subscription, this.clock(), code?.id ?? null)
			this.discounts[made.id] = made
			this.record('customer.discount.created', made)
			return made.id
		})
		for (const id of before) if (!subscription.discounts.includes(id)) this.record('customer.discount.deleted', this.discounts[id])
	}

	// --- subscriptions ---
	recurringPrice(id, param, currency) {
		const price = this.find('prices', id, param)
		if (!price.recurring) throw bad(`The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`, { param })
		if (!price.active) throw bad('The price specified is inactive. This field only accepts active prices.', { param })
		if (currency && price.currency !== currency)
			throw bad(`The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${currency}\`.`, { param })
		return price
	}

	addItem(subscription, wanted, param, start, end) {
		if (!wanted.price) throw bad(`Missing required param: ${param}[price].`, { code: 'parameter_missing', param: `${param}[price]` })
		const price = this.recurringPrice(wanted.price, `${param}[price]`, subscription.items.data.length ? subscription.currency : undefined)
		if (subscription.items.data.some(line => line.price.id === price.id))
			throw bad(`Cannot add multiple subscription items with the same plan: ${price.id}`, { param: `${param}[price]` })
		const line = make.item(subscription.id, price, wanted.quantity ?? 1, start, end ?? make.addInterval(start, price.recurring.interval, price.recurring.interval_count), this.clock())
		subscription.items.data.push(line)
		subscription.items.total_count = subscription.items.data.length
		return line
	}

	changeItems(subscription, wanted) {
		wanted.forEach((entry, i) => {
			const param = `items[${i}]`
			const [first] = subscription.items.data
			if (!entry.id) return void this.addItem(subscription, entry, param, this.clock(), first?.current_period_end)
			const line = subscription.items.data.find(l => l.id === entry.id)
			if (!line) throw missing('subscription item', entry.id, { param: `${param}[id]` })
			if (entry.deleted) subscription.items.data = subscription.items.data.filter(l => l !== line)
			if (entry.quantity !== undefined) line.quantity = entry.quantity
			if (!entry.price || entry.price === line.price.id) return
			const price = this.recurringPrice(entry.price, `${param}[price]`, subscription.currency)
			const moved = price.recurring.interval !== line.price.recurring.interval || price.recurring.interval_count !== line.price.recurring.interval_count
			make.itemPrice(line, price)
			if (moved) this.restartPeriod(subscription, this.clock())
		})
		if (!subscription.items.data.length) throw bad('A subscription must have at least one active plan.', { param: 'items' })
		subscription.items.total_count = subscription.items.data.length
	}

	// A changed interval bills at once: the period starts now.
	restartPeriod(subscription, now) {
		subscription.billing_cycle_anchor = now
		for (const line of subscription.items.data) {
			line.current_period_start = now
			line.current_period_end = make.addInterval(now, line.price.recurring.interval, line.price.recurring.interval_count)
		}
	}

	setTrial(subscription, end) {
		const now = this.clock()
		if (end === 'now') {
			if (subscription.status !== 'trialing') return
			Object.assign(subscription, { status: 'active', trial_end: now })
			return this.restartPeriod(subscription, now)
		}
		if (end <= now) throw bad('Invalid timestamp: must be an integer Unix timestamp in the future', { param: 'trial_end' })
		if (end > now + TWO_YEARS) throw bad('Invalid timestamp: trial_end cannot be more than two years in the future', { param: 'trial_end' })
		Object.assign(subscription, { status: 'trialing', trial_end: end, trial_start: subscription.trial_start ?? now, billing_cycle_anchor: end })
		for (const line of subscription.items.data) line.current_period_end = end
		if (subscription.cancel_at_period_end) subscription.cancel_at = end
	}

	setCancel(subscription, at, atPeriodEnd) {
		subscription.cancel_at_period_end = atPeriodEnd
		subscription.cancel_at = at
		subscription.canceled_at = at === null ? null : (subscription.canceled_at ?? this.clock())
		subscription.cancellation_details.reason = at === null ? null : 'cancellation_requested'
	}

	apply(subscription, params) {
		const periodEnd = () => Math.min(...subscription.items.data.map(line => line.current_period_end))
		for (const key of ['description', 'collection_method', 'days_until_due', 'default_payment_method'])
			if (params[key] !== undefined) subscription[key] = params[key]
		mergeMetadata(subscription, params.metadata)
		if (params.items) this.changeItems(subscription, params.items)
		if (params.discounts !== undefined) this.setDiscounts(subscription, params.discounts)
		if (params.trial_end !== undefined) this.setTrial(subscription, params.trial_end)
		if (params.billing_cycle_anchor === 'now') this.restartPeriod(subscription, this.clock())
		if (params.pause_collection !== undefined)
			subscription.pause_collection = params.pause_collection && { resumes_at: null, ...params.pause_collection }
		if (params.cancel_at_period_end !== undefined) this.setCancel(subscription, params.cancel_at_period_end ? periodEnd() : null, params.cancel_at_period_end)
		else if (params.cancel_at !== undefined) this.setCancel(subscription, params.cancel_at, false)
		if (params.cancellation_details) Object.assign(subscription.cancellation_details, params.cancellation_details)
	}

	subscriptionCreate(params, request) {
		const now = this.clock()
		const customer = this.find('customers', params.customer, 'customer')
		const made = make.subscription({ customer: customer.id, billing_mode: { type: params.billing_mode?.type ?? 'classic', flexible: null } }, now, this.livemode)
		made.items.url = `/v1/subscription_items?subscription=${made.id}`
		params.items.forEach((entry, i) => {
			made.currency = made.items.data.length ? made.currency : this.recurringPrice(entry.price, `items[${i}][price]`).currency
			this.addItem(made, entry, `items[${i}]`, now)
		})
		const { items, trial_period_days: days, ...rest } = params
		if (days) rest.trial_end = now + days * 86400
		this.apply(made, rest)
		customer.currency ??= made.currency
		this.subscriptions[made.id] = made
		this.record('customer.subscription.created', made, undefined, request)
		return made
	}

	subscriptionUpdate(id, params, request) {
		const kept = this.subscription(id)
		const changes = Object.keys(params).filter(k => k !== 'expand')
		if (kept.status === 'canceled' && changes.some(k => k !== 'metadata' && k !== 'cancellation_details'))
			throw bad('A canceled subscription can only update its cancellation_details and metadata.')
		if (kept.schedule && (params.cancel_at_period_end !== undefined || params.cancel_at !== undefined))
			throw bad(`The subscription is managed by the subscription schedule \`${kept.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`)
		if (kept.schedule && params.items)
			throw bad(`The subscription is managed by the subscription schedule \`${kept.schedule}\`, and updating items directly is not allowed. Please update the schedule instead.`)
		// Works on a copy, so that a refused update leaves nothing half done.
		const changed = structuredClone(kept)
		const told = this.events.length
		const { coupons, promotionCodes, discounts } = structuredClone({ coupons: this.coupons, promotionCodes: this.promotionCodes, discounts: this.discounts })
		try {
			this.apply(changed, params)
		} catch (error) {
			Object.assign(this, { coupons, promotionCodes, discounts })
			this.events.length = told
			throw error
		}
		this.subscriptions[id] = changed
		this.record('customer.subscription.updated', changed, kept, request)
		return changed
	}

	subscriptionCancel(id, params, request) {
		const kept = this.subscription(id)
		if (kept.status === 'canceled') throw new ApiError(404, missing('subscription', id, { param: 'id' }).fields)
		const now = this.clock()
		Object.assign(kept, { status: 'canceled', canceled_at: now, ended_at: now, cancel_at: null, cancel_at_period_end: false, pause_collection: null })
		Object.assign(kept.cancellation_details, { reason: 'cancellation_requested' }, params.cancellation_details)
		this.record('customer.subscription.deleted', kept, undefined, request)
		return kept
	}

	subscriptionPause(id, params, request) {
		const kept = this.subscription(id)
		if (kept.billing_mode.type !== 'flexible') throw bad('Subscriptions can only be paused when `billing_mode[type]` is `flexible`.')
		if (kept.schedule) throw bad('Subscriptions that are managed by a subscription schedule cannot be paused.')
		if (kept.status !== 'active' && kept.status !== 'trialing') throw bad(`A subscription with status \`${kept.status}\` cannot be paused.`)
		kept.status = 'paused'
		kept.status_details = { paused: { subscription: { type: 'pause_requested' }, transitioned_at: this.clock(), type: 'subscription' } }
		this.record('customer.subscription.paused', kept, undefined, request)
		return kept
	}

	subscriptionResume(id, params, request) {
		const kept = this.subscription(id)
		if (kept.status !== 'paused') throw bad('Only a paused subscription can be resumed.')
		kept.status = 'active'
		delete kept.status_details
		if (params.billing_cycle_anchor !== 'unchanged') this.restartPeriod(kept, this.clock())
		this.record('customer.subscription.resumed', kept, undefined, request)
		return kept
	}

	subscriptionList(params) {
		const wanted = params.status
		return Object.values(this.subscriptions).map(s => this.settle(s)).filter(s =>
			(!params.customer || s.customer === params.customer) && (!params.price || s.items.data.some(line => line.price.id === params.price)) &&
			(wanted === 'all' || (wanted === 'ended' ? s.ended_at : wanted ? s.status === wanted : s.status !== 'canceled')))
	}

	discountDelete(id, request) {
		const kept = this.subscription(id)
		const last = this.discounts[kept.discounts.at(-1)]
		if (!last) throw bad('No active discount for subscription: ' + id, { code: 'resource_missing' })
		this.subscriptionUpdate(id, { discounts: null }, request)
		return { ...last, deleted: true, end: undefined }
	}

	// --- catalogue ---
	create(kind, maker, fields, event, request) {
		const { expand, metadata: given, ...rest } = fields
		const made = maker({ ...rest, metadata: dropNull(given) }, this.clock(), this.livemode)
		if (Object.hasOwn(this[kind], made.id)) throw bad(`${KINDS[kind][0].toUpperCase()}${KINDS[kind].slice(1)} already exists.`, { code: 'resource_already_exists', param: 'id' })
		this[kind][made.id] = made
		this.record(event, made, undefined, request)
		return made
	}

	update(kind, id, params, event, request) {
		const kept = this.find(kind, id)
		const before = structuredClone(kept)
		const { expand, metadata: given, ...rest } = params
		Object.assign(kept, rest)
		mergeMetadata(kept, given)
		this.record(event, kept, before, request)
		return kept
	}

	couponCreate(params, request) {
		if ((params.percent_off === undefined) === (params.amount_off === undefined)) throw bad('You must pass exactly one of `percent_off` or `amount_off`.', { code: 'parameter_missing', param: 'percent_off' })
		if (params.amount_off !== undefined && !params.currency) throw bad('You must pass currency when passing amount_off', { code: 'parameter_missing', param: 'currency' })
		if ((params.duration === 'repeating') !== (params.duration_in_months !== undefined)) throw bad('You must pass `duration_in_months` when (and only when) `duration` is `repeating`.', { param: 'duration_in_months' })
		return this.create('coupons', make.coupon, params, 'coupon.created', request)
	}

	promotionCreate(params, request) {
		this.find('coupons', params.promotion.coupon, 'promotion[coupon]')
		return this.create('promotionCodes', make.promotionCode, params, 'promotion_code.created', request)
	}

	priceCreate(params, request) {
		const { product_data: data, ...rest } = params
		if (data) rest.product = this.create('products', make.product, data, 'product.created', request).id
		if (!rest.product) throw bad('You must specify either `product` or `product_data` when creating a price.', { code: 'parameter_missing', param: 'product' })
		this.find('products', rest.product, 'product')
		if (rest.unit_amount === undefined) throw bad('Missing required param: unit_amount.', { code: 'parameter_missing', param: 'unit_amount' })
		return this.create('prices', make.price, { ...rest, currency: rest.currency.toLowerCase() }, 'price.created', request)
	}

	remove(kind, id, event, request) {
		const kept = this.find(kind, id)
		delete this[kind][id]
		this.record(event, kept, undefined, request)
		return { id, object: kept.object, deleted: true }
	}

	eventList(params) {
		const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = params.created ?? {}
		return this.events.filter(e => (!params.type || e.type === params.type || (params.type.endsWith('.*') && e.type.startsWith(params.type.slice(0, -1)))) &&
			(!params.types || params.types.includes(e.type)) && e.created > gt && e.created >= gte && e.created < lt && e.created <= lte)
	}

	// Newest first, by cursor.
	page(url, all, params) {
		const rows = [...all].reverse()
		const limit = params.limit ?? 10
		const at = id => {
			const index = rows.findIndex(row => row.id === id)
			if (index < 0) throw missing('object', id, { param: params.starting_after ? 'starting_after' : 'ending_before' })
			return index
		}
		if (params.ending_before) {
			const end = at(params.ending_before)
			return make.listOf(url, rows.slice(Math.max(0, end - limit), end), end > limit)
		}
		const start = params.starting_after ? at(params.starting_after) + 1 : 0
		return make.listOf(url, rows.slice(start, start + limit), rows.length > start + limit)
	}

	// --- expansion ---
	resolve(id) {
		for (const kind of [...Object.keys(KINDS), 'discounts']) if (Object.hasOwn(this[kind], id)) return structuredClone(this[kind][id])
		return id
	}

	expand(object, paths = []) {
		const copy = structuredClone(object)
		for (const path of paths) this.expandPath(copy, path.split('.'), path)
		return copy
	}

	expandPath(at, parts, path) {
		if (!parts.length) return
		if (Array.isArray(at)) return at.forEach(entry => this.expandPath(entry, parts, path))
		if (at === null || typeof at !== 'object') return
		const [name, ...rest] = parts
		// Left out unless it is asked for.
		if (name === 'payments' && at.object === 'invoice') {
			at.payments = make.listOf('/v1/invoice_payments', this.paymentList({ invoice: at.id }))
			return this.expandPath(at.payments.data, rest, path)
		}
		if (!Object.hasOwn(at, name) || (!rest.length && !EXPANDABLE.includes(name)))
			throw bad(`This property cannot be expanded (${path}).`, { param: 'expand' })
		if (EXPANDABLE.includes(name)) {
			if (typeof at[name] === 'string') at[name] = this.resolve(at[name])
			else if (Array.isArray(at[name])) at[name] = at[name].map(entry => (typeof entry === 'string' ? this.resolve(entry) : entry))
		}
		if (rest.length) this.expandPath(at[name], rest, path)
	}

	// --- seeding, for tests and the demonstration: plain objects, ids of the caller's choice ---
	seed(data, keep) {
		const put = (kind, maker, entry) => {
			if (!(keep && entry.id && Object.hasOwn(this[kind], entry.id))) {
				const made = maker(entry, this.clock(), this.livemode)
				this[kind][made.id] = made
				return made.id
			}
			return entry.id
		}
		const out = {}
		for (const [kind, maker] of [['products', make.product], ['prices', make.price], ['coupons', make.coupon], ['promotionCodes', make.promotionCode], ['customers', make.customer]])
			out[kind] = (data[kind] ?? []).map(entry => put(kind, maker, entry))
		out.subscriptions = (data.subscriptions ?? []).map(entry => (keep && entry.id && Object.hasOwn(this.subscriptions, entry.id) ? entry.id : this.seedSubscription(entry)))
		return out
	}

	seedSubscription({ items, discounts = [], trial_end: trial, current_period_start: start, current_period_end: end, ...fields }) {
		const now = this.clock()
		const made = make.subscription({ ...fields, ...(fields.start_date ? { created: fields.start_date } : {}) }, now, this.livemode)
		made.items = { object: 'list', data: [], has_more: false, total_count: 0, url: `/v1/subscription_items?subscription=${made.id}` }
		items.forEach((entry, i) => {
			made.currency = this.recurringPrice(entry.price, `items[${i}][price]`).currency
			const line = this.addItem(made, entry, `items[${i}]`, start ?? now, end)
			if (entry.id) line.id = entry.id
		})
		if (discounts.length) this.setDiscounts(made, discounts)
		if (trial) this.setTrial(made, trial)
		if (made.cancel_at_period_end) this.setCancel(made, made.items.data[0].current_period_end, true)
		this.subscriptions[made.id] = made
		return made.id
	}
}

function dropNull(given = {}) {
	return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== null))
}

function mergeMetadata(object, given) {
	if (given === undefined) return
	object.metadata = given === null ? {} : dropNull({ ...object.metadata, ...given })
}
