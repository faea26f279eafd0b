// A receiver of webhooks that misbehaves, behind TLS with a certificate of its own. Keeps every request that reached it.
//
//   const sink = await startSink({ folder, fates })     folder: where the certificate goes; fates: [fate…], taken in turn by each new id,
//                                                       or path => fate, with a turn of its own for each id and path
//   sink.url, sink.certificate, sink.requests, sink.connections, await sink.close()
//
// A fate is a list of what becomes of a message's first, second … attempt, the last of them for good. Steps:
//   ok        200                             stall     no answer until the sender gives up
//   status N  that status                     redirect  302 to a path that counts as followed when it is asked for
//   drop      closed before the body is read  reset     closed by RST behind the request
//   cut       half of the promised body       late      200, but only after its effect was kept: cut behind the head
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'

export function makeCertificate(folder) {
	const key = join(folder, 'sink.key'), cert = join(folder, 'sink.crt')
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert,
		'-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'], { stdio: 'ignore' })
	// Whoever sends may be another user.
	chmodSync(folder, 0o755)
	chmodSync(cert, 0o644)
	return { key, cert }
}

const STEPS = {
	ok: (request, response) => response.writeHead(200, { 'content-type': 'text/plain', 'set-cookie': 'sid=hidden' }).end('thank you'),
	stall: () => {},
	redirect: (request, response) => response.writeHead(302, { location: '/followed' }).end(),
	drop: request => request.socket.destroy(),
	reset: (request, response, raw) => raw.resetAndDestroy(),
	cut: (request, response) => {
		response.writeHead(200, { 'content-length': '1000' })
		response.write('only this', () => request.socket.destroy())
	},
	late: (request, response) => {
		response.writeHead(200, { 'content-length': '2' })
		response.flushHeaders()
		setImmediate(() => request.socket.destroy())
	},
}

export async function startSink({ folder, fates = [['ok']], host = '127.0.0.1' }) {
	const { key, cert } = makeCertificate(folder)
	const fate = new Map(), raw = new Map()
	const sink = { requests: [], connections: 0, followed: 0, certificate: cert }
	const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
		const id = request.headers['webhook-id'] ?? ''
		if (request.url === '/followed') sink.followed++
		const chosen = typeof fates === 'function', key = chosen ? `${id} ${request.url}` : id
		if (!fate.has(key)) fate.set(key, { steps: chosen ? fates(request.url) : fates[fate.size % fates.length], seen: 0 })
		const mine = fate.get(key)
		const step = mine.steps[Math.min(mine.seen++, mine.steps.length - 1)]
		const kept = { id, step, attempt: mine.seen, headers: request.headers, method: request.method, url: request.url, at: Date.now(), body: null }
		sink.requests.push(kept)
		if (step === 'drop') return STEPS.drop(request)
		const chunks = []
		request.on('data', chunk => chunks.push(chunk))
		request.on('end', () => {
			kept.body = Buffer.concat(chunks).toString('utf8')
			if (step.startsWith('status ')) response.writeHead(Number(step.slice(7))).end('no')
			else STEPS[step](request, response, raw.get(request.socket.remotePort))
		})
		request.on('error', () => {})
	})
	// TLS cannot be reset; what carries it can.
	server.on('connection', socket => {
		sink.connections++
		raw.set(socket.remotePort, socket)
		socket.on('error', () => {})
	})
	server.on('clientError', (error, socket) => socket.destroy())
	await new Promise((listening, failed) => server.listen(0, host, listening).once('error', failed))
	sink.port = server.address().port
	sink.url = `https://${host}:${sink.port}/hooks`
	sink.close = () => new Promise(done => { server.close(done); server.closeAllConnections() })
	return sink
}
