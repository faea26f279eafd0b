/* Reordering a list: by mouse, touch or pen at an item's handle, and by keyboard alone (Space or Enter takes it, arrows move it, Space or
 * Enter drops it, Escape puts it back). Written here because what npm keeps for it either has no keyboard (SortableJS), or weighs 100 KB
 * and writes style elements, which the pages' Content-Security-Policy refuses (@dnd-kit/dom). */

const EDGE = 60, SPEED = 12, SLACK = 4;

// Items are the list's children, each with one [data-grip] button. moved(from, to) is called when an item has been dropped elsewhere;
// say(word, item, place, count) is told of every change.
export function sortable(list, {moved, say}) {
	let held = null; // {item, from, pointer?, y, top, shown}

	const items = () => [...list.children];
	const tell = (word) => say(word, held.item, items().indexOf(held.item) + 1, list.children.length);

	function take(item) {
		held = {item, from: items().indexOf(item)};
		item.classList.add('held');
		item.querySelector('[data-grip]').setAttribute('aria-pressed', 'true');
	}

	// The neighbours change places with the held item, never it with them: what moves in the document loses focus and pointer.
	function place(to) {
		let at = items().indexOf(held.item);
		const aim = Math.min(Math.max(to, 0), list.children.length - 1);
		if (aim === at)
			return false;
		for (; at < aim; at++)
			held.item.before(held.item.nextElementSibling);
		for (; at > aim; at--)
			held.item.after(held.item.previousElementSibling);
		return true;
	}

	function release(word) {
		const {item, from, frame} = held;
		cancelAnimationFrame(frame);
		if (word === 'restored')
			place(from);
		const to = items().indexOf(item);
		tell(word);
		item.classList.remove('held');
		item.style.transform = '';
		item.querySelector('[data-grip]').setAttribute('aria-pressed', 'false');
		held = null;
		if (to !== from)
			moved(from, to);
	}

	/* ---- keyboard; also what assistive technology sends, which is a click without a key ---- */

	list.addEventListener('click', (event) => {
		const grip = event.target.closest('[data-grip]');
		if (!grip || event.detail !== 0 || held?.pointer !== undefined)
			return;
		if (held)
			return release('dropped');
		take(grip.closest('li'));
		tell('grabbed');
	});

	list.addEventListener('keydown', (event) => {
		if (!held)
			return;
		if (event.key === 'Escape') {
			event.preventDefault();
			release('restored');
			return;
		}
		const at = items().indexOf(held.item);
		const to = {ArrowUp: at - 1, ArrowLeft: at - 1, ArrowDown: at + 1, ArrowRight: at + 1, Home: 0, End: list.children.length - 1}[event.key];
		if (to === undefined || held.pointer !== undefined)
			return;
		event.preventDefault();
		place(to);
		held.item.scrollIntoView({block: 'nearest'});
		tell('moved');
	});

	list.addEventListener('focusout', () => {
		if (held && held.pointer === undefined)
			release('dropped');
	});

	/* ---- pointer ---- */

	list.addEventListener('pointerdown', (event) => {
		const grip = event.target.closest('[data-grip]');
		if (!grip || event.button || held)
			return;
		take(grip.closest('li'));
		Object.assign(held, {pointer: event.pointerId, start: event.clientY, y: event.clientY, top: held.item.getBoundingClientRect().top});
		list.setPointerCapture(event.pointerId);
	});

	// The item's own place in the list, without the shift that makes it follow the pointer.
	function rest(item) {
		item.style.transform = '';
		return item.getBoundingClientRect().top;
	}

	function follow() {
		const {item} = held;
		const wanted = held.top + held.y - held.start;
		const height = item.offsetHeight;
		const others = items().filter((other) => other !== item).map((other) => other.getBoundingClientRect());
		const to = others.filter((box) => box.top + box.height / 2 < wanted + (wanted > rest(item) ? height : 0)).length;
		if (place(to))
			tell('moved');
		item.style.transform = `translateY(${wanted - rest(item)}px)`;
	}

	// A list longer than the screen moves on by itself while the pointer is near an edge.
	function roll() {
		if (!held)
			return;
		const by = held.y < EDGE ? -SPEED : held.y > window.innerHeight - EDGE ? SPEED : 0;
		if (by) {
			window.scrollBy(0, by);
			follow();
		}
		held.frame = requestAnimationFrame(roll);
	}

	list.addEventListener('pointermove', (event) => {
		if (held?.pointer !== event.pointerId)
			return;
		held.y = event.clientY;
		if (held.frame === undefined && Math.abs(held.y - held.start) < SLACK)
			return;
		if (held.frame === undefined) {
			tell('grabbed');
			held.frame = requestAnimationFrame(roll);
		}
		follow();
	});

	const end = (word) => (event) => {
		if (held?.pointer !== event.pointerId)
			return;
		if (held.frame === undefined) { // never moved: no more than a click
			held.item.classList.remove('held');
			held.item.querySelector('[data-grip]').setAttribute('aria-pressed', 'false');
			held = null;
		} else {
			release(word);
		}
	};
	list.addEventListener('pointerup', end('dropped'));
	list.addEventListener('pointercancel', end('restored'));
}
