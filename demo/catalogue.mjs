// What Paperplane, the fictitious customer of Stoa, has at Stripe: in the form of the stand-in's POST /_control/seed.
const DAY = 86400;

export const PRICES = {basic: 'price_paperplane_basic', pro: 'price_paperplane_pro', team: 'price_paperplane_team'};

// One customer of each value segment.
export const CUSTOMERS = [
	{id: 'ada', name: 'Ada Trialson', email: 'ada@paperplane.example', plan: 'pro', trial: true, about: 'is trying Pro for two weeks'},
	{id: 'ben', name: 'Ben Lowell', email: 'ben@paperplane.example', plan: 'basic', about: 'pays $9 a month for Basic'},
	{id: 'cleo', name: 'Cleo Midd', email: 'cleo@paperplane.example', plan: 'pro', about: 'pays $49 a month for Pro'},
	{id: 'dan', name: 'Dan Highman', email: 'dan@paperplane.example', plan: 'team', about: 'pays $199 a month for Team'}
];
export const subscriptionOf = (customer) => `sub_paperplane_${customer.id}`;

export const trialEnd = () => Math.floor(Date.now() / 1000) + 9 * DAY;

const subscription = (customer) => ({
	id: subscriptionOf(customer), customer: `cus_paperplane_${customer.id}`,
	items: [{id: `si_paperplane_${customer.id}`, price: PRICES[customer.plan]}],
	...(customer.trial ? {status: 'trialing', trial_end: trialEnd()} : {})
});

// All of it, or what one customer needs. `keep`: what is there already stays as it is.
export const seed = (only) => ({
	mode: 'test', keep: true,
	products: [{id: 'prod_paperplane', name: 'Paperplane'}],
	prices: Object.entries({basic: 900, pro: 4900, team: 19900}).map(([plan, amount]) => ({
		id: PRICES[plan], currency: 'usd', unit_amount: amount, product: 'prod_paperplane', nickname: plan[0].toUpperCase() + plan.slice(1),
		recurring: {interval: 'month'}
	})),
	customers: CUSTOMERS.filter((c) => !only || c === only).map(({id, name, email}) => ({id: `cus_paperplane_${id}`, name, email})),
	subscriptions: CUSTOMERS.filter((c) => !only || c === only).map(subscription)
});
