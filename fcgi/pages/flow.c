#include "pages/flow.h"

#include "retention/retention.h"

#include <string.h>

const char *flow_word(const struct req *req, const struct flow_word *words, size_t count, const char *code)
{
	for (size_t i = 0; code && i < count; i++)
		if (!strcmp(words[i].code, code))
			return tr(req, words[i].text);
	return code;
}

struct json_object *flow_choice(struct json_object *list, const char *value, const char *label, const char *chosen)
{
	struct json_object *item = json_object_new_object();
	page_text(item, "value", value);
	page_text(item, "label", label);
	json_object_object_add(item, "chosen", json_object_new_boolean(chosen && !strcmp(chosen, value)));
	json_object_array_add(list, item);
	return item;
}

static const struct flow_word SEGMENTS[] = {
	{"trial", TR("trial (below 1.00 a month)")}, {"low", TR("low value (below 20.00)")}, {"medium", TR("medium value (20.00 to 99.99)")},
	{"high", TR("high value (100.00 and more)")}};

void flow_segments(struct req *req, struct json_object *view, const char *chosen)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "segments", list);
	for (size_t i = 0; i < sizeof SEGMENTS / sizeof *SEGMENTS; i++)
		flow_choice(list, SEGMENTS[i].code, tr(req, SEGMENTS[i].text), chosen);
}

/* --- a flow --- */

/* From when and until when, for people. */
static const char *when_text(struct req *req, const char *from, const char *until)
{
	struct arena *arena = &req->ctx.arena;
	if (from && until)
		return arena_printf(arena, tr(req, "from %s until %s"), page_time(req, from), page_time(req, until));
	if (from)
		return arena_printf(arena, tr(req, "from %s on"), page_time(req, from));
	return until ? arena_printf(arena, tr(req, "until %s"), page_time(req, until)) : NULL;
}

struct json_object *flow_view(struct req *req, const PGresult *rows, int row)
{
	static const struct flow_word STATES[] = {{"draft", TR("never published")}, {"active", TR("active")}, {"scheduled", TR("scheduled")},
		{"ended", TR("ended")}, {"inactive", TR("not active")}, {"archived", TR("archived")}};
	static const char *const TEXTS[] = {"id", "name", "revision", "state"};
	struct json_object *view = json_object_new_object();
	const char *state = pg_text(rows, row, "state"), *status = pg_text(rows, row, "status");
	int64_t version = pg_number(rows, row, "version", 0);
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		page_text(view, TEXTS[i], pg_text(rows, row, TEXTS[i]));
	page_text(view, "state_text", FLOW_WORD(req, STATES, state));
	page_text(view, "pill", !strcmp(state, "active") ? "applied" : !strcmp(state, "scheduled") ? "pending" : "");
	page_text(view, "when_text", !strcmp(status, "active") ? when_text(req, pg_text(rows, row, "active_from"), pg_text(rows, row, "active_until")) : NULL);
	page_text(view, "version", version ? page_number(req, version) : "–");
	page_flag(view, "changed", version && pg_true(rows, row, "changed"));
	page_flag(view, "is_active", !strcmp(status, "active"));
	page_flag(view, "is_published", version && strcmp(status, "archived") != 0);
	page_flag(view, "is_archived", !strcmp(status, "archived"));
	page_flag(view, "is_new", !version);
	return view;
}

/* --- what is wrong with it --- */

static const struct flow_word ISSUES[] = {
	{"form", TR("This is not of the form of a flow.")}, {"missing", TR("This is missing.")}, {"value", TR("This value is not allowed.")},
	{"number", TR("This must be a number from {least} to {most}.")}, {"length", TR("At most {most} characters, and no control characters.")},
	{"once", TR("A step of this type may occur once.")}, {"several", TR("Fill in one of the two, not both.")},
	{"condition", TR("This condition is not complete.")}, {"many-steps", TR("Many steps: few customers go through so many.")},
	{"language", TR("A language has two letters, such as en.")},
	{"no-confirm", TR("There is no confirmation at the end; the widget adds its own.")},
	{"untranslated", TR("Not everything is translated ({language}): these customers see the flow’s own language.")},
	{"unknown-coupon", TR("Stripe has no such coupon, or no longer ({mode} data).")},
	{"unknown-price", TR("Stripe has no such price, or no longer ({mode} data).")},
	{"too-large", TR("The steps are too large for the widget: {bytes} bytes of {most}, compressed.")}, {"no-steps", TR("A flow needs a step.")}};

struct json_object *flow_issue_texts(struct req *req)
{
	struct json_object *texts = json_object_new_object();
	for (size_t i = 0; i < sizeof ISSUES / sizeof *ISSUES; i++)
		page_text(texts, ISSUES[i].code, tr(req, ISSUES[i].text));
	return texts;
}

/* The words of an issue with its members in their places; a code without words speaks for itself, in English. */
static const char *issue_text(struct req *req, struct json_object *issue)
{
	const char *code = json_text(issue, "code", ""), *at = FLOW_WORD(req, ISSUES, code);
	struct buffer text = {0};
	if (at == code)
		return json_text(issue, "message", code);
	for (const char *open; (open = strchr(at, '{')); at = strchr(open, '}') + 1) {
		const char *name = arena_memdup(&req->ctx.arena, open + 1, strcspn(open + 1, "}"));
		struct json_object *member = json_object_object_get(issue, name);
		buffer_add(&text, at, (size_t)(open - at));
		buffer_text(&text, member ? json_object_get_string(member) : "");
	}
	buffer_text(&text, at);
	const char *kept = arena_memdup(&req->ctx.arena, text.data, text.length);
	buffer_free(&text);
	return kept;
}

static void issues_add(struct req *req, struct json_object *view, const char *name, struct json_object *issues, struct json_object *steps)
{
	struct json_object *list = json_object_new_array();
	size_t count = json_object_is_type(issues, json_type_array) ? json_object_array_length(issues) : 0;
	json_object_object_add(view, name, list);
	for (size_t i = 0; i < count; i++) {
		struct json_object *issue = json_object_array_get_idx(issues, i), *item = json_object_new_object(), *index;
		json_object_array_add(list, item);
		page_text(item, "text", issue_text(req, issue));
		page_text(item, "field", json_text(issue, "field", NULL));
		if (!json_object_object_get_ex(issue, "step", &index) || !index)
			continue;
		page_text(item, "step", arena_printf(&req->ctx.arena, "%d. %s", json_object_get_int(index) + 1,
			json_text(json_object_array_get_idx(steps, (size_t)json_object_get_int(index)), "title", "")));
	}
	page_flag(view, arena_printf(&req->ctx.arena, "any_%s", name), count > 0);
}

/* What it is translated into; the first language of a review is its own. */
static void add_languages(struct json_object *view, struct json_object *languages)
{
	struct json_object *list = json_object_new_array();
	size_t count = json_object_is_type(languages, json_type_array) ? json_object_array_length(languages) : 0;
	json_object_object_add(view, "translations", list);
	for (size_t i = 1; i < count; i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(languages, i)));
	page_flag(view, "any_translations", count > 1);
}

void flow_add_issues(struct req *req, struct json_object *view, struct json_object *review, struct json_object *document)
{
	struct json_object *steps = json_object_object_get(document, "steps");
	issues_add(req, view, "errors", json_object_object_get(review, "errors"), steps);
	issues_add(req, view, "warnings", json_object_object_get(review, "warnings"), steps);
	add_languages(view, json_object_object_get(review, "languages"));
}

/* --- changes --- */

void flow_form_of(struct req *req, const char *id, const char *revision, struct flow_form *form_out)
{
	*form_out = (struct flow_form){.req = req,
		.by = {.org_id = req->who.org_id, .actor_kind = "session", .actor_id = req->who.account_id, .address = req->address,
			.agent = req->header(req, "User-Agent")}};
	form_out->change = (struct flow_change){.by = &form_out->by, .account_id = req->who.account_id, .id = id, .revision = revision};
}

enum err flow_form_run(struct flow_form *form, change_work *work)
{
	struct req *req = form->req;
	TRY(change_run(&req->ctx, req->house.pool, work, form));
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return OK;
}
