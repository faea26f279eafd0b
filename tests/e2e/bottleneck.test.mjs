// Four routes are made slow: by a sleep, by a query in a loop, by a dropped index, by a cache that is off. `stoa bench compare` catches each
// beyond noise, `stoa profile` names each, and what it recommends, followed, mends it.
//
// Two houses alike are asked in turn, so that whatever else the machine does meets both; every decision is one of ratios between them.
// Needs a build with --enable-fail-points.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { BUILD, boot } from './harness.mjs'

// With five runs of each side a route's latency and its errors can both be told beyond noise (cli/bench/statistics.h).
const ROUNDS = 5, MOST = 15
const CASES = {
	sleep: { route: 'GET /api/v1/retention/privacy', kind: 'handler-waits' },
	loop: { route: 'GET /api/v1/retention/branding', kind: 'query-in-a-loop' },
	index: { route: 'POST /api/v1/widget/start', kind: 'missing-index' },
	cache: { route: 'GET /api/v1/retention/analytics/feedback', kind: 'cache-off' },
}
const INDEX = 'retention_session_customer'
const run = promisify(execFile)
let fast, slow, slowed, profile

// 30,000 sessions of customers who are not those that ask, and 200 texts.
function fill(house) {
	const [[org]] = house.sql("select org_id from organisation where name = 'Harbour'")
	const [[flow]] = house.sql(`select id from flow where org_id = '${org}' limit 1`)
	house.sql(`
		insert into retention_session (org_id, live, id, key_id, customer_ref, plan, language, segment, signed, flow_id, flow_version, step_order, started_at)
			select '${org}', false, lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), 'old-' || n % 10000, 'pro', 'en', 'low', false, '${flow}', 1, '',
				now() - interval '3 days' - n * interval '1 second' from generate_series(1, 30000) n;
		insert into decision (org_id, live, session_id, outcome, reason_code, feedback, path, request_hash, status, decided_at)
			select org_id, live, id, 'declined', 'unused', 'The harbour was too far from our office, and nobody moored there in winter, number ' || id, '[]', '',
				'recorded', started_at from retention_session where org_id = '${org}' order by id limit 200`)
	house.sql('analyze')
}

async function filled() {
	const house = await boot()
	// Nobody works on what is filled in.
	await house.end(house.workerProcess)
	fill(house)
	return house
}

// Responders that read their configuration anew, and count anew.
async function restart(house, change) {
	await house.end(house.web)
	rmSync(house.env.METRICS_FILE, { force: true })
	change()
	house.webServer()
	await house.ready()
}

const switches = () => join(slow.dir, 'slow')
async function slowDown() {
	const sanitizers = slow.sanitizers, conf = readFileSync(slow.conf, 'utf8')
	Object.defineProperty(slow, 'sanitizers', { value: { ...sanitizers, STOA_FAIL_SLOW: switches() } })
	slow.kept = conf
	slow.sql(`drop index ${INDEX}`)
	await restart(slow, () => {
		writeFileSync(switches(), `sleep ${CASES.sleep.route} 60\nrepeat retention_branding_get 200\n`, { mode: 0o644 })
		writeFileSync(slow.conf, conf.replace(/^(\[cache\]\n)servers = .*$/m, '$1servers =\nlocal_entries = 0'))
	})
}

const records = () => join(fast.dir, 'records.jsonl')
const scenarioOf = name => join(fast.dir, `${name}.yaml`)
// Each route by itself, so that none waits for another: 12 requests, of which the median can be told.
function scenariosWrite() {
	for (const [name, { route }] of Object.entries(CASES)) {
		const [method, path] = route.split(' ')
		const widget = path.includes('/widget/')
		const step = { [method.toLowerCase()]: path, headers: { 'X-API-Key': widget ? '{{widgetKey}}' : '{{serverKey}}' },
			...(widget ? { json: { userId: 'new-{{customer}}' } } : {}) }
		// YAML holds JSON.
		writeFileSync(scenarioOf(name), JSON.stringify({ name, users: 12, set: { widgetKey: null, serverKey: null }, data: { customer: { uuid: 4 } },
			phases: [{ name: 'hold', for: '500ms', rate: 24 }], thresholds: { classes: false }, journeys: [{ name, steps: [step] }] }))
	}
}

async function stoa(house, ...args) {
	return (await run(join(BUILD, 'cli/stoa'), args, { ...house.user, env: house.environment, cwd: house.dir })).stdout
}

// One run of a side. A run against the other goes before or after it in turn.
const measure = (house, label) => stoa(fast, 'bench', 'record', ...Object.keys(CASES).map(scenarioOf), '--url', house.url, '--label', label, '--into', records(), '--runs', '1',
	'--warm-up', '0', '--set', `widgetKey=${house.keys.test.key}`, '--set', `serverKey=${house.keys.server.key}`)
async function rounds(count, label) {
	for (let round = 0; round < count; round++)
		for (const house of round % 2 ? [slow, fast] : [fast, slow]) await measure(house, `${label}-${house === fast ? 'fast' : 'slow'}`)
}
const compare = label => run(join(BUILD, 'cli/stoa'), ['bench', 'compare', '--records', records(), `${label}-fast`, `${label}-slow`],
	{ ...fast.user, env: fast.environment, cwd: fast.dir }).then(({ stdout }) => ({ status: 0, text: stdout }), error => ({ status: error.code, text: error.stdout }))
const findings = async () => JSON.parse(await stoa(slow, 'profile', '--json')).findings

const caught = ({ route }) => new RegExp(`${route.split(' ')[1]} +p50 .*REGRESSION`)

// The finding of a case; the cache's is of its space.
const isOf = ({ kind, route }) => one => one.kind === kind && (one.route === route || one.numbers.space === 'figures')
function findingOf(found, one) {
	const finding = found.find(isOf(one))
	assert.ok(finding, `${one.kind} of ${one.route} is not among\n${found.map(({ kind, evidence }) => `${kind}: ${evidence}`).join('\n')}`)
	return finding
}

// Does what the findings say, in words that a person would read.
async function mend(found) {
	const { change } = findingOf(found, CASES.index)
	slow.sql(/create index .*;$/.exec(change)[0])
	assert.match(findingOf(found, CASES.cache).change, /cache\.servers = .*cache\.local_entries = 16384/)
	assert.match(findingOf(found, CASES.sleep).change, /sleep/)
	assert.match(findingOf(found, CASES.loop).change, /sql\/retention\/branding_get\.sql/)
	await restart(slow, () => {
		writeFileSync(slow.conf, slow.kept)
		writeFileSync(switches(), '')
	})
}

before(async () => {
	[fast, slow] = await Promise.all([filled(), filled()])
	scenariosWrite()
	await slowDown()
	await measure(fast, 'warm')
	// A machine that is busy with something else makes more noise, which takes more runs to tell from.
	for (let count = 0; count < MOST && (!slowed || !Object.values(CASES).every(one => caught(one).test(slowed.text))); count += ROUNDS) {
		await rounds(ROUNDS, 'slowed')
		slowed = await compare('slowed')
	}
	profile = await findings()
	await mend(profile)
	await measure(slow, 'warm')
	await rounds(1, 'mended')
	profile = { slowed: profile, mended: await findings() }
}, { timeout: 900000 })

after(async () => {
	await fast?.finish()
	await slow?.finish()
}, { timeout: 120000 })


// The ratio of the medians of a case's runs, slow to fast.
function ratio(label, name) {
	const median = side => {
		const [, path] = CASES[name].route.split(' ')
		const values = readFileSync(records(), 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
			.filter(record => record.scenario === name && record.label === `${label}-${side}`)
			.map(record => record.routes.find(({ route }) => route === path).p50Ms[0]).sort((a, b) => a - b)
		return values[values.length >> 1]
	}
	return median('slow') / median('fast')
}

for (const [name, one] of Object.entries(CASES))
	test(`${name}: compare catches it, profile names it, and the recommendation mends it`, t => {
		t.diagnostic(`slow to fast ${ratio('slowed', name).toFixed(1)}, mended ${ratio('mended', name).toFixed(2)}`)
		assert.equal(slowed.status, 1, slowed.text)
		assert.match(slowed.text, caught(one), slowed.text)
		const found = findingOf(profile.slowed, one), left = profile.mended.find(isOf(one))
		// A machine that has no time for a thread makes it wait as well, so what is left is compared, too.
		assert.ok(!left || left.costSeconds < found.costSeconds / 4, JSON.stringify(left))
		assert.ok(ratio('mended', name) < ratio('slowed', name) / 2, slowed.text)
	})
