// What the web server in front must keep: headers, CORS, compression, caching, health, metrics.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request, send } from './raw.mjs'
import { call, customer, problem, start, started, subscriber } from './widget.mjs'

const ORIGIN = 'https://shop.example'

export function webTests(house) {
	const preflight = (path, headers) => house.fetch(path, { method: 'OPTIONS', headers })

	test('health, readiness and metrics', async () => {
		assert.equal((await call(house, 'GET', '/health')).status, 200)
		const ready = await call(house, 'GET', '/health/ready')
		assert.equal(ready.status, 200, ready.text)
		const metrics = await house.fetch('/metrics')
		const text = await metrics.text()
		assert.equal(metrics.status, 200)
		assert.match(text, /^# TYPE stoa_http_requests_total counter$/m)
		assert.match(text, /^stoa_http_requests_total\{[^}]*route="\/health"[^}]*\} \d+$/m)
		assert.match(text, /^stoa_http_request_duration_seconds_bucket\{[^}]*le="\+Inf"\} \d+$/m)
	})

	test('the doctor finds nothing to mend', () => {
		let said
		try { said = house.stoa('doctor', '--url', house.url) } catch (error) { said = error.stdout }
		// What it says of the processes is a matter of time.
		assert.deepEqual(said.match(/^BAD +(?!processes ).*/gm) ?? [], [], said)
		assert.match(said, /^ok +authorization /m)
		assert.match(said, /^ok +body limit /m)
	})

	test('security headers on every kind of reply', async () => {
		for (const [path, status] of [['/login', 200], ['/api/v1/auth/me', 401], ['/api/v1/jobs', 401], ['/api/v1/nothing', 404], ['/health', 200]]) {
			const reply = await house.fetch(path)
			assert.equal(reply.status, status, path)
			assert.equal(reply.headers.get('x-content-type-options'), 'nosniff', path)
			assert.match(reply.headers.get('content-security-policy'), /frame-ancestors 'none'/, path)
			assert.ok(reply.headers.get('referrer-policy'), path)
			assert.match(reply.headers.get('x-request-id'), /^[0-9a-f-]{36}$/)
			assert.equal(reply.headers.get('strict-transport-security'), null, 'not over plain HTTP')
			await reply.arrayBuffer()
		}
		const page = await house.fetch('/login')
		assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe-inline/)
		assert.doesNotMatch(await page.text(), /<script>|style="|onclick=/)
	})

	test('the widget script: short name redirects, hashed name lasts for ever, everybody may load it', async () => {
		const short = await house.fetch('/widget.js')
		assert.equal(short.status, 302)
		assert.match(short.headers.get('cache-control'), /max-age=300/)
		const path = new URL(short.headers.get('location'), house.url).pathname
		assert.match(path, /^\/assets\/widget\.[0-9a-f]{8,}\.js$/)
		const reply = await house.fetch(path)
		assert.equal(reply.status, 200)
		assert.match(reply.headers.get('cache-control'), /max-age=31536000.*immutable/)
		assert.match(reply.headers.get('content-type'), /javascript/)
		assert.equal(reply.headers.get('access-control-allow-origin'), '*')
		assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
		const etag = reply.headers.get('etag')
		const plain = await reply.text()
		const again = await house.fetch(path, { headers: { 'if-none-match': etag } })
		assert.equal(again.status, 304)
		const compressed = await send(house.url, request('GET', path, { 'Accept-Encoding': 'gzip', Connection: 'close' }))
		assert.equal(compressed.headers['content-encoding'], 'gzip')
		assert.ok(Number(compressed.headers['content-length'] ?? compressed.body.length) <= 10240, 'at most 10 KB compressed')
		assert.ok(plain.length > 10240)
		for (const [bad, wanted] of [['/assets/', [403, 404]], ['/assets/../stoa.conf', [400, 403, 404]], ['/assets/none.js', [404]], ['/assets/%2e%2e/house.key', [400, 403, 404]]])
			assert.ok(wanted.includes((await send(house.url, request('GET', bad, { Connection: 'close' }))).status), bad)
	})

	test('JSON is compressed, pages with tokens are not', async () => {
		const who = await subscriber(house)
		const session = await started(house, who)
		const path = `/api/v1/widget/flow/${session.flowId}`
		const headers = { 'X-API-Key': house.keys.test.key, Connection: 'close' }
		const plain = await send(house.url, request('GET', path, headers))
		const gzip = await send(house.url, request('GET', path, { ...headers, 'Accept-Encoding': 'gzip' }))
		assert.equal(gzip.headers['content-encoding'], 'gzip')
		assert.match(gzip.headers.vary, /accept-encoding/i)
		const reply = await fetch(house.url + path, { headers: { 'x-api-key': house.keys.test.key, 'accept-encoding': 'gzip' } })
		assert.deepEqual(await reply.json(), JSON.parse(plain.body))
		const page = await send(house.url, request('GET', '/login', { 'Accept-Encoding': 'gzip, br', Connection: 'close' }))
		assert.equal(page.headers['content-encoding'], undefined)
	})

	test('conditional requests, plain and compressed', async () => {
		const session = await started(house, await subscriber(house))
		const path = `/api/v1/widget/flow/${session.flowId}`
		for (const encoding of ['identity', 'gzip']) {
			const headers = { 'x-api-key': house.keys.test.key, 'accept-encoding': encoding }
			const first = await house.fetch(path, { headers })
			const etag = first.headers.get('etag')
			assert.ok(etag, encoding)
			await first.arrayBuffer()
			const second = await house.fetch(path, { headers: { ...headers, 'if-none-match': etag } })
			assert.equal(second.status, 304, encoding)
			assert.equal(await second.text(), '')
			assert.equal((await house.fetch(path, { headers: { ...headers, 'if-none-match': '"other"' } })).status, 200)
		}
	})

	test('CORS by the allow-list of the key', async () => {
		const ask = { origin: ORIGIN, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-api-key' }
		const allowed = await preflight('/api/v1/widget/start', ask)
		assert.equal(allowed.status, 204)
		assert.equal(allowed.headers.get('access-control-allow-origin'), ORIGIN)
		assert.match(allowed.headers.get('access-control-allow-headers'), /x-api-key/i)
		assert.equal(allowed.headers.get('access-control-max-age'), '7200')
		assert.match(allowed.headers.get('vary'), /origin/i)
		const foreign = await preflight('/api/v1/widget/start', { ...ask, origin: 'https://evil.example' })
		assert.equal(foreign.headers.get('access-control-allow-origin'), null)
		const admin = await preflight('/api/v1/auth/login', ask)
		assert.equal(admin.headers.get('access-control-allow-origin'), null)
		const who = await subscriber(house)
		const reply = await start(house, customer(who), undefined, { origin: ORIGIN })
		assert.equal(reply.status, 200, reply.text)
		assert.equal(reply.headers.get('access-control-allow-origin'), ORIGIN)
		problem(await start(house, customer(who), undefined, { origin: 'https://evil.example' }), 403, 'forbidden')
		problem(await start(house, customer(who), undefined, { origin: 'null' }), 403, 'forbidden')
		const refused = await start(house, {}, undefined, { origin: ORIGIN })
		problem(refused, 400)
		assert.equal(refused.headers.get('access-control-allow-origin'), ORIGIN, 'the page may read why')
	})

	test('HEAD, unknown methods and paths', async () => {
		const head = await house.fetch('/health', { method: 'HEAD' })
		assert.deepEqual([head.status, await head.text()], [200, ''])
		const wrong = await call(house, 'DELETE', '/api/v1/widget/start')
		problem(wrong, 405, 'method-not-allowed')
		assert.match(wrong.headers.get('allow'), /POST/)
		problem(await call(house, 'GET', '/api/v1/widget/nothing'), 404, 'not-found')
		assert.equal((await house.fetch('/nothing')).status, 404)
	})

	test('a trace id is taken over, and answered in the log', async () => {
		const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
		const reply = await house.fetch('/health', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
		assert.equal(reply.status, 200)
		const id = reply.headers.get('x-request-id')
		const line = house.logs().find(log => log.name === 'log/stoa.log').text.split('\n').find(l => l.includes(id))
		assert.equal(JSON.parse(line).trace, trace)
	})

	test('many at once', async () => {
		const who = await subscriber(house)
		const replies = await Promise.all(Array.from({ length: 60 }, () => start(house, customer(who))))
		assert.deepEqual([...new Set(replies.map(r => r.status))], [200])
		assert.equal(new Set(replies.map(r => r.body.sessionId)).size, 60)
	})
}
