// Too much at once, behind a real web server: figures whose statements hang hold up nobody else, are ended at the server, and a part that is
// switched off says so to programs and to people.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { boot, until } from './harness.mjs'

const FIGURES = 20
const day = ago => new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10)

let house
before(async () => { house = await boot({ conf: { web: { deadline_factor: 1, queue_wait: '200ms', queue_target: '200ms' } } }) }, { timeout: 300000 })
after(() => house?.finish(), { timeout: 300000 })

const funnel = n => house.json('GET', `/api/v1/retention/analytics/funnel?from=${day(30 + n)}&to=${day(n)}`, undefined, house.bearer)
const start = () => house.json('POST', '/api/v1/widget/start', { userId: 'overload' }, { 'x-api-key': house.keys.test.key })
const running = () => Number(house.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%measure_step%'")[0][0])

test('figures that hang leave the others their places, and end', async () => {
	assert.equal((await funnel(100)).status, 200)
	const lock = spawn('psql', ['-qX', '-c', 'begin; lock table measure_step; select pg_sleep(600)', house.env.DB_URL], { stdio: 'ignore' })
	try {
		await until('the lock', () => house.sql("select 1 from pg_locks where relation = 'measure_step'::regclass and mode = 'AccessExclusiveLock' and granted").length)
		const asked = Array.from({ length: FIGURES }, (_, n) => funnel(n))
		await until('some to hang', () => running() > 0)
		assert.equal((await house.json('POST', '/api/v1/auth/login', { email: house.owner.email, password: house.owner.password })).status, 200)
		for (let i = 0; i < 10; i++) assert.ok([200, 201].includes((await start()).status))
		assert.equal((await house.json('GET', '/api/v1/retention/flows', undefined, house.bearer)).status, 200)
		const replies = await Promise.all(asked)
		const ended = replies.filter(reply => reply.status === 504), refused = replies.filter(reply => reply.status === 503)
		assert.equal(ended.length + refused.length, FIGURES, replies.map(reply => reply.status).join(' '))
		assert.ok(ended.length > 0 && refused.length > 0, `${ended.length} ended, ${refused.length} refused`)
		for (const reply of replies) {
			assert.match(reply.headers.get('content-type'), /^application\/problem\+json/)
			assert.ok(Number(reply.headers.get('retry-after')) >= 1, reply.text)
		}
		await until('no statement to be left', () => running() === 0)
		const metrics = await (await fetch(`${house.url}/metrics`)).text()
		const shed = /stoa_shed_total\{program="retention",class="analytics",reason="late"\} (\d+)/.exec(metrics)
		assert.match(metrics, /^stoa_statements_cancelled_total [1-9]/m)
		assert.ok(Number(shed?.[1]) > 0, metrics)
	} finally {
		lock.kill()
		house.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%lock table measure_step%' and pid <> pg_backend_pid()")
	}
	await until('figures as before', async () => (await funnel(200)).status === 200)
})

const noted = () => house.sql('select 1 from measure_dirty').length
async function passed() {
	const [[id]] = house.sql("insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'measure.pass', 0, 3) returning id")
	house.sql('notify stoa_job')
	await until('the pass', () => house.sql(`select 1 from job where id = '${id}' and state = 'done'`).length)
}

test('a part that is switched off says so, until it is switched on', async () => {
	assert.match(house.stoa('brownout', 'analytics', 'on'), /^analytics +on +off/m)
	const reply = await funnel(300)
	assert.deepEqual([reply.status, reply.body.code, reply.headers.get('retry-after')], [503, 'switched-off', '30'])
	// A page: who is not signed in can do so, and who is sees the way to what is served.
	for (const path of ['/', '/analytics']) {
		const away = await house.fetch(path)
		assert.equal(away.status, 303, path)
		assert.match(away.headers.get('location'), /^\/login/)
		const page = await house.fetch(path, { headers: { cookie: `__Host-stoa=${house.owner.tokens.accessToken}` } }), html = await page.text()
		assert.deepEqual([page.status, page.headers.get('retry-after')], [503, '30'], path)
		assert.match(html, /switched off for a while/)
		assert.match(html, /<a href="\/flows">/)
		assert.doesNotMatch(html, /To the overview/)
	}
	assert.ok([200, 201].includes((await start()).status))
	assert.match(await (await fetch(`${house.url}/metrics`)).text(), /^stoa_brownout\{part="analytics"\} 1$/m)
	house.sql("insert into measure_dirty (org_id, live, kind, ref) select org_id, live, 'session', id::text from retention_session")
	await passed()
	assert.ok(noted() > 0)
	house.stoa('brownout', 'analytics', 'auto')
	assert.equal((await funnel(301)).status, 200)
	await passed()
	assert.equal(noted(), 0)
})
