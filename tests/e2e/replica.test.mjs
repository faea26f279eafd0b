// Reads at a streaming replica: they go there, an organisation sees what it wrote, and whatever happens to either server is noticed.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot, until } from './harness.mjs'
import { Postgres } from './postgres.mjs'
import { PASSWORD } from './settle.mjs'

describe('replicas', () => {
	let house, first, second, other, cookie

	before(async () => {
		house = await boot({ conf: made => {
			first = new Postgres(made, join(made.dir, 'services'))
			second = Postgres.copy(made, 'second', first)
			return { db: { url: `host=${first.run},${second.run} user=stoa dbname=stoa`, replicas: `${first.run};${second.run}`, replica_lag: '2s', replica_skew: '50ms' } }
		} })
		other = await house.otherOrganisation()
		const signedIn = await house.fetch('/login', { method: 'POST', body: new URLSearchParams({ email: house.owner.email, password: PASSWORD }),
			headers: { 'content-type': 'application/x-www-form-urlencoded', origin: house.url, 'sec-fetch-site': 'same-origin' } })
		cookie = signedIn.headers.getSetCookie()[0].split(';')[0]
	}, { timeout: 300000 })
	after(async () => {
		try {
			second?.signal('SIGCONT')
			second?.down()
		} finally {
			await house?.finish()
		}
	}, { timeout: 300000 })

	// The sum of a series' values.
	const metric = async pattern => [...(await (await house.fetch('/metrics')).text()).matchAll(new RegExp(`^${pattern}.* (\\d+)$`, 'gm'))].reduce((sum, m) => sum + Number(m[1]), 0)
	const readsOf = target => metric(`stoa_db_reads_total\\{target="${target}"`)
	const isUp = async server => await metric(`stoa_db_replica_up\\{replica="${server.run}"`) === 1
	const must = async (status, ...request) => {
		const reply = await house.json(...request)
		assert.equal(reply.status, status, `${request[0]} ${request[1]}: ${reply.text}`)
		return reply.body
	}
	const nameOf = async who => (await must(200, 'GET', '/api/v1/orgs/current', undefined, who.bearer)).data.name
	const rename = (server, who, name) => server.sql(`update organisation set name = '${name}' where org_id = (select org_id from membership join account on account.id = account_id where email = '${who.email}')`)
	const keyNames = async bearer => (await must(200, 'GET', '/api/v1/orgs/keys', undefined, bearer)).data.map(key => key.name)
	const keysPage = async () => (await house.fetch('/keys', { headers: { cookie } })).text()
	// Whether a read of the other organisation, which writes nothing, is answered by a replica.
	const goesToReplica = async () => {
		const before = await readsOf('replica')
		await nameOf(other)
		return await readsOf('replica') > before
	}
	// It has more to say of a test's house, and says so by its status.
	const doctor = () => {
		try {
			return house.stoa('doctor')
		} catch (error) {
			return error.stdout
		}
	}
	// What does not hold is not tried again.
	const settled = work => work().catch(error => { throw Object.assign(error, { fatal: true }) })
	const untilReplicaAnswers = () => until('reads at a replica', goesToReplica)
	const untilPrimaryAnswers = () => until('reads at the primary', async () => !await goesToReplica())

	test('reads go there', async () => {
		await untilReplicaAnswers()
		assert.ok(await isUp(second))
		assert.ok(!await isUp(first), 'the primary is no replica of its own')
		assert.notEqual(second.sql(`select count(*) from pg_stat_activity where application_name = 'stoa' and query ~ 'organisation' and pid <> pg_backend_pid()`), '0')
		assert.match(doctor(), /replica \S*second.* s behind/)
	})

	test('an organisation sees what it wrote, whoever answers; others wait for the replica', async () => {
		// While the replica stands still it may be asked for as long as it is not too far behind: again, should that have passed.
		await until('an undisturbed look at it', () => settled(async () => {
			second.sql('select pg_wal_replay_resume()')
			await untilReplicaAnswers()
			second.sql('select pg_wal_replay_pause()')
			const old = await nameOf(other), name = `Lagoon ${Date.now()}`
			rename(first, other, name)
			const made = await must(201, 'POST', '/api/v1/orgs/keys', { name, kind: 'server', live: false }, house.bearer)
			assert.ok((await keyNames(house.bearer)).includes(name), 'the same session')
			assert.match(await keysPage(), new RegExp(name), 'another session, by another responder')
			const tokens = await must(200, 'POST', '/api/v1/auth/login', { email: house.owner.email, password: PASSWORD })
			assert.ok((await keyNames({ authorization: `Bearer ${tokens.accessToken}` })).includes(name), 'one that began since')
			await must(204, 'DELETE', `/api/v1/orgs/keys/${made.id}`, undefined, house.bearer)
			assert.equal(second.sql(`select count(*) from api_key where name = '${name}'`), '0', 'it stands still')
			return await nameOf(other) === old && !await metric('stoa_db_replica_lag_seconds\\{replica="[^"]*second/run"\\} [3-9]')
		}))
	})

	test('one that is too far behind is left out, and comes back', async () => {
		rename(first, other, 'Behind')
		await until('the replica to be left out', async () => !await isUp(second))
		assert.equal(await nameOf(other), 'Behind')
		second.sql('select pg_wal_replay_resume()')
		await untilReplicaAnswers()
		assert.equal(await nameOf(other), 'Behind')
	})

	test('without memcached the primary answers', async () => {
		process.kill(house.memcachedPid(), 'SIGKILL')
		await untilPrimaryAnswers()
		house.servicesUp()
		await untilReplicaAnswers()
	})

	test('one that is stopped or down is left out without an error, and comes back', async () => {
		second.signal('SIGSTOP')
		await Promise.all(Array.from({ length: 12 }, () => nameOf(other)))
		await until('the replica to be left out', async () => !await isUp(second))
		second.signal('SIGCONT')
		await untilReplicaAnswers()
		second.down()
		await Promise.all(Array.from({ length: 12 }, () => nameOf(other)))
		second.up()
		await untilReplicaAnswers()
	})

	test('a promoted one is followed, and the old primary is left out until it follows, too', async () => {
		// What only the old primary has, so that its position is ahead of the new one's.
		second.down()
		first.sql('create table lost as select n, repeat(\'x\', 1000) from generate_series(1, 4000) n')
		rename(first, other, 'Lost')
		first.down()
		second.up()
		second.promote()
		rename(second, other, 'Kept')
		await until('a write', async () => (await house.json('POST', '/api/v1/orgs/keys', { name: 'after', kind: 'server', live: false }, house.bearer)).status === 201)
		assert.ok((await keyNames(house.bearer)).includes('after'))
		assert.equal(second.sql('select count(*) from api_key where name = \'after\''), '1')
		writeFileSync(join(first.data, 'standby.signal'), '')
		house.own(join(first.data, 'standby.signal'))
		first.up()
		assert.equal(first.sql(`select pg_is_in_recovery() and pg_last_wal_replay_lsn() > '${second.sql('select pg_current_wal_lsn()')}'`), 't')
		await until('it to be judged', () => house.tail(200000).includes('follows another history'))
		for (let i = 0; i < 5; i++) assert.equal(await nameOf(other), 'Kept')
		assert.ok(!await isUp(first))
		first.down()
		first.follow(second)
		await untilReplicaAnswers()
		assert.ok(await isUp(first) && !await isUp(second))
		assert.equal(await nameOf(other), 'Kept')
	})
})
