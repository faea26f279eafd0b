/* The cancel-flow widget. One file, no dependency; it adds one global, Stoa, and one dialog in a shadow root.
 *
 * Rule above all: a customer who wants to cancel can. Whatever goes wrong here, the host page's own cancellation runs. */
(function (window, document) {
	'use strict';

	if (window.Stoa)
		return;

	const SCRIPT = document.currentScript;
	const RTL = /^(ar|fa|he|ps|ur|yi)\b/i;
	const CUSTOMER = ['userId', 'plan', 'region', 'email', 'stripeSubscriptionId', 'subscriptionValue', 'currency', 'language', 'attributes'];

	const PHRASES = {
		en: {
			accept: 'Accept', cancelNow: 'Cancel now', keep: 'Keep my subscription', close: 'Close', no: 'No thanks',
			skip: 'Skip', next: 'Continue', wait: 'One moment…', progress: 'Step {n} of {m}', test: 'Test mode',
			own: 'In your own words (optional)', months: ['{n} month', '{n} months'], days: ['{n} day', '{n} days'],
			howLong: 'How long?', once: '{p} off your next invoice', repeating: '{p} off for {t}', forever: '{p} off every invoice',
			pause: 'You pay nothing during the pause. Billing starts again by itself afterwards.',
			extension: '{t} more on your trial, free of charge', perMonth: '{a} a month', newPlan: 'Your new plan: {plan}',
			confirmTitle: 'Cancel your subscription?', confirm: 'Nothing has been changed so far.',
			working: 'We are applying your choice…', applied: 'Done.',
			doneDiscount: 'Your discount of {p} is active.', doneDiscountUntil: 'Your discount of {p} is active until {d}.',
			donePause: 'Your subscription is paused. Billing starts again on {d}.', doneDowngrade: 'Your plan has been changed.',
			doneExtension: 'Your trial now runs until {d}.', doneCancel: 'Your subscription is cancelled and ends on {d}.',
			got: 'We have received your choice.', pending: 'It has not been confirmed yet.', manual: 'Our team will carry it out by hand.',
			thanks: 'Thank you',
			failed: 'Your choice could not be delivered, so we cannot promise it.', retry: 'Try again'
		},
		de: {
			accept: 'Annehmen', cancelNow: 'Jetzt kündigen', keep: 'Abo behalten', close: 'Schließen', no: 'Nein danke',
			skip: 'Überspringen', next: 'Weiter', wait: 'Einen Moment…', progress: 'Schritt {n} von {m}', test: 'Testmodus',
			own: 'In eigenen Worten (freiwillig)', months: ['{n} Monat', '{n} Monate'], days: ['{n} Tag', '{n} Tage'],
			howLong: 'Wie lange?', once: '{p} Rabatt auf die nächste Rechnung', repeating: '{p} Rabatt, Dauer: {t}',
			forever: '{p} Rabatt auf jede Rechnung', pause: 'Während der Pause zahlen Sie nichts. Danach wird von selbst wieder abgerechnet.',
			extension: 'Testphase kostenlos verlängert: {t}', perMonth: '{a} im Monat', newPlan: 'Ihr neuer Tarif: {plan}',
			confirmTitle: 'Abo kündigen?', confirm: 'Bisher wurde nichts geändert.',
			working: 'Ihre Wahl wird übernommen…', applied: 'Erledigt.',
			doneDiscount: 'Ihr Rabatt von {p} gilt.', doneDiscountUntil: 'Ihr Rabatt von {p} gilt bis {d}.',
			donePause: 'Ihr Abo pausiert. Ab {d} wird wieder abgerechnet.', doneDowngrade: 'Ihr Tarif wurde gewechselt.',
			doneExtension: 'Ihre Testphase läuft nun bis {d}.', doneCancel: 'Ihr Abo ist gekündigt und endet am {d}.',
			got: 'Ihre Wahl ist eingegangen.', pending: 'Sie ist noch nicht bestätigt.', manual: 'Unser Team setzt sie von Hand um.',
			thanks: 'Danke',
			failed: 'Ihre Wahl konnte nicht übermittelt werden; wir können sie daher nicht zusagen.', retry: 'Erneut versuchen'
		},
		fr: {
			accept: 'Accepter', cancelNow: 'Résilier maintenant', keep: 'Garder mon abonnement', close: 'Fermer', no: 'Non merci',
			skip: 'Passer', next: 'Continuer', wait: 'Un instant…', progress: 'Étape {n} sur {m}', test: 'Mode test',
			own: 'Avec vos mots (facultatif)', months: ['{n} mois', '{n} mois'], days: ['{n} jour', '{n} jours'],
			howLong: 'Combien de temps ?', once: '{p} de remise sur la prochaine facture', repeating: '{p} de remise pendant {t}',
			forever: '{p} de remise sur chaque facture', pause: 'Vous ne payez rien pendant la pause. Ensuite, la facturation reprend d’elle-même.',
			extension: '{t} d’essai en plus, sans frais', perMonth: '{a} par mois', newPlan: 'Votre nouvelle formule : {plan}',
			confirmTitle: 'Résilier votre abonnement ?', confirm: 'Rien n’a été modifié jusqu’ici.',
			working: 'Nous appliquons votre choix…', applied: 'C’est fait.',
			doneDiscount: 'Votre remise de {p} est active.', doneDiscountUntil: 'Votre remise de {p} est active jusqu’au {d}.',
			donePause: 'Votre abonnement est en pause. La facturation reprend le {d}.', doneDowngrade: 'Votre formule a été changée.',
			doneExtension: 'Votre essai dure maintenant jusqu’au {d}.', doneCancel: 'Votre abonnement est résilié et prend fin le {d}.',
			got: 'Nous avons reçu votre choix.', pending: 'Il n’est pas encore confirmé.', manual: 'Notre équipe s’en charge à la main.',
			thanks: 'Merci',
			failed: 'Votre choix n’a pas pu être transmis ; nous ne pouvons donc pas le garantir.', retry: 'Réessayer'
		},
		es: {
			accept: 'Aceptar', cancelNow: 'Cancelar ahora', keep: 'Conservar mi suscripción', close: 'Cerrar', no: 'No, gracias',
			skip: 'Omitir', next: 'Continuar', wait: 'Un momento…', progress: 'Paso {n} de {m}', test: 'Modo de prueba',
			own: 'Con tus palabras (opcional)', months: ['{n} mes', '{n} meses'], days: ['{n} día', '{n} días'],
			howLong: '¿Cuánto tiempo?', once: '{p} de descuento en la próxima factura', repeating: '{p} de descuento durante {t}',
			forever: '{p} de descuento en cada factura', pause: 'No pagas nada durante la pausa. Después se vuelve a facturar automáticamente.',
			extension: '{t} más de prueba, sin coste', perMonth: '{a} al mes', newPlan: 'Tu nuevo plan: {plan}',
			confirmTitle: '¿Cancelar tu suscripción?', confirm: 'Hasta ahora no se ha cambiado nada.',
			working: 'Estamos aplicando tu elección…', applied: 'Listo.',
			doneDiscount: 'Tu descuento del {p} está activo.', doneDiscountUntil: 'Tu descuento del {p} está activo hasta el {d}.',
			donePause: 'Tu suscripción está en pausa. Se volverá a facturar el {d}.', doneDowngrade: 'Tu plan se ha cambiado.',
			doneExtension: 'Tu prueba dura ahora hasta el {d}.', doneCancel: 'Tu suscripción está cancelada y termina el {d}.',
			got: 'Hemos recibido tu elección.', pending: 'Todavía no está confirmada.', manual: 'Nuestro equipo la aplicará a mano.',
			thanks: 'Gracias',
			failed: 'No se ha podido enviar tu elección, así que no podemos prometerla.', retry: 'Reintentar'
		}
	};

	const DARK = '--bg:#161d29;--fg:#eef2f7;--soft:#b3bfcf;--line:#7d8ca1;--box:#222c3b;--go:var(--s-accent-dark,#8fc1ff);--on:var(--s-accent-dark-text,#0a1626);--stop:#e3e8ef;--off:#161d29;';
	const STYLE = `
:host{all:initial;font:400 medium/1.5 var(--stoa-font,var(--s-font,system-ui),sans-serif);
--bg:#fff;--fg:#16202e;--soft:#4b5a6d;--line:#75849a;--box:#f0f4f9;--go:var(--s-accent,#003a78);--on:var(--s-accent-text,#fff);--stop:#2b3646;--off:#fff;}
@media(prefers-color-scheme:dark){:host(:not([data-theme=light])){${DARK}}}
:host([data-theme=dark]){${DARK}}
*{box-sizing:border-box;font:inherit}
a{color:inherit}
dialog{width:calc(100% - 24px);max-width:440px;max-height:calc(100% - 24px);margin:auto;padding:24px;overflow:auto;overscroll-behavior:contain;
border:1px solid var(--stoa-border,var(--line));border-radius:var(--stoa-radius,calc(var(--s-radius,14)*1px));text-align:start;overflow-wrap:anywhere;
background:var(--stoa-background,var(--bg));color:var(--stoa-text,var(--fg));box-shadow:0 24px 64px rgb(0 0 0/.4)}
dialog::backdrop{background:rgb(0 0 0/.6)}
.top{display:flex;align-items:center;justify-content:space-between;gap:12px;margin-block-end:8px;color:var(--stoa-muted,var(--soft));font-size:.875em}
h2{margin:0 0 8px;font-size:1.375em;font-weight:600;line-height:1.25;outline:0}
p{margin:0 0 16px;white-space:pre-line}
.terms{padding:12px 16px;border-radius:10px;background:var(--stoa-box,var(--box));font-weight:600}
.terms small{display:block;font-weight:400}
fieldset{margin:0 0 16px;padding:0;border:0}
legend,.label{padding:0;margin-block-end:6px;font-weight:600;display:block}
.option{display:flex;gap:10px;align-items:center;min-height:44px;padding:8px 12px;margin-block-end:6px;border:1px solid var(--stoa-border,var(--line));border-radius:10px;cursor:pointer}
.option:hover{background:var(--stoa-box,var(--box))}
.option input{flex:none;width:1.125em;height:1.125em;margin:0;accent-color:var(--stoa-accent,var(--go))}
textarea{display:block;width:100%;min-height:84px;margin-block-end:16px;padding:10px 12px;resize:vertical;color:inherit;background:var(--stoa-background,var(--bg));
border:1px solid var(--stoa-border,var(--line));border-radius:10px}
.main{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5em,1fr));gap:10px}
.button{display:flex;align-items:center;justify-content:center;min-height:48px;padding:10px 14px;border:2px solid transparent;border-radius:10px;
text-align:center;text-decoration:none;font-weight:600;cursor:pointer;background:var(--stoa-accent,var(--go));color:var(--stoa-accent-text,var(--on))}
.cancel{background:var(--stoa-cancel,var(--stop));color:var(--stoa-cancel-text,var(--off))}
.rest{display:flex;flex-wrap:wrap;justify-content:center;gap:4px 16px;margin-block-start:12px}
.quiet{min-height:44px;padding:6px 10px;border:0;border-radius:8px;background:0 0;color:inherit;text-decoration:underline;cursor:pointer}
.x{flex:none;width:44px;margin:-10px;margin-inline-end:-14px;font-size:1.5em;line-height:1;text-decoration:none}
:focus-visible:not(h2){outline:3px solid var(--stoa-focus,var(--go));outline-offset:2px}
[aria-busy=true] *{cursor:progress}
@media(prefers-reduced-motion:no-preference){dialog[open]{animation:in .16s ease-out}@keyframes in{from{opacity:0;transform:translateY(8px)}}}
`;

	let options = null;   // of init()
	let current = null;   // the flow that runs
	let listening = false;

	/* ---- finding the host's cancel control ---- */

	const CONTROL = 'a,button,input,summary,[role=button],[role=link],[role=menuitem]';
	const THING = '(subscription|plan|membership|abo|abonnement)';
	const NAMES = new RegExp('(^|[^a-z])cancel[-_/ ]?((my|your)[-_/ ]?)?' + THING + '|(^|[^a-z])' + THING + 's?[-_/]((\\w|-)+[-_/])?cancel(?![a-z])', 'i');
	const NOT = /(undo|keep|don-?t|resume|reactivate|abort)[-_/ ]?(cancel|subscription)/i;
	const TEXTS = [
		/^(yes, )?(please )?(cancel|end|terminate) ((my|your|the|this) )?(\S+ )?(subscription|plan|membership)( now)?$/,
		/^((mein|ihr|dein|das|den|diese[ns]?)e?n? )?(\S+-)?(abo|abonnement|mitgliedschaft|tarif)( jetzt)? (kündigen|beenden)$/,
		/^(résilier|annuler) (mon |votre |ton |l['’])?(abonnement|forfait|formule)$/,
		/^(cancelar|anular)( (mi|tu|su|la|el))? (suscripción|plan|membresía)$/
	];

	function looksLikeCancel(element) {
		const input = element.localName === 'input';
		if (input && !/^(submit|button|image)$/.test(element.type))
			return false;
		for (const {name, value} of element.attributes) {
			const words = value.replace(/([a-z])(?=[A-Z])/g, '$1-');
			if (/^(id|class|name|href|formaction|data-.*)$/.test(name) && NAMES.test(words) && !NOT.test(words))
				return true;
		}
		return [input ? element.value : element.textContent, element.getAttribute('aria-label')].some((text) => {
			const plain = (text || '').replace(/\s+/g, ' ').replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '').toLowerCase();
			return plain.length < 80 && TEXTS.some((pattern) => pattern.test(plain));
		});
	}

	// What the host named counts wherever it stands; the guess looks at the nearest control only.
	function findCancel(path) {
		const elements = path.filter((node) => node.nodeType === 1);
		if (elements.some((element) => element.matches('[data-stoa-ignore]')))
			return null;
		const control = elements.find((element) => element.matches(CONTROL));
		return elements.find((element) => options.selectors.some((selector) => element.matches(selector)))
			|| (options.detect && control && looksLikeCancel(control) ? control : null);
	}

	function onClick(event) {
		// Replayed clicks and clicks by scripts are not trusted and always pass.
		if (!event.isTrusted || event.button || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
			return;
		const path = event.composedPath();
		if (current && path.includes(current.host))
			return;
		if (current && current.host && !current.host.isConnected) // the host page threw the dialog away
			finish(current, {outcome: 'unavailable', proceed: false});
		const control = findCancel(path);
		if (!control)
			return;
		event.preventDefault();
		event.stopImmediatePropagation();
		if (!current)
			begin({target: path[0], control, event});
	}

	// The same click again, on the same element, with interception off: links, forms and handlers all act on it.
	function replay({target, control, event}) {
		if (!target.isConnected)
			target = [...document.querySelectorAll(control.localName)].find((other) => control.id
				? other.id === control.id : other.textContent === control.textContent && other.className === control.className);
		if (!target)
			return report(new Error('the control is gone'));
		const {detail, screenX, screenY, clientX, clientY} = event;
		target.dispatchEvent(new MouseEvent('click', {
			bubbles: true, cancelable: true, composed: true, view: window, detail, screenX, screenY, clientX, clientY
		}));
	}

	/* ---- talking to Stoa ---- */

	const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

	// Tells the host: the option onFlowStart(detail), and the event stoa:flowstart on the document.
	function call(name, detail) {
		document.dispatchEvent(new CustomEvent('stoa:' + name.slice(2).toLowerCase(), {detail}));
		try {
			return typeof options[name] === 'function' ? options[name](detail) : undefined;
		} catch (error) {
			console.error('Stoa: ' + name, error);
		}
	}

	function report(error) {
		console.warn('Stoa: ' + error.message);
		call('onError', error);
	}

	// One exchange, at most `left` ms. Answers the JSON of a 2xx; anything else throws, with .again set when a repeat may help.
	async function exchange(path, init, left) {
		const stop = new AbortController();
		const timer = setTimeout(() => stop.abort(), Math.max(left, 0));
		let response;
		try {
			response = await fetch(/^https?:/.test(path) ? path : options.apiUrl + '/api/v1/widget/' + path,
				{signal: stop.signal, credentials: 'omit', cache: 'no-store', redirect: 'error', ...init});
			const text = await response.text();
			if (response.ok)
				return JSON.parse(text);
		} catch (error) {
			throw Object.assign(new Error(path + ': ' + (stop.signal.aborted ? 'no answer in time' : error.message)), {again: !response});
		} finally {
			clearTimeout(timer);
		}
		const again = response.status === 429 || response.status >= 500;
		throw Object.assign(new Error(path + ': status ' + response.status), {again, status: response.status});
	}

	// Repeats with backoff and jitter inside the time given; the body stays the same, so the server can recognise it.
	async function post(path, body, tries) {
		const end = Date.now() + options.timeout;
		for (let attempt = 0; ; attempt++) {
			try {
				return await exchange(path, {
					method: 'POST', body, keepalive: path === 'decision',
					headers: {'Content-Type': 'application/json', 'X-API-Key': options.apiKey}
				}, end - Date.now());
			} catch (error) {
				const pause = 200 * 2 ** attempt * (0.5 + Math.random() / 2);
				if (!error.again || attempt >= tries || Date.now() + pause >= end)
					throw error;
				await sleep(pause);
			}
		}
	}

	async function startBody() {
		const body = {};
		const take = (from) => {
			for (const name of CUSTOMER.concat('signature'))
				if (from[name] !== undefined && from[name] !== null && from[name] !== '')
					body[name] = from[name];
		};
		take(options);
		if (options.signatureUrl) // good for five minutes only, so it is fetched when it is needed
			take(await exchange(new URL(options.signatureUrl, document.baseURI).href, {credentials: 'include'}, options.timeout));
		if (!body.signature && !body.language) // the host signs what it sends, so nothing is added to what it signed
			body.language = (document.documentElement.lang || navigator.language || 'en').slice(0, 35);
		return JSON.stringify(body);
	}

	const isText = (value) => typeof value === 'string' && value !== '';
	const isCount = (value, most) => Number.isInteger(value) && value > 0 && value <= most;
	const isLink = (value) => isText(value) && /^https?:\/\//i.test(value);
	const NEEDS = {
		survey: (c) => Array.isArray(c.options) && c.options.length > 0 && c.options.every((o) => o && isText(o.code) && isText(o.text)),
		discount: (c) => isCount(c.percentage, 100) && /^(once|repeating|forever)$/.test(c.duration) && (c.duration !== 'repeating' || isCount(c.months, 120)),
		pause: (c) => Array.isArray(c.months) && c.months.length > 0 && c.months.every((n) => isCount(n, 36)),
		downgrade: () => true,
		extension: (c) => isCount(c.days, 730),
		support: (c) => isLink(c.url) || isText(c.email),
		feedback: () => true,
		confirm: () => true
	};

	// Anything that is not exactly as agreed lets the host's own cancellation through.
	function checkStart(reply) {
		const step = (s) => s && Number.isInteger(s.index) && isText(s.title) && Object.keys(NEEDS).includes(s.type) && NEEDS[s.type](s.config || {});
		if (!reply || reply.success !== true || !isText(reply.session) || !/^(host|stripe)$/.test(reply.cancelAt) || !Array.isArray(reply.steps) || !reply.steps.every(step))
			throw new Error('start: unexpected answer');
		return reply;
	}

	/* ---- one flow ---- */

	function begin(click) {
		const flow = current = {click, path: [], answers: {}, position: -1, state: 'starting'};
		flow.promise = new Promise((resolve) => flow.resolve = resolve);
		flow.focus = click ? click.control : document.activeElement;
		flow.timer = setTimeout(() => {
			if (flow.state === 'starting')
				waitView(flow);
		}, 600);
		start(flow);
		return flow.promise;
	}

	async function start(flow) {
		try {
			// The time counts from the click, the host's signature included.
			const answer = (async () => checkStart(await post('start', await startBody(), 1)))();
			const late = sleep(options.timeout).then(() => checkStart());
			const reply = await Promise.race([answer, late]);
			if (flow.state !== 'starting')
				return;
			flow.reply = reply;
			flow.steps = reply.steps.slice();
			flow.theme = reply.theme;
			// "No thanks" to the last offer is not yet a cancellation: every flow ends with the question.
			if (!flow.steps.length || flow.steps[flow.steps.length - 1].type !== 'confirm')
				flow.steps.push({index: -1, type: 'confirm'});
			openDialog(flow);
			flow.state = 'asking';
			nextStep(flow);
			call('onFlowStart', {sessionId: reply.sessionId, flowId: reply.flowId, flowVersion: reply.flowVersion, segment: reply.segment, mode: reply.mode});
		} catch (error) {
			if (flow.state === 'starting' || flow.state === 'asking')
				failOpen(flow, error);
		}
	}

	function failOpen(flow, error) {
		report(error);
		finish(flow, {outcome: 'unavailable', proceed: true});
	}

	// Ends the flow: dialog away, focus back, the host's cancellation if it is to proceed.
	function finish(flow, result) {
		if (flow.state === 'done')
			return;
		flow.state = 'done';
		clearTimeout(flow.timer);
		current = null;
		if (flow.dialog) {
			flow.dialog.close();
			flow.host.remove();
			if (flow.focus && flow.focus.isConnected && flow.focus.focus)
				flow.focus.focus();
		}
		if (result.proceed && call('onCancel', result) !== false && flow.click)
			replay(flow.click);
		call('onFlowComplete', result);
		flow.resolve(result);
	}

	const language = (flow) => (flow.reply && flow.reply.language) || options.language || document.documentElement.lang || 'en';

	function phrase(flow, name, values) {
		const short = language(flow).slice(0, 2).toLowerCase();
		let text = (options.phrases[short] || options.phrases)[name] || (PHRASES[short] || PHRASES.en)[name];
		if (Array.isArray(text))
			text = text[values.n === 1 ? 0 : 1];
		return text.replace(/\{(\w+)\}/g, (all, key) => values && key in values ? values[key] : all);
	}

	function intl(flow, kind, value, settings) {
		try {
			return new Intl[kind](language(flow), settings).format(value);
		} catch (error) {
			return new Intl[kind]('en', settings).format(value);
		}
	}
	const percent = (flow, value) => intl(flow, 'NumberFormat', value / 100, {style: 'percent', maximumFractionDigits: 2});
	const date = (flow, value) => intl(flow, 'DateTimeFormat', new Date(value), {dateStyle: 'long'});
	const span = (flow, name, n) => phrase(flow, name, {n});

	function money(flow, minor, currency) {
		const settings = {style: 'currency', currency};
		const digits = new Intl.NumberFormat('en', settings).resolvedOptions().maximumFractionDigits;
		return intl(flow, 'NumberFormat', minor / 10 ** digits, settings);
	}

	/* ---- the dialog ---- */

	const outside = (href) => ({href, rel: 'noopener noreferrer', target: '_blank'});

	function make(name, properties, ...children) {
		const element = document.createElement(name);
		for (const key in properties)
			key in element ? element[key] = properties[key] : element.setAttribute(key, properties[key]);
		element.append(...children.filter(Boolean));
		return element;
	}

	function styled(root) {
		try {
			const sheet = new CSSStyleSheet();
			sheet.replaceSync(STYLE);
			root.adoptedStyleSheets = [sheet];
		} catch (error) { // browsers before constructed style sheets
			root.append(make('style', {nonce: SCRIPT ? SCRIPT.nonce : '', textContent: STYLE}));
		}
	}

	function openDialog(flow) {
		if (flow.dialog)
			return;
		const host = flow.host = document.createElement('stoa-cancel-flow');
		const root = host.attachShadow({mode: 'open'});
		styled(root);
		const paint = (prefix, theme) => {
			for (const name in theme)
				host.style.setProperty(prefix + name.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()), theme[name]);
		};
		// As the owner has set it; what the host page says comes first.
		paint('--s-', flow.theme);
		if (typeof options.theme === 'string')
			host.dataset.theme = options.theme;
		else
			paint('--stoa-', options.theme);
		const dialog = flow.dialog = make('dialog', {'aria-labelledby': 'title'});
		flow.live = make('p', {role: 'status'});
		dialog.addEventListener('cancel', (event) => {
			event.preventDefault();
			leave(flow);
		});
		// Some browsers close on a second Escape whatever the page says.
		dialog.addEventListener('close', () => flow.state === 'sending' ? dialog.showModal() : leave(flow));
		dialog.addEventListener('keydown', (event) => trap(flow, event));
		root.append(dialog);
		reveal(flow);
	}

	function reveal(flow) {
		document.body.append(flow.host);
		flow.dialog.showModal();
	}

	function attend(element) {
		element.focus();
	}

	function trap(flow, event) {
		if (event.key !== 'Tab')
			return;
		const all = [...flow.dialog.querySelectorAll('button,a,textarea,input')].filter((element) => !element.disabled
			&& (element.type !== 'radio' || element.checked || (!flow.dialog.querySelector('input:checked') && element.matches('label:first-of-type input'))));
		const active = flow.host.shadowRoot.activeElement;
		const edge = event.shiftKey ? all[0] : all[all.length - 1];
		if (active === edge || !all.includes(active) && (event.shiftKey || active !== flow.heading)) {
			event.preventDefault();
			all[event.shiftKey ? all.length - 1 : 0].focus();
		}
	}

	// Escape, the cross and "Keep": by what the flow is doing.
	function leave(flow) {
		if (flow.state === 'starting')
			finish(flow, {outcome: 'dismissed', proceed: false});
		else if (flow.state === 'asking' || flow.state === 'failed')
			dismiss(flow);
		else if (flow.state === 'told')
			finish(flow, flow.result);
	}

	// Title, then any number of parts, then buttons: [name, label, action, link]. The main ones are always the same size.
	function view(flow, title, parts, main, rest) {
		const tag = language(flow);
		const button = (className) => ([name, label, action, link]) => {
			const element = make(link ? 'a' : 'button', {className: name === 'cancel' ? className + ' cancel' : className, textContent: label});
			Object.assign(element, link ? outside(link) : {type: 'button'});
			element.dataset.action = name;
			element.addEventListener('click', () => {
				try {
					flow.busy || action(flow);
				} catch (error) {
					failOpen(flow, error);
				}
			});
			return element;
		};
		const shown = flow.state === 'asking';
		flow.heading = make('h2', {id: 'title', tabIndex: -1, textContent: title});
		flow.live.textContent = '';
		flow.live.remove();
		const note = [
			shown && flow.steps.length > 1 && phrase(flow, 'progress', {n: flow.position + 1, m: flow.step.type === 'survey' && flow.steps.some((step) => step.when) ? '…' : flow.steps.length}),
			flow.reply && flow.reply.mode === 'test' && phrase(flow, 'test')
		].filter(Boolean).join(' · ');
		const close = button('quiet x')(['close', '×', leave]);
		close.setAttribute('aria-label', phrase(flow, shown ? 'keep' : 'close'));
		flow.dialog.lang = tag;
		flow.dialog.dir = RTL.test(tag) ? 'rtl' : getComputedStyle(document.documentElement).direction;
		flow.dialog.replaceChildren(make('div', {className: 'top'}, make('span', {textContent: note}), close), flow.heading, ...parts.filter(Boolean), flow.live,
			make('div', {className: 'main'}, ...main.map(button('button'))),
			rest && make('div', {className: 'rest'}, ...rest.map(button('quiet'))) || '');
		setBusy(flow, false);
		attend(flow.heading);
	}

	function setBusy(flow, busy) {
		flow.busy = busy;
		flow.dialog.setAttribute('aria-busy', busy);
		flow.live.textContent = busy ? phrase(flow, 'wait') : '';
	}

	const line = (text, className) => text && make('p', {textContent: text, className: className || ''});

	function choices(legend, items, name) {
		return make('fieldset', {'aria-labelledby': legend ? 'legend' : 'title'}, legend && make('legend', {id: 'legend', textContent: legend}), ...items.map(([value, text], i) =>
			make('label', {className: 'option'}, make('input', {type: 'radio', name, value, checked: name === 'months' && !i}), make('span', {textContent: text}))));
	}

	function area(label, most, placeholder) {
		return [make('label', {className: 'label', htmlFor: 'text', textContent: label}), make('textarea', {id: 'text', maxLength: most, placeholder: placeholder || ''})];
	}

	const keepButton = (flow) => ['keep', phrase(flow, 'keep'), leave];
	const cancelButton = (flow) => ['cancel', phrase(flow, 'cancelNow'), cancelNow];

	function waitView(flow) {
		openDialog(flow);
		view(flow, phrase(flow, 'wait'), [], [keepButton(flow), cancelButton(flow)]);
	}

	// What each kind of step shows between its message and its buttons.
	const PARTS = {
		survey: (flow, step, c) => [choices('', c.options.map((o) => [o.code, o.text]), 'reason'), ...(c.allowText ? area(phrase(flow, 'own'), 2000) : [])],
		discount: (flow, step, c) => [line(phrase(flow, c.duration, {p: percent(flow, c.percentage), t: span(flow, 'months', c.months)}), 'terms')],
		pause: (flow, step, c) => {
			const months = c.months.map((n) => [n, span(flow, 'months', n)]);
			return [months.length > 1 ? choices(phrase(flow, 'howLong'), months, 'months') : line(months[0][1], 'terms'), line(phrase(flow, 'pause'))];
		},
		downgrade: (flow, step, c) => [isText(c.plan) && make('p', {className: 'terms', textContent: phrase(flow, 'newPlan', {plan: c.plan})},
			Number.isInteger(c.amountMinor) && isText(c.currency) && make('small', {textContent: phrase(flow, 'perMonth', {a: money(flow, c.amountMinor, c.currency)})}))],
		extension: (flow, step, c) => [line(phrase(flow, 'extension', {t: span(flow, 'days', c.days)}), 'terms')],
		support: () => [],
		feedback: (flow, step, c) => area(phrase(flow, 'own'), 5000, c.placeholder),
		confirm: () => []
	};

	// What the server has left of a step's `when`: all, any, not, and comparisons with the survey's answer. As condition_reduce().
	const holds = (c, answer) => !c || (c.all ? c.all.every((part) => holds(part, answer)) : c.any ? c.any.some((part) => holds(part, answer))
		: c.not ? !holds(c.not, answer) : c.op === 'exists' ? !!answer === c.value : [].concat(c.value).includes(answer) !== /not/.test(c.op));

	function nextStep(flow) {
		const ahead = ++flow.position;
		if (!flow.steps.some((step, i) => i >= ahead && step.type === 'survey'))
			flow.steps = flow.steps.filter((step, i) => i < ahead || holds(step.when, flow.answers.reasonCode));
		const step = flow.step = flow.steps[ahead];
		const c = step.config || {};
		flow.since = Date.now();
		if (step.index >= 0)
			flow.path.push({step: step.index, answer: 'shown', ms: 0});
		const asks = step.type === 'survey' || step.type === 'feedback';
		const parts = [line(step.message), ...PARTS[step.type](flow, step, c)];
		const label = (name) => step.buttonText || phrase(flow, name);
		const main = flow.reply.cancelNow === false ? [] : [cancelButton(flow)];
		if (step.type === 'confirm')
			view(flow, step.title || phrase(flow, 'confirmTitle'), step.title ? parts : [line(phrase(flow, 'confirm'))],
				[keepButton(flow), ['cancel', label('cancelNow'), confirmCancel]]);
		else if (asks)
			view(flow, step.title, parts, [['next', label('next'), answer], ...main], [['skip', phrase(flow, 'skip'), skip]]);
		else
			view(flow, step.title, parts, [['accept', label('accept'), accept, step.type === 'support' && supportLink(c)], ...main],
				[['no', phrase(flow, 'no'), decline]]);
	}

	const supportLink = (c) => isLink(c.url) ? c.url : 'mailto:' + encodeURIComponent(c.email).replace('%40', '@');

	// Closes the books on the step that is showing.
	function mark(flow, how) {
		const last = flow.path[flow.path.length - 1];
		if (flow.step.index < 0 || !last)
			return;
		last.answer = how;
		last.ms = Math.min(Date.now() - flow.since, 864e5);
	}

	function read(flow) {
		const picked = flow.dialog.querySelector('input[name=reason]:checked');
		const text = flow.dialog.querySelector('textarea');
		const words = text ? text.value.trim() : '';
		if (picked)
			flow.answers.reasonCode = picked.value;
		if (words)
			flow.answers[flow.step.type === 'survey' ? 'reasonText' : 'feedback'] = words;
		return !!(picked || words);
	}

	function answer(flow) {
		mark(flow, read(flow) ? 'answered' : 'skipped');
		nextStep(flow);
	}

	function skip(flow) {
		mark(flow, 'skipped');
		nextStep(flow);
	}

	function decline(flow) {
		mark(flow, 'declined');
		nextStep(flow);
	}

	function body(flow, outcome, more) {
		return JSON.stringify({session: flow.reply.session, outcome, ...more, ...flow.answers, path: flow.path.slice(-32)});
	}

	function announce(flow, outcome, reply) {
		flow.result = {
			outcome, proceed: false, sessionId: flow.reply.sessionId, offerType: reply.offerType || null,
			status: reply.status, reasonCode: flow.answers.reasonCode || null
		};
		call('onDecision', flow.result);
	}

	async function accept(flow) {
		const step = flow.step;
		const picked = flow.dialog.querySelector('input[name=months]:checked');
		const more = {step: step.index, offerType: step.type};
		if (step.type === 'pause')
			more.choice = picked ? +picked.value : step.config.months[0];
		mark(flow, 'accepted');
		flow.accepted = flow.accepted || body(flow, 'accepted', more);
		flow.state = 'sending';
		setBusy(flow, true);
		try {
			const reply = await post('decision', flow.accepted, options.maxRetries);
			if (!reply || reply.success !== true)
				throw new Error('decision: unexpected answer');
			announce(flow, 'accepted', reply);
			await tell(flow, reply);
		} catch (error) {
			report(error);
			flow.state = 'failed';
			view(flow, phrase(flow, 'failed'), [], [['accept', phrase(flow, 'retry'), accept], cancelButton(flow)], [keepButton(flow)]);
		}
	}

	function cancelNow(flow) {
		if (flow.state === 'starting')
			return finish(flow, {outcome: 'cancelled', proceed: true});
		if (flow.step.type === 'survey' || flow.step.type === 'feedback')
			read(flow);
		mark(flow, 'shown');
		return end(flow, 'cancelled');
	}

	function confirmCancel(flow) {
		mark(flow, 'answered');
		return end(flow, 'declined');
	}

	// The customer cancels. Our record of it is tried, never a condition.
	async function end(flow, outcome) {
		flow.state = 'sending';
		setBusy(flow, true);
		try {
			const reply = await post('decision', body(flow, outcome), options.maxRetries);
			if (!reply || reply.success !== true)
				throw new Error('decision: unexpected answer');
			announce(flow, outcome, reply);
			if (flow.reply.cancelAt === 'stripe' && reply.status === 'pending')
				return await tell(flow, reply);
		} catch (error) {
			report(error);
		}
		finish(flow, {...(flow.result || {outcome, sessionId: flow.reply.sessionId}), proceed: true});
	}

	function sendDismissed(flow) {
		const last = body(flow, 'dismissed');
		const result = {outcome: 'dismissed', proceed: false, sessionId: flow.reply.sessionId, offerType: null, status: 'recorded', reasonCode: null};
		post('decision', last, options.maxRetries).then(() => call('onDecision', result)).catch(report);
		return result;
	}

	function dismiss(flow) {
		mark(flow, 'shown');
		// An acceptance whose answer was lost may have arrived: a dismissal must not contradict it.
		finish(flow, flow.accepted ? {outcome: 'unavailable', proceed: false} : sendDismissed(flow));
	}

	/* ---- what became of it: only what Stripe confirmed ---- */

	function effectText(flow, e) {
		const until = e.endsAt || e.resumesAt || e.until;
		const d = until && date(flow, until);
		const p = e.percentage && percent(flow, e.percentage);
		const name = {discount: p && (d ? 'doneDiscountUntil' : 'doneDiscount'), pause: d && 'donePause', downgrade: 'doneDowngrade', extension: d && 'doneExtension', cancel: d && 'doneCancel'}[e.kind];
		return phrase(flow, name || 'applied', {d, p});
	}

	async function tell(flow, reply) {
		let status = reply.status;
		let last = reply;
		flow.state = 'told';
		const close = [['close', phrase(flow, 'close'), leave]];
		if (status === 'pending')
			view(flow, phrase(flow, 'working'), [], close);
		for (let pause = 300, end = Date.now() + 12000; status === 'pending' && Date.now() < end && flow.state === 'told'; pause = Math.min(pause * 1.4, 2000)) {
			await sleep(pause);
			try {
				last = await exchange('decision', {headers: {'X-API-Key': options.apiKey, 'X-Stoa-Session': flow.reply.session}}, options.timeout);
				status = last && /^(applied|manual|recorded)$/.test(last.status) ? last.status : 'pending';
			} catch (error) {
				if (!error.again)
					break;
			}
		}
		if (flow.state !== 'told')
			return;
		flow.result.status = status;
		if (status === 'applied')
			flow.result.effect = last.effect || null;
		const link = flow.step.type === 'support' && supportLink(flow.step.config);
		view(flow, phrase(flow, 'thanks'), [make('p', {role: 'status', textContent: status === 'applied' ? effectText(flow, last.effect || {}) : phrase(flow, 'got') + (status === 'recorded' ? '' : ' ' + phrase(flow, status))}),
			link && make('p', {}, make('a', {...outside(link), textContent: link.replace('mailto:', '')}))], close);
	}

	function onPageHide() {
		const flow = current;
		if (flow && flow.state === 'asking') {
			mark(flow, 'shown');
			finish(flow, sendDismissed(flow));
		}
	}

	/* ---- API ---- */

	const DEFAULTS = {
		timeout: 5000, maxRetries: 3, detect: true, theme: 'auto',
		apiUrl: SCRIPT && SCRIPT.src ? new URL(SCRIPT.src).origin : ''
	};

	function init(settings) {
		destroy();
		options = {...DEFAULTS, ...settings};
		options.apiUrl = String(options.apiUrl).replace(/\/+$/, '');
		options.phrases = options.phrases || {};
		options.selectors = ['[data-stoa-cancel]'].concat(options.selectors || []).filter((selector) => {
			try {
				return document.createDocumentFragment().querySelector(selector) || true;
			} catch (error) {
				console.error('Stoa: bad selector ' + selector);
			}
			return false;
		});
		if (!isText(options.apiKey) || !(isText(options.userId) || options.signatureUrl)) {
			options = null;
			console.error('Stoa: apiKey and userId are required');
			return;
		}
		window.addEventListener('click', onClick, true);
		window.addEventListener('pagehide', onPageHide);
		listening = true;
	}

	function open() {
		if (!listening)
			return Promise.resolve({outcome: 'unavailable', proceed: true});
		return current ? current.promise : begin();
	}

	function destroy() {
		if (current)
			current.state === 'asking' ? dismiss(current) : finish(current, current.result || {outcome: 'unavailable', proceed: false});
		window.removeEventListener('click', onClick, true);
		window.removeEventListener('pagehide', onPageHide);
		listening = false;
	}

	const stoa = window.Stoa = {init, open, destroy};

	// widget-preview.js stands here in the flow builder's copy (tools/build-assets).
	Object.freeze(stoa);

	if (SCRIPT && SCRIPT.dataset.apiKey) {
		const data = {...SCRIPT.dataset};
		for (const name of ['subscriptionValue', 'timeout', 'maxRetries'])
			if (name in data)
				data[name] = Number(data[name]);
		data.detect = data.detect !== 'false';
		init(data);
	}
})(window, document);
