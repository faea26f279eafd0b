// Checks replies against the document that `stoa openapi` prints.
import assert from 'node:assert/strict'
import Ajv from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

export class Contract {
	constructor(document) {
		this.document = document
		this.ajv = new Ajv({ strict: false, allErrors: true, allowUnionTypes: true, validateFormats: true })
		formats(this.ajv)
		this.ajv.addSchema(document, 'openapi')
		this.paths = Object.keys(document.paths).map(path => ({ path, parts: path.split('/'),
			pattern: new RegExp(`^${path.replace(/[.*+?^$|()[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`) }))
			.sort((a, b) => (a.path.match(/\{/g)?.length ?? 0) - (b.path.match(/\{/g)?.length ?? 0))
		this.seen = new Set()
		this.schemas = new Map()
	}

	schemaAt(pointer) {
		if (!this.schemas.has(pointer)) this.schemas.set(pointer, this.ajv.compile({ $ref: `openapi#${pointer}` }))
		return this.schemas.get(pointer)
	}

	// The operation's reply of this status must be documented, and its body must fit.
	check(method, url, status, type, body) {
		const path = url.split('?')[0]
		const found = this.paths.find(p => p.pattern.test(path) && this.document.paths[p.path][method.toLowerCase()])
		if (!found) return assert.ok([404, 405, 501].includes(status), `${method} ${path} is not in the document, but answered ${status}`)
		this.seen.add(`${method} ${found.path}`)
		const operation = this.document.paths[found.path][method.toLowerCase()]
		const escaped = part => part.replaceAll('~', '~0').replaceAll('/', '~1')
		const key = [String(status), `${String(status)[0]}XX`, 'default'].find(k => operation.responses[k])
		assert.ok(key, `${method} ${found.path} documents no ${status}`)
		let reply = operation.responses[key]
		let pointer = `/paths/${escaped(found.path)}/${method.toLowerCase()}/responses/${key}`
		if (reply.$ref) {
			pointer = reply.$ref.slice(1)
			reply = pointer.slice(1).split('/').reduce((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], this.document)
		}
		const media = (type ?? '').split(';')[0]
		if (!reply.content) return assert.ok(body === null || body === '', `${method} ${found.path} ${status} documents no body`)
		assert.ok(reply.content[media], `${method} ${found.path} ${status} answers ${media}; documented: ${Object.keys(reply.content)}`)
		if (!/json/.test(media)) return
		const validate = this.schemaAt(encodeURI(`${pointer}/content/${escaped(media)}/schema`))
		assert.ok(validate(body), `${method} ${found.path} ${status}: ${this.ajv.errorsText(validate.errors, { separator: '\n' })}\n${JSON.stringify(body, null, 1)}`)
	}
}
