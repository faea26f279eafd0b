// What the composer makes, as an independent server takes it (npm's smtp-server) and an independent parser reads it (mailparser).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { startSmtp } from '../standin/smtp.mjs'

const FROM = 'Bücherstube „Zum Löwen“ <laden@stoa.test>'
let sink, sender, answers

before(async () => {
	sink = await startSmtp()
	sender = spawn(join(process.env.STOA_BUILD ?? '.', 'tests/lib/mail_sender'), {
		env: { ...process.env, STOA_MAIL_URL: sink.url, STOA_MAIL_STARTTLS: 'no', STOA_MAIL_FROM: FROM }, stdio: ['pipe', 'pipe', 'inherit'] })
	answers = createInterface(sender.stdout)[Symbol.asyncIterator]()
})
after(async () => {
	sender.stdin.end()
	const status = await new Promise(done => sender.once('exit', done))
	await sink.close()
	assert.equal(status, 0)
})

let number = 0
const say = async mail => {
	const id = `m-${++number}`
	sender.stdin.write(`${JSON.stringify({ to: 'ada@example.com', subject: 'S', text: 'T\n', id, ...mail })}\n`)
	const { value, done } = await answers.next()
	assert.ok(!done, 'the sender ended')
	return { id, ...JSON.parse(value) }
}
// Sends one, and answers what arrived.
const arrive = async mail => {
	const count = sink.mails.length
	const { id, error } = await say(mail)
	assert.equal(error, '')
	assert.equal(sink.mails.length, count + 1)
	const got = sink.mails.at(-1)
	assert.equal(got.messageId, `<${id}@stoa.test>`)
	lines(got.raw)
	return got
}
// The limits of RFC 5322, 2045 and 2047, and CRLF everywhere.
const lines = raw => {
	assert.ok(!/[^\r]\n|\r[^\n]/.test(raw), 'bare CR or LF')
	const end = raw.indexOf('\r\n\r\n')
	for (const line of raw.slice(0, end).split('\r\n')) {
		if (/^(List-Unsubscribe: )/.test(line)) assert.ok(line.length <= 998)
		else assert.ok(line.length <= (line.includes('=?') ? 76 : 78), line)
		assert.ok(/^([A-Za-z-]+: |[ \t]\S)/.test(line), line)
	}
	for (const line of raw.slice(end + 4).split('\r\n')) assert.ok(line.length <= 78 && /^[\t\x20-\x7e]*$/.test(line), line)
}
const unix = text => text.replaceAll('\r\n', '\n')

test('names and subjects of every script', async () => {
	const rows = ['Grüße', 'Ваш план', '契約の確認：お支払い方法の更新をお願いいたします。ご不明な点はサポートまでご連絡ください。', 'خطتك',
		'👩‍👩‍👧‍👦'.repeat(20), 'é'.repeat(200), 'a'.repeat(490), `${'word '.repeat(90)}end`, '  spaces  kept  ', '=?UTF-8?B?SGVsbG8=?=', 'a=b?c_d', 'a\u00a0b', '']
	for (const subject of rows) {
		const name = [...subject].slice(0, 40).join('').trim()
		const got = await arrive({ subject, toName: name })
		assert.equal(got.subject?.trim() ?? '', subject.trim())
		assert.equal(got.from, '"Bücherstube „Zum Löwen“" <laden@stoa.test>')
		assert.deepEqual(got.recipients, [{ address: 'ada@example.com', name }])
	}
	for (const toName of ['Zoë Faßbinder', 'O\'Brien, "Pat" (sales)', '张伟', 'a\\b', 'Ž'.repeat(100)])
		assert.equal((await arrive({ toName })).recipients[0].name, toName)
	assert.deepEqual((await arrive({ replyTo: 'Büro Süd <sued@stoa.test>' })).replyTo, [{ address: 'sued@stoa.test', name: 'Büro Süd' }])
})

test('bodies come back as they were: long lines, dots, blanks, both alternatives', async () => {
	const rows = ['one\n', '.\n..\n.hidden\n', 'x'.repeat(5000) + '\n', 'ü'.repeat(3000) + '\n', 'tab\tand blank \nend\t\n', 'From here\nto\n\n\n\nthere\n',
		'=C3=BC is not ü = 3\n', '漢字'.repeat(800) + '\n', '--=_a\n--=_m--\n', `${'word '.repeat(2000)}\n`]
	for (const text of rows) {
		assert.equal(unix((await arrive({ text })).text), text)
		const html = `<p title="${'y'.repeat(1500)}">${text}</p>\n`
		const got = await arrive({ text, html })
		assert.equal(unix(got.text), text)
		assert.equal(unix(got.html), html)
		assert.match(got.headers['content-type'], /^multipart\/alternative;/)
	}
})

test('attachments: their names and every byte', async () => {
	const names = ['plan.pdf', 'Übersicht März – Größe.pdf', '見積書.xlsx', 'with "quotes" & 100 %.txt', 'semi;colon=equals\'.csv', 'ü'.repeat(100) + '.pdf', 'long name '.repeat(20) + '.txt', '📊.png']
	const attachments = names.map((name, i) => ({ name, type: i ? 'application/octet-stream' : 'application/pdf', data: randomBytes(i * 1000 + i).toString('base64') }))
	const got = await arrive({ html: '<b>ü</b>\n', text: 'ü\n', attachments })
	assert.match(got.headers['content-type'], /^multipart\/mixed;/)
	assert.deepEqual(got.attachments.map(a => [a.filename, a.content]), attachments.map(a => [a.name, a.data]))
	assert.equal(got.attachments[0].contentType, 'application/pdf')
	assert.deepEqual([unix(got.text), unix(got.html)], ['ü\n', '<b>ü</b>\n'])
	const one = await arrive({ attachments: attachments.slice(1, 2) })
	assert.deepEqual([one.attachments.length, unix(one.text), one.html], [1, 'T\n', false])
	const big = randomBytes(5 << 20).toString('base64')
	assert.equal((await arrive({ attachments: [{ name: 'big', type: 'application/octet-stream', data: big }] })).attachments[0].content, big)
})

test('a link to unsubscribe, and what says that nobody typed this', async () => {
	const link = `https://stoa.test/unsubscribe?token=${'x'.repeat(500)}`
	const got = await arrive({ unsubscribe: link })
	assert.deepEqual([got.headers['list-unsubscribe'], got.headers['list-unsubscribe-post']], [`<${link}>`, 'List-Unsubscribe=One-Click'])
	assert.equal(got.headers['auto-submitted'], 'auto-generated')
	assert.ok(Math.abs(Date.now() - new Date(got.headers.date)) < 3600_000, got.headers.date)
	assert.equal((await arrive({})).headers['list-unsubscribe'], undefined)
})

test('nothing gets a header or a recipient in that is not ours', async () => {
	const count = sink.mails.length
	const bad = [{ subject: 'x\r\nBcc: eve@evil.example' }, { subject: 'x\nBcc: eve@evil.example' }, { subject: 'x\r\n\r\nbody' }, { subject: 'x\u0000y' },
		{ toName: 'x\r\nBcc: eve@evil.example' }, { to: 'ada@example.com>\r\nRCPT TO:<eve@evil.example' }, { to: 'ada@example.com, eve@evil.example' },
		{ to: 'ada@example.com\nBcc: eve@evil.example' }, { replyTo: 'x <a@b.example>\r\nBcc: eve@evil.example' }, { replyTo: 'x\r\n <a@b.example>' },
		{ unsubscribe: 'https://a.example/>\r\nBcc: eve@evil.example' }, { id: 'x>\r\nBcc: eve@evil.example' },
		{ attachments: [{ name: 'x"\r\nBcc: eve@evil.example', type: 'text/plain', data: '' }] },
		{ attachments: [{ name: 'x', type: 'text/plain\r\nBcc: eve@evil.example', data: '' }] }, { subject: 'x'.repeat(501) }, { test: true }]
	for (const mail of bad.filter(m => !JSON.stringify(m).includes('\\u0000'))) assert.equal((await say(mail)).error, 'invalid', JSON.stringify(mail))
	assert.equal(sink.mails.length, count)
	// What only looks like one is text.
	const got = await arrive({ subject: 'Bcc: eve@evil.example', toName: 'x" <eve@evil.example>, "y', text: 'Bcc: eve@evil.example\n\n.\r\nMAIL FROM:<x@y>\n' })
	assert.deepEqual([got.to, got.headers.bcc, got.subject, got.recipients.length], [['ada@example.com'], undefined, 'Bcc: eve@evil.example', 1])
})

test('a relay that refuses for a while, and for good', async () => {
	const refuse = body => fetch(`${sink.httpUrl}/refuse`, { method: 'POST', body: JSON.stringify(body) })
	await refuse({ times: 1, code: 451 })
	assert.deepEqual({ ...(await say({})), id: 0 }, { id: 0, error: 'upstream', code: 451, verb: 'RCPT', badAddress: false })
	await arrive({})
	await refuse({ times: 1, code: 550 })
	assert.deepEqual({ ...(await say({})), id: 0 }, { id: 0, error: 'upstream', code: 550, verb: 'RCPT', badAddress: true })
})
