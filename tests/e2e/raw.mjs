// HTTP by hand, for what fetch would never send.
import net from 'node:net'

// Sends the bytes (an array: with a pause between its parts), then reads until the server closes or `quiet` ms pass without a byte.
export function send(url, bytes, { half = false, quiet = 20000 } = {}) {
	const { hostname, port } = new URL(url)
	return new Promise((done, failed) => {
		const socket = net.connect(Number(port), hostname)
		let received = Buffer.alloc(0)
		let timer
		const finish = () => {
			clearTimeout(timer)
			socket.destroy()
			done(parse(received))
		}
		const hold = () => {
			clearTimeout(timer)
			timer = setTimeout(finish, quiet)
		}
		socket.on('data', data => {
			received = Buffer.concat([received, data])
			complete(received) ? finish() : hold()
		})
		socket.on('close', finish)
		socket.on('error', error => (error.code === 'ECONNREFUSED' ? failed(error) : finish()))
		socket.on('connect', async () => {
			hold()
			for (const part of [].concat(bytes)) {
				socket.write(part)
				await new Promise(next => setTimeout(next, 20))
			}
			if (half) socket.end()
		})
	})
}

function complete(data) {
	const end = data.indexOf('\r\n\r\n')
	if (end < 0) return false
	const head = data.subarray(0, end).toString('latin1')
	if (/^HTTP\/1\.1 (1\d\d|204|304)/.test(head)) return true
	const length = /^content-length: *(\d+)/im.exec(head)
	if (length) return data.length >= end + 4 + Number(length[1])
	return /^transfer-encoding: *chunked/im.test(head) && data.includes('\r\n0\r\n\r\n')
}

function parse(data) {
	const text = data.toString('latin1')
	const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s)
	const status = Number(/^HTTP\/1\.[01] (\d+)/.exec(head)?.[1] ?? 0)
	const headers = Object.fromEntries([...head.matchAll(/^([\w-]+): *(.*?)\r?$/gm)].map(m => [m[1].toLowerCase(), m[2]]))
	return { status, headers, body: /chunked/i.test(headers['transfer-encoding'] ?? '') ? unchunk(body) : body }
}

function unchunk(body) {
	let out = ''
	for (;;) {
		const match = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(body)
		const size = match ? parseInt(match[1], 16) : 0
		if (!size) return Buffer.from(out, 'latin1').toString()
		out += body.slice(match[0].length, match[0].length + size)
		body = body.slice(match[0].length + size + 2)
	}
}

export const request = (method, path, headers = {}, body = '') =>
	`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
