#include "text/url.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes %XX, and '+' as a space in forms; what is wrong otherwise. `out` holds bytes + 1. */
static const char *percent_decode(const char *text, size_t bytes, bool form, char *out, size_t *length_out)
{
	char *to = out;

	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < bytes ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < bytes ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return "a % without two hexadecimal digits";
			c = (char)(high << 4 | low);
			i += 2;
		} else if (form && c == '+') {
			c = ' ';
		}
		if (!c)
			return "a NUL byte";
		*to++ = c;
	}
	*to = '\0';
	*length_out = (size_t)(to - out);
	return utf8_valid(out, *length_out) ? NULL : "text that is not UTF-8";
}

static enum err part_decode(struct ctx *ctx, const char *text, size_t bytes, const char **text_out, size_t *length_out)
{
	char *decoded = arena_alloc(&ctx->arena, bytes + 1);
	const char *wrong = percent_decode(text, bytes, true, decoded, length_out);

	*text_out = decoded;
	return wrong ? fail(ctx, ERR_BAD_INPUT, "The query or form holds %s", wrong) : OK;
}

static enum err pair_read(struct ctx *ctx, const char *text, size_t bytes, struct pair *pair)
{
	const char *equals = memchr(text, '=', bytes);
	size_t name_bytes = equals ? (size_t)(equals - text) : bytes;
	size_t value_from = equals ? name_bytes + 1 : bytes;
	size_t name_length;

	TRY(part_decode(ctx, text, name_bytes, &pair->name, &name_length));
	return part_decode(ctx, text + value_from, bytes - value_from, &pair->value, &pair->value_length);
}

enum err url_pairs(struct ctx *ctx, const char *text, size_t bytes, struct pairs *pairs_out)
{
	const char *end;
	int most = 1;

	pairs_out->items = NULL;
	pairs_out->count = 0;
	if (!bytes)
		return OK;
	end = text + bytes;
	for (size_t i = 0; i < bytes && most < URL_PAIRS; i++)
		most += text[i] == '&';
	pairs_out->items = arena_array(&ctx->arena, (size_t)most, sizeof *pairs_out->items);
	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));

		stop = stop ? stop : end;
		if (stop > text) {
			if (pairs_out->count == URL_PAIRS)
				return fail(ctx, ERR_BAD_INPUT, "The query or form holds more than %d pairs", URL_PAIRS);
			TRY(pair_read(ctx, text, (size_t)(stop - text), &pairs_out->items[pairs_out->count]));
			pairs_out->count++;
		}
		text = stop < end ? stop + 1 : end;
	}
	return OK;
}

enum err url_decode(struct ctx *ctx, const char *text, size_t bytes, const char **text_out)
{
	char *decoded = arena_alloc(&ctx->arena, bytes + 1);
	size_t length;
	const char *wrong = percent_decode(text, bytes, false, decoded, &length);

	*text_out = decoded;
	if (!wrong && memchr(decoded, '/', length))
		wrong = "an encoded /";
	return wrong ? fail(ctx, ERR_BAD_INPUT, "The path holds %s", wrong) : OK;
}

const char *cookie_find(struct ctx *ctx, const char *header, const char *name)
{
	size_t name_length = strlen(name);
	const char *found = NULL;
	size_t found_length = 0;

	while (header && *header) {
		size_t length;

		header += strspn(header, " \t;");
		length = strcspn(header, ";");
		if (length > name_length && header[name_length] == '=' && !memcmp(header, name, name_length)) {
			if (found)
				return NULL;
			found = header + name_length + 1;
			found_length = length - name_length - 1;
		}
		header += length;
	}
	while (found_length && (found[found_length - 1] == ' ' || found[found_length - 1] == '\t'))
		found_length--;
	return found ? arena_memdup(&ctx->arena, found, found_length) : NULL;
}

const char *pairs_find(const struct pairs *pairs, const char *name)
{
	for (int i = 0; i < pairs->count; i++)
		if (!strcmp(pairs->items[i].name, name))
			return pairs->items[i].value;
	return NULL;
}

/* Letters, digits and hyphens in labels between dots; lower-cased into out. */
static bool host_normal(const char *text, size_t bytes, char *out)
{
	char before = '.';

	if (!bytes || bytes > 253)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c == '.' && before != '.')))
			return false;
		out[i] = before = c;
	}
	out[bytes] = '\0';
	return before != '.';
}

/* "[::1]" in the form of RFC 5952. */
static bool host6_normal(const char *text, size_t bytes, char *out)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (bytes < 4 || bytes - 2 >= sizeof address || text[bytes - 1] != ']')
		return false;
	memcpy(address, text + 1, bytes - 2);
	address[bytes - 2] = '\0';
	if (inet_pton(AF_INET6, address, &parsed) != 1)
		return false;
	inet_ntop(AF_INET6, &parsed, address, sizeof address);
	snprintf(out, 254, "[%s]", address);
	return true;
}

/* 0 when text is no port. */
static int port_read(const char *text)
{
	size_t length = strspn(text, "0123456789");
	long port = strtol(text, NULL, 10);

	return length && length <= 5 && !text[length] && port <= 65535 ? (int)port : 0;
}

bool origin_normal(const char *text, char out[264])
{
	char host[254], port_text[8] = "";
	const char *scheme, *host_end;
	int usual, port;
	bool host_ok;

	if (!text)
		return false;
	scheme = !strncasecmp(text, "https://", 8) ? "https" : "http";
	if (*(scheme + 4) == '\0' && strncasecmp(text, "http://", 7))
		return false;
	text += strlen(scheme) + 3;
	usual = scheme[4] ? 443 : 80;
	host_end = *text == '[' ? strchr(text, ']') : NULL;
	host_end = host_end ? host_end + 1 : text + strcspn(text, ":");
	host_ok = *text == '[' ? host6_normal(text, (size_t)(host_end - text), host) :
		host_normal(text, (size_t)(host_end - text), host);
	if (!host_ok || (*host_end && *host_end != ':'))
		return false;
	if (*host_end) {
		port = port_read(host_end + 1);
		if (!port)
			return false;
		if (port != usual)
			snprintf(port_text, sizeof port_text, ":%d", port);
	}
	return snprintf(out, 264, "%s://%s%s", scheme, host, port_text) < 264;
}
