#include "text/money.h"

#include "base/buffer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int money_digits(const char *currency)
{
	static const char NONE[] = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf", THREE[] = "bhd jod kwd omr tnd";

	return strlen(currency) != 3 ? 2 : strstr(NONE, currency) ? 0 : strstr(THREE, currency) ? 3 : 2;
}

const char *money_text(struct ctx *ctx, int64_t minor, const char *currency, const char *language)
{
	static const int64_t UNIT[] = {1, 10, 100, 1000};
	bool english = strcmp(language, "en") == 0;
	const char *group = english ? "," : strcmp(language, "fr") == 0 ? "\u202f" : ".";
	int digits = money_digits(currency);
	uint64_t amount = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	struct buffer out = {0};
	char plain[24], code[4] = "";

	for (int i = 0; i < 3 && currency[i]; i++)
		code[i] = (char)toupper((unsigned char)currency[i]);
	int length = snprintf(plain, sizeof plain, "%llu", (unsigned long long)(amount / (uint64_t)UNIT[digits]));
	if (english)
		buffer_printf(&out, "%s ", code);
	if (minor < 0)
		buffer_text(&out, "−");
	for (int i = 0; i < length; i++) {
		buffer_char(&out, plain[i]);
		if (i + 1 < length && (length - i - 1) % 3 == 0)
			buffer_text(&out, group);
	}
	if (digits)
		buffer_printf(&out, "%c%0*llu", english ? '.' : ',', digits, (unsigned long long)(amount % (uint64_t)UNIT[digits]));
	if (!english)
		buffer_printf(&out, " %s", code);
	const char *text = arena_memdup(&ctx->arena, out.data, out.length);
	buffer_free(&out);
	return text;
}
