// stoa bench export: the scripts for other tools are what the scenarios say. Each is run against a stand-in for its tool, whose requests must be the
// ones that the scenario describes; the committed ones must be those that export makes.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { parse } from 'yaml'

const STOA = resolve(process.env.STOA_BUILD ?? 'var/build', 'cli/stoa')
const ROOT = resolve(import.meta.dirname, '../..')
const TOOLS = { artillery: ['yml', 'cjs'], locust: ['py'], k6: ['js'] }
const MODULES = { artillery: 'stoa.cjs', locust: 'stoa.py', k6: 'stoa.js' }
const run = (...args) => spawnSync(STOA, ['bench', 'export', ...args], { encoding: 'utf8' })

const SCENARIO = `name: sample
document: "003 §7\\nnot a comment"
think: [0s, 1ms]
headers: {X-API-Key: "{{key}}"}
set: {key: null, secret: "s"}
data:
  customer: {sequence: [7, 7]}
  plan: {choose: ['p"ro']}
  visit: {uuid: 4}
  at: {now: s}
  note: {text: [30, 40]}
  user: "customer {{customer}}"
  signed: {hmac: {key: "{{secret}}", text: "{{at}}\\nuserId={{user}}"}}
once: [{get: /once, json: {visit: "{{visit}}"}, capture: {shared: {header: X-Shared}}}]
setup: [{get: "/session?x={{shared}}", capture: {csrf: {after: 'name="csrf" value="', before: '"'}}}]
phases: [{name: ramp, for: 2s, rate: [0, 20], measure: false}, {name: crowd, for: 2s, users: 5}]
thresholds: {errors: 0.3, faults: 0.001}
journeys:
  - name: cancel
    weight: 0.1
    steps:
      - {post: /api/v1/widget/start, json: {user: "{{user}}", plan: "{{plan}}", note: "{{note}}", signature: "{{signed}}", at: "{{{at}}}"}, expect: 201, capture: {session: /session, first: /steps/0/type, count: /count}}
      - {think: 1ms}
      - {get: "/customers/{{user}}?first={{first}}&session={{session}}"}
      - {post: /form, form: {csrf: "{{csrf}}", visit: "{{visit}}"}, expect: [200, 409]}
      - {put: /last, json: {count: "{{count}}"}}
`
// What the server would say, for the stand-ins.
const ANSWERS = { '/once': { status: 200, headers: { 'x-shared': 'a b' }, body: '' }, '/session': { status: 200, headers: {}, body: '<input name="csrf" value="c&d">' },
	'/api/v1/widget/start': { status: 201, headers: {}, body: '{"session": "tok/en", "steps": [{"type": "survey"}], "count": 12}' },
	'/customers': { status: 302, headers: {}, body: '' }, '/form': { status: 409, headers: {}, body: '' }, '/last': { status: 204, headers: {}, body: '' } }
const answer = path => ANSWERS[Object.keys(ANSWERS).find(known => path.startsWith(known))]
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/

const folder = mkdtempSync('/tmp/stoa-export.')
test.after(() => rmSync(folder, { recursive: true }))
test.before(() => {
	writeFileSync(join(folder, 'sample.yaml'), SCENARIO)
	for (const tool of Object.keys(TOOLS)) {
		const made = run(`--${tool}`, join(folder, 'sample.yaml'), '--into', folder)
		assert.equal(made.status, 0, made.stderr)
	}
})

function asExpected(requests) {
	assert.deepEqual(requests.map(({ path }) => path.split('?')[0]), ['/once', '/session', '/api/v1/widget/start', '/customers/customer%207', '/form', '/last'])
	const [once, session, start, customer, form, last] = requests
	const key = { 'X-API-Key': 'k1' }, json = { ...key, 'Content-Type': 'application/json' }
	assert.match(once.body, new RegExp(`^{"visit":"${UUID.source}"}$`))
	assert.deepEqual({ ...once, body: '' }, { method: 'GET', path: '/once', headers: json, body: '' })
	assert.deepEqual(session, { method: 'GET', path: '/session?x=a%20b', headers: key, body: null })
	const { at, signature, note, ...rest } = JSON.parse(start.body)
	assert.deepEqual(rest, { user: 'customer 7', plan: 'p"ro' })
	// A letter takes the place of what a cut may leave at the end: of a blank, too.
	assert.match(note, /^[a-z]{2,9}( [a-z]{1,9})* [a-z]{1,10}$/)
	assert.ok(note.length >= 30 && note.length <= 40, note)
	assert.ok(Math.abs(at - Date.now() / 1000) < 600)
	assert.equal(signature, createHmac('sha256', 's').update(`${at}\nuserId=customer 7`).digest('hex'))
	assert.deepEqual({ ...start, body: '' }, { method: 'POST', path: '/api/v1/widget/start', headers: json, body: '' })
	assert.deepEqual(customer, { method: 'GET', path: '/customers/customer%207?first=survey&session=tok%2Fen', headers: key, body: null })
	assert.match(form.body, new RegExp(`^csrf=c%26d&visit=${UUID.source}$`))
	assert.deepEqual({ ...form, body: '' }, { method: 'POST', path: '/form', headers: { ...key, 'Content-Type': 'application/x-www-form-urlencoded' }, body: '' })
	assert.deepEqual(last, { method: 'PUT', path: '/last', headers: json, body: '{"count":"12"}' })
}

// k6 gives setup() and each user a program of its own: the script and its module under a name of their own, with what stands in for k6's modules.
async function asK6(user) {
	const state = globalThis[`k6_${user}`] = { requests: [], rates: {}, answer, createHmac }
	const stand = `const state = globalThis.k6_${user};
class Jar {}
class Rate { constructor(name) { this.list = state.rates[name] = []; } add(value) { this.list.push(value); } }
const http = { CookieJar: Jar, expectedStatuses: (...list) => list, request(method, path, body, { headers, jar }) {
	if (!(jar instanceof Jar)) throw new Error('cookies are kept');
	state.requests.push({ method, path, headers, body });
	return state.answer(path);
} };
const crypto = { hmac: (kind, key, text, form) => state.createHmac(kind, key).update(text).digest(form) };
const exec = { vu: { idInTest: ${user} } };
const check = (value, checks) => Object.values(checks).every((one) => one(value)), sleep = () => {};
const __ENV = { URL: '', BENCH_KEY: 'k1' };\n`
	const module = readFileSync(join(folder, 'stoa.js'), 'utf8'), script = readFileSync(join(folder, 'sample.js'), 'utf8')
	assert.equal(module.match(/^import .* from 'k6.*$/gm).length, 5)
	writeFileSync(join(folder, `stoa-${user}.mjs`), stand + module.replace(/^import .*$/gm, ''))
	writeFileSync(join(folder, `sample-${user}.mjs`), script.replace("'./stoa.js'", `'./stoa-${user}.mjs'`))
	return { made: await import(pathToFileURL(join(folder, `sample-${user}.mjs`))), shared: await import(pathToFileURL(join(folder, `stoa-${user}.mjs`))), ...state }
}

test('k6', async () => {
	const [first, one, two] = [await asK6(0), await asK6(1), await asK6(2)]
	const { made } = one, data = first.made.setup()
	made.pass(data)
	asExpected([...first.requests, ...one.requests])
	made.pass(data)
	assert.equal(one.requests.length, 9) // the session is there
	assert.deepEqual(Object.keys(made.options.scenarios), ['1_ramp', '2_crowd'])
	// Four requests a journey: 20 a second are 5 journeys.
	assert.deepEqual(made.options.scenarios['1_ramp'].stages, [{ target: 5000, duration: '2s' }])
	assert.deepEqual([made.options.scenarios['2_crowd'].vus, made.options.scenarios['2_crowd'].startTime], [5, '2s'])
	assert.deepEqual(Object.values(made.options.scenarios).map(({ tags }) => tags.measured), ['no', 'yes'])
	const target = /"widget", 0, (\d+), (\d+),/.exec(readFileSync(join(ROOT, 'lib/web/target.h'), 'utf8'))
	assert.deepEqual(made.options.thresholds['http_req_duration{measured:yes,name:POST /api/v1/widget/start}'], [`p(95)<=${target[1]}`, `p(99)<=${target[2]}`])
	assert.deepEqual([made.options.thresholds['errors{measured:yes}'], made.options.thresholds['faults{measured:yes}']], [['rate<=0.3'], ['rate<=0.001']])
	// What is refused is an error and no fault; a journey ends with it.
	assert.deepEqual(one.rates.errors, Array(9).fill(false))
	const kept = ANSWERS['/api/v1/widget/start']
	ANSWERS['/api/v1/widget/start'] = { ...kept, status: 503 }
	made.pass(data)
	ANSWERS['/api/v1/widget/start'] = { ...kept, body: '{"session": "t", "steps": []}' }
	made.pass(data)
	ANSWERS['/api/v1/widget/start'] = kept
	assert.deepEqual([one.rates.errors.slice(9), one.rates.faults.slice(9)], [[true, true], [false, true]])
	// No number twice, whoever draws it.
	two.made.pass(data)
	const drawn = [one, two, one, two, first, first].map(({ shared }) => shared.sequence('other', 1, 1000))
	assert.equal(new Set(drawn).size, drawn.length, String(drawn))
	assert.throws(() => one.shared.env('BENCH_NONE'), /BENCH_NONE must be set/)
	for (const name of ['sample', 'stoa']) {
		writeFileSync(join(folder, `${name}.check.mjs`), readFileSync(join(folder, `${name}.js`)))
		execFileSync(process.execPath, ['--check', join(folder, `${name}.check.mjs`)])
	}
})

test('Locust', () => {
	for (const [name, text] of Object.entries({
		'gevent/__init__.py': 'def sleep(seconds): pass\n',
		'gevent/lock.py': 'import threading\nSemaphore = threading.Lock\n',
		'locust.py': `import json
ANSWERS = json.loads(${JSON.stringify(JSON.stringify(ANSWERS))})
requests = []
class Reply:
	def __init__(self, answer): self.status_code, self.headers, self.text = answer['status'], {'X-Shared': answer['headers'].get('x-shared')}, answer['body']
	def json(self): return json.loads(self.text)
	def __enter__(self): return self
	def __exit__(self, *_): pass
	def failure(self, why): raise RuntimeError(why)
	def success(self): pass
class Client:
	cookies = {}
	def request(self, method, path, name, headers, data, timeout, allow_redirects, catch_response):
		requests.append({'method': method, 'path': path, 'headers': headers, 'body': data and data.decode()})
		return Reply(next(ANSWERS[known] for known in ANSWERS if path.startswith(known)))
class HttpUser:
	client = Client()
class LoadTestShape: pass
class events:
	class quitting:
		listeners = []
		@classmethod
		def add_listener(this, function): this.listeners.append(function)
def between(*_): return lambda self: 'thinks'
def constant_throughput(_): return lambda self: 'is paced'
def task(weight): return lambda function: function
`,
		'drive.py': `import json, locust, sample, stoa
from types import SimpleNamespace as Made
user = sample.Customer()
user.on_start()
assert user.journey_1_cancel() is True
phases = stoa.Phases()
forgotten = []
phases.runner = Made(stats=Made(reset_all=lambda: forgotten.append(at)))
ticks = []
for at in (0, 1, 3, 3.5, 5):
	phases.get_run_time = lambda: at
	ticks.append((phases.tick(), user.wait_time()))
# The verdict: requests, failures, how many of those were refusals, a p95.
verdicts = []
for asked, failed, refused, took in ((1000, 300, 300, 200), (1000, 300, 298, 200), (1000, 301, 301, 200), (1000, 0, 0, 251), (0, 0, 0, 0), (10, 10, 10, 0)):
	entry = Made(num_requests=asked, num_failures=failed, get_response_time_percentile=lambda share: took if share > 0.9 else 0)
	made = Made(process_exit_code=None, stats=Made(total=entry, entries={('/api/v1/widget/start', 'POST'): entry},
		errors={'a': Made(error=RuntimeError('status 503'), occurrences=refused), 'b': Made(error='status 500', occurrences=failed - refused)}))
	locust.events.quitting.listeners[0](environment=made)
	verdicts.append(made.process_exit_code)
try: stoa.env('BENCH_NONE')
except RuntimeError as error: missing = str(error)
print(json.dumps({'requests': locust.requests, 'ticks': ticks, 'pace': user.pace, 'forgotten': forgotten, 'verdicts': verdicts, 'missing': missing}))
` })) {
		mkdirSync(join(folder, name, '..'), { recursive: true })
		writeFileSync(join(folder, name), text)
	}
	const out = execFileSync('python3', [join(folder, 'drive.py')], { encoding: 'utf8', env: { ...process.env, BENCH_KEY: 'k1' } }).trim().split('\n')
	const { requests, ticks, pace, forgotten, verdicts, missing } = JSON.parse(out.at(-1))
	asExpected(requests)
	// 100 sessions are 20 requests a second at their pace; half of them in the middle of the ramp; then five users; then it is over.
	assert.deepEqual(ticks, [[[1, 1], 'is paced'], [[50, 50], 'is paced'], [[5, 5], 'thinks'], [[5, 5], 'thinks'], [null, 'thinks']])
	assert.ok(Math.abs(pace - 20 / 4 / 100) < 1e-5)
	assert.deepEqual(forgotten, [3]) // the ramp, which is not measured
	assert.deepEqual(verdicts, [0, 1, 1, 1, 1, 1])
	assert.deepEqual(out.slice(0, 2), ['0.2 % faults over 0.1 %', '30.1 % errors over 30 %'])
	assert.equal(missing, 'BENCH_NONE must be set')
})

// As Artillery does it: what `before` leaves is every user's, headers have Node.js's names, a text is filled in name by name, weights are cut to whole ones.
function asArtillery(script, processor, requests) {
	const render = (text, vars) => {
		for (let found; (found = /{{{?[\s$\w.[\]'"-]+}}}?/.exec(text)?.[0]);) text = text.replace(found, vars[found.replace(/[{}]/g, '').trim()])
		return text
	}
	const read = (capture, { headers, body }) => {
		if (capture.header) return headers[capture.header]
		if (capture.regexp) return new RegExp(capture.regexp).exec(body)?.[0]
		return [...capture.json.matchAll(/\[(?:'([^']*)'|(\d+))\]/g)].reduce((value, [, name, index]) => value?.[name ?? index], JSON.parse(body))
	}
	const call = (name, ...args) => new Promise((done, refuse) => processor[name](...args, error => (error ? refuse(error) : done())))
	const flow = async (steps, vars) => {
		const context = { vars: { ...vars } }
		for (const step of steps) {
			if (step.function) {
				await call(step.function, context, null)
				continue
			}
			const [[method, asked]] = Object.entries(step), path = render(asked.url, context.vars), reply = answer(path)
			requests.push({ method: method.toUpperCase(), path, headers: Object.fromEntries(Object.entries(asked.headers).map(([name, value]) => [name, render(value, context.vars)])),
				body: asked.body === undefined ? null : render(asked.body, context.vars) })
			for (const capture of asked.capture ?? []) {
				const value = read(capture, reply)
				if (value === undefined || value === '') throw new Error('Failed capture or match')
				context.vars[capture.as] = value
			}
			await call(asked.afterResponse, asked, { ...reply, statusCode: reply.status }, context, null)
		}
		return context.vars
	}
	return { before: () => flow(script.before.flow, {}), user: vars => flow(script.scenarios[0].flow, vars), weights: script.scenarios.map(({ weight }) => Number.parseInt(weight, 10)) }
}

test('Artillery', async () => {
	process.env.BENCH_KEY = 'k1'
	const text = readFileSync(join(folder, 'sample.yml'), 'utf8'), script = parse(text), requests = []
	const { before, user, weights } = asArtillery(script, createRequire(import.meta.url)(join(folder, 'sample.cjs')), requests)
	const vars = await before()
	await user(vars)
	asExpected(requests)
	await user(vars)
	const visits = requests.flatMap(({ body }) => UUID.exec(body)?.[0] ?? [])
	assert.equal(new Set(visits).size, 3, String(visits))
	assert.deepEqual(weights, [10])
	// What is not as expected ends the journey.
	const kept = ANSWERS['/customers']
	ANSWERS['/customers'] = { ...kept, status: 500 }
	await assert.rejects(user(vars), /status 500/)
	ANSWERS['/customers'] = kept
	assert.deepEqual(script.config.phases.map(({ arrivalRate, rampTo, maxVusers }) => [arrivalRate, rampTo, maxVusers]), [[0, 5, undefined], [5, undefined, 5]])
	assert.match(text, /^# sample: 003 §7 not a comment, made/)
	assert.match(text, /\n# Environment: BENCH_KEY, BENCH_SECRET \(has a default\)\n/)
	delete process.env.BENCH_KEY
	await assert.rejects(before(), /BENCH_KEY must be set/)
})

test('what is committed is what the scenarios say', () => {
	const again = join(folder, 'again')
	mkdirSync(again)
	const scenarios = readdirSync(join(ROOT, 'bench/scenarios')).filter(name => /^phases:/m.test(readFileSync(join(ROOT, 'bench/scenarios', name), 'utf8')))
	for (const [tool, suffixes] of Object.entries(TOOLS)) {
		const committed = join(ROOT, 'bench/export', tool)
		const made = run(`--${tool}`, ...scenarios.map(name => join(ROOT, 'bench/scenarios', name)), '--into', again)
		assert.equal(made.status, 0, made.stderr)
		const files = [MODULES[tool], ...scenarios.flatMap(name => suffixes.map(suffix => name.replace(/\.yaml$/, `.${suffix}`)))].sort()
		assert.deepEqual(readdirSync(committed).filter(name => name !== '__pycache__').sort(), files, 'after a change: make bench-export')
		for (const name of files) assert.equal(readFileSync(join(committed, name), 'utf8'), readFileSync(join(again, name), 'utf8'), `${tool}/${name}: make bench-export`)
	}
	assert.ok(scenarios.length)
	execFileSync('python3', ['-c', 'import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, "exec")', ...scenarios.map(name => join(again, name.replace(/yaml$/, 'py')))])
	for (const name of scenarios) assert.ok(new Script(readFileSync(join(again, name.replace(/yaml$/, 'cjs')), 'utf8')))
})

test('what is used wrongly is said', () => {
	for (const args of [[], ['--k6', 'x.yaml'], ['x.yaml', '--into', '/tmp'], ['--k6', '--locust', 'x.yaml', '--into', '/tmp']]) assert.equal(run(...args).status, 2)
	assert.equal(run('--k6', '/nowhere/x.yaml', '--into', '/tmp').status, 1)
	writeFileSync(join(folder, 'stoa.yaml'), SCENARIO)
	assert.match(run('--k6', join(folder, 'stoa.yaml'), '--into', folder).stderr, /stoa\.yaml: the scripts' module is called stoa/)
})
