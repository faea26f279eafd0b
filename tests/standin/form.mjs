// Stripe's form encoding: nested brackets, arrays by index or by empty brackets, and the checks of a parameter table.

export class ApiError extends Error {
	constructor(status, fields) {
		super(fields.message)
		this.status = status
		this.fields = { type: 'invalid_request_error', ...fields }
	}
}

export const bad = (message, fields = {}) => new ApiError(400, { message, ...fields })
export const missing = (kind, id, fields = {}) =>
	new ApiError(400, { code: 'resource_missing', message: `No such ${kind}: '${id}'`, ...fields })

// "a[b][0]=x" -> {a: {b: {0: 'x'}}}: arrays stay objects here, because only the table knows which they are.
export function decodeForm(text) {
	const root = Object.create(null)
	for (const [name, value] of new URLSearchParams(text)) {
		const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name)
		if (!match) throw bad(`Invalid parameter name: ${name}`)
		const path = [match[1], ...[...match[2].matchAll(/\[([^[\]]*)\]/g)].map(m => m[1])]
		let at = root
		path.slice(0, -1).forEach((part, i) => {
			const key = part === '' ? String(Object.keys(at).length) : part
			if (typeof at[key] === 'string') throw bad(`Invalid hash`, { param: path.slice(0, i + 1).join('.') })
			at = at[key] ??= Object.create(null)
		})
		const last = path.at(-1) === '' ? String(Object.keys(at).length) : path.at(-1)
		if (typeof at[last] === 'object') throw bad(`Invalid value for ${name}`, { param: name })
		at[last] = value
	}
	return root
}

// Field makers for parameter tables. `empty: true` = the empty value unsets (becomes null).
export const text = (more = {}) => ({ kind: 'text', most: 5000, ...more })
export const integer = (more = {}) => ({ kind: 'integer', ...more })
export const decimal = (more = {}) => ({ kind: 'decimal', ...more })
export const flag = (more = {}) => ({ kind: 'flag', ...more })
export const choice = (values, more = {}) => ({ kind: 'choice', values, ...more })
export const list = (of, more = {}) => ({ kind: 'list', of, ...more })
export const hash = (fields, more = {}) => ({ kind: 'hash', fields, ...more })
export const metadata = () => ({ kind: 'metadata', empty: true })

const readers = {
	text(value, rule, param) {
		if (value.length > rule.most) throw bad(`Invalid string: ${value.slice(0, 20)}…; must be at most ${rule.most} characters`, { param })
		return value
	},
	integer(value, rule, param) {
		if (rule.word && value === rule.word) return value
		if (!/^-?\d{1,15}$/.test(value)) throw bad(`Invalid integer: ${value}`, { code: 'parameter_invalid_integer', param })
		const number = Number(value)
		if (number < (rule.least ?? -Infinity)) throw bad(`Invalid integer: ${value}; must be at least ${rule.least}`, { code: 'parameter_invalid_integer', param })
		if (number > (rule.most ?? Infinity)) throw bad(`Invalid integer: ${value}; must be at most ${rule.most}`, { code: 'parameter_invalid_integer', param })
		return number
	},
	decimal(value, rule, param) {
		const number = Number(value)
		if (!/^\d{1,12}(\.\d{1,12})?$/.test(value) || number < rule.least || number > rule.most) throw bad(`Invalid decimal: ${value}`, { param })
		return number
	},
	flag(value, rule, param) {
		if (value !== 'true' && value !== 'false') throw bad(`Invalid boolean: ${value}`, { param })
		return value === 'true'
	},
	choice(value, rule, param) {
		if (rule.values.includes(value)) return value
		const [last, ...rest] = [...rule.values].reverse()
		throw bad(`Invalid ${param}: must be one of ${rest.reverse().join(', ')}${rest.length ? ', or ' : ''}${last}`, { param })
	},
}

function readValue(value, rule, param) {
	if (value === '') {
		if (rule.empty) return null
		throw bad(`You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' ` +
			`cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`, { code: 'parameter_invalid_empty', param })
	}
	const nested = typeof value === 'object'
	if (rule.kind === 'hash') {
		if (!nested) throw bad('Invalid object', { param })
		return readForm(value, rule.fields, param)
	}
	if (rule.kind === 'metadata') {
		if (!nested) throw bad('Invalid object', { param })
		return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, v === '' ? null : String(v)]))
	}
	if (rule.kind === 'list') {
		if (!nested || Object.keys(value).some(k => !/^\d+$/.test(k))) throw bad('Invalid array', { param })
		return Object.keys(value).sort((a, b) => a - b).map(k => readValue(value[k], rule.of, `${param}[${k}]`))
	}
	if (nested) throw bad(`Invalid string: ${JSON.stringify(value)}`, { param })
	return readers[rule.kind](value, rule, param)
}

// Applies a parameter table: unknown, missing and ill-typed parameters are refused the way Stripe refuses them.
export function readForm(form, table, prefix = '') {
	const out = {}
	const name = key => (prefix ? `${prefix}[${key}]` : key)
	for (const key of Object.keys(form)) {
		if (!Object.hasOwn(table, key)) throw bad(`Received unknown parameter: ${name(key)}`, { code: 'parameter_unknown', param: name(key) })
		out[key] = readValue(form[key], table[key], name(key))
	}
	for (const [key, rule] of Object.entries(table))
		if (rule.required && out[key] === undefined) throw bad(`Missing required param: ${name(key)}.`, { code: 'parameter_missing', param: name(key) })
	return out
}
