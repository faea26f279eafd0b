// The list of bad input: a problem or a documented refusal of the web server, and the house stays up.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { request, send } from './raw.mjs'
import { call, customer, decide, problem, start, started, state, subscriber } from './widget.mjs'

export function inputTests(house, front) {
	// What a body that cannot be read is refused with; mod_fcgid knows only 500.
	const unreadable = front === 'fcgid' ? [0, 400, 408, 500] : [0, 400, 408]
	const headers = (more = {}) => ({ 'Content-Type': 'application/json', 'X-API-Key': house.keys.test.key, Connection: 'close', ...more })
	// Posts bytes as they are; the reply as the tests' problem() wants it.
	const post = async (body, more = {}, path = '/api/v1/widget/start') => {
		const bytes = Buffer.from(body)
		const reply = await send(house.url, [Buffer.concat([Buffer.from(request('POST', path, headers({ 'Content-Length': bytes.length, ...more }))), bytes])])
		return { ...reply, text: reply.body, body: /json/.test(reply.headers['content-type'] ?? '') ? JSON.parse(reply.body) : null, headers: new Headers(reply.headers) }
	}
	const valid = (more = {}) => JSON.stringify({ userId: 'u', ...more })

	for (const [what, body, status, field] of [
		['nothing', '', 400], ['white space', '  \n', 400], ['half an object', '{"userId": "a', 400], ['two values', '{"userId":"a"}{}', 400],
		['trailing comma', '{"userId":"a",}', 400], ['comment', '{"userId":"a"/* */}', 400], ['single quotes', "{'userId':'a'}", 400],
		['an array', '[]', 400], ['a text', '"userId"', 400], ['null', 'null', 400], ['NaN', '{"userId":NaN}', 400],
		['a repeated member', '{"userId":"a","userId":"b"}', 400], ['an unknown member', valid({ admin: true }), 400, 'admin'],
		['a number for a text', '{"userId":5}', 400, 'userId'], ['null for a text', '{"userId":null}', 400, 'userId'], ['an object for a text', '{"userId":{}}', 400, 'userId'],
		['a text for a number', valid({ subscriptionValue: '5' }), 400, 'subscriptionValue'], ['a fraction', valid({ subscriptionValue: 1.5 }), 400, 'subscriptionValue'],
		['a huge number', `{"userId":"a","subscriptionValue":${'9'.repeat(400)}}`, 400], ['a number beyond 64 bits', '{"userId":"a","subscriptionValue":9223372036854775808}', 400], ['a negative value', valid({ subscriptionValue: -1 }), 422, 'subscriptionValue'],
		['an exponent', '{"userId":"a","subscriptionValue":1e999}', 400], ['an empty text', '{"userId":""}', 422, 'userId'], ['a long text', `{"userId":"${'x'.repeat(256)}"}`, 422, 'userId'],
		['a NUL byte', '{"userId":"a\0b"}', 400], ['an escaped NUL', '{"userId":"a\\u0000b"}', 400], ['a control character', '{"userId":"a\\u0007"}', 422, 'userId'],
		['a lone surrogate', '{"userId":"\\ud800"}', 400], ['a BOM', '\ufeff{"userId":"a"}', 400], ['deep nesting', '['.repeat(5000) + ']'.repeat(5000), 400],
		['deep nesting in a member', `{"userId":"a","plan":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`, 400],
		['a bad currency', valid({ currency: 'USD' }), 422, 'currency'], ['a bad address', valid({ email: 'nobody' }), 422, 'email'],
		['a prototype', '{"userId":"a","__proto__":{"admin":true}}', 400, '__proto__'],
	])
		test(`body: ${what}`, async () => problem(await post(body), status, undefined, field))

	for (const [what, bytes] of [['an overlong form', [0xc0, 0xaf]], ['a lone continuation', [0x80]], ['a cut sequence', [0xe2, 0x82]], ['a surrogate', [0xed, 0xa0, 0x80]],
		['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]], ['Latin-1', [0xe9]]])
		test(`UTF-8: ${what}`, async () => problem(await post(Buffer.concat([Buffer.from('{"userId":"a'), Buffer.from(bytes), Buffer.from('"}')])), 400, 'bad-input'))

	test('good UTF-8 of every length passes', async () => {
		assert.equal((await post(valid({ userId: 'aß€😀' }))).status, 200)
	})

	for (const [what, type, status] of [['none', undefined, 415], ['text', 'text/plain', 415], ['form', 'application/x-www-form-urlencoded', 415], ['multipart', 'multipart/form-data; boundary=x', 415],
		['another charset', 'application/json; charset=utf-16', 415], ['with charset', 'application/json; charset=UTF-8', 200]])
		test(`content type: ${what}`, async () => {
			const reply = await send(house.url, request('POST', '/api/v1/widget/start', { 'X-API-Key': house.keys.test.key, Connection: 'close',
				...(type ? { 'Content-Type': type } : {}), 'Content-Length': valid().length }, valid()))
			assert.equal(reply.status, status, reply.body)
		})

	test('sizes: a big body is read, a bigger one refused, and the next request served', async () => {
		const sized = bytes => `{"userId":"${'x'.repeat(bytes - 13)}"}`
		problem(await post(sized(200000)), 422, 'invalid', 'userId')
		problem(await post(sized(1048577)), 413, 'too-large')
		const huge = await post(sized(3000000), { Connection: 'close' })
		assert.ok([413, 0].includes(huge.status), `the web server refuses three megabytes: ${huge.status}`)
		assert.equal((await start(house, { userId: 'after' })).status, 200)
	})

	test('chunked bodies arrive whole, small and large', async () => {
		const chunked = async (text, size) => {
			const parts = []
			for (let at = 0; at < text.length; at += size) parts.push(`${Math.min(size, text.length - at).toString(16)}\r\n${text.slice(at, at + size)}\r\n`)
			return send(house.url, [request('POST', '/api/v1/widget/start', headers({ 'Transfer-Encoding': 'chunked' })), ...parts, '0\r\n\r\n'])
		}
		assert.equal((await chunked(valid(), 3)).status, 200)
		const large = await chunked(`{"userId":"${'x'.repeat(100000)}"}`, 8192)
		assert.equal(large.status, 422, large.body)
		const broken = await send(house.url, [request('POST', '/api/v1/widget/start', headers({ 'Transfer-Encoding': 'chunked' })), 'zz\r\nxx\r\n0\r\n\r\n'])
		assert.ok([400, 0].includes(broken.status), String(broken.status))
	})

	test('a truncated body makes nobody wait and changes nothing', async () => {
		const [[before]] = house.sql('select count(*) from retention_session')
		const reply = await send(house.url, request('POST', '/api/v1/widget/start', headers({ 'Content-Length': 500 }), '{"userId":"cut'), { half: true, quiet: 20000 })
		assert.ok(unreadable.includes(reply.status), String(reply.status))
		assert.deepEqual(house.sql('select count(*) from retention_session'), [[before]])
		assert.equal((await start(house, { userId: 'after' })).status, 200)
	})

	test('headers: repeated, contradicting, oversized, malformed', async () => {
		const body = valid()
		const lines = more => `POST /api/v1/widget/start HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n${more}\r\n${body}`
		const key = `X-API-Key: ${house.keys.test.key}\r\n`
		for (const [what, bytes, wanted] of [
			['two keys', lines(`${key}X-API-Key: stoa_test_other\r\nContent-Length: ${body.length}\r\n`), [400, 401]],
			['two lengths', lines(`${key}Content-Length: ${body.length}\r\nContent-Length: 5\r\n`), [400]],
			['length and chunked', lines(`${key}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n`), unreadable],
			['a negative length', lines(`${key}Content-Length: -1\r\n`), [400, 413]],
			['a length that is no number', lines(`${key}Content-Length: ten\r\n`), [400]],
			['a huge header', lines(`${key}X-Big: ${'x'.repeat(70000)}\r\nContent-Length: ${body.length}\r\n`), [400, 431, 0]],
			['a header without a name', lines(`${key}: nothing\r\nContent-Length: ${body.length}\r\n`), [400]],
			['a NUL in a header', lines(`${key}X-Odd: a\0b\r\nContent-Length: ${body.length}\r\n`), [400]],
			['no host', `GET /health HTTP/1.1\r\nConnection: close\r\n\r\n`, [400]],
			['nonsense', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n`, [400, 0]],
			['an unknown method', `FROB /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`, [400, 405, 501]],
		]) {
			const reply = await send(house.url, bytes)
			assert.ok(wanted.includes(reply.status), `${what}: ${reply.status} ${reply.body.slice(0, 300)}`)
		}
		assert.equal((await start(house, { userId: 'after' })).status, 200)
	})

	test('queries and paths: repeated, unknown, escaped', async () => {
		const list = path => call(house, 'GET', path, undefined, house.bearer)
		problem(await list('/api/v1/retention/decisions?limit=1&limit=2'), 400, 'bad-input', 'limit')
		problem(await list('/api/v1/retention/decisions?frob=1'), 400, 'bad-input', 'frob')
		problem(await list('/api/v1/retention/decisions?limit=abc'), 400, 'bad-input', 'limit')
		problem(await list('/api/v1/retention/decisions?limit=0'), 422, 'invalid', 'limit')
		problem(await list('/api/v1/retention/decisions?limit=101'), 422, 'invalid', 'limit')
		problem(await list('/api/v1/retention/flows/not-a-uuid'), 400, 'bad-input', 'id')
		problem(await list('/api/v1/retention/flows/00000000-0000-7000-8000-000000000000'), 404, 'not-found')
		problem(await list("/api/v1/retention/flows/';drop%20table%20flow;--"), 400, 'bad-input')
		// Some of these no web server passes on.
		for (const path of ['/api/v1/widget/flow/%zz', '/api/v1/widget/flow/%00', '/api/v1/widget/flow/a%2Fb', '/api/v1/retention/decisions?cursor=%00', '/api/v1/retention/decisions?cursor=%zz', '/api/v1/retention/decisions?cursor=%ff']) {
			const bad = await send(house.url, request('GET', path, { Authorization: house.bearer.authorization, 'X-API-Key': house.keys.test.key, Connection: 'close' }))
			assert.ok([400, 401, 404].includes(bad.status), `${path}: ${bad.status}`)
		}
	})

	test('keys: missing, malformed, foreign, revoked, of the wrong kind', async () => {
		const who = { userId: 'u', subscription: 'sub_x' }
		const without = await house.json('POST', '/api/v1/widget/start', customer(who))
		problem(without, 401, 'unauthenticated')
		for (const key of ['x', 'stoa_test_', `stoa_test_${'a'.repeat(8)}_${'b'.repeat(43)}`, `${house.keys.test.key}x`, house.keys.test.key.slice(0, -1), 'stoa_test_\u00e9'.normalize('NFD').replace(/[^\x20-\x7e]/g, '')])
			problem(await start(house, customer(who), key), 401, 'unauthenticated')
		problem(await start(house, customer(who), house.keys.server.key), 403, 'forbidden')
		problem(await call(house, 'GET', '/api/v1/retention/flows', undefined, { 'x-api-key': house.keys.test.key }), 403, 'forbidden')
		assert.equal((await call(house, 'GET', '/api/v1/retention/flows', undefined, { 'x-api-key': house.keys.server.key })).status, 200)
		problem(await call(house, 'GET', '/api/v1/retention/flows'), 401, 'unauthenticated')
	})

	test('session tokens: altered, foreign, expired, replayed', async () => {
		const session = await started(house, await subscriber(house))
		const body = { outcome: 'dismissed' }
		for (const token of ['x', '', session.session.slice(0, -1), `${session.session}A`, session.session.replace(/.(?=.{20}$)/, c => (c === 'A' ? 'B' : 'A'))]) {
			const reply = await decide(house, { session: token, ...body })
			assert.ok([400, 401, 422].includes(reply.status), `${token}: ${reply.text}`)
		}
		const foreign = await house.otherOrganisation()
		problem(await decide(house, { session: session.session, ...body }, foreign.key), 401)
		problem(await state(house, session, foreign.key), 401)
		const [[ids]] = house.sql(`select count(*) from decision where session_id = '${session.sessionId}'`)
		assert.equal(ids, '0')
		const first = await decide(house, { session: session.session, ...body })
		assert.equal(first.status, 200)
		assert.deepEqual((await decide(house, { session: session.session, ...body })).body, first.body)
		const replies = await Promise.all(['declined', 'cancelled', 'dismissed', 'dismissed'].map(outcome => decide(house, { session: session.session, outcome })))
		assert.deepEqual(replies.map(r => r.status), [409, 409, 200, 200])
	})

	test('one decision among many at once', async () => {
		const session = await started(house, await subscriber(house))
		const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => decide(house, { session: session.session, outcome: ['dismissed', 'declined'][i % 2] })))
		const won = replies.filter(r => r.status === 200)
		assert.equal(new Set(won.map(r => r.body.outcome)).size, 1)
		assert.equal(won.length, 6)
		assert.ok(replies.every(r => [200, 409].includes(r.status)))
	})

	after(async () => {
		if (house.complaints) assert.deepEqual(house.complaints(), [])
	})
}
