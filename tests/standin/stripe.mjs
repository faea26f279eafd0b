// A stand-in for Stripe's API (2026-10-28.endive) for tests and the demonstration: stateful, with Stripe's shapes, errors and
// idempotency. Nothing of the product depends on it.
//
//   node stripe.mjs [--port N] [--host H] [--state FILE] [--keys sk_test_a,sk_live_b]     prints its URL
//
// Control (not part of Stripe), JSON in and out:
//   POST   /_control/seed      {mode, account?, keep?, products, prices, coupons, promotionCodes, customers, subscriptions}
//   GET    /_control/subscription/:id?mode=test&account=…     the subscription with its discounts and coupons expanded
//   POST   /_control/subscription/:id?mode=…                  overwrites members (status, schedule, pending_update, …)
//   GET    /_control/log       every executed write, in order; DELETE empties it
//   GET    /_control/requests  every request with its fate: executed, replayed, refused, fault; DELETE empties it
//   POST   /_control/faults    [{kind, times, path, method, skip, when, …}]; GET lists what is left; DELETE drops all
//   POST   /_control/keys      {"sk_test_x": "acct_1", "rk_test_y": {"account": "acct_1", "scopes": ["customer_read"]}}: from then on other keys are refused
//   POST   /_control/bill      {mode, subscription, pay, amount}: an invoice over a subscription, paid unless pay is false
//   POST   /_control/clock     {advance: seconds}
//   POST   /_control/reset     forgets everything
//
// Faults: kind "stall" (ms), "reset" (the connection), "status" (status, code?, type?, shouldRetry?), "nonsense" (an HTML page with status
// 200), "truncated" (half a body, then a reset). `when` is "before" (the request never reached the API), "during" (execution began,
// without effect: a 500 is stored and replayed; a stall holds the idempotency key) or "after" (executed, the answer is lost).
// times: how often (default 1, 0 = until dropped); skip: matching requests to let pass first; path: a regular expression.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ApiError, bad, decodeForm, readForm } from './form.mjs'
import { Books, PARAMS } from './stripe-books.mjs'
import { MONEY_ROUTES, permit } from './stripe-money.mjs'
import * as make from './stripe-objects.mjs'

const DAY = 86400
const KEY_LIFE = DAY
const LOG_MOST = 100000

// method, path, parameter table, what it does. `b` are the caller's books, `p` the checked parameters, `r` the request.
const ROUTES = [
	['GET', '/v1/account', 'none', b => make.account(b.account)],
	['GET', '/v1/accounts/:id', 'none', (b, p, r) => make.account(r.id)],
	['POST', '/v1/customers', 'customerCreate', (b, p, r) => b.create('customers', make.customer, p, 'customer.created', r)],
	['GET', '/v1/customers', 'customerList', (b, p) => b.page('/v1/customers', Object.values(b.customers).filter(c => !p.email || c.email === p.email), p)],
	['GET', '/v1/customers/:id', 'none', (b, p, r) => b.find('customers', r.id)],
	['POST', '/v1/customers/:id', 'customerCreate', (b, p, r) => b.update('customers', r.id, p, 'customer.updated', r)],
	['DELETE', '/v1/customers/:id', 'none', (b, p, r) => b.remove('customers', r.id, 'customer.deleted', r)],
	['POST', '/v1/products', 'productCreate', (b, p, r) => b.create('products', make.product, p, 'product.created', r)],
	['GET', '/v1/products', 'page', (b, p) => b.page('/v1/products', Object.values(b.products), p)],
	['GET', '/v1/products/:id', 'none', (b, p, r) => b.find('products', r.id)],
	['POST', '/v1/products/:id', 'productUpdate', (b, p, r) => b.update('products', r.id, p, 'product.updated', r)],
	['POST', '/v1/prices', 'priceCreate', (b, p, r) => b.priceCreate(p, r)],
	['GET', '/v1/prices', 'priceList', (b, p) => b.page('/v1/prices', Object.values(b.prices).filter(x =>
		(!p.product || x.product === p.product) && (p.active === undefined || x.active === p.active) && (!p.currency || x.currency === p.currency)), p)],
	['GET', '/v1/prices/:id', 'none', (b, p, r) => b.find('prices', r.id)],
	['POST', '/v1/prices/:id', 'priceUpdate', (b, p, r) => b.update('prices', r.id, p, 'price.updated', r)],
	['POST', '/v1/coupons', 'couponCreate', (b, p, r) => b.couponCreate(p, r)],
	['GET', '/v1/coupons', 'page', (b, p) => b.page('/v1/coupons', Object.values(b.coupons), p)],
	['GET', '/v1/coupons/:id', 'none', (b, p, r) => b.find('coupons', r.id)],
	['POST', '/v1/coupons/:id', 'couponUpdate', (b, p, r) => b.update('coupons', r.id, p, 'coupon.updated', r)],
	['DELETE', '/v1/coupons/:id', 'none', (b, p, r) => b.remove('coupons', r.id, 'coupon.deleted', r)],
	['POST', '/v1/promotion_codes', 'promotionCreate', (b, p, r) => b.promotionCreate(p, r)],
	['GET', '/v1/promotion_codes', 'promotionList', (b, p) => b.page('/v1/promotion_codes', Object.values(b.promotionCodes).filter(x =>
		(!p.code || x.code === p.code) && (!p.coupon || x.promotion.coupon === p.coupon) && (p.active === undefined || x.active === p.active)), p)],
	['GET', '/v1/promotion_codes/:id', 'none', (b, p, r) => b.find('promotionCodes', r.id)],
	['POST', '/v1/promotion_codes/:id', 'promotionUpdate', (b, p, r) => b.update('promotionCodes', r.id, p, 'promotion_code.updated', r)],
	['POST', '/v1/subscriptions', 'subscriptionCreate', (b, p, r) => b.subscriptionCreate(p, r)],
	['GET', '/v1/subscriptions', 'subscriptionList', (b, p) => b.page('/v1/subscriptions', b.subscriptionList(p), p)],
	['GET', '/v1/subscriptions/:id', 'none', (b, p, r) => b.subscription(r.id)],
	['POST', '/v1/subscriptions/:id', 'subscriptionUpdate', (b, p, r) => b.subscriptionUpdate(r.id, p, r)],
	['DELETE', '/v1/subscriptions/:id', 'subscriptionCancel', (b, p, r) => b.subscriptionCancel(r.id, p, r)],
	['DELETE', '/v1/subscriptions/:id/discount', 'none', (b, p, r) => b.discountDelete(r.id, r)],
	['POST', '/v1/subscriptions/:id/pause', 'subscriptionPause', (b, p, r) => b.subscriptionPause(r.id, p, r)],
	['POST', '/v1/subscriptions/:id/resume', 'subscriptionResume', (b, p, r) => b.subscriptionResume(r.id, p, r)],
	...MONEY_ROUTES,
	['GET', '/v1/events', 'eventList', (b, p) => b.page('/v1/events', b.eventList(p), p)],
	['GET', '/v1/events/:id', 'none', (b, p, r) => b.events.find(e => e.id === r.id) ?? gone('event', r.id)],
].map(([method, path, params, run]) => ({ method, path: new RegExp(`^${path.replaceAll(/:id/g, '([^/]+)')}$`), params: PARAMS[params], run }))

const gone = (kind, id) => { throw new ApiError(404, { code: 'resource_missing', message: `No such ${kind}: '${id}'`, param: 'id' }) }
const wait = ms => new Promise(done => setTimeout(done, ms))
const refuse = (status, fields) => { throw new ApiError(status, fields) }

class StripeStandin {
	constructor({ state, keys = null } = {}) {
		this.file = state
		this.forget()
		this.keys = keys
		if (state) this.load()
	}

	forget() {
		Object.assign(this, { books: {}, idempotency: {}, faults: [], log: [], requests: [], shift: 0, keys: null })
	}

	clock = () => Math.floor(Date.now() / 1000) + this.shift

	load() {
		let saved
		try {
			saved = JSON.parse(readFileSync(this.file, 'utf8'))
		} catch (error) {
			if (error.code === 'ENOENT') return
			throw error
		}
		Object.assign(this, { idempotency: saved.idempotency, log: saved.log, shift: saved.shift, keys: saved.keys ?? this.keys })
		for (const [name, data] of Object.entries(saved.books)) this.booksNamed(name, data)
	}

	save() {
		if (!this.file) return
		mkdirSync(dirname(this.file), { recursive: true })
		const { books, idempotency, log, shift, keys } = this
		const kept = Object.fromEntries(Object.entries(idempotency).filter(([, entry]) => entry.body !== undefined))
		writeFileSync(`${this.file}.new`, JSON.stringify({ books, idempotency: kept, log, shift, keys }))
		renameSync(`${this.file}.new`, this.file)
	}

	saveSoon() {
		this.timer ??= this.file && setTimeout(() => { this.timer = null; this.save() }, 200).unref()
	}

	booksNamed(name, saved) {
		if (!this.books[name]) {
			const [accountId, mode] = name.split(' ')
			this.books[name] = new Books(mode === 'live', this.clock, saved)
			Object.defineProperty(this.books[name], 'account', { value: accountId })
		}
		return this.books[name]
	}

	booksOf(mode = 'test', accountId = 'acct_standin') {
		return this.booksNamed(`${accountId} ${mode}`)
	}

	// --- who asks ---
	authenticate(headers) {
		const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ')
		const key = /^basic$/i.test(scheme) ? Buffer.from(value, 'base64').toString().split(':')[0] : /^bearer$/i.test(scheme) ? value : ''
		if (!key)
			refuse(401, { message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/." })
		const match = /^(sk|rk|pk)_(test|live)_[A-Za-z0-9_]{4,}$/.exec(key)
		if (!match || (this.keys && !Object.hasOwn(this.keys, key)))
			refuse(401, { message: `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}` })
		if (match[1] === 'pk')
			refuse(401, { code: 'secret_key_required', message: 'This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.' })
		const known = this.keys?.[key]
		return { mode: match[2], account: headers['stripe-account'] ?? known?.account ?? known ?? 'acct_standin', key, scopes: known?.scopes }
	}

	version(headers) {
		const version = headers['stripe-version'] ?? make.API_VERSION
		if (!/^\d{4}-\d\d-\d\d(\.[a-z]+)?$/.test(version)) refuse(400, { message: `Invalid Stripe API version: ${version}` })
		return version
	}

	// --- one API request ---
	parameters(request, url) {
		if (request.method !== 'POST') return decodeForm(url.search.slice(1) || request.text)
		const type = request.headers['content-type'] ?? ''
		if (request.text && !type.startsWith('application/x-www-form-urlencoded'))
			throw bad('Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.')
		return decodeForm(request.text || url.search.slice(1))
	}

	async api(request, url, fate) {
		const entry = { at: this.clock(), method: request.method, path: url.pathname, key: request.headers['idempotency-key'] ?? null, id: fate.id, fate: 'refused' }
		this.requests.push(entry)
		if (this.requests.length > LOG_MOST) this.requests.shift()
		fate.entry = entry
		const who = this.authenticate(request.headers)
		Object.assign(entry, { mode: who.mode, account: who.account })
		fate.headers['stripe-version'] = this.version(request.headers)
		if (who.account !== 'acct_standin') fate.headers['stripe-account'] = who.account
		if (who.scopes) permit(who.key, who.scopes, who.account, request.method, url.pathname)
		const fault = this.takeFault(request.method, url.pathname)
		if (fault) entry.fault = fault.kind
		if (fault?.when === 'before') await this.strike(fault, fate)
		const books = this.booksOf(who.mode, who.account)
		const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined
		const form = this.parameters(request, url)
		const run = () => this.execute(request, url, books, form, fate, fault)
		const answer = key === undefined ? await run() : await this.once(`${who.account} ${who.mode} ${key}`, key, request, url, form, fate, run)
		if (fault?.when === 'after') await this.strike(fault, fate, answer)
		return answer
	}

	// Idempotency: stored once execution has begun, whatever came of it; refused before that, nothing is stored.
	async once(name, key, request, url, form, fate, run) {
		if (key.length > 255) throw bad(`Keys for idempotent requests are limited to 255 characters. Your provided key, '${key}', was ${key.length} characters long.`, { type: 'idempotency_error' })
		fate.headers['idempotency-key'] = key
		const print = JSON.stringify([request.method, url.pathname, form])
		const known = Object.hasOwn(this.idempotency, name) && this.idempotency[name]
		if (known && known.at + KEY_LIFE > this.clock()) {
			if (known.print !== print) {
				const where = JSON.parse(known.print)[1]
				throw bad(where !== url.pathname
					? `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${url.pathname}' vs '${where}'). Try using a key other than '${key}' if you meant to execute a different request.`
					: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`, { type: 'idempotency_error' })
			}
			if (known.body === undefined)
				refuse(409, { code: 'idempotency_key_in_use', message: `There is currently another in-progress request using this Idempotency Key (that probably means you submitted twice, and the other request is still going through): ${key}. If you meant to execute a different request, please use a different key.` })
			fate.headers['idempotent-replayed'] = 'true'
			fate.headers['original-request'] = known.request
			fate.entry.fate = 'replayed'
			return { status: known.status, body: known.body, shouldRetry: known.status >= 500 ? 'false' : undefined }
		}
		const held = { at: this.clock(), print, request: fate.id }
		this.idempotency[name] = held
		fate.headers['original-request'] = fate.id
		try {
			const answer = await run()
			if (answer.begun) Object.assign(held, { status: answer.status, body: answer.body })
			else delete this.idempotency[name]
			return answer
		} catch (error) {
			delete this.idempotency[name]
			throw error
		}
	}

	async execute(request, url, books, form, fate, fault) {
		const { route, id } = this.route(request.method, url.pathname)
		const params = readForm(form, route.params)
		if (fault?.when === 'during') {
			const answer = await this.strike(fault, fate)
			if (answer) return { ...answer, begun: true }
		}
		const call = { id, key: request.headers['idempotency-key'] ?? null, request: fate.id }
		try {
			const result = route.run(books, params, call)
			fate.entry.fate = 'executed'
			if (request.method !== 'GET') this.executed(fate, request, url, form, books)
			return { status: 200, body: JSON.stringify(books.expand(result, params.expand), null, 2), begun: true }
		} catch (error) {
			if (!(error instanceof ApiError)) throw error
			this.explainMode(error, url, books)
			return { ...this.problem(error, fate, books.livemode), begun: true }
		}
	}

	executed(fate, request, url, form, books) {
		this.log.push({ at: this.clock(), account: books.account, mode: books.livemode ? 'live' : 'test', method: request.method, path: url.pathname, params: form,
			key: request.headers['idempotency-key'] ?? null, request: fate.id })
		if (this.log.length > LOG_MOST) this.log.shift()
		this.saveSoon()
	}

	// "a similar object exists in live mode": the hint that Stripe gives when the key is of the wrong mode.
	explainMode(error, url, books) {
		if (error.status !== 404 || error.fields.code !== 'resource_missing') return
		const id = url.pathname.split('/')[3]
		const other = this.booksOf(books.livemode ? 'test' : 'live', books.account)
		if (id && typeof other.resolve(id) === 'object') {
			const [here, there] = books.livemode ? ['live', 'test'] : ['test', 'live']
			error.fields.message += `; a similar object exists in ${there} mode, but a ${here} mode key was used to make this request.`
		}
	}

	route(method, path) {
		for (const route of ROUTES) {
			const match = route.method === method && route.path.exec(path)
			if (match) return { route, id: match[1] && decodeURIComponent(match[1]) }
		}
		return refuse(404, { message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.` })
	}

	problem(error, fate, livemode) {
		const { code } = error.fields
		const body = { error: { ...error.fields, ...(code ? { doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` } : {}),
			request_log_url: `https://dashboard.stripe.com/${livemode ? '' : 'test/'}logs/${fate.id}?t=${this.clock()}` } }
		return { status: error.status, body: JSON.stringify(body, null, 2), shouldRetry: error.shouldRetry }
	}

	// --- faults ---
	addFaults(list) {
		for (const fault of list) {
			if (!['stall', 'reset', 'status', 'nonsense', 'truncated'].includes(fault.kind)) throw new Error(`unknown fault ${fault.kind}`)
			const when = fault.when ?? (fault.kind === 'truncated' ? 'after' : 'before')
			if (!['before', 'during', 'after'].includes(when)) throw new Error(`unknown moment ${when}`)
			this.faults.push({ times: 1, skip: 0, ...fault, when })
		}
	}

	takeFault(method, path) {
		const fault = this.faults.find(f => (!f.method || f.method === method) && (!f.path || new RegExp(f.path).test(path)) && !(f.skip > 0 && f.skip--))
		if (fault && fault.times > 0 && --fault.times === 0) this.faults = this.faults.filter(f => f !== fault)
		return fault
	}

	// Resolves to an answer, to nothing (go on), or throws.
	async strike(fault, fate, answer) {
		if (fault.kind === 'stall') return void (await wait(fault.ms ?? 1000))
		if (fault.kind === 'reset') throw new Lost('reset')
		if (fault.kind === 'nonsense') throw new Lost('nonsense')
		if (fault.kind === 'truncated') throw new Lost('truncated', answer)
		const status = fault.status ?? 500
		const error = new ApiError(status, {
			type: fault.type ?? (status >= 500 ? 'api_error' : 'invalid_request_error'),
			...(fault.code || status === 429 ? { code: fault.code ?? 'rate_limit' } : {}),
			message: fault.message ?? (status === 429 ? 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.'
				: 'An unknown error occurred. Please try again; if it persists, contact us at https://support.stripe.com/.'),
		})
		// A 500 whose execution had begun would only be replayed, so Stripe advises against the repeat.
		error.shouldRetry = fault.shouldRetry === undefined ? (status >= 500 && fault.when !== 'before' ? 'false' : undefined) : String(fault.shouldRetry)
		if (fault.when === 'during') return this.problem(error, fate, false)
		throw error
	}

	// --- HTTP ---
	async handle(request, response) {
		const url = new URL(request.url, 'http://standin')
		const chunks = []
		for await (const chunk of request) chunks.push(chunk)
		request.text = Buffer.concat(chunks).toString()
		if (url.pathname.startsWith('/_control/')) return this.control(request, url, response)
		const fate = { id: make.newId('req', 14), headers: {} }
		let answer
		try {
			answer = await this.api(request, url, fate)
		} catch (error) {
			if (error instanceof Lost) return this.lose(error, response, fate)
			if (!(error instanceof ApiError)) throw error
			answer = this.problem(error, fate, fate.entry?.mode === 'live')
		}
		if (fate.entry) fate.entry.status = answer.status
		response.writeHead(answer.status, { 'content-type': 'application/json', date: new Date(this.clock() * 1000).toUTCString(), 'cache-control': 'no-cache, no-store', 'request-id': fate.id, 'stripe-version': make.API_VERSION,
			...(answer.shouldRetry ? { 'stripe-should-retry': answer.shouldRetry } : {}), ...fate.headers })
		response.end(answer.body)
	}

	lose({ how, answer }, response, fate) {
		fate.entry.lost = how
		if (how === 'reset') return response.socket.resetAndDestroy()
		if (how === 'nonsense') {
			response.writeHead(200, { 'content-type': 'text/html', 'request-id': fate.id })
			return response.end('<!doctype html><title>Gateway</title><p>Something is on fire.')
		}
		const body = Buffer.from(answer?.body ?? '{"id": "sub_')
		response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length + 100, 'request-id': fate.id, ...fate.headers })
		response.write(body.subarray(0, body.length >> 1), () => response.socket.resetAndDestroy())
	}

	control(request, url, response) {
		let status = 200
		let out
		try {
			out = this.steer(request.method, url, request.text ? JSON.parse(request.text) : {}) ?? { ok: true }
		} catch (error) {
			status = error.status ?? 400
			out = { error: error.message }
		}
		response.writeHead(status, { 'content-type': 'application/json' })
		response.end(JSON.stringify(out))
	}

	steer(method, url, input) {
		const [what, id] = url.pathname.slice('/_control/'.length).split('/')
		const books = this.booksOf(input.mode ?? url.searchParams.get('mode') ?? undefined, input.account ?? url.searchParams.get('account') ?? undefined)
		const lists = { log: 'log', requests: 'requests', faults: 'faults' }
		if (lists[what] && method === 'GET') return this[what]
		if (lists[what] && method === 'DELETE') return void (this[what] = [])
		this.saveSoon()
		if (what === 'subscription' && method === 'GET') return books.expand(books.subscription(id), ['discounts', 'discounts.source.coupon'])
		if (method !== 'POST') throw new ApiError(404, { message: 'no such control' })
		if (what === 'subscription') return Object.assign(books.subscription(id), input)
		if (what === 'bill') {
			const made = books.bill(input.subscription, { ...(input.amount ? { amount: input.amount } : {}), ...(input.id ? { id: input.id } : {}) })
			return input.pay === false ? made : books.invoicePay(made.id)
		}
		if (what === 'seed') return books.seed(input, input.keep)
		if (what === 'faults') return this.addFaults([].concat(input))
		if (what === 'keys') return void (this.keys = { ...this.keys, ...input })
		if (what === 'clock') return void (this.shift += input.advance)
		if (what === 'reset') return this.forget()
		throw new ApiError(404, { message: 'no such control' })
	}
}

class Lost extends Error {
	constructor(how, answer) {
		super(how)
		Object.assign(this, { how, answer })
	}
}

// For tests in the same process. close() also writes the state.
export async function startStripe({ port = 0, host = '127.0.0.1', ...options } = {}) {
	const standin = new StripeStandin(options)
	const server = http.createServer((request, response) => {
		standin.handle(request, response).catch(error => {
			if (!request.readableAborted) console.error('stripe stand-in:', error)
			response.destroy()
		})
	})
	server.keepAliveTimeout = 60000
	await new Promise((done, failed) => server.once('error', failed).listen(port, host, done))
	const url = `http://${host}:${server.address().port}`
	const control = async (path, body, method = body === undefined ? 'GET' : 'POST') => {
		const reply = await fetch(`${url}/_control/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) })
		const out = await reply.json()
		if (!reply.ok) throw new Error(`${path}: ${out.error}`)
		return out
	}
	const close = () => new Promise(done => {
		standin.save()
		server.close(done)
		server.closeAllConnections()
	})
	return { url, control, close, standin }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, host: { type: 'string', default: '127.0.0.1' }, state: { type: 'string' }, keys: { type: 'string' } } })
	const keys = values.keys ? Object.fromEntries(values.keys.split(',').map(key => [key, 'acct_standin'])) : null
	const running = await startStripe({ port: Number(values.port), host: values.host, state: values.state, keys })
	console.log(running.url)
	for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => running.close().then(() => process.exit(0)))
}
