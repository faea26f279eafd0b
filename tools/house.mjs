// Runs the whole house from a build folder in one folder: PostgreSQL, memcached, migrations, the responders behind a real web server,
// and the worker. Nothing runs as root. Used by ./start, the end-to-end tests and the benches.
import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(fileURLToPath(import.meta.url), '../..')
export const FAMILIES = ['auth', 'widget', 'retention', 'stripe', 'ops', 'pages']
const BAD_LOG = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:|get unexpected signal/
const STOP_SECONDS = 30

export const wait = ms => new Promise(done => setTimeout(done, ms))

export async function until(what, probe, seconds = 60) {
	const end = Date.now() + seconds * 1000
	let last
	for (;;) {
		try {
			const value = await probe()
			if (value) return value
			last = undefined
		} catch (error) {
			if (error.fatal) throw error
			last = error
		}
		if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`, { cause: last })
		await wait(50)
	}
}

const listen = port => new Promise((done, failed) => {
	const server = net.createServer().once('error', failed).listen(port, '127.0.0.1', () => done(server))
})
const closed = server => new Promise(done => server.close(done))

// Below the range that the kernel takes the ports of outgoing connections from (ip_local_port_range, 32768 on), so that none of those
// sits on one by the time that its server starts.
const chosen = new Set()
export async function freePorts(count) {
	const ports = []
	while (ports.length < count) {
		const port = randomInt(15000, 32000)
		if (chosen.has(port)) continue
		const server = await listen(port).catch(() => null)
		if (!server) continue
		await closed(server)
		chosen.add(port)
		ports.push(port)
	}
	return ports
}

// The first port from `first` on that nobody has.
export async function nextFreePort(first) {
	for (let port = first; port < first + 1000; port++) {
		const server = await listen(port).catch(() => null)
		if (server) {
			await closed(server)
			return port
		}
	}
	throw new Error(`no free port from ${first} on`)
}

// Nobody should serve as root, and PostgreSQL refuses to: the same user as tools/as-user.sh.
function unprivileged() {
	if (process.getuid() !== 0) return {}
	execFileSync('sh', ['-c', '. "$0/tools/as-user.sh"', ROOT])
	const number = flag => Number(execFileSync('id', [flag, 'stoa'], { encoding: 'utf8' }))
	return { uid: number('-u'), gid: number('-g') }
}

export class House {
	// dir: its folder; build: the build folder; front: lighttpd, fcgid, proxy_fcgi or htaccess; port; fast: without durability;
	// again: programs that are killed are started anew.
	constructor({ dir, build, front = 'lighttpd', port, fast = false, again = false }) {
		Object.assign(this, { dir, build, front, port, fast, again, user: unprivileged(), children: [], deaths: [] })
		this.url = `http://127.0.0.1:${port}`
		this.assets = join(build, 'web/dist')
		this.conf = join(dir, 'stoa.conf')
		this.run = join(dir, 'front/run')
		for (const part of ['', 'log', 'front', 'front/run']) this.folder(part)
	}

	folder(name) {
		const path = join(this.dir, name)
		mkdirSync(path, { recursive: true })
		chmodSync(path, 0o755)
		this.own(path)
		return path
	}

	own(path) {
		if (this.user.uid !== undefined) chownSync(path, this.user.uid, this.user.gid)
	}

	get sanitizers() {
		const at = join(this.dir, 'log/sanitizer')
		return { ASAN_OPTIONS: `log_path=${at}:exitcode=99`, UBSAN_OPTIONS: `log_path=${at}:print_stacktrace=1`, TSAN_OPTIONS: `log_path=${at}:exitcode=99` }
	}

	get environment() {
		return { PATH: process.env.PATH, HOME: this.dir, LANG: 'C.UTF-8', STOA_CONFIG: this.conf, ...this.sanitizers }
	}

	services(verb, ...more) {
		return execFileSync(join(ROOT, 'tools/services'), [verb, join(this.dir, 'services'), ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
	}

	servicesUp() {
		this.services('up', ...(this.fast ? ['--fast'] : []))
		const text = readFileSync(join(this.dir, 'services/env'), 'utf8')
		this.env = Object.fromEntries([...text.matchAll(/^export STOA_(\w+)='(.*)'$/gm)].map(m => [m[1], m[2]]))
	}

	// Rows of a query, each an array of text.
	sql(text) {
		const out = execFileSync('psql', ['-qXAt', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-c', text, this.env.DB_URL], { encoding: 'utf8' })
		return out.split('\n').filter(Boolean).map(line => line.split('\t'))
	}

	// Writes the responders' configuration. `more`: {section: {name: value}} on top.
	configure(more = {}) {
		const sections = {
			db: { url: this.env.DB_URL },
			cache: { servers: this.env.CACHE_SERVERS, shared: this.env.CACHE_SHARED },
			metrics: { file: this.env.METRICS_FILE },
			rate: { file: this.env.RATE_FILE },
			secret: { key_file: join(this.dir, 'house.key') },
			web: { public_url: this.url, templates: join(ROOT, 'templates'), assets: this.assets, log_file: join(this.dir, 'log/stoa.log') },
		}
		for (const [section, rows] of Object.entries(more)) sections[section] = { ...sections[section], ...rows }
		writeFileSync(this.conf, Object.entries(sections).map(([section, rows]) =>
			`[${section}]\n${Object.entries(rows).map(([name, value]) => `${name} = ${value}\n`).join('')}`).join('\n'), { mode: 0o600 })
		this.own(this.conf)
	}

	// Runs the stoa command to its end; its output.
	stoa(...args) {
		return execFileSync(join(this.build, 'cli/stoa'), args, { ...this.user, env: this.environment, cwd: this.dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
	}

	// Starts a program that must live until stop(), in a session of its own so that Ctrl-C reaches only us.
	start(name, command, args, { env = {}, again = false } = {}) {
		const entry = { name, again }
		const launch = () => {
			const child = spawn(command, args, { ...this.user, cwd: this.dir, env: { ...this.environment, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
			entry.child = child
			entry.firstLine = new Promise(done => child.stdout.once('data', data => done(String(data).trim())))
			for (const stream of [child.stdout, child.stderr])
				stream.on('data', data => writeFileSync(join(this.dir, 'log', `${name}.log`), data, { flag: 'a' }))
			entry.ended = new Promise(done => {
				child.once('error', error => { this.died(`${name}: ${error.message}`); done() })
				child.once('close', (code, signal) => {
					const wanted = this.stopping || entry.stopping
					if (!wanted && entry.again && signal === 'SIGKILL') launch()
					else if (!wanted) this.died(`${name} ended with ${signal ?? code}`)
					// lighttpd answers 1 when a responder takes a moment to end.
					else if (code && name !== 'lighttpd') this.died(`${name} answered the stop with ${code}`)
					done()
				})
			})
		}
		launch()
		this.children.push(entry)
		return entry
	}

	died(what) {
		this.deaths.push(what)
		this.onDeath?.(what)
	}

	async end(entry) {
		entry.stopping = true
		// lighttpd finishes what it has begun only on SIGINT.
		if (entry.child.exitCode === null && entry.child.signalCode === null) entry.child.kill(entry.name === 'lighttpd' ? 'SIGINT' : 'SIGTERM')
		const slow = setTimeout(() => {
			this.deaths.push(`${entry.name} did not stop within ${STOP_SECONDS} s`)
			entry.child.kill('SIGKILL')
		}, STOP_SECONDS * 1000)
		await entry.ended
		clearTimeout(slow)
		this.children = this.children.filter(e => e !== entry)
	}

	// lighttpd and mod_fcgid start the responders themselves.
	responders() {
		if (this.front === 'proxy_fcgi') for (const family of FAMILIES) this.responder(family)
	}

	responder(family) {
		return this.start(family, join(this.build, `fcgi/${family}/stoa-${family}`), [], { env: { STOA_WEB_SOCKET: join(this.run, `${family}.sock`) }, again: this.again })
	}

	worker() {
		return this.start('worker', 'nice', ['-n', '5', join(this.build, 'daemons/worker/stoa-worker')], { again: this.again })
	}

	webServer() {
		const at = join(this.dir, 'front')
		const pairs = Object.entries(this.sanitizers).map(([name, value]) => `${name}=${value}`)
		const command = execFileSync(join(ROOT, 'tools/front'), [this.front, at, String(this.port), this.build, this.assets, this.conf, ...pairs], { encoding: 'utf8' }).trim().split(' ')
		if (this.user.uid !== undefined) execFileSync('chown', ['-R', '-h', `${this.user.uid}:${this.user.gid}`, at])
		this.web = this.start(this.front, command[0], command.slice(1))
	}

	// A connection each: a web server may close an idle one just when the next request is on its way.
	async fetch(path, options = {}) {
		return fetch(this.url + path, { redirect: 'manual', signal: AbortSignal.timeout(60000), ...options, headers: { connection: 'close', ...options.headers } })
	}

	// JSON in and out: {status, body, text, headers}.
	async json(method, path, body, headers = {}) {
		const reply = await this.fetch(path, { method, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
			body: body === undefined ? undefined : JSON.stringify(body) })
		const text = await reply.text()
		const parsed = /json/.test(reply.headers.get('content-type') ?? '') && text ? JSON.parse(text) : null
		return { status: reply.status, body: parsed, text, headers: reply.headers }
	}

	async ready() {
		await until(`${this.front} to answer /health`, async () => {
			if (this.deaths.length) throw Object.assign(new Error(this.deaths.join('; ')), { fatal: true })
			return (await this.fetch('/health')).status === 200
		}, 120)
	}

	logs() {
		return ['log', 'front/log', 'services/log'].filter(folder => existsSync(join(this.dir, folder)))
			.flatMap(folder => readdirSync(join(this.dir, folder)).map(name => ({ name: `${folder}/${name}`, text: readFileSync(join(this.dir, folder, name), 'utf8') })))
	}

	// What the logs hold against us.
	complaints() {
		const found = [...this.deaths]
		for (const { name, text } of this.logs()) {
			const match = BAD_LOG.exec(text)
			if (match) found.push(`${name}:\n${text.slice(Math.max(0, match.index - 200), match.index + 6000)}`)
		}
		return found
	}

	tail(bytes = 3000) {
		return this.logs().filter(log => log.text).map(log => `--- ${log.name}\n${log.text.slice(-bytes)}`).join('\n')
	}

	// Processes that read our configuration, whoever started them.
	leftovers() {
		return readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => {
			try {
				return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`STOA_CONFIG=${this.conf}\0`)
			} catch {
				return false
			}
		})
	}

	async stop() {
		this.stopping = true
		for (const entry of [...this.children].reverse()) await this.end(entry)
		// Responders that the web server started outlive it for as long as they have something to finish.
		await until('the responders to end', () => this.leftovers().length === 0, STOP_SECONDS).catch(error => this.deaths.push(error.message))
		this.services('down', ...(this.fast ? ['--fast'] : []))
	}
}

