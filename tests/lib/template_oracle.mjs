// The template engine against mustache.js 4.2 over generated templates and views. Where mustache.js leaves the
// specification, the engine follows the specification: the generator stays away from those places, and the last test
// names each of them with both answers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import mustache from 'mustache'

const program = join(process.env.STOA_BUILD ?? '.', 'tests/lib/template_render')
const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (value) => String(value).replace(/[&<>"']/g, (c) => entities[c])

const ours = (cases) => {
	const run = spawnSync(program, { input: cases.map((one) => `${JSON.stringify(one)}\n`).join(''), maxBuffer: 1 << 28 })
	assert.equal(run.status, 0, `${run.error ?? ''}${run.stderr ?? ''}`)
	return run.stdout.toString().trimEnd().split('\n').map((line) => JSON.parse(line))
}
const theirs = (one) => new mustache.Writer().render(one.template, one.data, one.partials, { escape })

// A small generator (mulberry32), so that a failure can be repeated from its seed.
const generator = (seed) => () => {
	seed = (seed + 0x6d2b79f5) | 0
	let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

// A member's name tells its type: t text, n number, b boolean, z null, s list of scalars, l list of objects, o object. `root`
// exists only at the top, so that a dotted name that begins with it means the same to both.
class Maker {
	constructor(seed) {
		this.random = generator(seed)
	}
	below(n) { return Math.floor(this.random() * n) }
	chance(p) { return this.random() < p }
	pick(...list) { return list[this.below(list.length)] }
	many(most, make) { return Array.from({ length: this.below(most + 1) }, make) }

	scalar() { return this.pick('', '<a & "b">', 'x\ny', "it's {{t}}", 'ü🎉', 0, 7, -12, 2.5, 0.125) }
	object(depth) {
		const object = {}
		for (const name of ['t', 't2', 'n', 'b', 'b2', 'z', 's', 'l', 'o']) {
			if (this.chance(0.35)) continue
			if (name[0] === 't') object[name] = this.pick('', 'text', '<b>&amp;</b>', ' two\nlines ', '"q" \'q\'')
			if (name === 'n') object[name] = this.pick(0, 1, -3, 9007199254740991, 1.21)
			if (name[0] === 'b') object[name] = this.chance(0.5)
			if (name === 'z') object[name] = null
			if (name === 's') object[name] = this.many(3, () => this.scalar())
			if (name === 'l' && depth) object[name] = this.many(3, () => this.object(depth - 1))
			if (name === 'o' && depth) object[name] = this.object(depth - 1)
		}
		return object
	}
	view() { return { ...this.object(3), root: this.object(2) } }

	space() { return this.pick('', '', ' ', '  ', '\t') }
	word() { return this.pick('a', 'b c', '-', '{ ', ' }', '<p class="x">', '&', 'ü', '/') }
	tag(sigil, name, tags) { return `${tags[0]}${sigil}${this.space()}${name}${this.space()}${tags[1]}` }
	name() { return this.pick('t', 't2', 'n', 'b', 'z', 'missing', 'root.t', 'root.n', 'root.o.t', 'root.missing.t') }
	variable(tags, scalar) {
		const name = scalar && this.chance(0.6) ? '.' : this.name()
		return this.pick(() => this.tag('', name, tags), () => this.tag('&', name, tags), () => this.tag('{', name, [tags[0], `}${tags[1]}`]))()
	}
	comment(tags) { return `${tags[0]}!${this.pick('', ' note ', '\n two\n lines ', ' {t} ')}${tags[1]}` }

	// A line that both take as ordinary: it holds a character other than whitespace. An inline partial never is the first tag.
	inline(state) {
		const parts = this.many(4, () => this.pick(
			() => this.word(), () => this.space(), () => this.variable(state.tags, state.scalar), () => this.comment(state.tags),
			() => this.section(state, (inner) => this.inline(inner)),
			() => (state.partials.length ? `${this.variable(state.tags, state.scalar)}${this.space()}${this.tag('>', this.pick(...state.partials), state.tags)}` : '')
		)())
		return `${this.space()}${this.word()}${parts.join('')}${this.space()}`
	}
	section(state, body) {
		const name = this.pick('b', 'b2', 't', 'n', 'z', 's', 'l', 'o', 'missing', 'root.b', 'root.l', 'root.s')
		const inverted = this.chance(0.25)
		const scalar = inverted ? state.scalar : ['t', 'n', 's', 'root.s'].includes(name)
		const inner = { ...state, depth: state.depth - 1, scalar }
		const text = state.depth > 0 ? body(inner) : ''
		return `${this.tag(inverted ? '^' : '#', name, state.tags)}${text}${this.tag('/', name, state.tags)}`
	}
	// Lines [with their ends]; a standalone tag has its line for itself.
	line(state) {
		const alone = (tag) => `${this.space()}${tag}${this.space()}`
		return this.pick(
			() => this.inline(state), () => this.inline(state), () => this.pick('', ' ', '  \t'),
			() => alone(this.comment(state.tags)),
			() => (state.partials.length ? alone(this.tag('>', this.pick(...state.partials), state.tags)) : this.inline(state)),
			() => this.delimiters(state, alone),
			() => this.block(state), () => this.block(state)
		)()
	}
	delimiters(state, alone) {
		if (!state.top) return this.inline(state)
		const from = state.tags
		state.tags = this.pick(['{{', '}}'], ['<%', '%>'], ['|', '|'], ['[[', ']]'])
		return alone(`${from[0]}=${this.space()}${state.tags[0]} ${state.tags[1]}${this.space()}=${from[1]}`)
	}
	block(state) {
		return this.section({ ...state, top: false }, (inner) => `${this.space()}${state.end}${this.lines(inner, 3)}${this.space()}`)
	}
	lines(state, most) {
		if (state.depth <= 0) return ''
		return this.many(most, () => `${this.line(state)}${state.end}`).filter((line) => !state.partial || line !== state.end).join('')
	}
	template(partials, partial) {
		const state = { tags: ['{{', '}}'], partials, partial, depth: 3, scalar: false, top: true, end: this.pick('\n', '\n', '\r\n') }
		return `${this.lines(state, 6)}${this.chance(0.5) ? this.inline(state) : ''}`
	}
	case() {
		const partials = {}
		partials.p = this.template([], true)
		partials.q = this.template(['p'], true)
		return { template: this.template(['p', 'q', 'none'], false), partials, data: this.view() }
	}
}

test('generated templates render as in mustache.js', () => {
	const first = Number(process.env.STOA_SEED ?? 1)
	const count = Number(process.env.STOA_CASES ?? 3000)
	const cases = Array.from({ length: count }, (_, i) => new Maker(first + i).case())
	const answers = ours(cases)
	let tags = 0
	assert.equal(answers.length, count)
	cases.forEach((one, i) => {
		assert.deepEqual(answers[i], { out: theirs(one) }, `seed ${first + i}: ${JSON.stringify(one)}`)
		tags += one.template.split(/\{\{|<%|\[\[/).length - 1
	})
	assert.ok(tags > 5 * count, `only ${tags} tags in ${count} templates`)
})

test('where mustache.js leaves the specification', () => {
	const rows = [
		// Standalone is a tag that is alone on its line.
		{ template: 'a\n {{#b}}{{/b}} \nc', data: { b: true }, spec: 'a\n  \nc', js: 'a\nc' },
		// A dotted name's first part decides; its other parts are looked up in what it found only.
		{ template: '({{#a}}{{b.c}}{{/a}})', data: { a: { b: {} }, b: { c: 'outer' } }, spec: '()', js: '(outer)' },
		{ template: '({{t.length}})', data: { t: 'four' }, spec: '()', js: '(4)' },
		// Every section pushes its value.
		{ template: '{{#t}}{{#b}}{{.}}{{/b}}{{/t}}', data: { t: 'text', b: true }, spec: 'true', js: 'text' },
		// Indentation is for standalone partials, and for each of their lines.
		{ template: ' {{>p}} x', partials: { p: 'a\nb' }, spec: ' a\nb x', js: '  a\n b x' },
		{ template: 'x {{>p}}', partials: { p: 'a\nb' }, spec: 'x a\nb', js: 'x a\n  b' },
		{ template: ' {{>p}}\n', partials: { p: 'a\n\nb\n' }, spec: ' a\n \n b\n', js: ' a\n\n b\n' },
	]
	const cases = rows.map(({ template, partials = {}, data = {} }) => ({ template, partials, data }))
	const answers = ours(cases)
	rows.forEach((row, i) => {
		assert.deepEqual(answers[i], { out: row.spec }, row.template)
		assert.equal(theirs(cases[i]), row.js, row.template)
	})
})
