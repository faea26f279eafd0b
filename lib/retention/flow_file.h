/* Flows from outside: files, pasted tables, templates; for the API and for the pages alike. */
#ifndef STOA_RETENTION_FLOW_FILE_H
#define STOA_RETENTION_FLOW_FILE_H

#include "base/buffer.h"
#include "pg/pg.h"
#include "text/json.h"

/* Formats of a text from outside. JSON is a document, or its steps alone. CSV (RFC 4180, separated by comma or semicolon) and a table (by
 * tabs, as spreadsheets copy it) have a line of column names and then a line a step, with a line a translation under it:
 *
 *     step, language, type, title, message, buttonText, placeholder, options, percentage, duration, months, coupon, plan, price, amountMinor,
 *     currency, days, url, email, allowText, required, when, flow.name, flow.segment, flow.segmentId, flow.plan, flow.region,
 *     flow.rankingScore, flow.cancelAt
 *
 * in any order; only type, title and message are needed. A line without a type holds the texts of the step above in its language. options
 * has a line each, "too_expensive: It is too expensive"; months are separated by spaces; when is JSON; what begins with flow. stands in the
 * first line. A cell that a spreadsheet would take for a formula has an apostrophe in front, as buffer_csv() writes it. Nothing is ever
 * fetched from an address. */
#define FLOW_TABLE_ROWS 1000
#define FLOW_TABLE_COLUMNS 64
#define FLOW_FILE_ERRORS 100 /* reported at most */

/* {"flow": document or null, "errors": [{"line", "column", "name", "message"}], "review": review or null} of a text in a format, "json", "csv" or
 * "table"; nothing is kept. line and column count from 1, column by cells in a table and by bytes in JSON, and are null where a place is
 * not known; name is the column's or the field's. With an error flow and review are null. lease as in flow_review(). */
enum err flow_import(struct ctx *ctx, struct lease *lease, const char *org_id, const char *format, const char *text, struct json_object **result_out);

/* A document that is of the form, as a file that flow_import() reads back to the same document. */
void flow_csv(struct json_object *document, struct buffer *out);
void flow_json(struct json_object *document, struct buffer *out);

/* A template's document in a language, or in English where it has none in that one, under a name (NULL: its own). ERR_INVALID: there is no
 * such template. A support step needs an address before the flow can be published. */
enum err flow_template(struct ctx *ctx, const char *template, const char *language, const char *name, struct json_object **document_out);
/* [{"template", "name", "languages", "steps": types}] of all; belongs to ctx. */
struct json_object *flow_templates(struct ctx *ctx);

#endif
