/* Part of widget.js in the flow builder's copy: Stoa.preview(given) shows steps that are being written with the widget's own code. Nothing is
 * sent, no focus is taken, and the end is the beginning.
 *
 * given: {steps, language, theme, branding, phrases, mount, step}: steps as a draft has them, translations included; theme as init() takes it,
 * branding as the start's reply has it in `theme`; mount: the element to stand in; step: which one to show first. Answers {show(step),
 * update(given)}. */
stoa.preview = (given) => {
	const flow = {};
	const usual = {...PARTS};
	for (const type in PARTS)
		PARTS[type] = (f, step, c) => NEEDS[type](c) ? usual[type](f, step, c) : [];
	const answerOnly = (c) => c.all || c.any ? (c.all || c.any).every(answerOnly) : c.not ? answerOnly(c.not) : c.fact === 'answer';
	const translated = (step) => {
		const text = (step.translations || {})[given.language] || {};
		const config = {...step.config, ...(text.placeholder && {placeholder: text.placeholder})};
		if (config.options)
			config.options = config.options.map((option) => ({...option, text: (text.options || {})[option.code] || option.text}));
		return {...step, ...text, config};
	};
	const show = (step) => {
		const steps = given.steps.map((s, index) => ({...translated(s), index, when: index !== step && s.when && answerOnly(s.when) ? s.when : undefined}));
		if (!steps.length || steps[steps.length - 1].type !== 'confirm')
			steps.push({index: -1, type: 'confirm'});
		Object.assign(flow, {steps, path: [], answers: {}, accepted: null, position: step - 1, state: 'asking', theme: given.branding,
			reply: {language: given.language || 'en', cancelAt: 'host'}});
		openDialog(flow);
		nextStep(flow);
	};
	const update = (changes) => {
		if (['theme', 'branding', 'mount'].some((name) => name in changes))
			flow.dialog = null;
		Object.assign(given, changes);
		options = {...DEFAULTS, phrases: {}, ...given};
		show(Math.min(given.step || 0, given.steps.length));
	};
	reveal = () => {
		given.mount.replaceChildren(flow.host);
		flow.dialog.setAttribute('open', '');
		flow.dialog.addEventListener('click', (event) => event.target.localName === 'a' && event.preventDefault());
	};
	attend = () => {};
	post = async () => ({success: true, status: 'recorded'});
	finish = () => show(0);
	update({});
	return {show, update};
};
