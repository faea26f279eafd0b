/* The right pane: the widget itself, showing the draft. */

export function makePreview({box, words}) {
	let shown = '';
	return {
		show(doc, place, faults) {
			const step = doc.steps[place] ?? doc.steps[0];
			const next = JSON.stringify([doc, place, faults]);
			if (next === shown)
				return;
			shown = next;
			box.textContent = step ? step.title || words('untitled') : words('no-steps');
		}
	};
}
