import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSmtp } from './smtp.mjs'

const send = (url, to, text) => new Promise(done => {
	const child = spawn('curl', ['-sS', url, '--mail-from', 'house@stoa.test', '--mail-rcpt', to, '-T', '-'], { stdio: ['pipe', 'inherit', 'pipe'] })
	let errors = ''
	child.stderr.on('data', data => (errors += data))
	child.stdin.end(text)
	child.on('close', code => done({ code, errors }))
})
const MAIL = 'From: Stoa <house@stoa.test>\r\nTo: ada@example.com\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@stoa>\r\n' +
	'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=C3=B6n =3D gut: http://127.0.0.1/x\r\n'

test('keeps what curl sends, refuses when told, and remembers', async () => {
	const store = mkdtempSync(join(tmpdir(), 'sink-'))
	const sink = await startSmtp({ store })
	assert.deepEqual(await send(sink.url, 'ada@example.com', MAIL), { code: 0, errors: '' })
	const [mail] = await (await fetch(`${sink.httpUrl}/mails?to=ada@example.com`)).json()
	assert.deepEqual([mail.subject, mail.text.trim(), mail.messageId, mail.to], ['Grüße', 'Schön = gut: http://127.0.0.1/x', '<1@stoa>', ['ada@example.com']])
	assert.match(await (await fetch(sink.httpUrl)).text(), /<a href="http:\/\/127.0.0.1\/x">/)
	await fetch(`${sink.httpUrl}/refuse`, { method: 'POST', body: '{"code": 550}' })
	const refused = await send(sink.url, 'ada@example.com', MAIL)
	assert.notEqual(refused.code, 0)
	assert.match(refused.errors, /550/)
	assert.equal(readdirSync(store).length, 1)
	await sink.close()
	const again = await startSmtp({ store })
	assert.equal(again.mails.length, 1)
	await again.close()
	rmSync(store, { recursive: true })
})
