// What the benches share.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from '../tools/house.mjs'

export const BUILD = resolve(process.env.STOA_BUILD ?? join(ROOT, 'var/build'))
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)

export const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]
export const count = value => Math.round(value).toLocaleString('en')

// A file of sql/ on one line, its parameters replaced by the values.
export function statement(file, values) {
	return readFileSync(join(ROOT, file), 'utf8').replace(/--.*$/gm, '').replace(/\$(\d+)/g, (_, at) => values[at - 1]).replace(/\s+/g, ' ').trim()
}

// Transactions a second of a pgbench script with these variables, prepared statements, all of the connections busy.
export function pgbench(house, script, variables, clients) {
	const file = join(house.dir, 'pgbench.sql')
	writeFileSync(file, script)
	const defines = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
	const out = execFileSync('pgbench', ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(SECONDS), '-f', file, ...defines,
		'-h', join(house.dir, 'services/run'), '-U', 'stoa', 'stoa'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
	return Number(/tps = ([\d.]+)/.exec(out)[1])
}
