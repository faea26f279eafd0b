// stoa bench record and compare against two small servers, one of which is slower, and what they refuse.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join, resolve } from 'node:path'
import test from 'node:test'

const STOA = resolve(process.env.STOA_BUILD ?? 'var/build', 'cli/stoa')
// One route, p50 and p95 of 120 requests a run: two comparisons, for which five runs are enough.
const SCENARIO = `name: pair
users: 120
phases: [{name: hold, for: 300ms, rate: 400}]
thresholds: {classes: false}
journeys: [{name: ask, steps: [{get: /thing}]}]
`

const bench = (...args) => new Promise(done => {
	execFile(STOA, ['bench', ...args], { encoding: 'utf8' }, (error, out, err) => done({ status: error ? error.code : 0, out, err }))
})

async function server(t, delay, status = () => 200) {
	let asked = 0
	const listener = http.createServer((request, reply) => setTimeout(() => reply.writeHead(status(asked++)).end('ok'), delay))
	await new Promise(done => listener.listen(0, '127.0.0.1', done))
	t.after(() => new Promise(done => { listener.close(done); listener.closeAllConnections() }))
	return { url: `http://127.0.0.1:${listener.address().port}`, asked: () => asked }
}

test('a slower server is called a regression, and its records say so later', async t => {
	const folder = mkdtempSync('/tmp/stoa-compare.')
	t.after(() => rmSync(folder, { recursive: true }))
	const file = join(folder, 'pair.yaml'), into = join(folder, 'history.jsonl')
	writeFileSync(file, SCENARIO)
	const base = await server(t, 0), slow = await server(t, 250)

	const live = await bench('compare', file, '--base-url', base.url, '--new-url', slow.url, '--runs', '5', '--warm-up', '0', '--into', into, '--base', 'v1', '--new', 'v2')
	assert.equal(live.status, 1, live.out + live.err)
	assert.match(live.out, /GET \/thing +p50 .* REGRESSION\n/)
	assert.match(live.out, /GET \/thing +p95 +[\d.]+ +[\d.]+ /) // what a busy machine does to it is not for this test to say
	assert.match(live.out, /GET \/thing +p99 .*too few answers/)
	assert.match(live.out, /^pair: v2 \(5 runs\) against v1 \(5 runs\), 2 comparisons/)
	assert.equal(base.asked(), slow.asked())
	// In alternation, each first in every second round.
	assert.deepEqual([...live.err.matchAll(/run \d of 5 of (v\d)/g)].map(([, label]) => label).join(' '), 'v1 v2 v2 v1 v1 v2 v2 v1 v1 v2')

	const kept = readFileSync(into, 'utf8')
	assert.equal(kept.split('\n').length, 3)
	const stored = await bench('compare', '--records', into, 'v1', 'v2')
	assert.equal(stored.status, 1)
	assert.equal(stored.out, live.out)
	const back = await bench('compare', '--records', into, 'v2', 'v1')
	assert.equal(back.status, 0)
	assert.match(back.out, /0 regressions, [12] better/)
	assert.equal((await bench('compare', '--records', into, 'v1', 'v2', '--least', '10000000')).status, 2) // no such effect: used wrongly
	const tolerant = await bench('compare', '--records', into, 'v1', 'v2', '--level', '99.9')
	assert.equal(tolerant.status, 2, tolerant.out)
	assert.match(tolerant.out, /nothing can be told from noise below \d+ runs of each/)

	// Recorded once more the lines stay and one is added; then a foreign line stops everything before anything is asked.
	const more = await bench('record', file, '--url', base.url, '--label', 'v1', '--into', into, '--runs', '2', '--warm-up', '0')
	assert.equal(more.status, 0, more.err)
	assert.ok(readFileSync(into, 'utf8').startsWith(kept))
	assert.match((await bench('compare', '--records', into, 'v1', 'v2')).out, /against v1 \(7 runs\)/)
	const whole = readFileSync(into, 'utf8'), asked = base.asked()
	writeFileSync(into, `${whole}{"foreign":1}\n`)
	for (const command of [['record', file, '--url', base.url, '--label', 'v3'], ['compare', file, '--base-url', base.url, '--new-url', base.url, '--new', 'v3']]) {
		const refused = await bench(...command, '--into', into)
		assert.equal(refused.status, 1)
		assert.match(refused.err, /history\.jsonl, line 4: not a record of stoa bench/)
	}
	// Neither is anything asked when a later file, the history's folder or the other URL is wrong.
	const fresh = join(folder, 'fresh.jsonl'), broken = join(folder, 'broken.yaml')
	writeFileSync(broken, 'name: broken\n')
	for (const [command, says] of [[['record', file, broken, '--url', base.url, '--label', 'v3', '--into', fresh], /broken\.yaml/],
		[['record', file, '--url', base.url, '--label', 'v3', '--into', join(folder, 'none', 'x.jsonl')], /cannot be added to: No such file/],
		[['record', file, '--rons', '2', '--url', base.url, '--label', 'v3', '--into', fresh], /--rons/],
		[['compare', file, '--base-url', base.url, '--new-url', 'http://192.0.2.1'], /own/]]) {
		const refused = await bench(...command)
		assert.equal(refused.status, 1, refused.out)
		assert.match(refused.err, says)
	}
	assert.equal(base.asked(), asked)
	assert.equal(readFileSync(into, 'utf8'), `${whole}{"foreign":1}\n`)
	assert.match((await bench('history', into, '--html', join(folder, 'out.html'))).err, /line 4/)
})

test('what was whole when a run failed is kept', async t => {
	const folder = mkdtempSync('/tmp/stoa-compare.')
	t.after(() => rmSync(folder, { recursive: true }))
	const file = join(folder, 'pair.yaml'), into = join(folder, 'history.jsonl')
	writeFileSync(file, `${SCENARIO}setup: [{get: /thing}]\n`)
	// A run asks 120 times before it begins and 120 times then: the third finds it broken.
	const base = await server(t, 0, asked => (asked < 480 ? 200 : 500))
	const found = await bench('record', file, '--url', base.url, '--label', 'v1', '--into', into, '--runs', '4', '--warm-up', '0')
	assert.equal(found.status, 1)
	assert.match(found.err, /before the run: GET \/thing: 500/)
	assert.match(found.out, /1 record of 2 runs added/)
	const record = JSON.parse(readFileSync(into, 'utf8'))
	assert.deepEqual([record.runs, record.routes[0].requests], [2, [120, 120]])
	const live = await bench('compare', file, '--base-url', (await server(t, 0)).url, '--new-url', (await server(t, 0, asked => (asked < 240 ? 200 : 500))).url, '--runs', '3', '--warm-up', '0')
	assert.equal(live.status, 1)
	assert.match(live.out, /\(1 run\) against .* \(1 run\)/)
})

test('what cannot be kept is printed, and compared all the same', async t => {
	const folder = mkdtempSync('/tmp/stoa-compare.')
	t.after(() => rmSync(folder, { recursive: true }))
	const file = join(folder, 'pair.yaml'), into = join(folder, 'history.jsonl')
	writeFileSync(file, SCENARIO)
	// The first request takes the history away.
	const base = await server(t, 0, asked => {
		if (!asked) {
			rmSync(into)
			mkdirSync(into)
		}
		return 200
	}), other = await server(t, 0)
	const found = await bench('compare', file, '--base-url', base.url, '--new-url', other.url, '--runs', '1', '--warm-up', '0', '--into', into, '--base', 'v1', '--new', 'v2')
	assert.equal(found.status, 1, found.out)
	assert.match(found.err, /history\.jsonl: cannot be added to: Is a directory/)
	const lines = found.out.split('\n').filter(line => line.startsWith('{'))
	assert.deepEqual(lines.map(line => JSON.parse(line).label), ['v1', 'v2'])
	assert.match(found.out, /^pair: v2 \(1 run\) against v1 \(1 run\)/m)
	// So nothing was lost.
	rmSync(into, { recursive: true })
	const alone = JSON.stringify({ ...JSON.parse(lines[0]), scenario: 'alone' })
	writeFileSync(into, `${lines.join('\n')}\n${alone}\n`)
	assert.match((await bench('compare', '--records', into, 'v1', 'v2')).out, /^alone was recorded as v1 only$/m)
})

test('errors are a regression, too', async t => {
	const folder = mkdtempSync('/tmp/stoa-compare.')
	t.after(() => rmSync(folder, { recursive: true }))
	const file = join(folder, 'pair.yaml')
	writeFileSync(file, SCENARIO)
	const base = await server(t, 0), failing = await server(t, 0, n => (n % 4 ? 200 : 500))
	const found = await bench('compare', file, '--base-url', base.url, '--new-url', failing.url, '--runs', '5', '--warm-up', '0', '--least', '900')
	assert.equal(found.status, 1, found.out + found.err)
	assert.match(found.out, /GET \/thing +errors +0\.000% +2\d\.\d+% .*REGRESSION\n/)
})

test('what is used wrongly is said', async () => {
	const rows = [
		[['record', 'x.yaml'], 2, /--url/], [['compare', 'x.yaml', '--base-url', 'http://127.0.0.1:1'], 2, /--new-url/], [['compare', '--records', 'x', 'v1'], 2, /two labels/],
		[['compare', '--records', '/nowhere/x.jsonl', 'v1', 'v2'], 1, /x\.jsonl/], [['history', 'x'], 2, /--html/], [['report'], 2, /one file/],
		[['report', '/nowhere/x.json'], 1, /x\.json/], [['compare', '--records', 'x', 'v1', 'v2', '--level', 'much'], 2, /--level/], [['record', '--runs', '51'], 2, /--runs/],
		[['record', '--runs', '2.5'], 2, /--runs must be a whole number/], [['record', 'x.yaml', '--rate-scale', '10%'], 2, /--rate-scale must be a number/], [['compare', 'x.yaml', '--base-url', 'a', '--new-url', 'b', '--unix', '/x'], 2, /--unix names one/],
		[['compare', 'x.yaml', '--base-url', 'a', '--new-url', 'a', '--into', 'x'], 2, /two labels/],
	]
	for (const [args, status, says] of rows) {
		const reply = await bench(...args)
		assert.equal(reply.status, status, args.join(' '))
		assert.match(reply.err, says)
	}
})
