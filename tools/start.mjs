// The second half of ./start: runs the house in var/demo until Ctrl-C.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { demonstrate } from './demo-data.mjs'
import { House, ROOT, nextFreePort } from './house.mjs'

const { values } = parseArgs({ options: { build: { type: 'string' }, port: { type: 'string', default: '8080' } } })
const say = text => console.log(`${new Date().toTimeString().slice(0, 8)}  ${text}`)

// Unix sockets have short names, so a deep checkout keeps its data elsewhere.
function folder() {
	const usual = join(ROOT, 'var/demo')
	if (usual.length <= 60) return usual
	return join(process.getuid() === 0 ? '/var/lib' : homedir(), `.stoa-${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}`)
}

const alive = pid => {
	try {
		process.kill(pid, 0)
		return true
	} catch (error) {
		return error.code === 'EPERM'
	}
}

const dir = folder()
const lock = join(dir, 'running')
const running = existsSync(lock) && Number(readFileSync(lock, 'utf8'))
if (running && alive(running)) {
	console.error(`Stoa is already running from ${dir} (process ${running}).`)
	process.exit(1)
}

const portsFile = join(dir, 'ports.json')
const kept = existsSync(portsFile) ? JSON.parse(readFileSync(portsFile, 'utf8')) : {}
const ports = {}
for (const [name, first] of [['web', Number(values.port)], ['shop', 8090], ['stripe', 8100], ['smtp', 8110], ['mail', 8120]])
	ports[name] = await nextFreePort(name === 'web' && values.port !== '8080' ? first : (kept[name] ?? first))

const house = new House({ dir, build: resolve(values.build), front: 'lighttpd', port: ports.web })
writeFileSync(lock, String(process.pid))
writeFileSync(portsFile, JSON.stringify(ports))

let stopping
async function stop(code) {
	if (stopping) return stopping
	stopping = (async () => {
		if (code === 0) say('stopping')
		await house.stop()
		rmSync(lock, { force: true })
		const faults = house.complaints()
		if (faults.length) console.error(faults.join('\n'))
		else if (code === 0) say(`stopped; the data stays in ${dir}`)
		process.exit(faults.length ? 1 : code)
	})()
	return stopping
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0))
house.onDeath = what => {
	if (stopping) return
	console.error(`${what}. The logs end with:\n${house.tail(1500)}`)
	stop(1)
}

try {
	say(`starting PostgreSQL and memcached in ${dir}`)
	house.servicesUp()
	say('starting the stand-ins for Stripe and a mail relay')
	const node = process.execPath
	const stripe = house.start('stripe', node, [join(ROOT, 'tests/standin/stripe.mjs'), '--port', String(ports.stripe), '--state', join(house.folder('stripe'), 'state.json')])
	const mail = house.start('mail', node, [join(ROOT, 'tests/standin/smtp.mjs'), '--port', String(ports.smtp), '--http-port', String(ports.mail), '--store', house.folder('mail')])
	const stripeUrl = await stripe.firstLine
	const [smtpUrl, mailUrl] = (await mail.firstLine).split(' ')
	house.configure({ stripe: { api_base: stripeUrl }, mail: { url: smtpUrl, starttls: 'no', from: 'Stoa <house@stoa.example>' } })
	say('bringing the database up to date')
	house.stoa('migrate', '--init')
	say('starting lighttpd, the responders and the worker')
	house.responders()
	house.webServer()
	house.worker()
	await house.ready()
	const shopUrl = `http://127.0.0.1:${ports.shop}`
	const demo = await demonstrate(house, { stripeUrl, shopUrl, say })
	say('starting the shop')
	await demo.shop(ports.shop)
	console.log(`
  Stoa                ${house.url}
    sign in as        ${demo.email}
    with the password ${demo.password}

  The shop            ${shopUrl}
    open it, click "Cancel my plan", take an offer, and look at ${house.url}/?mode=test

  Mails               ${mailUrl}
  Stripe's stand-in   ${stripeUrl}
  Logs and data       ${dir}

Ctrl-C stops everything; ./start runs it again on the same data.
`)
} catch (error) {
	if (!stopping) console.error(`${error.stack}\n${house.tail(1500)}`)
	await stop(1)
}
