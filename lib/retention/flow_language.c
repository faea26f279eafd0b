#include "retention/flow_parts.h"

#include <stdlib.h>
#include <string.h>

/* --- what is the same as nothing --- */

static bool is_nothing(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return true;
	case json_type_string:
		return json_object_get_string_len(value) == 0;
	case json_type_array:
		return json_object_array_length(value) == 0;
	case json_type_object:
		return json_object_object_length(value) == 0;
	default:
		return false;
	}
}

/* A condition is its own language: nothing in it is the same as nothing. */
static struct json_object *tidy(struct json_object *value)
{
	struct json_object *copy;

	if (json_object_is_type(value, json_type_array)) {
		copy = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_object_array_add(copy, tidy(json_object_array_get_idx(value, i)));
		return copy;
	}
	if (!json_object_is_type(value, json_type_object))
		return json_object_get(value);
	copy = json_object_new_object();
	json_object_object_foreach(value, name, member) {
		struct json_object *kept = strcmp(name, "when") ? tidy(member) : json_object_get(member);

		if (is_nothing(kept))
			json_object_put(kept);
		else
			json_object_object_add(copy, name, kept);
	}
	return copy;
}

struct json_object *flow_tidy(struct ctx *ctx, struct json_object *document)
{
	return json_own(ctx, tidy(document));
}

/* --- languages --- */

const char *flow_language_key(struct ctx *ctx, const char *language)
{
	char key[3] = "";

	for (int i = 0; i < 2; i++) {
		key[i] = (char)(language[i] | 0x20);
		if (key[i] < 'a' || key[i] > 'z')
			return NULL;
	}
	if (language[2] && language[2] != '-' && language[2] != '_')
		return NULL;
	return arena_strdup(&ctx->arena, key);
}

static int language_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int flow_translations(struct json_object *steps, const char *languages_out[FLOW_LANGUAGES])
{
	int count = 0;

	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		struct json_object *translations = json_object_at(json_object_array_get_idx(steps, i), "translations");

		if (!translations)
			continue;
		json_object_object_foreach(translations, language, texts) {
			int at = 0;

			(void)texts;
			while (at < count && strcmp(languages_out[at], language))
				at++;
			if (at == count && count < FLOW_LANGUAGES)
				languages_out[count++] = language;
		}
	}
	qsort(languages_out, (size_t)count, sizeof *languages_out, language_compare);
	return count;
}

/* Visits every text of a step that is there: path within the step, and where its translation would stand. */
typedef void text_visit(void *argument, const char *path, struct json_object *translated);

static void options_visit(struct ctx *ctx, struct json_object *config, struct json_object *translation, text_visit *visit, void *argument)
{
	struct json_object *options = json_array_at(config, "options"), *translated = json_object_at(translation, "options"), *text;

	for (size_t i = 0; options && i < json_object_array_length(options); i++) {
		const char *code = json_text(json_object_array_get_idx(options, i), "code", "");

		text = NULL;
		json_object_object_get_ex(translated, code, &text);
		visit(argument, arena_printf(&ctx->arena, "options.%s", code), text);
	}
}

static void step_visit(struct ctx *ctx, struct json_object *step, const char *language, text_visit *visit, void *argument)
{
	struct json_object *config = json_object_at(step, "config"), *translation = json_object_at(json_object_at(step, "translations"), language);

	for (int i = 0; i < TEXT_COUNT; i++) {
		struct json_object *text = NULL;

		if (!json_object_object_get_ex(i == TEXT_PLACEHOLDER ? config : step, FLOW_TEXTS[i].name, NULL))
			continue;
		json_object_object_get_ex(translation, FLOW_TEXTS[i].name, &text);
		visit(argument, FLOW_TEXTS[i].name, text);
	}
	options_visit(ctx, config, translation, visit, argument);
}

struct count { struct ctx *ctx; struct json_object *missing; int step, texts, translated; bool own; };

static void text_count(void *argument, const char *path, struct json_object *translated)
{
	struct count *count = argument;

	count->texts++;
	if (translated || count->own)
		count->translated++;
	else if (count->missing)
		json_object_array_add(count->missing, json_object_new_string(arena_printf(&count->ctx->arena, "steps[%d].%s", count->step, path)));
}

static void texts_count(struct count *count, struct json_object *steps, const char *language)
{
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		count->step = (int)i;
		step_visit(count->ctx, json_object_array_get_idx(steps, i), language, text_count, count);
	}
}

struct json_object *language_review(struct ctx *ctx, struct json_object *steps, const char *own, const char *language)
{
	struct json_object *review = json_object_new_object();
	struct count count = {.ctx = ctx, .missing = json_object_new_array(), .own = strcmp(own, language) == 0};

	texts_count(&count, steps, language);
	json_object_object_add(review, "language", json_object_new_string(language));
	json_object_object_add(review, "texts", json_object_new_int(count.texts));
	json_object_object_add(review, "translated", json_object_new_int(count.translated));
	json_object_object_add(review, "complete", json_object_new_boolean(count.translated == count.texts));
	json_object_object_add(review, "missing", count.missing);
	return review;
}

bool flow_speaks(struct ctx *ctx, struct json_object *steps, const char *own, const char *language)
{
	struct count count = {.ctx = ctx, .own = strcmp(own, language) == 0};

	texts_count(&count, steps, language);
	return count.translated == count.texts;
}

const char *flow_languages(struct ctx *ctx, struct json_object *steps, const char *own)
{
	const char *others[FLOW_LANGUAGES], *spoken[FLOW_LANGUAGES + 1] = {own};
	int count = flow_translations(steps, others), kept = 1;

	for (int i = 0; i < count; i++)
		if (strcmp(others[i], own) && flow_speaks(ctx, steps, own, others[i]))
			spoken[kept++] = others[i];
	return pg_array(ctx, spoken, kept);
}

/* --- one language --- */

static struct json_object *options_localise(struct json_object *options, struct json_object *translated)
{
	struct json_object *copy = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(options); i++) {
		struct json_object *option = json_object_array_get_idx(options, i), *fresh = json_object_new_object(), *text = NULL;
		const char *code = json_text(option, "code", "");

		if (!json_object_object_get_ex(translated, code, &text))
			json_object_object_get_ex(option, "text", &text);
		json_object_object_add(fresh, "code", json_object_new_string(code));
		json_object_object_add(fresh, "text", json_object_get(text));
		json_object_array_add(copy, fresh);
	}
	return copy;
}

static struct json_object *config_localise(struct json_object *config, struct json_object *translation)
{
	struct json_object *copy = json_object_new_object(), *text = NULL;

	json_object_object_foreach(config, name, value)
		if (strcmp(name, "options") == 0 && json_object_is_type(value, json_type_array))
			json_object_object_add(copy, name, options_localise(value, json_object_at(translation, "options")));
		else if (strcmp(name, FLOW_TEXTS[TEXT_PLACEHOLDER].name) == 0 && json_object_object_get_ex(translation, name, &text))
			json_object_object_add(copy, name, json_object_get(text));
		else
			json_object_object_add(copy, name, json_object_get(value));
	return copy;
}

/* language NULL: as it is written. */
static struct json_object *step_localise(struct json_object *step, const char *language)
{
	struct json_object *translation = language ? json_object_at(json_object_at(step, "translations"), language) : NULL;
	struct json_object *copy = json_object_new_object(), *text;

	json_object_object_foreach(step, name, value)
		if (strcmp(name, "config") == 0 && json_object_is_type(value, json_type_object))
			json_object_object_add(copy, name, config_localise(value, translation));
		else if (json_object_object_get_ex(translation, name, &text))
			json_object_object_add(copy, name, json_object_get(text));
		else if (strcmp(name, "translations"))
			json_object_object_add(copy, name, json_object_get(value));
	return copy;
}

struct json_object *flow_localise(struct ctx *ctx, struct json_object *steps, const char *own, const char *language)
{
	struct json_object *copy = json_object_new_array();

	if (strcmp(language, own) == 0 || !flow_speaks(ctx, steps, own, language))
		language = NULL;
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);

		json_object_array_add(copy, json_object_is_type(step, json_type_object) ? step_localise(step, language) : json_object_get(step));
	}
	return json_own(ctx, copy);
}
