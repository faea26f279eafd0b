#include "who/who.h"

#include <string.h>

#define RANDOM_BYTES 32
#define RANDOM_TEXT 43
#define PREFIX_BYTES 6
#define PREFIX_LENGTH (WHO_PREFIX_TEXT - 1)

static const struct token_form {
	enum token_kind kind;
	const char *start;
	bool prefixed;
} FORMS[] = {
	{TOKEN_ACCESS, "stoa_at_", false},
	{TOKEN_REFRESH, "stoa_rt_", false},
	{TOKEN_RESET, "stoa_pr_", false},
	{TOKEN_SIGNING, "stoa_sig_", false},
	{TOKEN_KEY_LIVE, "stoa_live_", true},
	{TOKEN_KEY_TEST, "stoa_test_", true},
};
#define FORM_COUNT (sizeof FORMS / sizeof *FORMS)

static bool is_base64url(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

enum token_kind token_parse(const char *text, char prefix_out[WHO_PREFIX_TEXT])
{
	for (size_t i = 0; i < FORM_COUNT; i++) {
		const struct token_form *form = &FORMS[i];
		size_t start = strlen(form->start);
		size_t extra = form->prefixed ? PREFIX_LENGTH + 1 : 0;
		const char *rest = text + start;

		if (strncmp(text, form->start, start) != 0)
			continue;
		if (strnlen(rest, extra + RANDOM_TEXT + 1) != extra + RANDOM_TEXT || !is_base64url(rest, extra + RANDOM_TEXT))
			return TOKEN_NONE;
		if (form->prefixed && rest[PREFIX_LENGTH] != '_')
			return TOKEN_NONE;
		if (form->prefixed && prefix_out) {
			memcpy(prefix_out, rest, PREFIX_LENGTH);
			prefix_out[PREFIX_LENGTH] = 0;
		}
		return form->kind;
	}
	return TOKEN_NONE;
}

void token_new(enum token_kind kind, char *out)
{
	const struct token_form *form = FORMS;

	while (form->kind != kind)
		form++;
	out = stpcpy(out, form->start);
	if (form->prefixed) {
		id_token(out, PREFIX_BYTES);
		out += PREFIX_LENGTH;
		*out++ = '_';
	}
	id_token(out, RANDOM_BYTES);
}
