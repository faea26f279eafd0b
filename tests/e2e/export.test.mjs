// stoa bench export: the scripts for other tools are what the scenarios say. k6's and Locust's are run against stand-ins for those tools, whose
// requests must be the ones that the scenario describes; the committed ones must be those that export makes.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'

const STOA = resolve(process.env.STOA_BUILD ?? 'var/build', 'cli/stoa')
const ROOT = resolve(import.meta.dirname, '../..')
const TOOLS = { artillery: ['yml', 'cjs'], locust: ['py'], k6: ['js'] }
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
  user: "customer {{customer}}"
  signed: {hmac: {key: "{{secret}}", text: "{{at}}\\nuserId={{user}}"}}
once: [{get: /once, capture: {shared: {header: X-Shared}}}]
setup: [{get: "/session?x={{shared}}", capture: {csrf: {after: 'name="csrf" value="', before: '"'}}}]
phases: [{name: ramp, for: 2s, rate: [0, 20]}, {name: crowd, for: 2s, users: 5}]
journeys:
  - name: cancel
    steps:
      - {post: /api/v1/widget/start, json: {user: "{{user}}", plan: "{{plan}}", at: "{{{at}}}", signature: "{{signed}}"}, expect: 201, capture: {session: /session, first: /steps/0/type}}
      - {think: 1ms}
      - {get: "/customers/{{user}}?first={{first}}&session={{session}}"}
      - {post: /form, form: {csrf: "{{csrf}}", visit: "{{visit}}"}, expect: [200, 409]}
`
// What the server would say, for the stand-ins of both tools.
const ANSWERS = { '/once': { status: 200, headers: { 'x-shared': 'a b' }, body: '' }, '/session': { status: 200, headers: {}, body: '<input name="csrf" value="c&d">' },
	'/api/v1/widget/start': { status: 201, headers: {}, body: '{"session": "tok/en", "steps": [{"type": "survey"}]}' },
	'/customers': { status: 302, headers: {}, body: '' }, '/form': { status: 409, headers: {}, body: '' } }
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
	assert.deepEqual(requests.map(({ path }) => path.split('?')[0]), ['/once', '/session', '/api/v1/widget/start', '/customers/customer%207', '/form'])
	const [once, session, start, customer, form] = requests
	const key = { 'X-API-Key': 'k1' }
	assert.deepEqual(once, { method: 'GET', path: '/once', headers: key, body: null })
	assert.deepEqual(session, { method: 'GET', path: '/session?x=a%20b', headers: key, body: null })
	const { at, signature, ...rest } = JSON.parse(start.body)
	assert.deepEqual(rest, { user: 'customer 7', plan: 'p"ro' })
	assert.ok(Math.abs(at - Date.now() / 1000) < 600)
	assert.equal(signature, createHmac('sha256', 's').update(`${at}\nuserId=customer 7`).digest('hex'))
	assert.deepEqual({ ...start, body: '' }, { method: 'POST', path: '/api/v1/widget/start', headers: { ...key, 'Content-Type': 'application/json' }, body: '' })
	assert.deepEqual(customer, { method: 'GET', path: '/customers/customer%207?first=survey&session=tok%2Fen', headers: key, body: null })
	assert.match(form.body, new RegExp(`^csrf=c%26d&visit=${UUID.source}$`))
	assert.deepEqual({ ...form, body: '' }, { method: 'POST', path: '/form', headers: { ...key, 'Content-Type': 'application/x-www-form-urlencoded' }, body: '' })
}

test('k6', async () => {
	const text = readFileSync(join(folder, 'sample.js'), 'utf8')
	const stand = `const requests = globalThis.requestsOfK6; const ANSWERS = ${JSON.stringify(ANSWERS)};
class Jar {}
const http = { CookieJar: Jar, expectedStatuses: (...list) => list, request(method, path, body, { headers, jar }) {
	if (!(jar instanceof Jar)) throw new Error('cookies are kept');
	requests.push({ method, path, headers, body });
	return ANSWERS[Object.keys(ANSWERS).find((known) => path.startsWith(known))];
} };
const crypto = { hmac: (kind, key, text, form) => createHmac(kind, key).update(text).digest(form) };
const exec = { get scenario() { throw new Error('none in setup()'); } };
const check = (value, checks) => Object.values(checks).every((one) => one(value)), sleep = () => {};
const __ENV = { URL: '', BENCH_KEY: 'k1' };
import { createHmac } from 'node:crypto';\n`
	const script = join(folder, 'stand.mjs')
	assert.equal(text.match(/^import .*$/gm).length, 4)
	writeFileSync(script, stand + text.replace(/^import .*$/gm, ''))
	const requests = globalThis.requestsOfK6 = []
	// k6 gives setup() and each user a program of its own.
	const made = await import(`${pathToFileURL(script)}?user`)
	made.pass((await import(`${pathToFileURL(script)}?setup`)).setup())
	asExpected(requests)
	made.pass({})
	assert.equal(requests.length, 8) // the session is there
	assert.deepEqual(Object.keys(made.options.scenarios), ['1_ramp', '2_crowd'])
	// Three requests a journey: 20 a second are 6.667 journeys.
	assert.deepEqual(made.options.scenarios['1_ramp'].stages, [{ target: 6667, duration: '2s' }])
	assert.deepEqual([made.options.scenarios['2_crowd'].vus, made.options.scenarios['2_crowd'].startTime], [5, '2s'])
	const target = /"widget", 0, (\d+), (\d+),/.exec(readFileSync(join(ROOT, 'lib/web/target.h'), 'utf8'))
	assert.deepEqual(made.options.thresholds['http_req_duration{measured:yes,name:POST /api/v1/widget/start}'], [`p(95)<=${target[1]}`, `p(99)<=${target[2]}`])
	writeFileSync(join(folder, 'sample.mjs'), text)
	execFileSync(process.execPath, ['--check', join(folder, 'sample.mjs')])
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
		@staticmethod
		def add_listener(function): return function
def between(*_): return lambda self: 0
def constant_throughput(_): return lambda self: 0
def task(weight): return lambda function: function
`,
		'drive.py': `import json, locust, sample
user = sample.Customer()
user.on_start()
assert user.journey_cancel() is True
phases = sample.Phases()
ticks = []
for at in (0, 1, 3, 5):
	phases.get_run_time = lambda: at
	ticks.append(phases.tick())
print(json.dumps({'requests': locust.requests, 'ticks': ticks, 'pace': sample.PACE}))
` })) {
		mkdirSync(join(folder, name, '..'), { recursive: true })
		writeFileSync(join(folder, name), text)
	}
	execFileSync('python3', ['-m', 'py_compile', join(folder, 'sample.py')])
	const { requests, ticks, pace } = JSON.parse(execFileSync('python3', [join(folder, 'drive.py')], { encoding: 'utf8', env: { ...process.env, BENCH_KEY: 'k1' } }))
	asExpected(requests)
	// 100 sessions are 20 requests a second at PACE; half of them in the middle of the ramp; then five users; then it is over.
	assert.deepEqual(ticks, [[1, 1], [50, 50], [5, 5], null])
	assert.ok(Math.abs(pace - 20 / 3 / 100) < 1e-5)
})

test('Artillery', () => {
	process.env.BENCH_KEY = 'k1'
	const { draw, fill, ...pauses } = createRequire(import.meta.url)(join(folder, 'sample.cjs'))
	const context = { vars: {} }
	let failed = 'not called'
	draw(context, null, () => {})
	assert.equal(context.vars.user_url, 'customer%207')
	assert.equal(context.vars.plan_json, 'p\\"ro')
	assert.equal(context.vars.session_url, undefined)
	context.vars.session = 'tok/en'
	fill(null, { statusCode: 302 }, context, null, error => { failed = error })
	assert.equal(failed, undefined)
	assert.equal(context.vars.session_url, 'tok%2Fen')
	fill(null, { statusCode: 500 }, context, null, error => { failed = error })
	assert.match(String(failed), /500/)
	const text = readFileSync(join(folder, 'sample.yml'), 'utf8')
	assert.deepEqual([...text.matchAll(/function: "(pause\w+)"/g)].map(([, name]) => name).filter(name => !(name in pauses)), [])
	assert.match(text, /arrivalRate: 0, rampTo: 6\.66667\}/)
	assert.match(text, /\n# sample: 003 §7 not a comment, made|^# sample: 003 §7 not a comment, made/)
})

test('what is committed is what the scenarios say', () => {
	const again = join(folder, 'again')
	mkdirSync(again)
	const scenarios = readdirSync(join(ROOT, 'bench/scenarios')).filter(name => /^phases:/m.test(readFileSync(join(ROOT, 'bench/scenarios', name), 'utf8')))
	for (const [tool, suffixes] of Object.entries(TOOLS)) {
		const committed = join(ROOT, 'bench/export', tool)
		const made = run(`--${tool}`, ...scenarios.map(name => join(ROOT, 'bench/scenarios', name)), '--into', again)
		assert.equal(made.status, 0, made.stderr)
		const files = scenarios.flatMap(name => suffixes.map(suffix => name.replace(/\.yaml$/, `.${suffix}`))).sort()
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
})
