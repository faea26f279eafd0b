/* Links to unsubscribe: what is read back is what was made; nothing else is accepted. */
#include "mail/outbox.h"
#include "who/secret.h"

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

/* The input split at its first line feed is kind and address of a token that must return. */
static void check_round(struct ctx *ctx, const char *text)
{
	struct mail_unsubscribe read, from = {0};
	char *copy = arena_strdup(&ctx->arena, text), *line = strchr(copy, '\n');

	id_new(from.org_id);
	if (line)
		*line++ = '\0';
	from.kind = copy;
	from.address = line ? line : "";
	if (!*from.address || strlen(from.kind) > 60 || strlen(from.address) > 254)
		return;
	if (mail_unsubscribe_read(ctx, mail_unsubscribe_make(ctx, &from), &read) != OK || strcmp(read.kind, from.kind) != 0 ||
		strcmp(read.address, from.address) != 0 || strcmp(read.org_id, from.org_id) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail_unsubscribe read;
	struct ctx ctx;
	char *text;

	house_key();
	ctx_init(&ctx);
	text = arena_memdup(&ctx.arena, data, size);
	/* Nobody guesses 256 bits. */
	if (mail_unsubscribe_read(&ctx, text, &read) == OK)
		abort();
	ctx_forgive(&ctx);
	check_round(&ctx, text);
	ctx_free(&ctx);
	return 0;
}
