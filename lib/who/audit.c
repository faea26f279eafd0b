#include "who/audit.h"

#include "base/buffer.h"
#include "sql.h"
#include "text/json.h"

#include <arpa/inet.h>
#include <string.h>

#define AGENT_MOST 255

static bool address_valid(const char *text)
{
	uint8_t address[sizeof(struct in6_addr)];

	return text && (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1);
}

const char *audit_address(const char *text)
{
	return address_valid(text) ? text : NULL;
}

const char *audit_agent(struct ctx *ctx, const char *text)
{
	size_t length;

	if (!text)
		return NULL;
	length = strnlen(text, AGENT_MOST);
	while (length && !utf8_valid(text, length))
		length--;
	return arena_memdup(&ctx->arena, text, length);
}

enum err audit_write(struct lease *lease, const struct audit *audit)
{
	struct ctx *ctx = lease->ctx;
	char id[ID_TEXT];
	PGresult *result;

	id_new(id);
	return pg_run(lease, &SQL_WHO_AUDIT,
		PARAMS(audit->org_id, id, audit->actor_kind, audit->actor_id, audit->action, audit->entity, audit->entity_id, audit->before,
			audit->after, audit_address(audit->address), audit_agent(ctx, audit->agent), ctx->id), &result);
}

const char *audit_note(struct ctx *ctx, const char *name, ...)
{
	struct buffer out = {0};
	const char *note;
	va_list args;

	va_start(args, name);
	buffer_char(&out, '{');
	for (const char *separator = ""; name; name = va_arg(args, const char *), separator = ",") {
		const char *value = va_arg(args, const char *);

		buffer_text(&out, separator);
		buffer_json(&out, name, strlen(name));
		buffer_char(&out, ':');
		if (value)
			buffer_json(&out, value, strlen(value));
		else
			buffer_text(&out, "null");
	}
	buffer_char(&out, '}');
	va_end(args);
	note = arena_memdup(&ctx->arena, out.data, out.length);
	buffer_free(&out);
	return note;
}
