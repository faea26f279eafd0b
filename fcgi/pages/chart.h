/* Charts as SVG from the server. Colours are classes ("series-accepted", web/pages.css), so that the strict policy for styles holds and light and
 * dark are the style sheet's. A chart is an image with a name and a description; what it shows stands in a table beside it. */
#ifndef STOA_PAGES_CHART_H
#define STOA_PAGES_CHART_H

#include "base/context.h"

#define CHART_WIDTH 720
#define CHART_HEIGHT 160

struct chart_series {
	const char *name;  /* of the class: "accepted" */
	const char *label; /* in the visitor's language */
};

struct chart {
	const char *title, *description; /* in the visitor's language */
	const struct chart_series *series;
	int series_count, points;
	const char *const *labels;  /* of the points, or NULL */
	const char *const *texts;   /* of the values, point by point, series by series */
	const double *values;       /* likewise; NAN: none */
};

/* Each answers the <svg>, memory of ctx. */
const char *chart_columns(struct ctx *ctx, const struct chart *chart); /* the series of a point stand on each other; negative values have no height */
const char *chart_lines(struct ctx *ctx, const struct chart *chart);   /* also below nought */
const char *chart_funnel(struct ctx *ctx, const struct chart *chart);  /* the first series' points from top to bottom, each as wide as its value */
/* A bar of a table's row: part of whole, both of most; without a name, since the row says it. */
const char *chart_meter(struct ctx *ctx, const char *series, double part, double whole, double most);

#endif
