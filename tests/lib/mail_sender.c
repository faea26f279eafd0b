/* Reads JSON lines {"to", "toName", "subject", "text", "html", "id", "replyTo", "unsubscribe", "test", "attachments": [{"name", "type",
 * "data" (base64)}]} and sends each to mail.url; answers {"error", "code", "verb", "badAddress"}: how mail_parse.mjs reaches the
 * composer. */
#include "mail/mail.h"
#include "text/json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void attach(struct ctx *ctx, struct json_object *list, struct mail *mail)
{
	size_t count = list ? json_object_array_length(list) : 0;
	struct mail_attachment *parts = arena_array(&ctx->arena, count + 1, sizeof *parts);

	for (size_t i = 0; i < count; i++) {
		struct json_object *part = json_object_array_get_idx(list, i);
		const char *data = json_text(part, "data", "");
		size_t room = strlen(data) + 1;
		unsigned char *bytes = arena_alloc(&ctx->arena, room);

		parts[i] = (struct mail_attachment){.name = json_text(part, "name", ""), .type = json_text(part, "type", ""), .data = bytes};
		if (sodium_base642bin(bytes, room, data, room - 1, NULL, &parts[i].bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
			exit(1);
	}
	mail->attachments = parts;
	mail->attachment_count = (int)count;
}

static void mail_one(struct ctx *ctx, struct json_object *one)
{
	struct mail_reply reply;
	struct mail mail = {.to = json_text(one, "to", ""), .to_name = json_text(one, "toName", NULL),
		.subject = json_text(one, "subject", ""), .text = json_text(one, "text", ""), .html = json_text(one, "html", NULL),
		.id = json_text(one, "id", ""), .reply_to = json_text(one, "replyTo", NULL),
		.unsubscribe = json_text(one, "unsubscribe", NULL), .live = !json_flag(one, "test", false)};

	attach(ctx, json_object_object_get(one, "attachments"), &mail);
	enum err err = mail_send(ctx, &mail, &reply);
	printf("{\"error\":\"%s\",\"code\":%d,\"verb\":\"%s\",\"badAddress\":%s}\n", err == OK ? "" : error_code(err), reply.code, reply.verb,
		reply.bad_address ? "true" : "false");
}

int main(void)
{
	char message[256], *line = NULL;
	size_t room = 0;
	ssize_t length;
	struct ctx ctx;

	conf_add(MAIL_CONF);
	if (!conf_load("/dev/null", message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	ctx_init(&ctx);
	while ((length = getline(&line, &room, stdin)) > 0) {
		struct json_object *one;

		ctx_reset(&ctx);
		if (json_read(&ctx, line, (size_t)length - 1, JSON_DEPTH, &one) != OK)
			return 1;
		mail_one(&ctx, one);
		fflush(stdout);
	}
	ctx_free(&ctx);
	free(line);
	return 0;
}
