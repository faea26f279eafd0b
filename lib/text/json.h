/* JSON in and out. json-c reads input and builds replies that are not rows; rows have text/rows in pg. */
#ifndef STOA_TEXT_JSON_H
#define STOA_TEXT_JSON_H

#include "base/buffer.h"
#include "base/context.h"

#include <json-c/json.h>

#define JSON_DEPTH 16 /* deepest nesting accepted from outside */

/* Reads exactly one JSON value (RFC 8259), strictly: UTF-8 only, no NUL, no comments, no trailing bytes, no
 * repeated member names at any level, at most `depth` levels. ERR_BAD_INPUT says what and at which byte. The
 * value belongs to ctx (released at reset). */
enum err json_read(struct ctx *ctx, const char *text, size_t bytes, int depth, struct json_object **value_out);

/* A new object or array owned by ctx. Adding it to another value: json_object_get() it first, or build bottom up
 * with plain json-c and hand only the root to json_own(). */
struct json_object *json_own(struct ctx *ctx, struct json_object *root);

/* Serialises compactly. */
void json_write(struct buffer *out, struct json_object *value);

/* Member as text / integer / boolean, or the fallback when absent or of another type. */
const char *json_text(struct json_object *object, const char *name, const char *fallback);
int64_t json_int(struct json_object *object, const char *name, int64_t fallback);
bool json_flag(struct json_object *object, const char *name, bool fallback);

/* Valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool utf8_valid(const char *text, size_t bytes);
/* Code points in valid UTF-8. */
size_t utf8_length(const char *text, size_t bytes);

#endif
