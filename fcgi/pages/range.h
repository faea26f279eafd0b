/* What the pages of figures are asked for, all of it in their URL: live or test data, days, filters, and whether to compare. */
#ifndef STOA_PAGES_RANGE_H
#define STOA_PAGES_RANGE_H

#include "measure/measure.h"
#include "pages/page.h"

enum range_part { RANGE_MODE, RANGE_PRESET, RANGE_FROM, RANGE_TO, RANGE_FLOW, RANGE_SEGMENT, RANGE_PLAN, RANGE_LANGUAGE, RANGE_CURRENCY,
	RANGE_COMPARE, RANGE_PARTS };

#define RANGE_DAYS 366 /* most at once */

/* A member of a page's input struct, and its rows. An empty value is none, so that a form without JavaScript may send it. */
struct range_input { const char *values[RANGE_PARTS]; };
#define RANGE_TEXT(type, member, part, name, most_, doc_) \
	INPUT(type, member.values[part], name, IN_QUERY, FIELD_TEXT, .least = 0, .most = (most_), .doc = (doc_))
#define RANGE_INPUT(type, member) \
	INPUT(type, member.values[RANGE_MODE], "mode", IN_QUERY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"), \
	INPUT(type, member.values[RANGE_PRESET], "preset", IN_QUERY, FIELD_ENUM, .choices = "7|30|90|365", \
		.doc = "the last days, today (UTC) included; 30 by default, none with from or to"), \
	RANGE_TEXT(type, member, RANGE_FROM, "from", 10, "the first day (UTC), such as 2026-01-31"), \
	RANGE_TEXT(type, member, RANGE_TO, "to", 10, "the last day"), \
	RANGE_TEXT(type, member, RANGE_FLOW, "flow", 36, "only sessions of this flow"), \
	RANGE_TEXT(type, member, RANGE_SEGMENT, "segment", 255, "only this segment"), \
	RANGE_TEXT(type, member, RANGE_PLAN, "plan", 255, "only this plan"), \
	RANGE_TEXT(type, member, RANGE_LANGUAGE, "language", 2, "only this language"), \
	RANGE_TEXT(type, member, RANGE_CURRENCY, "currency", 3, "only this currency"), \
	INPUT(type, member.values[RANGE_COMPARE], "compare", IN_QUERY, FIELD_ENUM, .choices = "yes", .doc = "with as many days before")

struct range {
	struct req *req;
	const char *path;                    /* of the page */
	const char *values[RANGE_PARTS];     /* as given, empty ones NULL, defaults filled in */
	struct measure_scope scope, before;  /* before: as many days that end on the day before */
	int days;
	bool compare;
	const PGresult *choices;             /* after range_view() */
	const char *more;                    /* parameters of the page's own, "&cost=49", which its links keep; "" */
};

/* path: a literal. Days that are none (ERR_INVALID, field from or to) leave the last 30 in range_out. */
enum err range_read(struct req *req, const char *path, const struct range_input *input, struct range *range_out);
/* "/analytics?mode=live&…" with one part in place of what it is (RANGE_PARTS: as it is; value NULL: without it). */
const char *range_link(const struct range *range, const char *path, enum range_part part, const char *value);
/* Adds {range}: what partials/range.mustache and range-form.mustache need, with the choices that there are ({own} in it: further hidden fields);
 * and {hidden}, the URL's parts as names and values for another form. */
enum err range_view(struct range *range, struct lease *lease, struct json_object *view);

/* After range_view(): what people call a value of a dimension; a flow's name, the word for a code, else the value. */
const char *range_label(const struct range *range, const char *dimension, const char *value);
const char *currency_code(struct req *req, const char *currency); /* "EUR" for "eur" */

#endif
