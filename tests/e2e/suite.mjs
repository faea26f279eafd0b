// The end-to-end suite, the same for every web server. A file of its own boots it behind each (lighttpd.test.mjs, …).
import { after, before, describe } from 'node:test'
import { boot } from './harness.mjs'
import { Contract } from './openapi.mjs'
import { authTests } from './auth.mjs'
import { faultTests } from './faults.mjs'
import { inputTests } from './input.mjs'
import { journeyTests } from './journey.mjs'
import { webTests } from './web.mjs'

export function suite(front) {
	describe(front, () => {
		// Filled before the first test; tests read it when they run.
		const house = {}
		before(async () => {
			const booted = await boot({ front })
			booted.contract = new Contract(JSON.parse(booted.stoa('openapi')))
			Object.setPrototypeOf(house, booted)
		}, { timeout: 300000 })
		after(() => house.finish?.(), { timeout: 300000 })

		describe('web', () => webTests(house))
		describe('journey', () => journeyTests(house))
		describe('auth', () => authTests(house))
		describe('bad input', () => inputTests(house, front))
		describe('faults', () => faultTests(house))
	})
}
