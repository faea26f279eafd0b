#include "retention/consent.h"

#include "base/clock.h"
#include "sql.h"
#include "who/secret.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void consent_customer(struct ctx *ctx, const char *org_id, bool live, const char *customer, uint8_t hash_out[CONSENT_HASH_BYTES])
{
	const char *text = arena_printf(&ctx->arena, "customer\n%s\n%s\n%s", org_id, live ? "live" : "test", customer);

	secret_mac(SECRET_CONSENT, text, strlen(text), hash_out);
}

static void hex_add(struct buffer *out, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%02x", bytes[i]);
}

const char *consent_pseudonym(struct ctx *ctx, const char *org_id, bool live, const char *customer)
{
	uint8_t hash[CONSENT_HASH_BYTES];
	struct buffer text = {0};
	const char *pseudonym;

	consent_customer(ctx, org_id, live, customer, hash);
	buffer_text(&text, "erased-");
	hex_add(&text, hash, 16);
	pseudonym = arena_memdup(&ctx->arena, text.data, text.length);
	buffer_free(&text);
	return pseudonym;
}

static void document_make(const struct consent *consent, const char *at, const uint8_t hash[CONSENT_HASH_BYTES], struct buffer *out)
{
	buffer_printf(out, "{\"session\":\"%s\",\"at\":\"%s\",\"customer\":\"", consent->session_id, at);
	hex_add(out, hash, CONSENT_HASH_BYTES);
	buffer_printf(out, "\",\"flow\":\"%s\",\"version\":%d,\"types\":[", consent->flow_id, consent->flow_version);
	for (size_t i = 0; i < json_object_array_length(consent->steps); i++) {
		const char *type = json_text(json_object_array_get_idx(consent->steps, i), "type", "");

		buffer_text(out, i ? "," : "");
		buffer_json(out, type, strlen(type));
	}
	buffer_printf(out, "],\"order\":\"%s\",\"path\":%s,\"cancelNow\":%s,\"outcome\":\"%s\",\"offer\":", consent->order, consent->path,
		consent->cancel_now ? "true" : "false", consent->outcome);
	if (consent->offer)
		buffer_json(out, consent->offer, strlen(consent->offer));
	else
		buffer_text(out, "null");
	buffer_char(out, '}');
}

enum err consent_write(struct ctx *ctx, struct lease *lease, const struct consent *consent)
{
	uint8_t hash[CONSENT_HASH_BYTES], mac[SECRET_MAC_BYTES];
	struct buffer document = {0};
	char at[CLOCK_TEXT];
	enum err err;

	clock_format(clock_wall_us(), at);
	consent_customer(ctx, consent->org_id, consent->live, consent->customer, hash);
	document_make(consent, at, hash, &document);
	secret_mac(SECRET_CONSENT, document.data, document.length, mac);
	err = pg_run(lease, &SQL_RETENTION_CONSENT_INSERT, PARAMS(consent->org_id, pg_bool(consent->live), consent->session_id,
		pg_bytes(ctx, hash, sizeof hash), at, document.data, pg_bytes(ctx, mac, sizeof mac)), NULL);
	buffer_free(&document);
	return err;
}

bool consent_intact(const char *document, const uint8_t *mac, size_t bytes)
{
	uint8_t ours[SECRET_MAC_BYTES];

	secret_mac(SECRET_CONSENT, document, strlen(document), ours);
	return bytes == sizeof ours && secret_equal(mac, ours, bytes);
}

bool cancel_now_shown(bool switched_off, const char *region)
{
	static const char *const KEPT[] = {"US", "CA", "California"};

	if (!switched_off || !region || !*region)
		return true;
	for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++)
		if (strncasecmp(region, KEPT[i], strlen(KEPT[i])) == 0)
			return true;
	return false;
}
