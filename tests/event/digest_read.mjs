// Reads a mail as an independent parser does: digest_read.mjs FILE ADDRESS SUBJECT LINE…; each line is one of the text, and stands in the HTML.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { simpleParser } from 'mailparser'

const [file, address, subject, ...lines] = process.argv.slice(2)
const mail = await simpleParser(readFileSync(file))
assert.equal(mail.to.value[0].address, address)
assert.equal(mail.subject, subject)
const text = mail.text.split(/\r?\n/)
for (const line of lines) {
	assert.ok(text.includes(line), `${line} is not in\n${mail.text}`)
	assert.ok(mail.html.includes(line.replace(/^[* ]+/, '').replaceAll('&', '&amp;')), `${line} is not in\n${mail.html}`)
}
assert.equal(text.filter(line => line.startsWith('* ')).length, lines.filter(line => line.startsWith('* ')).length, mail.text)
assert.match(mail.headers.get('list').unsubscribe.url, /^https:\/\/stoa\.example\/unsubscribe\?token=/)
