/* A table of figures: the same rows as HTML, as a chart (pages/chart.h) and, where no statement has them, as CSV. */
#ifndef STOA_PAGES_SHEET_H
#define STOA_PAGES_SHEET_H

#include "pages/range.h"

struct sheet_column {
	const char *name;   /* in CSV */
	const char *title;  /* in the visitor's language */
	const char *series; /* drawn, in the colour of this class; NULL: only in the table */
	bool number;        /* to the right */
	bool heat;          /* percentages, shaded */
	int digits;         /* decimals that the values' minor units have */
};

struct sheet_cell {
	const char *text;   /* as people read it; NULL: "–" */
	const char *raw;    /* as machines do: a day, a code; NULL: value */
	double value;       /* NAN: none */
};

enum sheet_chart { SHEET_TABLE, SHEET_COLUMNS, SHEET_LINES, SHEET_FUNNEL, SHEET_METERS };

struct sheet {
	const char *id;                  /* of the section, and of the file: /analytics/<id>.csv */
	const char *title, *note;        /* in the visitor's language; note may be NULL */
	enum sheet_chart chart;          /* METERS: a bar a row, of the last series over the first */
	const char *const *definitions;  /* names for measure_definition(), NULL-ended, or NULL */
	bool by_number;                  /* the first column is a number, not a day: for LINES */
	int rows, column_count;
	struct sheet_column *columns;
	struct sheet_cell *cells;
};

/* With `rows` empty rows; memory of the request. */
struct sheet *sheet_new(struct req *req, int column_count, int rows);
struct sheet_cell *sheet_at(const struct sheet *sheet, int row, int column);

/* How a column of a result set becomes one of a sheet. */
enum column_kind {
	COLUMN_WORD,    /* a code */
	COLUMN_CURRENCY,
	COLUMN_LABEL,   /* a value of the dimension in the row's column "dimension" */
	COLUMN_DAY,
	COLUMN_COUNT,
	COLUMN_PERCENT,
	COLUMN_MONEY,   /* minor units of the row's column "currency" */
	COLUMN_MONEYS   /* jsonb by currency */
};
struct column {
	const char *name;
	const char *title; /* English, TR() */
	enum column_kind kind;
	const char *series;
	bool heat;
};

/* A figure of lib/measure as it stands on a page. */
struct panel {
	const char *id, *title; /* English, TR() */
	const char *note;       /* English, TR(), or NULL */
	enum measure_figure figure;
	enum sheet_chart chart;
	const char *const *definitions;
	const struct column *columns; /* ends with a zero name */
	const char *group;      /* a sheet for each value of this column, which names it too; NULL: one sheet */
	bool year;              /* of the twelve months up to the range's last day */
};

/* Of the Analytics page, and of the Overview. */
extern const struct panel PANEL_OFFERS, PANEL_REASONS;

/* The scope of a panel: the range's, or that year. */
struct measure_scope panel_scope(const struct range *range, const struct panel *panel);
/* Reads the figure and adds its sheets to the array `sheets`. */
enum err panel_add(const struct range *range, struct lease *lease, const struct panel *panel, struct json_object *sheets);
/* Adds a sheet as partials/sheet.mustache needs it. csv: the path of its file, or NULL. */
void sheet_add(const struct range *range, const struct sheet *sheet, const char *csv, struct json_object *sheets);
/* A line of names and the rows. */
void sheet_csv(const struct sheet *sheet, struct buffer *out);

/* Amounts of a jsonb by currency: "EUR 12.00", …, as an array of texts; a dash when there are none. */
struct json_object *moneys_view(struct req *req, const char *json);
/* [{"term", "meaning"}]: what figures mean, in the visitor's language. */
struct json_object *definitions_view(struct req *req, const char *const *names);

#endif
