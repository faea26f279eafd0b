#include "pg/pg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INT_TEXT 21 /* "-9223372036854775808" and a NUL */

const char *pg_int(struct ctx *ctx, int64_t value)
{
	char digits[INT_TEXT];
	char *at = digits + sizeof digits;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	*--at = 0;
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	return arena_memdup(&ctx->arena, at, (size_t)(digits + sizeof digits - 1 - at));
}

const char *pg_bool(bool value)
{
	return value ? "t" : "f";
}

const char *pg_bytes(struct ctx *ctx, const void *data, size_t bytes)
{
	static const char HEX[] = "0123456789abcdef";
	const uint8_t *from = data;
	char *text = arena_alloc(&ctx->arena, 2 * bytes + 3);
	char *at = text;
	*at++ = '\\';
	*at++ = 'x';
	for (size_t i = 0; i < bytes; i++) {
		*at++ = HEX[from[i] >> 4];
		*at++ = HEX[from[i] & 15];
	}
	*at = 0;
	return text;
}

const char *pg_array(struct ctx *ctx, const char *const *items, int count)
{
	size_t most = 3;
	for (int i = 0; i < count; i++)
		most += items[i] ? 2 * strlen(items[i]) + 3 : sizeof "NULL,";
	char *text = arena_alloc(&ctx->arena, most);
	char *at = text;
	*at++ = '{';
	for (int i = 0; i < count; i++) {
		if (i)
			*at++ = ',';
		if (!items[i]) {
			memcpy(at, "NULL", 4);
			at += 4;
			continue;
		}
		*at++ = '"';
		for (const char *from = items[i]; *from; from++) {
			if (*from == '"' || *from == '\\')
				*at++ = '\\';
			*at++ = *from;
		}
		*at++ = '"';
	}
	*at++ = '}';
	*at = 0;
	return text;
}

/* PQfnumber() would copy and fold the name at every call. */
static int column_of(const PGresult *result, const char *name)
{
	int count = PQnfields(result);
	for (int i = 0; i < count; i++) {
		if (!strcmp(PQfname(result, i), name))
			return i;
	}
	return -1;
}

static const char *value_of(const PGresult *result, int row, const char *name, int *length_out)
{
	int column = column_of(result, name);
	if (column < 0 || row < 0 || row >= PQntuples(result) || PQgetisnull(result, row, column))
		return NULL;
	*length_out = PQgetlength(result, row, column);
	return PQgetvalue(result, row, column);
}

const char *pg_text(const PGresult *result, int row, const char *column)
{
	int length;
	return value_of(result, row, column, &length);
}

int64_t pg_number(const PGresult *result, int row, const char *column, int64_t fallback)
{
	const char *text = pg_text(result, row, column);
	if (!text)
		return fallback;
	char *end;
	errno = 0;
	int64_t value = strtoll(text, &end, 10);
	return errno || end == text || *end ? fallback : value;
}

bool pg_true(const PGresult *result, int row, const char *column)
{
	const char *text = pg_text(result, row, column);
	return text && text[0] == 't' && !text[1];
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool pg_data(struct ctx *ctx, const PGresult *result, int row, const char *column, const uint8_t **data_out, size_t *bytes_out)
{
	int length;
	const char *text = value_of(result, row, column, &length);
	if (!text || length < 2 || length % 2 || text[0] != '\\' || text[1] != 'x')
		return false;
	size_t bytes = (size_t)(length - 2) / 2;
	uint8_t *data = arena_alloc(&ctx->arena, bytes + 1);
	for (size_t i = 0; i < bytes; i++) {
		int high = nibble(text[2 + 2 * i]), low = nibble(text[3 + 2 * i]);
		if (high < 0 || low < 0)
			return false;
		data[i] = (uint8_t)(high << 4 | low);
	}
	*data_out = data;
	*bytes_out = bytes;
	return true;
}
