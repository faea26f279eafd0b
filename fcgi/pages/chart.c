#include "pages/chart.h"

#include "base/buffer.h"

#include <math.h>
#include <string.h>

#define METER_WIDTH 160
#define METER_HEIGHT 12
#define FUNNEL_ROW 34
#define FUNNEL_GAP 4
#define DOT "h.01" /* a point without neighbours: its round ends are what is seen of it */

static double value_at(const struct chart *chart, int point, int series)
{
	return chart->values[point * chart->series_count + series];
}

static void add_text(struct buffer *out, const char *text)
{
	buffer_html(out, text, strlen(text));
}

static void begin(struct buffer *out, const struct chart *chart, const char *kind, int height)
{
	buffer_printf(out, "<svg class=\"%s\" viewBox=\"0 0 %d %d\" role=\"img\" preserveAspectRatio=\"none\"><title>", kind, CHART_WIDTH, height);
	add_text(out, chart->title);
	buffer_text(out, "</title><desc>");
	add_text(out, chart->description);
	buffer_text(out, "</desc>");
}

static const char *end(struct ctx *ctx, struct buffer *out)
{
	buffer_text(out, "</svg>");
	const char *svg = arena_memdup(&ctx->arena, out->data, out->length);
	buffer_free(out);
	return svg;
}

/* "1 Nov: 3 Accepted, 2 Cancelled", for the pointer that rests on a point. */
static void add_point(struct buffer *out, const struct chart *chart, int point)
{
	buffer_text(out, "<title>");
	add_text(out, chart->labels ? chart->labels[point] : "");
	for (int series = 0; series < chart->series_count; series++) {
		buffer_text(out, series ? ", " : ": ");
		add_text(out, chart->series[series].label);
		buffer_char(out, ' ');
		add_text(out, chart->texts[point * chart->series_count + series]);
	}
	buffer_text(out, "</title>");
}

static double highest(const struct chart *chart, bool stacked)
{
	double most = 0;
	for (int point = 0; point < chart->points; point++) {
		double sum = 0;
		for (int series = 0; series < chart->series_count; series++) {
			double value = value_at(chart, point, series);
			if (isnan(value) || value < 0)
				continue;
			sum = stacked ? sum + value : fmax(sum, value);
		}
		most = fmax(most, sum);
	}
	return most > 0 ? most : 1;
}

const char *chart_columns(struct ctx *ctx, const struct chart *chart)
{
	struct buffer out = {0};
	double most = highest(chart, true), step = chart->points ? (double)CHART_WIDTH / chart->points : CHART_WIDTH;
	double width = fmin(28, step * .8);
	begin(&out, chart, "columns", CHART_HEIGHT);
	buffer_printf(&out, "<path class=\"grid\" d=\"M0 .5H%d M0 %dH%d M0 %d.5H%d\"/>", CHART_WIDTH, CHART_HEIGHT / 2, CHART_WIDTH,
		CHART_HEIGHT - 1, CHART_WIDTH);
	for (int point = 0; point < chart->points; point++) {
		double below = 0;
		buffer_text(&out, "<g>");
		add_point(&out, chart, point);
		for (int series = 0; series < chart->series_count; series++) {
			double value = value_at(chart, point, series);
			if (isnan(value) || value <= 0)
				continue;
			buffer_printf(&out, "<rect class=\"series-%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", chart->series[series].name,
				point * step + (step - width) / 2, CHART_HEIGHT * (1 - (below + value) / most), width, CHART_HEIGHT * value / most);
			below += value;
		}
		buffer_text(&out, "</g>");
	}
	return end(ctx, &out);
}

static double lowest(const struct chart *chart)
{
	double least = 0;
	for (int i = 0; i < chart->points * chart->series_count; i++)
		if (!isnan(chart->values[i]))
			least = fmin(least, chart->values[i]);
	return least;
}

const char *chart_lines(struct ctx *ctx, const struct chart *chart)
{
	struct buffer out = {0};
	double most = highest(chart, false), least = lowest(chart), step = chart->points > 1 ? (double)CHART_WIDTH / (chart->points - 1) : 0;
	begin(&out, chart, "lines", CHART_HEIGHT);
	buffer_printf(&out, "<path class=\"grid\" d=\"M0 .5H%d M0 %.2fH%d\"/>", CHART_WIDTH, (CHART_HEIGHT - .5) * most / (most - least), CHART_WIDTH);
	for (int series = 0; series < chart->series_count; series++) {
		int drawn = 0;
		buffer_printf(&out, "<path class=\"line series-%s\" d=\"", chart->series[series].name);
		for (int point = 0; point < chart->points; point++) {
			double value = value_at(chart, point, series);
			if (!isnan(value))
				buffer_printf(&out, "%c%.2f %.2f", drawn ? 'L' : 'M', point * step, CHART_HEIGHT * (most - value) / (most - least));
			else if (drawn == 1)
				buffer_text(&out, DOT);
			drawn = isnan(value) ? 0 : drawn + 1;
		}
		if (drawn == 1)
			buffer_text(&out, DOT);
		buffer_text(&out, "\"/>");
	}
	return end(ctx, &out);
}

const char *chart_funnel(struct ctx *ctx, const struct chart *chart)
{
	struct buffer out = {0};
	double most = highest(chart, false);
	begin(&out, chart, "funnel", chart->points * FUNNEL_ROW);
	for (int point = 0; point < chart->points; point++) {
		double width = CHART_WIDTH * fmax(value_at(chart, point, 0), 0) / most;
		buffer_text(&out, "<g>");
		add_point(&out, chart, point);
		buffer_printf(&out, "<rect class=\"series-%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\"/></g>", chart->series[0].name,
			(CHART_WIDTH - width) / 2, point * FUNNEL_ROW, width, FUNNEL_ROW - FUNNEL_GAP);
	}
	return end(ctx, &out);
}

const char *chart_meter(struct ctx *ctx, const char *series, double part, double whole, double most)
{
	double unit = most > 0 ? METER_WIDTH / most : 0;
	return arena_printf(&ctx->arena, "<svg class=\"meter\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\"><rect class=\"back\" width=\"%.1f\" height=\"%d\" rx=\"3\"/>"
		"<rect class=\"series-%s\" width=\"%.1f\" height=\"%d\" rx=\"3\"/></svg>", METER_WIDTH, METER_HEIGHT, fmax(whole, 0) * unit, METER_HEIGHT,
		series, fmax(part, 0) * unit, METER_HEIGHT);
}
