/* Parts of the HTML pages: internal to html*.c. Texts given to them are plain and get escaped. */
#ifndef STOA_CLI_BENCH_HTML_H
#define STOA_CLI_BENCH_HTML_H

#include "base/buffer.h"
#include "base/context.h"

#include <stdbool.h>

#define PLOT_LINES 8

struct plot_line {
	const char *name;
	const double *y;    /* by point; NAN: none */
};

/* A stretch of x with a name, drawn behind the lines. */
struct plot_band { const char *name; double from, to; };

/* Lines over x. The first line has class line-0, and so on: each its colour and its dashes. */
struct plot {
	const char *title, *description;
	const char *x_name, *y_name;    /* with units */
	int points;
	const double *x;                /* ascending; NULL: 0, 1, 2 … */
	const char *const *x_texts;     /* of the points, in place of a scale, or NULL */
	struct plot_line lines[PLOT_LINES];
	int line_count;
	const double *low, *high;       /* of the first line: an interval by point, or NULL */
	const struct plot_band *bands;
	int band_count;
	double mark;                    /* a line across, such as a target; 0: none. Left out when it is far above the rest */
	const char *mark_name;
};

void html_text(struct buffer *out, const char *text);
void html_begin(struct buffer *out, const char *title);
void html_end(struct buffer *out);
/* "<section><h2>": closed by "</section>". */
void html_section(struct buffer *out, const char *title);
void html_plot(struct buffer *out, const struct plot *plot);
/* Table heads: names separated by '|'; one that begins with '>' is of numbers. wide: folded away under a summary of this text, or NULL. */
void html_table(struct buffer *out, const char *caption, const char *heads, const char *folded);
void html_cell(struct buffer *out, const char *text);
void html_number(struct buffer *out, double value, int decimals); /* nothing when it is not finite */
void html_table_end(struct buffer *out, bool folded);

/* Writes the page to path and frees it. ERR_INTERNAL: it could not, with the reason. */
enum err html_save(struct ctx *ctx, const char *path, struct buffer *page);

/* A step for ticks, 1, 2 or 5 times a power of ten, of which about `count` fit into range. */
double html_step(double range, int count);

#endif
