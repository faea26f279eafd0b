// What promtool does not look at: every alert's texts, a case each way for every alert, panels that keep to the grid, names that are recorded.
// Writes the panels' expressions as rules, for promtool to read.
import { readFileSync, writeFileSync } from 'node:fs'
import assert from 'node:assert/strict'

const deploy = process.argv[2]
const text = name => readFileSync(`${deploy}/${name}`, 'utf8')
// The files are the emitter's own, so that a line is a member and no parser is needed.
const rules = text('prometheus/stoa.rules.yml').split(/\n {2}- (?=alert:|record:)/).slice(1)
const member = (part, name) => part.match(new RegExp(`^ *(?:- )?${name}: (.*)$`, 'm'))?.[1]
const alerts = rules.filter(rule => rule.startsWith('alert:'))
const recorded = new Set(rules.filter(rule => rule.startsWith('record:')).map(rule => member(rule, 'record')))
const cases = text('prometheus/stoa.tests.yml').split(/\n {2}- eval_time: .*\n/).slice(1)
const dashboard = JSON.parse(text('grafana/stoa.json'))

assert.ok(alerts.length > 100)
for (const alert of alerts) {
	const name = member(alert, 'alert')
	assert.match(member(alert, 'severity'), /^(critical|warning)$/, name)
	assert.match(member(alert, 'source'), /00[0-3]/, `${name} names its document`)
	assert.match(member(alert, 'summary'), /\S/, name)
	assert.match(member(alert, 'description'), /\S/, name)
}
for (const name of new Set(alerts.map(alert => member(alert, 'alert')))) {
	const own = cases.filter(one => member(one, 'alertname') === name)
	const fired = new Set(own.flatMap(one => one.split(/\n {4}- exp_labels:\n/).slice(1).map(expected => expected.split('exp_annotations')[0])))
	assert.ok(own.some(one => /exp_alerts: \[\]/.test(one)), `${name} has a case in which it does not fire`)
	assert.ok(fired.size >= alerts.filter(alert => member(alert, 'alert') === name).length, `every ${name} has a case in which it fires`)
	for (const one of own) assert.doesNotMatch(one, /\{\{/, 'a case says what the description reads')
}

const expressions = dashboard.panels.flatMap(panel => (panel.targets ?? []).map(target => target.expr))
assert.ok(expressions.length > 20)
for (const expression of [...expressions, ...rules.map(rule => member(rule, 'expr'))])
	for (const [name] of expression.matchAll(/\b(?:class|route|space):\w+(?::\w+)?/g)) assert.ok(recorded.has(name), `${name} is recorded`)
for (const { title, gridPos: one } of dashboard.panels) {
	assert.ok(one.x + one.w <= 24, title)
	for (const { title: beside, gridPos: other } of dashboard.panels)
		assert.ok(one === other || one.x + one.w <= other.x || other.x + other.w <= one.x || one.y + one.h <= other.y || other.y + other.h <= one.y, `${title} and ${beside}`)
}
writeFileSync(process.env.STOA_OUT, JSON.stringify({ groups: [{ name: 'panels', rules: expressions.map((expr, i) => ({ record: `panel:${i}`, expr: expr.replaceAll('$class', '.*') })) }] }))
