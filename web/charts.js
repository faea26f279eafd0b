/* Time series drawn by uPlot in place of the server's own drawing. What it draws it reads from the chart's table, so that both say the same;
 * what it says of a point are that table's words. Arrow keys walk along the points. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

const HEIGHT = 240;
const language = document.documentElement.lang;
const dark = window.matchMedia('(prefers-color-scheme: dark)');

const value = (cell) => cell.dataset.v === undefined ? null : Number(cell.dataset.v);

// Columns with data-series are drawn; data-x is a row's day or number, data-digits how many decimals a minor unit has.
function read(table) {
	const heads = [...table.tHead.rows[0].cells];
	const rows = [...table.tBodies[0].rows];
	const time = table.dataset.x === 'day';
	const series = heads.map((head, column) => ({head, column, name: head.dataset.series, scale: 10 ** (head.dataset.digits ?? 0)}))
		.filter((one) => one.name);
	const x = rows.map((row) => time ? Date.parse(row.cells[0].dataset.x) / 1000 : Number(row.cells[0].dataset.x));
	const data = series.map(({column, scale}) => rows.map((row) => {
		const v = value(row.cells[column]);
		return v === null ? null : v / scale;
	}));
	return {rows, series, time, data: [x, ...data]};
}

const colour = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

function options(figure, {series, time}, width, follow) {
	const soft = colour(figure, '--soft'), line = colour(figure, '--line');
	const number = new Intl.NumberFormat(language, {notation: 'compact', maximumFractionDigits: 1});
	const day = new Intl.DateTimeFormat(language, {day: 'numeric', month: 'short', timeZone: 'UTC'});
	const font = `12px ${getComputedStyle(figure).fontFamily}`;
	const axis = {stroke: soft, font, grid: {stroke: line, width: 1}, ticks: {show: false}};
	const band = (name) => series.findIndex((one) => one.name === name) + 1;
	return {
		width, height: HEIGHT, padding: [8, 24, 0, 0],
		tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
		legend: {show: false},
		cursor: {drag: {x: false, y: false}, y: false},
		scales: {x: {time}, y: {range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.05 : 1]}},
		axes: [{...axis, space: 64, values: (_, splits) => splits.map((at) => time ? day.format(at * 1000) : number.format(at))},
			{...axis, size: 56, values: (_, splits) => splits.map((at) => number.format(at))}],
		series: [{}, ...series.map(({head, name}) => {
			const stroke = colour(head, '--series') || colour(figure, '--brand');
			return {label: head.textContent, stroke, width: /^(low|high)$/.test(name) ? 1 : 2, dash: /^(low|high|expected)$/.test(name) ? [5, 4] : undefined,
				points: {show: false}, spanGaps: false};
		})],
		bands: band('high') && band('low') ? [{series: [band('high'), band('low')], fill: colour(figure, '--info-ground')}] : [],
		hooks: {setCursor: [(plot) => follow(plot.cursor.idx)]}
	};
}

function draw(figure) {
	const table = figure.querySelector('table');
	const read_ = read(table);
	if (read_.rows.length < 2)
		return;
	const drawn = figure.querySelector('svg');
	const place = document.createElement('div');
	const said = document.createElement('p');
	place.className = 'plot';
	said.className = 'said';
	said.setAttribute('aria-hidden', 'true');
	place.tabIndex = 0;
	place.setAttribute('role', 'slider');
	place.setAttribute('aria-label', drawn.querySelector('title').textContent);
	place.setAttribute('aria-valuemin', '1');
	place.setAttribute('aria-valuemax', String(read_.rows.length));
	drawn.before(place);
	place.after(said);
	drawn.setAttribute('hidden', '');

	const told = (row) => read_.series.some(({column}) => value(row.cells[column]) !== null);
	let at = read_.rows.length - 1, plot;
	while (at > 0 && !told(read_.rows[at]))
		at--;
	const words = (row) => {
		const parts = read_.series.filter(({column}) => value(row.cells[column]) !== null)
			.map(({head, column}) => `${head.textContent} ${row.cells[column].textContent}`);
		return `${row.cells[0].textContent}: ${parts.join(', ')}`;
	};
	const follow = (index) => {
		at = index ?? at;
		said.textContent = words(read_.rows[at]);
		place.setAttribute('aria-valuenow', String(at + 1));
		place.setAttribute('aria-valuetext', said.textContent);
	};
	const width = () => Math.max(place.clientWidth, 200);
	const make = () => {
		plot?.destroy();
		plot = new uPlot(options(figure, read_, width(), follow), read_.data, place);
	};
	const walk = (to) => {
		const index = Math.max(0, Math.min(read_.rows.length - 1, to));
		plot.setCursor({left: plot.valToPos(read_.data[0][index], 'x'), top: 0});
		follow(index);
	};
	make();
	follow(at);
	place.addEventListener('keydown', (event) => {
		const to = {ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 7, PageUp: at + 7, Home: 0,
			End: read_.rows.length - 1}[event.key];
		if (to === undefined)
			return;
		event.preventDefault();
		walk(to);
	});
	new ResizeObserver(() => {
		if (plot.width !== width())
			plot.setSize({width: width(), height: HEIGHT});
	}).observe(place);
	dark.addEventListener('change', make);
}

for (const figure of document.querySelectorAll('figure[data-plot]'))
	draw(figure);
