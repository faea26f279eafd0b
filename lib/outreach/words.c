#include "outreach/outreach.h"

#include "base/clock.h"
#include "base/zone.h"
#include "sql.h"
#include "text/json.h"
#include "text/language.h"
#include "text/money.h"

#include <string.h>

#define SUBJECT_MOST 200
#define BODY_MOST 5000
#define BUTTON_MOST 60

enum variable { NAME, PLAN, ORGANISATION, AMOUNT, DATE, PERCENT, MONTHS, VARIABLES };
static const char *const VARIABLE_NAMES[VARIABLES] = {"name", "plan", "organisation", "amount", "date", "percent", "months"};

/* --- substitution --- */

/* At "{{": the variable and where the text goes on; VARIABLES when it is none. */
static enum variable variable_at(const char *open, const char **end_out)
{
	const char *name = open + 2 + strspn(open + 2, " "), *close = strstr(name, "}}");
	size_t length = close ? (size_t)(close - name) : 0;

	while (length && name[length - 1] == ' ')
		length--;
	*end_out = close ? close + 2 : open + 2;
	for (int i = 0; close && i < VARIABLES; i++)
		if (strlen(VARIABLE_NAMES[i]) == length && strncmp(VARIABLE_NAMES[i], name, length) == 0)
			return (enum variable)i;
	return VARIABLES;
}

/* A value that is not there takes the blank before it along: "Hello {{name}}," becomes "Hello,". */
static const char *fill(struct ctx *ctx, const char *text, const char *const values[VARIABLES])
{
	struct buffer out = {0};
	const char *open;

	while ((open = strstr(text, "{{"))) {
		const char *end;
		enum variable variable = variable_at(open, &end);
		const char *value = variable < VARIABLES && values[variable] ? values[variable] : "";
		size_t length = (size_t)(open - text);

		if (!*value && length && text[length - 1] == ' ')
			length--;
		buffer_add(&out, text, length);
		buffer_text(&out, value);
		text = end;
	}
	buffer_text(&out, text);
	const char *filled = arena_memdup(&ctx->arena, out.data ? out.data : "", out.length);
	buffer_free(&out);
	return filled;
}

static enum err check(struct ctx *ctx, const char *field, const char *text, size_t most)
{
	size_t characters = 0;

	for (const char *at = text; *at; at++)
		characters += ((unsigned char)*at & 0xc0) != 0x80;
	if (!characters || characters > most)
		return fail_field(ctx, ERR_INVALID, field, "1 to %zu characters are needed", most);
	for (const char *open = text, *end; (open = strstr(open, "{{")); open = end)
		if (variable_at(open, &end) == VARIABLES)
			return fail_field(ctx, ERR_INVALID, field, "\"%.40s\" is no variable; there are %s, as {{name}}", open, OUTREACH_VARIABLES);
	return OK;
}

enum err outreach_words_check(struct ctx *ctx, const struct outreach_words *words)
{
	TRY(check(ctx, "subject", words->subject, SUBJECT_MOST));
	TRY(check(ctx, "body", words->body, BODY_MOST));
	return check(ctx, "button", words->button, BUTTON_MOST);
}

/* --- ours --- */

/* templates/mail/outreach-payment-failed.de.mustache for "payment.failed". Each variable stands for itself, so that the text comes out as people
 * edit it. */
static enum err words_ours(struct ctx *ctx, const char *kind, const char *language, struct outreach_words *words_out)
{
	char *name = arena_printf(&ctx->arena, "outreach-%s", kind);
	struct mail_words from = {.name = name, .language = language, .view = json_own(ctx, json_object_new_object())};

	for (char *at = name; *at; at++)
		if (*at == '.')
			*at = '-';
	for (int i = 0; i < VARIABLES; i++)
		json_object_object_add(from.view, VARIABLE_NAMES[i],
			json_object_new_string(arena_printf(&ctx->arena, "{{%s}}", VARIABLE_NAMES[i])));
	TRY(mail_part(ctx, &from, "subject", &words_out->subject));
	TRY(mail_part(ctx, &from, "text", &words_out->body));
	TRY(mail_part(ctx, &from, "button", &words_out->button));
	const char **const TEXTS[] = {&words_out->subject, &words_out->body, &words_out->button};
	for (int i = 0; i < 3; i++) {
		size_t length = strlen(*TEXTS[i]);
		while (length && (*TEXTS[i])[length - 1] == '\n')
			length--;
		*TEXTS[i] = arena_memdup(&ctx->arena, *TEXTS[i], length);
	}
	words_out->own = false;
	return OK;
}

enum err outreach_words_get(struct ctx *ctx, struct lease *lease, const char *org_id, const char *kind, const char *language,
	struct outreach_words *words_out)
{
	PGresult *own;

	TRY(pg_run(lease, &SQL_OUTREACH_WORDING_GET, PARAMS(org_id, kind, language), &own));
	if (!PQntuples(own))
		return words_ours(ctx, kind, language, words_out);
	*words_out = (struct outreach_words){.subject = pg_text(own, 0, "subject"), .body = pg_text(own, 0, "body"),
		.button = pg_text(own, 0, "button"), .own = true};
	return OK;
}

/* --- a mail --- */

static const char *date_text(struct ctx *ctx, int64_t at_s, const char *language)
{
	static const struct { const char *language, *months[12], *form; } WORDS[] = {
		{"en", {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
			"%d %s %lld"},
		{"de", {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
			"%d. %s %lld"},
		{"fr", {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
			"%d %s %lld"},
		{"es", {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
			"%d de %s de %lld"}};
	int64_t year;
	int month, day, at = 0;

	if (!at_s)
		return "";
	date_of(at_s / 86400, &year, &month, &day);
	for (int i = 0; i < 4; i++)
		if (strcmp(WORDS[i].language, language) == 0)
			at = i;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return arena_printf(&ctx->arena, WORDS[at].form, day, WORDS[at].months[month - 1], (long long)year);
#pragma GCC diagnostic pop
}

/* Paragraphs end with an empty line, and lines within one stay lines. */
static struct json_object *paragraphs(const char *text)
{
	struct json_object *list = json_object_new_array();

	while (*(text += strspn(text, "\n"))) {
		const char *end = strstr(text, "\n\n");
		size_t length = end ? (size_t)(end - text) : strlen(text);
		struct json_object *lines = json_object_new_array(), *paragraph = json_object_new_object();

		for (const char *line = text; line < text + length;) {
			size_t bytes = strcspn(line, "\n");
			struct json_object *item = json_object_new_object();
			json_object_object_add(item, "line", json_object_new_string_len(line, (int)bytes));
			json_object_object_add(item, "more", json_object_new_boolean(line + bytes + 1 < text + length));
			json_object_array_add(lines, item);
			line += bytes + 1;
		}
		json_object_object_add(paragraph, "lines", lines);
		json_object_array_add(list, paragraph);
		text += length;
	}
	return list;
}

static const char *without_returns(struct ctx *ctx, const char *text)
{
	char *out = arena_strdup(&ctx->arena, text), *to = out;

	for (const char *at = out; *at; at++)
		if (*at != '\r')
			*to++ = *at;
	*to = '\0';
	return out;
}

enum err outreach_render(struct ctx *ctx, const struct outreach_words *words, const char *kind, const char *language,
	const struct outreach_subject *about, const char *unsubscribe, struct mail *mail)
{
	const char *spoken = language_of(language);
	struct json_object *view = json_own(ctx, json_object_new_object());
	const char *values[VARIABLES] = {[NAME] = about->name, [PLAN] = about->plan, [ORGANISATION] = about->organisation,
		[AMOUNT] = about->currency ? money_text(ctx, about->amount_minor, about->currency, spoken) : "",
		[DATE] = date_text(ctx, about->date_s, spoken),
		[PERCENT] = about->percent ? arena_printf(&ctx->arena, "%d", about->percent) : "",
		[MONTHS] = about->months ? arena_printf(&ctx->arena, "%d", about->months) : ""};
	const char *body = fill(ctx, without_returns(ctx, words->body), values);

	json_object_object_add(view, "own_subject", json_object_new_string(fill(ctx, words->subject, values)));
	json_object_object_add(view, "body", json_object_new_string(body));
	json_object_object_add(view, "paragraphs", paragraphs(body));
	json_object_object_add(view, "button", json_object_new_string(fill(ctx, words->button, values)));
	json_object_object_add(view, "sender", json_object_new_string(about->organisation));
	json_object_object_add(view, "payment", json_object_new_boolean(strncmp(kind, "payment", 7) == 0));
	if (about->link)
		json_object_object_add(view, "link", json_object_new_string(about->link));
	return mail_render(ctx, &(struct mail_words){.name = "outreach", .language = spoken, .view = view, .unsubscribe = unsubscribe}, mail);
}

enum err outreach_preview(struct ctx *ctx, const struct outreach_words *words, const char *kind, const char *language,
	const char *organisation, struct mail *mail)
{
	const struct outreach_subject example = {.name = "Kim Berg", .plan = "Pro", .organisation = organisation, .currency = "eur",
		.amount_minor = 4900, .date_s = clock_wall_s() + 5 * 86400, .percent = 20, .months = 3, .link = "https://example.com/"};

	return outreach_render(ctx, words, kind, language, &example, "https://example.com/unsubscribe", mail);
}
