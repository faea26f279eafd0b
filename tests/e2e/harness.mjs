// Boots the whole house for one test file: its own folder, PostgreSQL, memcached, stand-ins, responders behind a real web server.
//
//   const house = await boot({ front: 'lighttpd' })      front: lighttpd | fcgid | proxy_fcgi | htaccess
//   … house.url, house.keys.test.key, house.stripe.control('log'), house.mail.mails …
//   await house.finish()    throws when a process died or a sanitizer reported, with its log
//
// STOA_BUILD names the build folder, STOA_KEEP keeps the folder.
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { House, ROOT, freePorts } from '../../tools/house.mjs'
import { startSmtp } from '../standin/smtp.mjs'
import { startStripe } from '../standin/stripe.mjs'
import { settle } from './settle.mjs'

export { House, ROOT, freePorts, until, wait } from '../../tools/house.mjs'
export const BUILD = resolve(process.env.STOA_BUILD ?? join(ROOT, 'var/build'))

// The children of a process that run this program.
export const childrenOf = (parent, program) => readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).map(Number).filter(pid => {
	try {
		const [, name, ppid] = /\((.*)\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
		return Number(ppid) === parent && name === program && readlinkSync(`/proc/${pid}/exe`).endsWith(program)
	} catch { // it ended while we looked
		return false
	}
})

class TestHouse extends House {
	memcachedPid() {
		return Number(readFileSync(join(this.dir, 'services/run/memcached.pid'), 'utf8'))
	}

	async finish() {
		await this.stop()
		await this.stripe?.close()
		await this.mail?.close()
		const found = this.complaints()
		if (found.length) throw new Error(`${this.front}: ${found.join('\n')}\n${this.tail()}`)
		if (!process.env.STOA_KEEP) rmSync(this.dir, { recursive: true, force: true })
	}
}

// conf: {section: {name: value}} on top, or what makes it when the services run; people: false leaves the database empty; again: killed programs are started anew.
export async function boot({ front = 'lighttpd', conf = {}, people = true, again = false, fast = true } = {}) {
	if (!existsSync(join(BUILD, 'cli/stoa'))) throw new Error(`no build in ${BUILD}: run make there, or set STOA_BUILD`)
	const [port] = await freePorts(1)
	const house = new TestHouse({ dir: mkdtempSync('/tmp/stoa-e2e.'), build: BUILD, front, port, fast, again })
	try {
		house.servicesUp()
		house.stripe = await startStripe()
		house.mail = await startSmtp()
		if (typeof conf === 'function') conf = conf(house)
		house.configure({
			who: { registration: 'open', logins_per_address: 1000000, registrations_per_address: 1000000 },
			stripe: { api_base: house.stripe.url },
			mail: { url: house.mail.url, starttls: 'no', from: 'Stoa <house@stoa.test>' },
			...conf,
			// A busy machine under sanitizers is no overload.
			web: { anonymous_per_minute: 1000000, deadline_factor: 100, queue_wait: '10s', queue_target: '10s', ...conf.web },
		})
		house.stoa('migrate', '--init')
		house.responders()
		house.webServer()
		house.workerProcess = house.worker()
		await house.ready()
		if (people) Object.assign(house, await settle(house))
		return house
	} catch (error) {
		console.error(house.tail())
		await house.finish().catch(other => console.error(other.message.slice(0, 4000)))
		throw error
	}
}
