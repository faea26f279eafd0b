/* Flows from outside: files, pasted tables, templates; for the API and for the pages alike. */
#ifndef STOA_RETENTION_FLOW_FILE_H
#define STOA_RETENTION_FLOW_FILE_H

#include "pg/pg.h"
#include "text/json.h"

/* {"flow": document or null, "errors": [{line, column, name, message}], "review"} of a text in a format, "json", "csv" or "table"; nothing
 * is kept. lease as in flow_review(). */
enum err flow_import(struct ctx *ctx, struct lease *lease, const char *org_id, const char *format, const char *text, struct json_object **result_out);

/* A template's document in a language, or in English, under a name. ERR_INVALID: there is no such template. */
enum err flow_template(struct ctx *ctx, const char *template, const char *language, const char *name, struct json_object **document_out);

#endif
