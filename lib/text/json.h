/* JSON in and out. json-c reads input and builds replies that are not rows; rows have pg/rows.h. */
#ifndef STOA_TEXT_JSON_H
#define STOA_TEXT_JSON_H

#include "base/buffer.h"
#include "base/context.h"
#include "base/utf8.h"

#include <json-c/json.h>

#define JSON_DEPTH 16 /* deepest nesting accepted from outside */

/* Reads exactly one JSON value (RFC 8259), strictly: UTF-8 only, no NUL (also not as \u0000), no half surrogate pair,
 * no repeated member names at any level, no trailing bytes, whole numbers within 64 bits signed, at most `depth`
 * levels of arrays and objects. ERR_BAD_INPUT says what and (but for a repeated name) at which byte. The value
 * belongs to ctx (released at reset); null reads as NULL. */
enum err json_read(struct ctx *ctx, const char *text, size_t bytes, int depth, struct json_object **value_out);

/* Hands root to ctx, which releases it at reset; returns it. To add it to another value, json_object_get() it first;
 * or build bottom up with plain json-c and hand over the root only. */
struct json_object *json_own(struct ctx *ctx, struct json_object *root);

/* Serialises compactly. Strings that are not UTF-8 are mended with U+FFFD; a double that is not finite becomes null. */
void json_write(struct buffer *out, struct json_object *value);

/* Member as text / integer / boolean, or the fallback when absent or of another type. */
const char *json_text(struct json_object *object, const char *name, const char *fallback);
int64_t json_int(struct json_object *object, const char *name, int64_t fallback);
bool json_flag(struct json_object *object, const char *name, bool fallback);

#endif
