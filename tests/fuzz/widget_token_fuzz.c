/* Session tokens: what is read back is what was made; nothing else is accepted. */
#include "retention/retention.h"
#include "who/secret.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void house_key(void)
{
	static bool ready;
	char path[64], message[256];

	if (ready)
		return;
	snprintf(path, sizeof path, "/tmp/stoa-fuzz-key-%d", (int)getpid());
	conf_add(SECRET_CONF);
	setenv("STOA_SECRET_KEY_FILE", path, 1);
	if (!conf_load("/dev/null", message) || !secret_create(path, message) || !secret_open(message))
		abort();
	unlink(path);
	ready = true;
}

/* The input split at its first line feed is customer and subscription of a token that must return. */
static void check_round(struct ctx *ctx, const char *text)
{
	struct widget_token read, token = {.live = text[0] & 1, .cancel_at_stripe = text[0] & 2, .flow_version = (int)strlen(text),
		.expires_s = clock_wall_s() + 60};
	char *copy = arena_strdup(&ctx->arena, text), *line = strchr(copy, '\n');

	id_new(token.org_id);
	id_new(token.key_id);
	id_new(token.session_id);
	id_new(token.flow_id);
	if (line)
		*line++ = '\0';
	token.customer = copy;
	token.subscription = line ? line : "";
	if (strlen(token.customer) > 1024 || strlen(token.subscription) > 1024)
		return;
	if (widget_token_read(ctx, widget_token_make(ctx, &token), &read) != OK || strcmp(read.customer, token.customer) != 0 ||
		strcmp(read.subscription, token.subscription) != 0 || strcmp(read.session_id, token.session_id) != 0 || read.live != token.live)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct widget_token token;
	struct ctx ctx;
	char *text;

	house_key();
	ctx_init(&ctx);
	text = arena_memdup(&ctx.arena, data, size);
	/* Nobody guesses 256 bits. */
	if (widget_token_read(&ctx, text, &token) == OK)
		abort();
	ctx_forgive(&ctx);
	check_round(&ctx, text);
	ctx_free(&ctx);
	return 0;
}
