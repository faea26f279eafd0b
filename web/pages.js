/* What the dashboard gains with JavaScript; every page works without. */

for (const time of document.querySelectorAll('time[datetime]')) {
	const at = new Date(time.dateTime);
	time.title = at.toLocaleString();
}

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

for (const button of document.querySelectorAll('[data-ask]'))
	button.form.addEventListener('submit', (event) => {
		if (!window.confirm(button.dataset.ask))
			event.preventDefault();
	});
