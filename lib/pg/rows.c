#include "pg/rows.h"

#include <stdlib.h>
#include <string.h>

/* PostgreSQL's fixed type numbers (catalog pg_type). */
enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_JSON = 114, TYPE_FLOAT4 = 700, TYPE_FLOAT8 = 701,
	TYPE_INT2_ARRAY = 1005, TYPE_INT4_ARRAY = 1007, TYPE_TEXT_ARRAY = 1009, TYPE_VARCHAR_ARRAY = 1015, TYPE_INT8_ARRAY = 1016,
	TYPE_DATE = 1082, TYPE_TIMESTAMPTZ = 1184, TYPE_NUMERIC = 1700, TYPE_UUID = 2950, TYPE_UUID_ARRAY = 2951, TYPE_JSONB = 3802 };

typedef void writer(struct buffer *out, const char *text, size_t length);

static void write_bool(struct buffer *out, const char *text, size_t length)
{
	bool yes = length && text[0] == 't';
	buffer_add(out, yes ? "true" : "false", yes ? 4 : 5);
}

static void write_as_is(struct buffer *out, const char *text, size_t length)
{
	buffer_add(out, text, length);
}

static void write_integer(struct buffer *out, const char *text, size_t length)
{
	buffer_add(out, text, length);
}

/* NaN, Infinity and -Infinity have no form in JSON. */
static void write_real(struct buffer *out, const char *text, size_t length)
{
	char last = length ? text[length - 1] : 'N';
	if (last >= '0' && last <= '9')
		buffer_add(out, text, length);
	else
		buffer_add(out, "null", 4);
}

/* Text that PostgreSQL writes without anything to escape. */
static void write_plain(struct buffer *out, const char *text, size_t length)
{
	buffer_char(out, '"');
	buffer_add(out, text, length);
	buffer_char(out, '"');
}

/* "2026-11-21 08:15:00.123456+00" becomes "2026-11-21T08:15:00.123456Z"; RFC 3339 knows neither infinity nor years before 1. */
static void write_time(struct buffer *out, const char *text, size_t length)
{
	const char *blank = memchr(text, ' ', length);
	char stamp[48];
	if (!blank) {
		buffer_add(out, "null", 4);
		return;
	}
	if (length < sizeof "2026-11-21 08:15:00" || length + 5 > sizeof stamp || text[length - 1] == 'C') {
		buffer_json(out, text, length);
		return;
	}
	stamp[0] = '"';
	memcpy(stamp + 1, text, length);
	stamp[1 + (blank - text)] = 'T';
	size_t end = 1 + length;
	if (text[length - 3] == '+' && text[length - 2] == '0' && text[length - 1] == '0') {
		end -= 3;
		stamp[end++] = 'Z';
	} else if (text[length - 3] == '+' || text[length - 3] == '-') {
		memcpy(stamp + end, ":00", 3);
		end += 3;
	}
	stamp[end++] = '"';
	buffer_add(out, stamp, end);
}

/* One element of an array literal; returns what follows it. */
static const char *write_item(struct buffer *out, const char *at, const char *end, bool numbers)
{
	if (at < end && *at == '"') {
		struct buffer item = {0};
		for (at++; at < end && *at != '"'; at++) {
			if (*at == '\\' && at + 1 < end)
				at++;
			buffer_char(&item, *at);
		}
		buffer_json(out, item.data ? item.data : "", item.length);
		buffer_free(&item);
		return at < end ? at + 1 : end;
	}
	const char *from = at;
	while (at < end && *at != ',' && *at != '}')
		at++;
	size_t length = (size_t)(at - from);
	if (numbers || (length == 4 && !memcmp(from, "NULL", 4)))
		buffer_add(out, numbers && length && *from != 'N' ? from : "null", numbers && length && *from != 'N' ? length : 4);
	else
		buffer_json(out, from, length);
	return at;
}

/* {a,"b c",NULL} and nested ones; "[0:1]={a,b}" when the bounds are unusual. */
static void write_array(struct buffer *out, const char *text, size_t length, bool numbers)
{
	const char *end = text + length;
	const char *at = text;
	if (at < end && *at == '[') {
		at = memchr(text, '=', length);
		at = at ? at + 1 : end;
	}
	if (at >= end || *at != '{') {
		buffer_add(out, "null", 4);
		return;
	}
	int depth = 0;
	bool expected = true; /* a value comes next */
	for (; at < end; at++) {
		if (expected && *at == '{') {
			buffer_char(out, '[');
			depth++;
			expected = at + 1 >= end || at[1] != '}';
		} else if (expected) {
			at = write_item(out, at, end, numbers) - 1;
			expected = false;
		} else if (*at == '}' && depth > 0) {
			buffer_char(out, ']');
			depth--;
		} else if (*at == ',' && depth > 0) {
			buffer_char(out, ',');
			expected = true;
		} else {
			break;
		}
	}
	if (expected)
		buffer_add(out, "null", 4);
	for (; depth > 0; depth--)
		buffer_char(out, ']');
}

static void write_texts(struct buffer *out, const char *text, size_t length)
{
	write_array(out, text, length, false);
}

static void write_numbers(struct buffer *out, const char *text, size_t length)
{
	write_array(out, text, length, true);
}

static const struct {
	Oid type;
	writer *write;
	const char *schema, *format;
} TYPES[] = {
	{TYPE_BOOL, write_bool, "boolean", NULL},
	{TYPE_INT2, write_integer, "integer", NULL},
	{TYPE_INT4, write_integer, "integer", NULL},
	{TYPE_INT8, write_integer, "integer", NULL},
	{TYPE_FLOAT4, write_real, "number", NULL},
	{TYPE_FLOAT8, write_real, "number", NULL},
	{TYPE_NUMERIC, write_real, "number", NULL},
	{TYPE_JSON, write_as_is, "object", NULL},
	{TYPE_JSONB, write_as_is, "object", NULL},
	{TYPE_UUID, write_plain, "string", "uuid"},
	{TYPE_TIMESTAMPTZ, write_time, "string", "date-time"},
	{TYPE_DATE, write_plain, "string", "date"},
	{TYPE_TEXT_ARRAY, write_texts, "array", NULL},
	{TYPE_VARCHAR_ARRAY, write_texts, "array", NULL},
	{TYPE_UUID_ARRAY, write_texts, "array", NULL},
	{TYPE_INT2_ARRAY, write_numbers, "array", NULL},
	{TYPE_INT4_ARRAY, write_numbers, "array", NULL},
	{TYPE_INT8_ARRAY, write_numbers, "array", NULL},
};
#define TYPE_COUNT (sizeof TYPES / sizeof *TYPES)

static writer *writer_of(Oid type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (TYPES[i].type == type)
			return TYPES[i].write;
	}
	return buffer_json;
}

const char *rows_type(Oid type, const char **format_out)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (TYPES[i].type == type) {
			*format_out = TYPES[i].format;
			return TYPES[i].schema;
		}
	}
	*format_out = NULL;
	return "string";
}

#define COLUMNS 64

/* What precedes a column's value is the same in every row: `,"name":` is made once. */
struct columns {
	struct buffer text;
	int count;
	size_t starts[COLUMNS + 1];
	writer *writers[COLUMNS];
};

static void columns_make(struct columns *columns, const PGresult *result)
{
	*columns = (struct columns){0};
	columns->count = PQnfields(result) < COLUMNS ? PQnfields(result) : COLUMNS;
	for (int i = 0; i < columns->count; i++) {
		const char *name = PQfname(result, i);
		columns->starts[i] = columns->text.length;
		buffer_char(&columns->text, i ? ',' : '{');
		buffer_json(&columns->text, name, strlen(name));
		buffer_char(&columns->text, ':');
		columns->writers[i] = writer_of(PQftype(result, i));
	}
	columns->starts[columns->count] = columns->text.length;
}

static void write_row(struct buffer *out, const struct columns *columns, const PGresult *result, int row)
{
	if (!columns->count)
		buffer_char(out, '{');
	for (int i = 0; i < columns->count; i++) {
		buffer_add(out, columns->text.data + columns->starts[i], columns->starts[i + 1] - columns->starts[i]);
		if (PQgetisnull(result, row, i))
			buffer_add(out, "null", 4);
		else
			columns->writers[i](out, PQgetvalue(result, row, i), (size_t)PQgetlength(result, row, i));
	}
	buffer_char(out, '}');
}

void rows_object(struct buffer *out, const PGresult *result, int row)
{
	struct columns columns;
	columns_make(&columns, result);
	write_row(out, &columns, result, row);
	buffer_free(&columns.text);
}

void rows_array(struct buffer *out, const PGresult *result, int first, int count)
{
	struct columns columns;
	columns_make(&columns, result);
	int end = first + count < PQntuples(result) ? first + count : PQntuples(result);
	buffer_char(out, '[');
	for (int row = first; row < end; row++) {
		if (row > first)
			buffer_char(out, ',');
		write_row(out, &columns, result, row);
	}
	buffer_char(out, ']');
	buffer_free(&columns.text);
}

static bool for_reading_on(const PGresult *result, int column)
{
	return !strcmp(PQfname(result, column), "cursor");
}

void rows_csv_head(struct buffer *out, const PGresult *result)
{
	bool first = true;
	for (int column = 0; column < PQnfields(result); column++) {
		if (for_reading_on(result, column))
			continue;
		buffer_printf(out, "%s%s", first ? "" : ",", PQfname(result, column));
		first = false;
	}
	buffer_text(out, "\r\n");
}

static void csv_value(struct buffer *out, const PGresult *result, int row, int column)
{
	writer *write = writer_of(PQftype(result, column));
	const char *text = PQgetvalue(result, row, column);
	if (PQgetisnull(result, row, column))
		return;
	if (write == write_bool || write == write_time || write == write_integer || write == write_real)
		write(out, text, (size_t)PQgetlength(result, row, column));
	else
		buffer_csv(out, text);
}

void rows_csv(struct buffer *out, const PGresult *result, int row)
{
	bool first = true;
	for (int column = 0; column < PQnfields(result); column++) {
		if (for_reading_on(result, column))
			continue;
		if (!first)
			buffer_char(out, ',');
		csv_value(out, result, row, column);
		first = false;
	}
	buffer_text(out, "\r\n");
}
