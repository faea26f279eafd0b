// Identity: signing in, tokens, cookies and CSRF, lock-out, password by mail, people, roles, tenants.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { until } from './harness.mjs'
import { PASSWORD } from './settle.mjs'
import { call, problem, start } from './widget.mjs'

export function authTests(house) {
	const post = (path, body, headers) => call(house, 'POST', `/api/v1/auth/${path}`, body, headers)
	const login = (email = house.owner.email, password = PASSWORD, more = {}) => post('login', { email, password, ...more })
	const bearer = tokens => ({ authorization: `Bearer ${tokens.accessToken}` })
	const me = tokens => call(house, 'GET', '/api/v1/auth/me', undefined, bearer(tokens))
	const account = async () => {
		const email = `p-${randomUUID()}@harbour.example`
		const reply = await post('register', { organisation: 'Pier', name: 'Pia', email, password: PASSWORD })
		assert.equal(reply.status, 201, reply.text)
		return { email, tokens: reply.body }
	}
	// The newest mail to an address, and the token in its link.
	const mailTo = async (email, count = 1) => until(`mail to ${email}`, () => {
		const mails = house.mail.mails.filter(mail => mail.to.includes(email))
		return mails.length >= count && mails.at(-1)
	}, 90)
	const linkToken = mail => {
		const link = /https?:\/\/\S+/.exec(mail.text)?.[0]
		assert.ok(link, mail.text)
		assert.equal(new URL(link).origin, house.url)
		return new URL(link).searchParams.get('token')
	}

	test('login, me, sessions, logout', async () => {
		const reply = await login()
		assert.equal(reply.status, 200, reply.text)
		assert.equal(reply.headers.get('cache-control'), 'no-store')
		assert.match(reply.body.accessToken, /^stoa_at_[\w-]{43}$/)
		assert.match(reply.body.refreshToken, /^stoa_rt_[\w-]{43}$/)
		const who = await me(reply.body)
		assert.equal(who.status, 200, who.text)
		assert.equal(who.body.data.email, house.owner.email)
		const sessions = await call(house, 'GET', '/api/v1/auth/sessions?limit=100', undefined, bearer(reply.body))
		assert.ok(sessions.body.data.some(s => s.id === reply.body.sessionId))
		assert.equal((await post('logout', undefined, bearer(reply.body))).status, 204)
		problem(await me(reply.body), 401, 'unauthenticated')
		problem(await post('refresh', { refreshToken: reply.body.refreshToken }), 401)
	})

	test('wrong password, unknown address and nonsense get the same answer', async () => {
		const replies = [await login(house.owner.email, 'a wrong harbour 42'), await login('nobody@harbour.example')]
		for (const reply of replies) problem(reply, 401, 'unauthenticated')
		assert.equal(replies[0].body.detail, replies[1].body.detail)
		problem(await post('login', { email: house.owner.email }), 400, 'bad-input', 'password')
		assert.equal((await login()).status, 200)
	})

	test('refresh turns over; an old refresh token ends the session', async () => {
		const { body: first } = await login()
		const second = await post('refresh', { refreshToken: first.refreshToken })
		assert.equal(second.status, 200, second.text)
		assert.notEqual(second.body.accessToken, first.accessToken)
		assert.equal((await me(second.body)).status, 200)
		problem(await post('refresh', { refreshToken: first.refreshToken }), 401)
		problem(await post('refresh', { refreshToken: second.body.refreshToken }), 401)
		problem(await me(second.body), 401)
	})

	test('five failures lock the account, and a mail opens it', async () => {
		const { email } = await account()
		for (let i = 0; i < 5; i++) problem(await login(email, 'wrong wrong wrong'), 401)
		const locked = await login(email)
		assert.ok([401, 423].includes(locked.status), locked.text)
		assert.equal((await post('password/forgot', { email })).status, 202)
		const mail = await mailTo(email)
		assert.match(mail.from, /house@stoa\.test/)
		assert.ok(mail.subject && mail.messageId)
		const token = linkToken(mail)
		problem(await post('password/reset', { token, password: 'short' }), 422, 'invalid', 'password')
		const fresh = 'a calmer harbour 43'
		const reset = await post('password/reset', { token, password: fresh })
		assert.ok([200, 204].includes(reset.status), reset.text)
		problem(await post('password/reset', { token, password: 'another harbour 44' }), 410, 'gone')
		assert.equal((await login(email, fresh)).status, 200)
		problem(await login(email, PASSWORD), 401)
	})

	test('forgot tells nothing: an unknown address gets the same answer and no mail', async () => {
		const before = house.mail.mails.length
		const known = await account()
		const replies = [await post('password/forgot', { email: 'nobody@nowhere.example' }), await post('password/forgot', { email: known.email })]
		assert.deepEqual([replies[0].status, replies[0].text], [replies[1].status, replies[1].text])
		await mailTo(known.email)
		assert.equal(house.mail.mails.length, before + 1)
	})

	test('changing the password ends the other sessions', async () => {
		const { email, tokens } = await account()
		const { body: other } = await login(email)
		problem(await post('password', { oldPassword: 'wrong wrong wrong', password: 'a calmer harbour 43' }, bearer(tokens)), 403, 'forbidden', 'oldPassword')
		const changed = await post('password', { oldPassword: PASSWORD, password: 'a calmer harbour 43' }, bearer(tokens))
		assert.ok([200, 204].includes(changed.status), changed.text)
		assert.equal((await me(tokens)).status, 200)
		problem(await me(other), 401)
	})

	test('pages: cookie, CSRF, Sec-Fetch-Site', async () => {
		const form = (path, fields, headers = {}) => house.fetch(path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(fields) })
		const away = await house.fetch('/')
		assert.equal(away.status, 303)
		assert.match(away.headers.get('location'), /\/login/)
		const signedIn = await form('/login', { email: house.owner.email, password: PASSWORD }, { origin: house.url, 'sec-fetch-site': 'same-origin' })
		assert.equal(signedIn.status, 303, await signedIn.text())
		const [cookie] = signedIn.headers.getSetCookie()
		assert.match(cookie, /^__Host-stoa=stoa_at_/)
		for (const part of [/; *Path=\//i, /; *HttpOnly/i, /; *Secure/i, /; *SameSite=Lax/i]) assert.match(cookie, part)
		assert.doesNotMatch(cookie, /domain=/i)
		const headers = { cookie: cookie.split(';')[0] }
		const overview = await house.fetch('/', { headers })
		assert.equal(overview.status, 200)
		assert.match(overview.headers.get('cache-control'), /no-store/)
		const csrf = /name="csrf" value="([0-9a-f]+)"/.exec(await (await house.fetch('/keys', { headers })).text())[1]
		const make = { name: 'from a page', kind: 'server', mode: 'test' }
		for (const [what, fields, more] of [['no token', make, { origin: house.url, 'sec-fetch-site': 'same-origin' }], ['a wrong token', { ...make, csrf: csrf.replace(/^./, c => (c === '0' ? '1' : '0')) }, { origin: house.url, 'sec-fetch-site': 'same-origin' }],
			['another site', { ...make, csrf }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }], ['another origin and no Sec-Fetch-Site', { ...make, csrf }, { origin: 'https://evil.example' }]])
			assert.equal((await form('/keys', fields, { ...headers, ...more })).status, 403, what)
		assert.ok([200, 201].includes((await form('/keys', { ...make, csrf }, { ...headers, origin: house.url, 'sec-fetch-site': 'same-origin' })).status))
		const crossApi = await house.json('POST', '/api/v1/orgs/keys', { name: 'x', kind: 'server', live: false }, { ...headers, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
		assert.equal(crossApi.status, 403, 'a cookie alone does not write through the API')
		assert.equal((await form('/login', { email: house.owner.email, password: PASSWORD }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status, 403, 'nobody is signed in from elsewhere')
		const out = await form('/logout', { csrf }, { ...headers, origin: house.url, 'sec-fetch-site': 'same-origin' })
		assert.equal(out.status, 303)
		assert.equal((await house.fetch('/', { headers })).status, 303)
	})

	test('keys: shown once, listed without, rotated with an overlap, revoked at once', async () => {
		const made = await house.newKey({ name: 'turn', kind: 'widget', live: false })
		assert.match(made.key, /^stoa_test_[\w-]{8}_[\w-]{43}$/)
		const list = await call(house, 'GET', '/api/v1/orgs/keys?limit=100', undefined, house.bearer)
		assert.equal(list.status, 200, list.text)
		assert.ok(list.body.data.some(k => k.id === made.id))
		assert.ok(!list.text.includes(made.key.slice(-43)))
		const rotated = await call(house, 'POST', `/api/v1/orgs/keys/${made.id}/rotate`, {}, house.bearer)
		assert.ok([200, 201].includes(rotated.status), rotated.text)
		for (const key of [made.key, rotated.body.key]) assert.equal((await start(house, { userId: 'turn' }, key)).status, 200)
		assert.equal((await call(house, 'DELETE', `/api/v1/orgs/keys/${rotated.body.id}`, undefined, house.bearer)).status, 204)
		problem(await start(house, { userId: 'turn' }, rotated.body.key), 401)
		const short = await house.newKey({ name: 'short', kind: 'widget', live: false })
		house.sql(`update api_key set expires_at = now() - interval '1 second' where id = '${short.id}'`)
		problem(await start(house, { userId: 'turn' }, short.key), 401)
		problem(await call(house, 'POST', '/api/v1/orgs/keys', { name: 'bad', kind: 'widget', live: false, origins: ['shop.example'] }, house.bearer), 422, 'invalid', 'origins')
	})

	test('roles: what each may', async () => {
		const email = `ana-${randomUUID()}@harbour.example`
		const invited = await call(house, 'POST', '/api/v1/users', { email, name: 'Ana', role: 'analyst' }, house.bearer)
		assert.equal(invited.status, 201, invited.text)
		const password = 'an open harbour 45'
		const set = await post('password/reset', { token: linkToken(await mailTo(email)), password })
		assert.ok([200, 204].includes(set.status), set.text)
		const { body: ana } = await login(email, password)
		assert.equal(ana.role, 'analyst')
		assert.equal((await call(house, 'GET', '/api/v1/retention/analytics/summary', undefined, bearer(ana))).status, 200)
		problem(await call(house, 'POST', '/api/v1/retention/flows', { name: 'x', language: 'en', steps: [{ type: 'confirm', title: 'a', message: 'b', config: {} }] }, bearer(ana)), 403, 'forbidden')
		problem(await call(house, 'GET', '/api/v1/orgs/audit', undefined, bearer(ana)), 403, 'forbidden')
		problem(await call(house, 'POST', '/api/v1/orgs/keys', { name: 'x', kind: 'server', live: false }, bearer(ana)), 403, 'forbidden')
		const audit = await call(house, 'GET', '/api/v1/orgs/audit?limit=100', undefined, house.bearer)
		assert.equal(audit.status, 200, audit.text)
		assert.ok(audit.body.data.length > 3)
		assert.doesNotMatch(audit.text, /stoa_(at|rt|pr|live|test)_[\w-]{20}|sk_test_/)
	})

	test('tenants do not see each other', async () => {
		const other = await house.otherOrganisation()
		const [flow] = (await call(house, 'GET', '/api/v1/retention/flows', undefined, house.bearer)).body.data
		for (const path of [`/api/v1/retention/flows/${flow.id}`]) problem(await call(house, 'GET', path, undefined, other.bearer), 404, 'not-found')
		problem(await call(house, 'POST', `/api/v1/retention/flows/${flow.id}/deactivate`, undefined, other.bearer), 404)
		problem(await call(house, 'DELETE', `/api/v1/orgs/keys/${house.keys.test.id}`, undefined, other.bearer), 404)
		problem(await call(house, 'GET', `/api/v1/widget/flow/${flow.id}`, undefined, { 'x-api-key': other.key }), 404)
		assert.deepEqual((await call(house, 'GET', '/api/v1/retention/decisions?live=false', undefined, other.bearer)).body.data, [])
	})

	test('nothing secret is in the logs', () => {
		for (const { name, text } of house.logs().filter(log => !log.name.startsWith('services')))
			assert.doesNotMatch(text, /stoa_(at|rt|pr)_[\w-]{43}|stoa_(live|test)_[\w-]{8}_[\w-]{43}|sk_(test|live)_harbour|a (quiet|calmer) harbour/, name)
	})
}
