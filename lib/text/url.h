/* URL-encoded pairs, cookies and URLs. */
#ifndef STOA_TEXT_URL_H
#define STOA_TEXT_URL_H

#include "base/context.h"

struct pair {
	const char *name;
	const char *value;
	size_t value_length;
};

struct pairs {
	struct pair *items;
	int count;
};

#define URL_PAIRS 64 /* most pairs of one query or form */

/* application/x-www-form-urlencoded, from a query string or a body. ERR_BAD_INPUT: bad escape, bad UTF-8, NUL byte,
 * more than URL_PAIRS pairs. Repeated names are kept: the caller decides. Memory of ctx. */
enum err url_pairs(struct ctx *ctx, const char *text, size_t bytes, struct pairs *pairs_out);

/* Percent-decodes a path segment. ERR_BAD_INPUT as above, and for an encoded '/'. */
enum err url_decode(struct ctx *ctx, const char *text, size_t bytes, const char **text_out);

/* Value of a cookie by name in a Cookie header (RFC 6265, section 4.2), or NULL; also NULL when the name occurs
 * twice. Memory of ctx. */
const char *cookie_find(struct ctx *ctx, const char *header, const char *name);

/* First value in pairs, or NULL. */
const char *pairs_find(const struct pairs *pairs, const char *name);

/* "https://shop.example" from an Origin header or configuration, lower-cased, default port removed; false when it
 * is not scheme://host[:port] with http or https. */
bool origin_normal(const char *text, char out[264]);

#endif
