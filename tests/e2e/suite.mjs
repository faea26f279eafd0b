// The end-to-end suite, the same for every web server. A file of its own boots it behind each (lighttpd.test.mjs, …).
import { after, before, describe } from 'node:test'
import { boot } from './harness.mjs'
import { Contract } from './openapi.mjs'
import { authTests } from './auth.mjs'
import { faultTests } from './faults.mjs'
import { inputTests } from './input.mjs'
import { journeyTests } from './journey.mjs'
import { webTests } from './web.mjs'

const PARTS = {
	web: webTests,
	journey: journeyTests,
	auth: authTests,
	'bad input': inputTests,
	faults: faultTests,
}

export function suite(front, parts = Object.keys(PARTS)) {
	describe(front, () => {
		// Filled before the first test; tests read it when they run.
		const house = {}
		before(async () => {
			const booted = await boot({ front })
			booted.contract = new Contract(JSON.parse(booted.stoa('openapi')))
			Object.setPrototypeOf(house, booted)
		}, { timeout: 300000 })
		after(() => house.finish?.(), { timeout: 300000 })

		for (const part of parts) describe(part, () => PARTS[part](house, front))
	})
}
