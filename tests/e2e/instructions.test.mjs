// How bench/callgrind.mjs reads callgrind's dumps and what it makes of a baseline. The counting itself is `make bench-instructions`.
import assert from 'node:assert/strict'
import test from 'node:test'
import { compare, costs, figures } from '../../bench/callgrind.mjs'

const DUMP = `# callgrind format
version: 1
desc: Trigger: Client Request: keyed read
events: Ir
ob=(1) /build/bench/instructions
fl=(1) ???
fn=(1) dispatch
0 100
+3 20
cob=(2) /lib/libpq.so.5
cfn=(2) PQexec
calls=2 0
0 9000
* 5
fn=(3) buffer_add
0 40
ob=(2)
fn=(2)
0 8000
cob=(1)
cfn=(3)
calls=7 0
0 280
ob=(1)
fn=(3)
0 2
`

test('a function costs what it does itself, in one object', () => {
	assert.deepEqual([...costs(DUMP, '/build/bench/instructions')], [['dispatch', 125], ['buffer_add', 42]])
	assert.deepEqual([...costs(DUMP, '/lib/libpq.so.5')], [['PQexec', 8000]])
	assert.deepEqual([...costs(DUMP, '/lib/none')], [])
})

test('a figure is of a request, and nothing counted is none', () => {
	const program = '/build/bench/instructions'
	assert.deepEqual(figures([DUMP, 'desc: Trigger: Program termination'], program, { 'keyed read': 5 }), { 'keyed read': { instructions: 33, functions: { dispatch: 25, buffer_add: 8 } } })
	assert.throws(() => figures([DUMP], program, { 'keyed read': 5, login: 3 }), /login: callgrind counted nothing/)
	assert.throws(() => figures([DUMP], '/elsewhere', { 'keyed read': 5 }), /keyed read: callgrind counted nothing of \/elsewhere/)
})

const run = (routes, compiler = 'gcc 12.2.0 -O1 x86_64') => ({ compiler, routes: Object.fromEntries(Object.entries(routes).map(([name, functions]) =>
	[name, { functions, instructions: Object.values(functions).reduce((sum, cost) => sum + cost, 0) }])) })
const BASE = run({ read: { parse: 600, render: 400 }, start: { parse: 1000 } })

test('what grew beyond 3 % fails, with its functions', () => {
	const rows = [
		[{ read: { parse: 600, render: 400 }, start: { parse: 1000 } }, false, []],
		[{ read: { parse: 629, render: 400 }, start: { parse: 1000 } }, false, []],
		[{ read: { parse: 631, render: 400 }, start: { parse: 1000 } }, true, ['read: 3.1 % MORE instructions than the baseline\'s 1,000', '    parse: 600 to 631, 31 more']],
		[{ read: { parse: 500, render: 400, escape: 200 }, start: { parse: 1000 } }, true, ['read: 10.0 % MORE instructions than the baseline\'s 1,000', '    escape: 0 to 200, 200 more']],
		[{ read: { parse: 500, render: 400 }, start: { parse: 1000 } }, false, ['read: 10.0 % fewer instructions than the baseline\'s 1,000']],
		[{ read: { parse: 600, render: 400 }, list: { parse: 5 } }, false, ['list: not in the baseline', 'start: not measured']],
	]
	for (const [routes, grew, lines] of rows) assert.deepEqual(compare(BASE, run(routes)), { grew, lines })
})

test('another compiler is not compared', () => {
	assert.deepEqual(compare(BASE, run({ read: { parse: 9000 } }, 'gcc 14.1.0 -O1 x86_64')),
		{ grew: false, lines: ['not compared: the baseline is of gcc 12.2.0 -O1 x86_64, this build of gcc 14.1.0 -O1 x86_64'] })
	assert.deepEqual(compare(null, BASE), { grew: false, lines: ['not compared: the baseline is missing, this build of gcc 12.2.0 -O1 x86_64'] })
})
