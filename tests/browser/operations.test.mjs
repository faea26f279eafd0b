// The pages of the house's own performance in Chromium, after real requests: SLO, profile, capacity.
import {after, before} from 'node:test';
import {boot} from '../e2e/harness.mjs';
import {launch} from './browser.mjs';

let browser, house;

before(async () => {
	browser = await launch();
	house = await boot();
}, {timeout: 300000});

after(async () => {
	await browser?.close();
	await house?.finish();
}, {timeout: 120000});
