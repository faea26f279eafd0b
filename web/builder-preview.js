/* The right pane: the widget itself (widget-preview.js), showing the draft as it is being written. */

// given: {box, page, words, branding}. -> {show(doc, place)}
export function makePreview({box, page, words, branding}) {
	const tongue = page.querySelector('#preview-tongue'), languages = page.querySelector('#preview-language');
	const names = new Intl.DisplayNames(document.documentElement.lang, {type: 'language'});
	let widget = null, shown = '', last = null;

	// The widget keeps the focus in its dialog, which here is only a part of the page.
	box.addEventListener('keydown', (event) => event.key === 'Tab' && event.stopPropagation(), true);

	function tongues(doc) {
		const list = [...new Set([doc.language || 'en', ...doc.steps.flatMap((step) => Object.keys(step.translations ?? {}))])];
		if (list.join() !== [...tongue.options].map((option) => option.value).join()) {
			const chosen = tongue.value;
			tongue.replaceChildren(...list.map((code) => new Option(/^[a-z]{2}$/.test(code) ? names.of(code) : code, code)));
			tongue.value = list.includes(chosen) ? chosen : list[0];
		}
		languages.hidden = list.length < 2;
	}

	function show(doc, place) {
		last = [doc, place];
		tongues(doc);
		const given = {steps: doc.steps.map(({id, ...step}) => step), language: tongue.value, step: Math.max(place, 0)};
		const next = JSON.stringify(given);
		if (next === shown || !window.Stoa?.preview)
			return;
		shown = next;
		if (!doc.steps.length) {
			widget = null;
			box.replaceChildren(Object.assign(document.createElement('p'), {textContent: words('no-steps')}));
		} else if (widget) {
			widget.update(given);
		} else {
			widget = window.Stoa.preview({...given, mount: box, branding});
		}
	}

	tongue.addEventListener('input', () => show(...last));
	for (const size of page.querySelectorAll('[name=size]'))
		size.addEventListener('input', () => { box.className = `preview ${size.value}`; });
	return {show};
}
