/* Pairs, path segments, cookies and origins; what is accepted survives encoding and decoding. */
#include "base/buffer.h"
#include "base/utf8.h"
#include "text/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pairs(struct ctx *ctx, const char *text, size_t bytes)
{
	struct pairs pairs, again;
	struct buffer out = {0};

	if (url_pairs(ctx, text, bytes, &pairs) != OK)
		return;
	for (int i = 0; i < pairs.count; i++) {
		buffer_url(&out, pairs.items[i].name, strlen(pairs.items[i].name));
		buffer_char(&out, '=');
		buffer_url(&out, pairs.items[i].value, pairs.items[i].value_length);
		buffer_char(&out, '&');
	}
	if (url_pairs(ctx, out.data, out.length, &again) != OK || again.count != pairs.count)
		abort();
	for (int i = 0; i < pairs.count; i++)
		if (strcmp(pairs.items[i].name, again.items[i].name) || strcmp(pairs.items[i].value, again.items[i].value))
			abort();
	buffer_free(&out);
}

static void check_segment(struct ctx *ctx, const char *text, size_t bytes)
{
	const char *decoded;

	if (url_decode(ctx, text, bytes, &decoded) == OK && (!utf8_valid(decoded, strlen(decoded)) || strchr(decoded, '/')))
		abort();
}

static void check_origin(const char *text)
{
	char once[264], twice[264];

	if (origin_normal(text, once) && (!origin_normal(once, twice) || strcmp(once, twice)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx ctx;
	char *text;
	const char *cookie;

	ctx_init(&ctx);
	check_pairs(&ctx, (const char *)data, size);
	check_segment(&ctx, (const char *)data, size);
	text = arena_memdup(&ctx.arena, data, size);
	check_origin(text);
	cookie = cookie_find(&ctx, text, "sid");
	if (cookie && strlen(cookie) > size)
		abort();
	ctx_free(&ctx);
	return 0;
}
