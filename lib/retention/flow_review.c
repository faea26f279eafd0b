#include "retention/flow_parts.h"

#include "sql.h"

#include <stdarg.h>
#include <string.h>
#include <zlib.h>

/* Of the reply around the steps: session token, ids, theme. */
#define WIDGET_REST_BYTES 1024

static const struct { const char *name, *choices; int64_t most; } SETTINGS[] = {
	{"name", NULL, 255}, {"segment", "trial|low|medium|high", 0}, {"segmentId", NULL, 36}, {"plan", NULL, 64},
	{"region", NULL, 16}, {"cancelAt", "host|stripe", 0}, {"language", NULL, 35}};
#define SETTING_COUNT (sizeof SETTINGS / sizeof *SETTINGS)

static bool listed(const char *list, const char *text)
{
	for (size_t length; *list; list += length + (list[length] == '|')) {
		length = strcspn(list, "|");
		if (length == strlen(text) && strncmp(list, text, length) == 0)
			return true;
	}
	return false;
}

struct json_object *issue_add(struct issues *issues, enum issue_level level, int step, const char *name, const char *code,
	const char *format, ...)
{
	struct arena *arena = &issues->ctx->arena;
	struct flow_review *review = issues->review;
	struct json_object *issue = json_object_new_object();
	const char *field = step < 0 ? name : arena_printf(arena, "steps[%d]%s%s", step, *name ? "." : "", name);
	const char *message;
	va_list args;

	va_start(args, format);
	message = arena_printf(arena, "%s %s", field, arena_vprintf(arena, format, args));
	va_end(args);
	json_object_object_add(issue, "code", json_object_new_string(code));
	json_object_object_add(issue, "field", json_object_new_string(field));
	json_object_object_add(issue, "step", step < 0 ? NULL : json_object_new_int(step));
	json_object_object_add(issue, "name", json_object_new_string(name));
	json_object_object_add(issue, "message", json_object_new_string(message));
	json_object_array_add(level == ISSUE_WARNING ? issues->warnings : issues->errors, issue);
	if (level == ISSUE_WARNING) {
		review->warnings++;
		return issue;
	}
	if (level == ISSUE_FORM ? !review->form : !review->errors) {
		review->field = field;
		review->message = message;
	}
	if (level == ISSUE_FORM && !review->form)
		review->form = field;
	review->errors++;
	return issue;
}

/* --- settings --- */

static void setting_review(struct issues *issues, size_t at, struct json_object *value)
{
	const char *name = SETTINGS[at].name;

	if (!SETTINGS[at].choices)
		text_review(issues, -1, name, value, SETTINGS[at].most, false);
	else if (!json_object_is_type(value, json_type_string))
		issue_add(issues, ISSUE_FORM, -1, name, "form", "must be a text");
	else if (!listed(SETTINGS[at].choices, json_object_get_string(value)))
		issue_add(issues, ISSUE_FORM, -1, name, "form", "must be one of %s", SETTINGS[at].choices);
}

static void settings_review(struct issues *issues, struct json_object *document)
{
	json_object_object_foreach(document, name, value) {
		size_t at = 0;

		while (at < SETTING_COUNT && strcmp(SETTINGS[at].name, name))
			at++;
		if (at < SETTING_COUNT)
			setting_review(issues, at, value);
		else if (strcmp(name, "rankingScore") == 0)
			number_review(issues, -1, name, value, 0, 100);
		else if (strcmp(name, "steps"))
			issue_add(issues, ISSUE_FORM, -1, arena_printf(&issues->ctx->arena, "%.40s", name), "form", "is not known");
	}
	for (size_t at = 0; at < SETTING_COUNT; at += SETTING_COUNT - 1) /* the first and the last: name and language */
		if (!json_object_object_get_ex(document, SETTINGS[at].name, NULL))
			issue_add(issues, ISSUE_ERROR, -1, SETTINGS[at].name, "missing", "is missing");
}

/* Two letters are what customers' languages are compared by (inventory D.4). */
static void language_setting_review(struct issues *issues, const char *language)
{
	const char *key = flow_language_key(issues->ctx, language);

	if (!key && *language)
		issue_add(issues, ISSUE_ERROR, -1, "language", "value", "must be two letters, such as en");
	else if (key && strcmp(key, language) != 0)
		issue_add(issues, ISSUE_WARNING, -1, "language", "language", "is not two letters: customers get the flow as \"%s\"", key);
}

static enum err segment_review(struct issues *issues, struct lease *lease, const char *org_id, struct json_object *document)
{
	const char *id = json_text(document, "segmentId", NULL);
	PGresult *row = NULL;

	if (id && id_valid(id) && lease)
		TRY(pg_run(lease, &SQL_RETENTION_SEGMENT_GET, PARAMS(org_id, id), &row));
	if (id && (!id_valid(id) || (row && PQntuples(row) == 0)))
		issue_add(issues, ISSUE_FORM, -1, "segmentId", "form", "is the id of no segment");
	return OK;
}

/* --- what Stripe has --- */

static void refs_collect(struct issues *issues, struct json_object *steps, const char **kinds, const char **refs, const char **names,
	const char **indexes, int *count)
{
	static const struct { const char *member, *kind; } REFS[] = {{"coupon", "coupon"}, {"price", "price"}};

	for (size_t i = 0; i < json_object_array_length(steps); i++)
		for (size_t at = 0; at < 2; at++) {
			const char *ref = json_text(json_object_at(json_object_array_get_idx(steps, i), "config"), REFS[at].member, NULL);

			if (!ref || *count == FLOW_STEPS)
				continue;
			kinds[*count] = REFS[at].kind;
			refs[*count] = ref;
			names[*count] = arena_printf(&issues->ctx->arena, "config.%s", REFS[at].member);
			indexes[(*count)++] = pg_int(issues->ctx, (int64_t)i);
		}
}

static enum err refs_review(struct issues *issues, struct lease *lease, const char *org_id, struct json_object *steps)
{
	const char *kinds[FLOW_STEPS], *refs[FLOW_STEPS], *names[FLOW_STEPS], *indexes[FLOW_STEPS];
	struct ctx *ctx = issues->ctx;
	PGresult *result;
	int count = 0;

	refs_collect(issues, steps, kinds, refs, names, indexes, &count);
	if (!lease || count == 0)
		return OK;
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_REFS, PARAMS(org_id, pg_array(ctx, kinds, count), pg_array(ctx, refs, count),
		pg_array(ctx, names, count), pg_array(ctx, indexes, count)), &result));
	for (int row = 0; row < PQntuples(result); row++) {
		const char *kind = pg_text(result, row, "kind"), *mode = pg_text(result, row, "mode");
		struct json_object *issue = issue_add(issues, ISSUE_WARNING, (int)pg_number(result, row, "step", 0), pg_text(result, row, "name"),
			arena_printf(&ctx->arena, "unknown-%s", kind), "is no %s that Stripe has in %s mode", kind, mode);

		json_object_object_add(issue, "mode", json_object_new_string(mode));
		json_object_object_add(issue, "ref", json_object_new_string(pg_text(result, row, "ref")));
	}
	return OK;
}

/* --- steps --- */

static void once_review(struct issues *issues, const enum step_type types[FLOW_STEPS], int count)
{
	bool seen[STEP_COUNT] = {false};

	for (int i = 0; i < count; i++) {
		if (types[i] == STEP_COUNT)
			continue;
		if (seen[types[i]] && !step_is_offer(types[i]))
			issue_add(issues, ISSUE_ERROR, i, "type", "once", "may occur once");
		seen[types[i]] = true;
	}
	if (!seen[STEP_CONFIRM])
		issue_add(issues, ISSUE_WARNING, -1, "steps", "no-confirm", "have no confirm step: the widget asks a plain question of its own");
}

static void answer_review(struct issues *issues, struct json_object *steps, const enum step_type types[FLOW_STEPS], int count)
{
	for (int i = 0; i < count; i++)
		if (types[i] == STEP_SURVEY)
			return;
	for (int i = 0; i < count; i++)
		if (condition_asks_answer(json_object_at(json_object_array_get_idx(steps, (size_t)i), "when")))
			issue_add(issues, ISSUE_ERROR, i, "when", "condition", "asks for an answer, but the flow has no survey");
}

static void size_review(struct issues *issues, struct json_object *steps, const char *own, const char *language)
{
	struct buffer text = {0};
	uLongf bytes;
	uint8_t *packed;
	struct json_object *issue;

	json_write(&text, flow_localise(issues->ctx, steps, own, language));
	bytes = compressBound((uLong)text.length);
	packed = arena_alloc(&issues->ctx->arena, bytes);
	if (compress2(packed, &bytes, (const Bytef *)text.data, (uLong)text.length, 6) == Z_OK && bytes + WIDGET_REST_BYTES > FLOW_WIDGET_BYTES) {
		issue = issue_add(issues, ISSUE_ERROR, -1, "steps", "too-large", "are too large for the widget in \"%s\": %lu bytes compressed, at most %d",
			language, bytes, FLOW_WIDGET_BYTES - WIDGET_REST_BYTES);
		json_object_object_add(issue, "bytes", json_object_new_int64((int64_t)bytes));
		json_object_object_add(issue, "most", json_object_new_int64(FLOW_WIDGET_BYTES - WIDGET_REST_BYTES));
	}
	buffer_free(&text);
}

static void languages_review(struct issues *issues, struct json_object *steps, const char *own, struct json_object *languages)
{
	const char *others[FLOW_LANGUAGES];
	int count = flow_translations(steps, others);

	json_object_array_add(languages, language_review(issues->ctx, steps, own, own));
	size_review(issues, steps, own, own);
	for (int i = 0; i < count; i++) {
		struct json_object *language = language_review(issues->ctx, steps, own, others[i]), *issue;
		int64_t missing = json_int(language, "texts", 0) - json_int(language, "translated", 0);

		if (strcmp(others[i], own) == 0) {
			json_object_put(language);
			continue;
		}
		json_object_array_add(languages, language);
		size_review(issues, steps, own, others[i]);
		if (missing == 0)
			continue;
		issue = issue_add(issues, ISSUE_WARNING, -1, "steps", "untranslated",
			"are not wholly translated into \"%s\" (%lld missing): nobody is shown that language", others[i], (long long)missing);
		json_object_object_add(issue, "language", json_object_new_string(others[i]));
		json_object_object_add(issue, "missing", json_object_new_int64(missing));
	}
}

static void steps_review(struct issues *issues, struct json_object *document, struct json_object *languages)
{
	struct json_object *steps = json_array_at(document, "steps");
	const char *own = flow_language_key(issues->ctx, json_text(document, "language", ""));
	enum step_type types[FLOW_STEPS];
	size_t count = steps ? json_object_array_length(steps) : 0;

	if (!steps && json_object_object_get_ex(document, "steps", NULL))
		issue_add(issues, ISSUE_FORM, -1, "steps", "form", "must be a list");
	else if (count == 0)
		issue_add(issues, ISSUE_ERROR, -1, "steps", "no-steps", "are missing: a flow has at least one");
	else if (count > FLOW_STEPS)
		issue_add(issues, ISSUE_FORM, -1, "steps", "form", "are too many: a flow has at most %d", FLOW_STEPS);
	if (count == 0 || count > FLOW_STEPS)
		return;
	for (size_t i = 0; i < count; i++)
		types[i] = step_review(issues, (int)i, json_object_array_get_idx(steps, i));
	if (count > FLOW_STEPS_MANY)
		issue_add(issues, ISSUE_WARNING, -1, "steps", "many-steps", "are more than %d: few customers see the last ones", FLOW_STEPS_MANY);
	once_review(issues, types, (int)count);
	answer_review(issues, steps, types, (int)count);
	if (!issues->review->form)
		languages_review(issues, steps, own ? own : "", languages);
}

enum err flow_review(struct ctx *ctx, struct lease *lease, const char *org_id, struct json_object *document, struct flow_review *review_out)
{
	struct json_object *languages = json_object_new_array(), *steps;
	struct issues issues = {.ctx = ctx, .review = review_out, .errors = json_object_new_array(), .warnings = json_object_new_array()};

	*review_out = (struct flow_review){.json = json_own(ctx, json_object_new_object())};
	json_object_object_add(review_out->json, "errors", issues.errors);
	json_object_object_add(review_out->json, "warnings", issues.warnings);
	json_object_object_add(review_out->json, "languages", languages);
	document = flow_tidy(ctx, document);
	if (!json_object_is_type(document, json_type_object)) {
		issue_add(&issues, ISSUE_FORM, -1, "flow", "form", "must be an object");
		return OK;
	}
	settings_review(&issues, document);
	language_setting_review(&issues, json_text(document, "language", ""));
	TRY(segment_review(&issues, lease, org_id, document));
	steps_review(&issues, document, languages);
	steps = json_array_at(document, "steps");
	return review_out->form || !steps ? OK : refs_review(&issues, lease, org_id, steps);
}
