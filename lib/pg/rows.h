/* A result set as JSON by column name and type, without a line of code an endpoint (design, "JSON").
 *
 * bool -> true/false; int2, int4 -> number; int8 -> number (values past 2^53 as a string would break clients: columns
 * hold minor units and counts, which stay below); float, numeric -> number (NaN and infinities -> null); json, jsonb ->
 * as they are; text[] -> array of strings; timestamptz -> RFC 3339 UTC; everything else -> string; null -> null. */
#ifndef STOA_PG_ROWS_H
#define STOA_PG_ROWS_H

#include "base/buffer.h"

#include <libpq-fe.h>

/* One object. */
void rows_object(struct buffer *out, const PGresult *result, int row);
/* An array of objects, rows [first, first + count). */
void rows_array(struct buffer *out, const PGresult *result, int first, int count);
/* CSV (RFC 4180): a line of the columns' names, and one of a row. Numbers and booleans as they are, times as RFC 3339 UTC, null as nothing,
 * everything else as buffer_csv(). A column "cursor" is left out: it is for reading on. */
void rows_csv_head(struct buffer *out, const PGresult *result);
void rows_csv(struct buffer *out, const PGresult *result, int row);
/* The JSON Schema type of a column's type: "string", "integer", "number", "boolean", "array", "object" (json), and the
 * format ("uuid", "date-time") or NULL. */
const char *rows_type(Oid type, const char **format_out);

#endif
