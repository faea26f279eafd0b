// A PostgreSQL server of a test's own beside the house's: a copy of another one that follows it.
import { execFileSync } from 'node:child_process'
import { appendFileSync, closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './harness.mjs'

const BIN = execFileSync('sh', ['-c', '. "$0/tools/as-user.sh"; printf %s "$PG_BIN"', ROOT], { encoding: 'utf8' })

export class Postgres {
	// dir holds pg (the data) and run (the socket), as tools/services has it.
	constructor(house, dir) {
		Object.assign(this, { house, dir, data: join(dir, 'pg'), run: join(dir, 'run'), log: join(dir, 'log/postgresql.log') })
	}

	// A new one, which follows `other`.
	static copy(house, name, other) {
		const server = new Postgres(house, join(house.dir, name))
		for (const part of [name, `${name}/run`, `${name}/log`]) house.folder(part)
		server.follow(other)
		return server
	}

	command(program, ...args) {
		// A server must not inherit a pipe, or we would wait for its end.
		const log = openSync(join(this.dir, 'log/commands.log'), 'a')
		try {
			return execFileSync(join(BIN, program), args, { ...this.house.user, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, stdio: ['ignore', log, log] })
		} finally {
			closeSync(log)
		}
	}

	// Throws away what it has, and follows `other`.
	follow(other) {
		rmSync(this.data, { recursive: true, force: true })
		this.command('pg_basebackup', '-h', other.run, '-U', 'stoa', '-D', this.data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync')
		appendFileSync(join(this.data, 'postgresql.auto.conf'), `unix_socket_directories = '${this.run}'\nshared_buffers = '16MB'\nwal_receiver_timeout = '5s'\nwal_retrieve_retry_interval = '100ms'\n`)
		this.up()
	}

	up() { this.command('pg_ctl', '-D', this.data, '-l', this.log, '-w', '-t', '60', 'start') }
	down() { this.command('pg_ctl', '-D', this.data, '-m', 'immediate', '-w', 'stop') }
	promote() { this.command('pg_ctl', '-D', this.data, '-w', 'promote') }

	// All of its processes.
	signal(name) {
		const postmaster = Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0])
		const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(postmaster)], { encoding: 'utf8' }).trim().split(/\s+/).map(Number)
		for (const pid of [postmaster, ...children]) process.kill(pid, name)
	}

	sql(text) {
		return execFileSync('psql', ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-h', this.run, '-U', 'stoa', '-d', 'stoa', '-c', text], { encoding: 'utf8' }).trim()
	}
}
