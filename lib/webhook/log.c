#include "webhook/parts.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <string.h>
#include <strings.h>

#define HIDDEN "[hidden]"
#define REPLACEMENT "\xef\xbf\xbd"

const char *log_text(struct ctx *ctx, const char *text, size_t bytes)
{
	struct buffer out = {0};
	const char *kept;

	for (size_t at = 0; at < bytes;) {
		size_t step = text[at] ? utf8_step(text + at, bytes - at) : 0;

		if (out.length + (step ? step : strlen(REPLACEMENT)) > WEBHOOK_LOG_BYTES)
			break;
		buffer_add(&out, step ? text + at : REPLACEMENT, step ? step : strlen(REPLACEMENT));
		at += step ? step : 1;
	}
	kept = arena_memdup(&ctx->arena, out.data ? out.data : "", out.length);
	buffer_free(&out);
	return kept;
}

/* Also what is not known to be one but is named like one. */
static bool secret_like(const char *name, size_t length)
{
	static const char *const WORDS[] = {"auth", "cookie", "key", "secret", "session", "signature", "token", "csrf", "password"};

	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
		size_t word = strlen(WORDS[i]);

		for (size_t at = 0; at + word <= length; at++)
			if (strncasecmp(name + at, WORDS[i], word) == 0)
				return true;
	}
	return false;
}

/* False: it does not fit any more. */
static bool header_add(struct ctx *ctx, struct buffer *out, const char *name, size_t length, const char *value)
{
	const char *clean = log_text(ctx, name, length);
	const char *shown = secret_like(name, length) ? HIDDEN : log_text(ctx, value, strlen(value));

	if (out->length + strlen(clean) + strlen(shown) > WEBHOOK_LOG_BYTES)
		return false;
	buffer_char(out, out->length ? ',' : '{');
	buffer_json(out, clean, strlen(clean));
	buffer_char(out, ':');
	buffer_json(out, shown, strlen(shown));
	return true;
}

static const char *headers_end(struct ctx *ctx, struct buffer *out)
{
	const char *text;

	if (!out->length)
		buffer_char(out, '{');
	buffer_char(out, '}');
	text = arena_memdup(&ctx->arena, out->data, out->length);
	buffer_free(out);
	return text;
}

const char *log_request_headers(struct ctx *ctx, const struct call *call)
{
	struct buffer out = {0};

	for (int i = 0; i < CALL_HEADERS && call->headers[i]; i++) {
		size_t length = strcspn(call->headers[i], ":");
		const char *value = call->headers[i] + length + 1;

		header_add(ctx, &out, call->headers[i], length, value + strspn(value, " "));
	}
	return headers_end(ctx, &out);
}

const char *log_response_headers(struct ctx *ctx, const struct call *call)
{
	struct buffer out = {0};

	for (int i = 0; i < call->response_header_count; i++)
		if (!header_add(ctx, &out, call->response_headers[i].name, strlen(call->response_headers[i].name), call->response_headers[i].value))
			break;
	return headers_end(ctx, &out);
}
