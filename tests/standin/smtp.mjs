// A mail sink for tests and the demonstration: takes every mail by SMTP, keeps it parsed, and shows it by HTTP.
//
//   node smtp.mjs [--port N] [--http-port N] [--store FOLDER]     prints "smtp://… http://…"
//
// GET /            a page with the mails, newest first
// GET /mails       JSON: [{from, to, recipients, replyTo, subject, text, html, attachments, messageId, headers, raw}], ?to= filters by
//                recipient
// DELETE /mails    forgets them
// POST /refuse     {times, code}: refuses that many recipients with that SMTP code (451 by default)
// Recipients whose address begins with "bounce" do not exist: 550 5.1.1.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

const escape = text => String(text ?? '').replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
const linked = text => escape(text).replace(/https?:\/\/[^\s<]+/g, url => `<a href="${url}">${url}</a>`)

export async function startSmtp({ port = 0, httpPort = 0, host = '127.0.0.1', store } = {}) {
	const mails = []
	let refuse = { times: 0, code: 451 }

	const take = async (raw, envelope) => {
		const mail = await simpleParser(raw)
		const kept = { from: mail.from?.text, to: envelope?.to ?? mail.to?.value.map(v => v.address) ?? [], subject: mail.subject, text: mail.text, html: mail.html,
			recipients: mail.to?.value ?? [], replyTo: mail.replyTo?.value ?? [],
			attachments: mail.attachments.map(a => ({ filename: a.filename, contentType: a.contentType, content: a.content.toString('base64') })),
			messageId: mail.messageId, headers: Object.fromEntries(mail.headerLines.map(h => [h.key, h.line.slice(h.key.length + 1).trim()])), raw: raw.toString('latin1') }
		mails.push(kept)
		return kept
	}
	if (store) {
		mkdirSync(store, { recursive: true })
		for (const name of readdirSync(store).filter(n => n.endsWith('.eml')).sort()) await take(readFileSync(join(store, name)))
	}

	const smtp = new SMTPServer({
		authOptional: true,
		disabledCommands: ['STARTTLS'],
		allowInsecureAuth: true,
		onAuth: (auth, session, done) => done(null, { user: auth.username }),
		onRcptTo(address, session, done) {
			if (address.address.startsWith('bounce')) return done(Object.assign(new Error('5.1.1 no such mailbox'), { responseCode: 550 }))
			if (refuse.times <= 0) return done()
			refuse.times--
			done(Object.assign(new Error('refused as told'), { responseCode: refuse.code }))
		},
		onData(stream, session, done) {
			const chunks = []
			stream.on('data', chunk => chunks.push(chunk))
			stream.on('end', async () => {
				const raw = Buffer.concat(chunks)
				try {
					await take(raw, { to: session.envelope.rcptTo.map(r => r.address) })
					if (store) {
						const file = join(store, `${Date.now()}-${String(mails.length).padStart(5, '0')}.eml`)
						writeFileSync(`${file}.new`, raw)
						renameSync(`${file}.new`, file)
					}
					done()
				} catch (error) {
					done(error)
				}
			})
		},
	})
	smtp.on('error', error => { if (!['ECONNRESET', 'EPIPE'].includes(error.code)) console.error('mail sink:', error.message) })
	await new Promise((listening, failed) => smtp.listen(port, host, listening).once('error', failed))

	const page = () => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title>
<style>body{font:1rem/1.5 system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem}article{border-top:1px solid #888;padding:1rem 0}pre{white-space:pre-wrap}</style>
<h1>Mails</h1>${mails.length ? '' : '<p>None yet. Ask for a new password, and reload.'}
${[...mails].reverse().map(m => `<article><h2>${escape(m.subject)}</h2><p>from ${escape(m.from)} to ${escape(m.to.join(', '))}<pre>${linked(m.text)}</pre></article>`).join('\n')}`

	const server = http.createServer(async (request, response) => {
		const url = new URL(request.url, 'http://sink')
		const answer = (status, type, body) => { response.writeHead(status, { 'content-type': type }); response.end(body) }
		const json = value => answer(200, 'application/json', JSON.stringify(value))
		if (url.pathname === '/' && request.method === 'GET') return answer(200, 'text/html; charset=utf-8', page())
		if (url.pathname === '/mails' && request.method === 'GET') return json(mails.filter(m => !url.searchParams.get('to') || m.to.includes(url.searchParams.get('to'))))
		if (url.pathname === '/mails' && request.method === 'DELETE') { mails.length = 0; return json({ ok: true }) }
		if (url.pathname === '/refuse' && request.method === 'POST') {
			let text = ''
			for await (const chunk of request) text += chunk
			refuse = { times: 1, code: 451, ...JSON.parse(text) }
			return json({ ok: true })
		}
		answer(404, 'text/plain', 'not here\n')
	})
	await new Promise((listening, failed) => server.once('error', failed).listen(httpPort, host, listening))

	return {
		mails,
		// Clients that are connected: what they began to send may still arrive.
		clients: () => smtp.connections.size,
		url: `smtp://${host}:${smtp.server.address().port}`,
		httpUrl: `http://${host}:${server.address().port}`,
		close: () => new Promise(done => smtp.close(() => { server.close(done); server.closeAllConnections() })),
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, 'http-port': { type: 'string', default: '0' }, store: { type: 'string' } } })
	const sink = await startSmtp({ port: Number(values.port), httpPort: Number(values['http-port']), store: values.store })
	console.log(`${sink.url} ${sink.httpUrl}`)
	for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
}
