// An organisation with its owner, connections to Stripe in both modes and keys of every kind, all made through the API.
import { randomUUID } from 'node:crypto'

export const PASSWORD = 'a quiet harbour 42'
export const ORIGIN = 'https://shop.example'

export async function settle(house) {
	const must = async (status, method, path, body, headers) => {
		const reply = await house.json(method, path, body, headers)
		if (reply.status !== status) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
		return reply.body
	}
	// Somebody new with an organisation of their own, who has a name, a session and a connection to Stripe in both modes.
	const organisation = async (name, email) => {
		const tokens = await must(201, 'POST', '/api/v1/auth/register', { organisation: name, name: `${name} Owner`, email, password: PASSWORD })
		const bearer = { authorization: `Bearer ${tokens.accessToken}` }
		for (const mode of ['test', 'live'])
			await must(200, 'PUT', `/api/v1/retention/connection/${mode}`, { secretKey: `sk_${mode}_${name.toLowerCase()}0001` }, bearer)
		return { tokens, bearer, email, password: PASSWORD, newKey: body => must(201, 'POST', '/api/v1/orgs/keys', body, bearer) }
	}
	const owner = await organisation('Harbour', 'owner@harbour.example')
	const keys = {
		test: await owner.newKey({ name: 'test', kind: 'widget', live: false, origins: [ORIGIN], ratePerMinute: 10000000 }),
		live: await owner.newKey({ name: 'live', kind: 'widget', live: true, origins: [ORIGIN] }),
		server: await owner.newKey({ name: 'server', kind: 'server', live: false }),
	}
	return { owner, bearer: owner.bearer, keys, newKey: owner.newKey,
		// Another tenant, with a widget key as `key`.
		async otherOrganisation() {
			const other = await organisation('Lagoon', `owner-${randomUUID()}@lagoon.example`)
			return { ...other, ...(await other.newKey({ name: 'other', kind: 'widget', live: false })) }
		} }
}
