#include "text/json.h"

#include "base/utf8.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* json-c builds the tree, but it lets through more than RFC 8259 (NaN, repeated names, lone surrogates, integers
 * beyond 64 bits), so the text is checked first. */
struct scan {
	const char *text;
	size_t bytes;
	size_t at;
	int depth;        /* levels still allowed */
	size_t members;   /* of all objects */
	const char *fault;
};

static bool scan_value(struct scan *scan);

static bool scan_refuse(struct scan *scan, const char *fault)
{
	if (!scan->fault)
		scan->fault = fault;
	return false;
}

/* The next byte, or -1 at the end. */
static int scan_peek(const struct scan *scan)
{
	return scan->at < scan->bytes ? (unsigned char)scan->text[scan->at] : -1;
}

static void scan_space(struct scan *scan)
{
	int c;

	while ((c = scan_peek(scan)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		scan->at++;
}

static bool scan_take(struct scan *scan, char wanted)
{
	if (scan_peek(scan) != wanted)
		return false;
	scan->at++;
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if (scan->bytes - scan->at < length || memcmp(scan->text + scan->at, word, length))
		return scan_refuse(scan, "a value is expected");
	scan->at += length;
	return true;
}

/* Four hex digits behind \u; -1 when they are not there. */
static int scan_hex4(struct scan *scan)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int c = scan_peek(scan);
		int lower = c | 0x20;

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (lower >= 'a' && lower <= 'f')
			value = value * 16 + lower - 'a' + 10;
		else
			return -1;
		scan->at++;
	}
	return value;
}

static bool scan_unicode(struct scan *scan)
{
	int code = scan_hex4(scan);

	if (code < 0)
		return scan_refuse(scan, "\\u needs four hexadecimal digits");
	if (!code)
		return scan_refuse(scan, "\\u0000 is not accepted");
	if (code < 0xd800 || code > 0xdfff)
		return true;
	if (code < 0xdc00 && scan_take(scan, '\\') && scan_take(scan, 'u')) {
		code = scan_hex4(scan);
		if (code >= 0xdc00 && code <= 0xdfff)
			return true;
	}
	return scan_refuse(scan, "half a surrogate pair");
}

static bool scan_string(struct scan *scan)
{
	scan->at++;
	while (scan->at < scan->bytes) {
		unsigned char c = (unsigned char)scan->text[scan->at];
		size_t step = 1;

		if (c == '"') {
			scan->at++;
			return true;
		}
		if (c < 0x20)
			return scan_refuse(scan, "a control character in a string");
		if (c == '\\') {
			scan->at++;
			c = (unsigned char)scan_peek(scan);
			if (scan->at == scan->bytes || !strchr("\"\\/bfnrtu", c) || !c)
				return scan_refuse(scan, "an unknown escape");
			scan->at++;
			if (c == 'u' && !scan_unicode(scan))
				return false;
			continue;
		}
		if (c >= 0x80)
			step = utf8_step(scan->text + scan->at, scan->bytes - scan->at);
		if (!step)
			return scan_refuse(scan, "not UTF-8");
		scan->at += step;
	}
	return scan_refuse(scan, "a string has no end");
}

static size_t scan_digits(struct scan *scan)
{
	size_t from = scan->at;
	int c;

	while ((c = scan_peek(scan)) >= '0' && c <= '9')
		scan->at++;
	return scan->at - from;
}

static bool integer_fits(const char *text, size_t bytes)
{
	bool negative = text[0] == '-';
	int64_t value = 0;

	for (size_t i = negative; i < bytes; i++) {
		int digit = text[i] - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	return true;
}

static bool scan_number(struct scan *scan)
{
	size_t from = scan->at;
	bool whole = true;

	scan_take(scan, '-');
	if (!scan_take(scan, '0') && !scan_digits(scan))
		return scan_refuse(scan, "a digit is expected");
	if (scan_take(scan, '.')) {
		whole = false;
		if (!scan_digits(scan))
			return scan_refuse(scan, "a digit is expected");
	}
	if (scan_take(scan, 'e') || scan_take(scan, 'E')) {
		whole = false;
		if (!scan_take(scan, '+'))
			scan_take(scan, '-');
		if (!scan_digits(scan))
			return scan_refuse(scan, "a digit is expected");
	}
	if (whole && !integer_fits(scan->text + from, scan->at - from))
		return scan_refuse(scan, "a whole number beyond 64 bits");
	return true;
}

static bool scan_member(struct scan *scan)
{
	scan_space(scan);
	if (scan_peek(scan) != '"')
		return scan_refuse(scan, "a member name is expected");
	if (!scan_string(scan))
		return false;
	scan->members++;
	scan_space(scan);
	if (!scan_take(scan, ':'))
		return scan_refuse(scan, "a colon is expected");
	return scan_value(scan);
}

static bool scan_list(struct scan *scan, bool (*item)(struct scan *), char end)
{
	scan->at++;
	if (scan->depth-- == 0)
		return scan_refuse(scan, "nested too deeply");
	scan_space(scan);
	if (!scan_take(scan, end)) {
		do {
			if (!item(scan))
				return false;
			scan_space(scan);
		} while (scan_take(scan, ','));
		if (!scan_take(scan, end))
			return scan_refuse(scan, end == '}' ? "a comma or } is expected" : "a comma or ] is expected");
	}
	scan->depth++;
	return true;
}

static bool scan_value(struct scan *scan)
{
	int c;

	scan_space(scan);
	c = scan_peek(scan);
	if (c == '{')
		return scan_list(scan, scan_member, '}');
	if (c == '[')
		return scan_list(scan, scan_value, ']');
	if (c == '"')
		return scan_string(scan);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(scan);
	return scan_word(scan, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

static bool scan_text(struct scan *scan)
{
	if (!scan_value(scan))
		return false;
	scan_space(scan);
	return scan->at == scan->bytes || scan_refuse(scan, "nothing may follow the value");
}

/* Members of all objects below value; finite turns false when a number is out of range. */
static size_t tree_members(struct json_object *value, bool *finite)
{
	size_t count = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			(void)name;
			count += 1 + tree_members(member, finite);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			count += tree_members(json_object_array_get_idx(value, i), finite);
	} else if (json_object_is_type(value, json_type_double)) {
		*finite = *finite && isfinite(json_object_get_double(value));
	}
	return count;
}

static enum err tree_build(struct ctx *ctx, const char *text, size_t bytes, int depth, struct json_object **value_out)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth + 2);
	enum json_tokener_error error;

	if (!tokener)
		return fail(ctx, ERR_INTERNAL, "Out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*value_out = json_own(ctx, json_tokener_parse_ex(tokener, text, (int)bytes));
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) { /* a number that ends the text: only a NUL tells json-c so */
		*value_out = json_own(ctx, json_tokener_parse_ex(tokener, "", 1));
		error = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return fail(ctx, ERR_BAD_INPUT, "JSON: %s", json_tokener_error_desc(error));
	return OK;
}

enum err json_read(struct ctx *ctx, const char *text, size_t bytes, int depth, struct json_object **value_out)
{
	struct scan scan = {.text = text, .bytes = bytes, .depth = depth};
	bool finite = true;

	*value_out = NULL;
	if (bytes > INT_MAX)
		return fail(ctx, ERR_TOO_LARGE, "JSON: larger than 2 GiB");
	if (!scan_text(&scan))
		return fail(ctx, ERR_BAD_INPUT, "JSON, byte %zu: %s", scan.at, scan.fault);
	TRY(tree_build(ctx, text, bytes, depth, value_out));
	if (tree_members(*value_out, &finite) != scan.members)
		return fail(ctx, ERR_BAD_INPUT, "JSON: a member name occurs twice in one object");
	if (!finite)
		return fail(ctx, ERR_BAD_INPUT, "JSON: a number is out of range");
	return OK;
}

static void json_release(void *root)
{
	json_object_put(root);
}

struct json_object *json_own(struct ctx *ctx, struct json_object *root)
{
	if (root)
		arena_defer(&ctx->arena, json_release, root);
	return root;
}

/* The shortest decimal form that reads back as the same double; it keeps its point, so it stays a double. */
static void write_double(struct buffer *out, double value)
{
	char text[32];
	int length = 0;

	if (!isfinite(value)) {
		buffer_text(out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		double again;

		length = snprintf(text, sizeof text, "%.*g", digits, value);
		if (sscanf(text, "%lf", &again) == 1 && again == value)
			break;
	}
	buffer_add(out, text, (size_t)length);
	if (!strpbrk(text, ".e"))
		buffer_add(out, ".0", 2);
}

static void write_object(struct buffer *out, struct json_object *object)
{
	bool first = true;

	buffer_char(out, '{');
	json_object_object_foreach(object, name, member) {
		if (!first)
			buffer_char(out, ',');
		first = false;
		buffer_json(out, name, strlen(name));
		buffer_char(out, ':');
		json_write(out, member);
	}
	buffer_char(out, '}');
}

static void write_array(struct buffer *out, struct json_object *array)
{
	size_t count = json_object_array_length(array);

	buffer_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_char(out, ',');
		json_write(out, json_object_array_get_idx(array, i));
	}
	buffer_char(out, ']');
}

void json_write(struct buffer *out, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		buffer_text(out, "null");
		break;
	case json_type_boolean:
		buffer_text(out, json_object_get_boolean(value) ? "true" : "false");
		break;
	case json_type_double:
		write_double(out, json_object_get_double(value));
		break;
	case json_type_int:
		buffer_int(out, json_object_get_int64(value));
		break;
	case json_type_object:
		write_object(out, value);
		break;
	case json_type_array:
		write_array(out, value);
		break;
	case json_type_string:
		buffer_json(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
		break;
	}
}

static struct json_object *member_typed(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *member;

	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &member))
		return NULL;
	return json_object_is_type(member, type) ? member : NULL;
}

const char *json_text(struct json_object *object, const char *name, const char *fallback)
{
	struct json_object *member = member_typed(object, name, json_type_string);

	return member ? json_object_get_string(member) : fallback;
}

int64_t json_int(struct json_object *object, const char *name, int64_t fallback)
{
	struct json_object *member = member_typed(object, name, json_type_int);

	return member ? json_object_get_int64(member) : fallback;
}

bool json_flag(struct json_object *object, const char *name, bool fallback)
{
	struct json_object *member = member_typed(object, name, json_type_boolean);

	return member ? json_object_get_boolean(member) : fallback;
}
