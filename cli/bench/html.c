#include "config.h"

#include "cli/bench/html.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 760
#define HEIGHT 260
#define LEFT 64
#define RIGHT 12
#define TOP 22
#define BOTTOM 44
#define LETTER 7 /* wide, about */

static const char STYLE[] =
	":root{color-scheme:light dark;--ground:#fff;--text:#16202e;--soft:#4b5a6d;--line:#cfd8e3;--band:#eef2f7;--bad:#a3271f;--good:#14713f;"
	"--l0:#003a78;--l1:#9a5b00;--l2:#a3271f;--l3:#7a3fb0;--l4:#0f7f8c;font:100%/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
	"@media (prefers-color-scheme:dark){:root{--ground:#0d131c;--text:#edf2f8;--soft:#aebccd;--line:#33425a;--band:#182230;--bad:#ff9c93;"
	"--good:#6fdc9f;--l0:#8fc1ff;--l1:#f0b455;--l2:#ff9c93;--l3:#c79bf2;--l4:#4fc3d0}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:24px clamp(16px,4vw,40px) 64px;background:var(--ground);color:var(--text)}"
	"h1{margin:0 0 4px;font-size:1.75rem;line-height:1.2}h2{margin:40px 0 8px;font-size:1.25rem}h3{margin:24px 0 4px;font-size:1rem}"
	"p{margin:0 0 12px}.soft,figcaption,caption{color:var(--soft)}caption{text-align:start;padding:0 0 6px}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 20px;margin:16px 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
	"figure{margin:12px 0}svg{display:block;width:100%;height:auto}"
	"svg text{fill:var(--soft);font-size:12px}.axis{stroke:var(--line);fill:none}.band{fill:var(--band)}.mark{stroke:var(--bad);stroke-dasharray:2 4;fill:none}"
	"svg .mark-name{fill:var(--bad)}.interval{fill:var(--l0);opacity:.18}"
	".curve{fill:none;stroke-width:2;stroke-linejoin:round}.line-0{stroke:var(--l0)}.line-1{stroke:var(--l1);stroke-dasharray:7 4}"
	".line-2{stroke:var(--l2);stroke-dasharray:2 3}.line-3{stroke:var(--l3);stroke-dasharray:10 3 2 3}.line-4{stroke:var(--l4);stroke-dasharray:4 2}"
	".shape{fill:var(--l0)}.key{display:flex;flex-wrap:wrap;gap:4px 20px;margin:0;padding:0;list-style:none;font-size:.875rem}"
	".key svg{display:inline-block;width:32px;height:10px;margin-inline-end:6px;vertical-align:middle}"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}"
	"th,td{padding:5px 8px;border-block-end:1px solid var(--line);text-align:start;vertical-align:top}th{font-weight:600}"
	"th.n,td.n{text-align:end;white-space:nowrap}td.n .soft{display:block;font-weight:400}.missed{color:var(--bad);font-weight:600}.met{color:var(--good);font-weight:600}.why{min-width:11rem}"
	"summary{cursor:pointer;padding:6px 0}:focus-visible{outline:3px solid var(--l0);outline-offset:2px}";

void html_text(struct buffer *out, const char *text)
{
	buffer_html(out, text, strlen(text));
}

void html_begin(struct buffer *out, const char *title)
{
	buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	html_text(out, title);
	buffer_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", STYLE);
	html_text(out, title);
	buffer_text(out, "</h1>\n");
}

void html_end(struct buffer *out)
{
	buffer_text(out, "</main>\n</body>\n</html>\n");
}

void html_section(struct buffer *out, const char *title)
{
	buffer_text(out, "<section>\n<h2>");
	html_text(out, title);
	buffer_text(out, "</h2>\n");
}

double html_step(double range, int count)
{
	double step = pow(10, floor(log10(range / count)));
	static const double TIMES[] = {1, 2, 5, 10};
	for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++)
		if (range / (step * TIMES[i]) <= count + 0.5)
			return step * TIMES[i];
	return step * 10;
}

struct scale { double from, to; };

static double x_at(const struct scale *scale, double x)
{
	double range = scale->to - scale->from;
	return LEFT + (range > 0 ? (x - scale->from) / range : 0.5) * (WIDTH - LEFT - RIGHT);
}

static double y_at(double most, double y)
{
	return HEIGHT - BOTTOM - y / most * (HEIGHT - TOP - BOTTOM);
}

static double x_of(const struct plot *plot, int point)
{
	return plot->x ? plot->x[point] : point;
}

static double most_of(const struct plot *plot)
{
	double most = 0;
	for (int line = 0; line < plot->line_count; line++)
		for (int i = 0; i < plot->points; i++)
			if (isfinite(plot->lines[line].y[i]))
				most = fmax(most, plot->lines[line].y[i]);
	for (int i = 0; plot->high && i < plot->points; i++)
		if (isfinite(plot->high[i]))
			most = fmax(most, plot->high[i]);
	/* A target far above everything would press the lines flat. */
	if (plot->mark > most && plot->mark <= 2 * most)
		most = plot->mark;
	if (most <= 0)
		return 1;
	double step = html_step(most, 5);
	return ceil(most / step) * step;
}

static void svg_text(struct buffer *out, double x, double y, const char *anchor, const char *text)
{
	buffer_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	html_text(out, text);
	buffer_text(out, "</text>");
}

/* Every which text has room beside the next. */
static int texts_every(const struct plot *plot)
{
	double longest = 0;
	for (int i = 0; i < plot->points; i++)
		longest = fmax(longest, (double)strlen(plot->x_texts[i]));
	int room = (int)((WIDTH - LEFT - RIGHT) / (longest * LETTER + 12));
	return room > 1 ? (plot->points + room - 1) / room : plot->points;
}

static void axes(struct buffer *out, const struct plot *plot, const struct scale *scale, double most)
{
	char text[32];
	double step = html_step(most, 5);
	/* Counted: far from nought a step may be too small to be added. */
	for (int i = 0, count = (int)(most / step + 1e-6); i <= count; i++) {
		double y = i * step;
		buffer_printf(out, "<path class=\"axis\" d=\"M%d %.1fH%d\"/>", LEFT, y_at(most, y), WIDTH - RIGHT);
		snprintf(text, sizeof text, "%g", round(y * 1e6) / 1e6);
		svg_text(out, LEFT - 6, y_at(most, y) + 4, "end", text);
	}
	if (plot->x_texts) {
		for (int i = 0, every = texts_every(plot); i < plot->points; i += every)
			svg_text(out, x_at(scale, x_of(plot, i)), HEIGHT - BOTTOM + 16, plot->points == 1 ? "middle" : !i ? "start" : i + 1 == plot->points ? "end" :
				"middle", plot->x_texts[i]);
	} else if (scale->to > scale->from) {
		step = html_step(scale->to - scale->from, 8);
		double first = ceil(scale->from / step) * step;
		for (int i = 0, count = (int)((scale->to - first) / step + 1e-6); i <= count; i++) {
			double x = first + i * step;
			snprintf(text, sizeof text, "%g", round(x * 1e6) / 1e6);
			svg_text(out, x_at(scale, x), HEIGHT - BOTTOM + 16, "middle", text);
		}
	}
	svg_text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "middle", plot->x_name);
	svg_text(out, 4, 12, "start", plot->y_name);
}

static void bands(struct buffer *out, const struct plot *plot, const struct scale *scale)
{
	for (int i = 0; i < plot->band_count; i++) {
		const struct plot_band *band = &plot->bands[i];
		double from = x_at(scale, fmax(band->from, scale->from)), to = x_at(scale, fmin(band->to, scale->to));
		if (to <= from)
			continue;
		/* Every second one is tinted, so that all can be told apart. */
		if (i % 2 == 0)
			buffer_printf(out, "<rect class=\"band\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", from, TOP, to - from, HEIGHT - TOP - BOTTOM);
		if ((double)strlen(band->name) * LETTER <= to - from)
			svg_text(out, (from + to) / 2, TOP + 12, "middle", band->name);
	}
}

static void interval(struct buffer *out, const struct plot *plot, const struct scale *scale, double most)
{
	for (int i = 0; i < plot->points; i++)
		if (isfinite(plot->low[i]) && isfinite(plot->high[i])) {
			double high = y_at(most, plot->high[i]), height = fmax(1, y_at(most, plot->low[i]) - high);
			buffer_printf(out, "<rect class=\"interval\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"%.1f\"/>", x_at(scale, x_of(plot, i)) - 5, high, height);
		}
}

static void curve(struct buffer *out, const struct plot *plot, const struct scale *scale, double most, int line)
{
	const double *y = plot->lines[line].y;
	bool pen = false;
	buffer_printf(out, "<path class=\"curve line-%d\" d=\"", line);
	for (int i = 0; i < plot->points; i++) {
		/* A point alone is a dot: a stroke of its own width. */
		if (isfinite(y[i]))
			buffer_printf(out, "%c%.1f %.1f%s", pen ? 'L' : 'M', x_at(scale, x_of(plot, i)), y_at(most, y[i]), pen ? "" : "h.1");
		pen = isfinite(y[i]);
	}
	buffer_text(out, "\"/>");
}

static void legend(struct buffer *out, const struct plot *plot)
{
	buffer_text(out, "<ul class=\"key\">");
	for (int i = 0; i < plot->line_count; i++) {
		buffer_printf(out, "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path class=\"curve line-%d\" d=\"M0 5H32\"/></svg>", i);
		html_text(out, plot->lines[i].name);
		buffer_text(out, "</li>");
	}
	buffer_text(out, "</ul>");
}

void html_plot(struct buffer *out, const struct plot *plot)
{
	struct scale scale = {plot->points ? x_of(plot, 0) : 0, plot->points ? x_of(plot, plot->points - 1) : 0};
	for (int i = 0; i < plot->band_count; i++)
		scale.to = fmax(scale.to, plot->bands[i].to);
	double most = most_of(plot);
	buffer_printf(out, "<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
	html_text(out, plot->title);
	buffer_text(out, ": ");
	html_text(out, plot->description);
	buffer_text(out, "\">");
	bands(out, plot, &scale);
	axes(out, plot, &scale, most);
	if (plot->low && plot->high)
		interval(out, plot, &scale, most);
	for (int i = 0; i < plot->line_count; i++)
		curve(out, plot, &scale, most, i);
	if (plot->mark > 0 && plot->mark <= most) {
		buffer_printf(out, "<path class=\"mark\" d=\"M%d %.1fH%d\"/><text class=\"mark-name\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT, y_at(most, plot->mark),
			WIDTH - RIGHT, WIDTH - RIGHT, y_at(most, plot->mark) - 4);
		html_text(out, plot->mark_name);
		buffer_text(out, "</text>");
	}
	buffer_text(out, "</svg>\n<figcaption>");
	html_text(out, plot->description);
	legend(out, plot);
	buffer_text(out, "</figcaption>\n</figure>\n");
}

void html_table(struct buffer *out, const char *caption, const char *heads, const char *folded)
{
	if (folded) {
		buffer_text(out, "<details>\n<summary>");
		html_text(out, folded);
		buffer_text(out, "</summary>\n");
	}
	/* What scrolls can be reached with the keyboard. */
	buffer_text(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
	html_text(out, caption);
	buffer_text(out, "\">\n<table>\n<caption>");
	html_text(out, caption);
	buffer_text(out, "</caption>\n<thead>\n<tr>");
	while (*heads) {
		size_t length = strcspn(heads, "|");
		bool number = *heads == '>';
		buffer_printf(out, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
		buffer_html(out, heads + number, length - number);
		buffer_text(out, "</th>");
		heads += length + (heads[length] == '|');
	}
	buffer_text(out, "</tr>\n</thead>\n<tbody>\n");
}

void html_cell(struct buffer *out, const char *text)
{
	buffer_text(out, "<td>");
	html_text(out, text);
	buffer_text(out, "</td>");
}

void html_number(struct buffer *out, double value, int decimals)
{
	buffer_text(out, "<td class=\"n\">");
	if (isfinite(value))
		buffer_printf(out, "%.*f", decimals, value);
	buffer_text(out, "</td>");
}

void html_table_end(struct buffer *out, bool folded)
{
	buffer_printf(out, "</tbody>\n</table>\n</div>\n%s", folded ? "</details>\n" : "");
}

enum err html_save(struct ctx *ctx, const char *path, struct buffer *page)
{
	FILE *file = fopen(path, "w");
	bool whole = file && !page->failed && fwrite(page->data, 1, page->length, file) == page->length;
	if (file && fclose(file))
		whole = false;
	const char *reason = page->failed ? "it is too large" : strerror(errno);
	buffer_free(page);
	return whole ? OK : fail(ctx, ERR_INTERNAL, "%.120s: cannot be written: %s", path, reason);
}
