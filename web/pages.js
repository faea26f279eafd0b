/* What the dashboard gains with JavaScript; every page works without. */

function localTimes(root) {
	for (const time of root.querySelectorAll('time[datetime]'))
		time.title = new Date(time.dateTime).toLocaleString();
}
localTimes(document);

for (const button of document.querySelectorAll('[data-copy]')) {
	if (!navigator.clipboard)
		break;
	const source = document.getElementById(button.dataset.copy);
	const label = button.textContent;
	button.hidden = false;
	button.addEventListener('click', async () => {
		await navigator.clipboard.writeText(source.value ?? source.textContent);
		button.textContent = 'Copied';
		setTimeout(() => { button.textContent = label; }, 2000);
	});
}

document.addEventListener('submit', (event) => {
	const ask = event.submitter?.dataset.ask;
	if (ask && !window.confirm(ask))
		event.preventDefault();
});

// Makes `now` what `next` is and leaves alone what is the same, so that focus, selection and scroll positions stay.
function follow(now, next) {
	for (const {name} of [...now.attributes])
		if (!next.hasAttribute(name))
			now.removeAttribute(name);
	for (const {name, value} of next.attributes)
		if (now.getAttribute(name) !== value)
			now.setAttribute(name, value);
	const wanted = new Set([...next.children].map((child) => child.id));
	const kept = new Map();
	for (const child of [...now.children])
		if (!child.id)
			continue;
		else if (wanted.has(child.id))
			kept.set(child.id, child);
		else
			child.remove();
	let at = now.firstChild;
	for (const child of [...next.childNodes]) {
		const same = child.id ? kept.get(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : null;
		if (!same) {
			now.insertBefore(document.importNode(child, true), at);
			continue;
		}
		if (same === at)
			at = at.nextSibling;
		else
			now.insertBefore(same, at);
		if (child.nodeType === Node.ELEMENT_NODE)
			follow(same, child);
		else if (same.data !== child.data)
			same.data = child.data;
	}
	while (at) {
		const gone = at;
		at = at.nextSibling;
		gone.remove();
	}
}

// The part of a page that changes by itself is asked for again while somebody can see it; ever less often while that fails.
const SOON_MS = 1500, LATE_MS = 60000;
const live = document.querySelector('[data-live]');
if (live) {
	const url = new URL(window.location.href);
	url.searchParams.delete('notice');
	let wait = SOON_MS, timer;
	const renew = async () => {
		const reply = await fetch(url, {headers: {Accept: 'text/html'}});
		const next = reply.ok && !reply.redirected
			? new DOMParser().parseFromString(await reply.text(), 'text/html').querySelector('[data-live]') : null;
		if (!next)
			throw new Error(`${url.pathname} answers ${reply.status}`);
		localTimes(next);
		const held = live.contains(document.activeElement) ? document.activeElement : null;
		const section = held?.closest('[data-live] > section')?.id;
		follow(live, next);
		// What had the focus has gone with its row: stay in its part of the page.
		if (held && !held.isConnected && section)
			document.getElementById(section)?.focus({preventScroll: true});
	};
	const turn = async () => {
		try {
			await renew();
			wait = SOON_MS;
		} catch {
			wait = Math.min(2 * wait, LATE_MS);
		}
		rest();
	};
	const rest = () => {
		clearTimeout(timer);
		if (!document.hidden)
			timer = setTimeout(turn, wait);
	};
	document.addEventListener('visibilitychange', () => {
		wait = SOON_MS;
		rest();
	});
	rest();
}

// A segment's rows offer what goes with their fact.
for (const row of document.querySelectorAll('[data-segment] .condition')) {
	const fact = row.querySelector('[data-fact]');
	const operator = row.querySelector('[data-op]');
	const value = row.querySelector('[data-value]');
	const fit = () => {
		const operators = fact.selectedOptions[0].dataset.operators?.split('|') ?? [];
		for (const option of operator.options)
			option.hidden = option.disabled = operators.length > 0 && !operators.includes(option.value);
		if (operator.selectedOptions[0]?.disabled ?? true)
			operator.value = operators[0];
		row.querySelector('[data-attribute]').hidden = fact.value !== 'attribute';
		const list = document.getElementById(`values-${fact.value}`);
		if (list)
			value.setAttribute('list', list.id);
		else
			value.removeAttribute('list');
	};
	fact.addEventListener('change', fit);
	fit();
}
