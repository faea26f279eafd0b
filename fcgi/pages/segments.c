#include "pages/page.h"
#include "pages/reach.h"
#include "pages/words.h"

#include "retention/segment.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 8

/* A row of the form is one comparison; what rows cannot say is edited as JSON. */
struct segments_input {
	const char *id, *notice, *name, *join, *json, *act;
	const char *fact[ROWS], *attribute[ROWS], *op[ROWS], *value[ROWS];
	int64_t remove;
	bool removes;
};

#define BODY(member, name, kind, ...) INPUT(struct segments_input, member, name, IN_BODY, kind, __VA_ARGS__)
#define SEGMENT INPUT(struct segments_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the segment")
#define ROW(n) \
	BODY(fact[n], "fact" #n, FIELD_TEXT, .least = 0, .most = 32, .doc = "what is compared; empty: no row"), \
	BODY(attribute[n], "attribute" #n, FIELD_TEXT, .least = 0, .most = 80, .doc = "the name, where fact is attribute"), \
	BODY(op[n], "op" #n, FIELD_TEXT, .least = 0, .most = 16, .doc = "how"), \
	BODY(value[n], "value" #n, FIELD_TEXT, .least = 0, .most = 1000, .doc = "with what; of a list separated by commas")
#define FORM \
	BODY(name, "name", FIELD_TEXT, .least = 0, .most = 120, .doc = "its name"), \
	BODY(join, "join", FIELD_ENUM, .choices = "all|any", .doc = "whether all rows must hold, or one; all unless given"), \
	BODY(json, "json", FIELD_LINES, .least = 0, .most = SEGMENT_BYTES, .doc = "the condition as JSON, in place of rows"), \
	BODY(act, "act", FIELD_ENUM, .choices = "save|count", .doc = "save it, or only count, unless given"), \
	BODY(remove, "remove", FIELD_INT, .least = 0, .most = ROWS - 1, .present = offsetof(struct segments_input, removes), .doc = "a row to leave out"), \
	ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7)

#define NOTICE INPUT(struct segments_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "saved|deleted", .doc = "after a form")
static const struct field LIST_INPUT[] = {NOTICE, FIELD_END};
static const struct field SHOW_INPUT[] = {SEGMENT, NOTICE, FIELD_END};
static const struct field CREATE_INPUT[] = {FORM, FIELD_END};
static const struct field UPDATE_INPUT[] = {SEGMENT, FORM, FIELD_END};
static const struct field DELETE_INPUT[] = {SEGMENT, FIELD_END};

struct word { const char *code, *text; };
static const struct word FACTS[] = {{"plan", TR("Plan")}, {"region", TR("Region")}, {"language", TR("Language")}, {"currency", TR("Currency")},
	{"segment", TR("Value segment")}, {"status", TR("Subscription’s status")}, {"interval", TR("Billing interval")},
	{"value", TR("Value a month, in whole money")}, {"tenure", TR("Days as a customer")}, {"attempts", TR("Clicks on Cancel in 30 days")},
	{"discounted", TR("Has a discount")}, {"paused", TR("Is paused")}, {"attribute", TR("Own attribute, by its name")}, {NULL, NULL}};
static const struct word OPERATORS[] = {{"is", TR("is")}, {"is_not", TR("is not")}, {"in", TR("is one of")}, {"not_in", TR("is none of")},
	{"at_least", TR("is at least")}, {"below", TR("is below")}, {"exists", TR("is known")}, {NULL, NULL}};

static const struct condition_fact *fact_of(const char *name)
{
	for (const struct condition_fact *fact = CONDITION_FACTS; name && fact->name; fact++)
		if (!strcmp(fact->name, name))
			return fact;
	return NULL;
}

static void choices_add(struct req *req, struct json_object *view, const char *name, const struct word *words, const char *chosen)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, name, list);
	for (; words->code; words++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "value", words->code);
		page_text(item, "label", tr(req, words->text));
		page_text(item, "operators", fact_of(words->code) ? condition_operators(fact_of(words->code)->kind) : NULL);
		json_object_object_add(item, "chosen", json_object_new_boolean(chosen && !strcmp(chosen, words->code)));
		json_object_array_add(list, item);
	}
}

/* --- from a form to a condition --- */

static bool yes(const char *text)
{
	return !strcasecmp(text, "yes") || !strcasecmp(text, "ja") || !strcasecmp(text, "true") || !strcmp(text, "1");
}

static bool no(const char *text)
{
	return !strcasecmp(text, "no") || !strcasecmp(text, "nein") || !strcasecmp(text, "false") || !strcmp(text, "0");
}

/* "49", "49.5" or "49,50" as minor units; what is no amount stays a text, which the check refuses. */
static struct json_object *money_read(const char *text)
{
	size_t whole = strspn(text, "0123456789"), part = text[whole] == '.' || text[whole] == ',' ? strspn(text + whole + 1, "0123456789") : 0;
	int64_t minor;
	if (!whole || whole > 10 || part > 2 || text[whole + (part ? part + 1 : 0)])
		return json_object_new_string(text);
	minor = strtoll(text, NULL, 10) * 100;
	if (part)
		minor += strtoll(text + whole + 1, NULL, 10) * (part == 1 ? 10 : 1);
	return json_object_new_int64(minor);
}

static struct json_object *value_read(const struct condition_fact *fact, const char *op, const char *text)
{
	bool whole = *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 12;
	if (!strcmp(op, "exists") || (fact && fact->kind == FACT_FLAG))
		return yes(text) || !*text ? json_object_new_boolean(true) : no(text) ? json_object_new_boolean(false) : json_object_new_string(text);
	if (fact && !strcmp(fact->name, "value"))
		return money_read(text);
	return fact && fact->kind == FACT_NUMBER && whole ? json_object_new_int64(strtoll(text, NULL, 10)) : json_object_new_string(text);
}

static struct json_object *list_read(struct ctx *ctx, const struct condition_fact *fact, const char *text)
{
	struct json_object *list = json_object_new_array();
	while (*text) {
		size_t skip = strspn(text, ", "), length = strcspn(text + skip, ","), end = length;
		while (end && text[skip + end - 1] == ' ')
			end--;
		if (end)
			json_object_array_add(list, value_read(fact, "in", arena_memdup(&ctx->arena, text + skip, end)));
		text += skip + length;
	}
	return list;
}

static struct json_object *row_read(struct ctx *ctx, const struct segments_input *in, int row)
{
	const struct condition_fact *fact = fact_of(in->fact[row]);
	const char *op = in->op[row] ? in->op[row] : "is", *value = in->value[row] ? in->value[row] : "";
	struct json_object *compare = json_object_new_object();
	page_text(compare, "fact", fact && fact->kind == FACT_ATTRIBUTE
		? arena_printf(&ctx->arena, "attribute.%s", in->attribute[row] ? in->attribute[row] : "") : in->fact[row]);
	page_text(compare, "op", op);
	json_object_object_add(compare, "value", !strcmp(op, "in") || !strcmp(op, "not_in") ? list_read(ctx, fact, value) : value_read(fact, op, value));
	return compare;
}

static bool row_filled(const struct segments_input *in, int row)
{
	return in->fact[row] && *in->fact[row] && !(in->removes && in->remove == row);
}

/* NULL: no row. */
static struct json_object *rows_read(struct ctx *ctx, const struct segments_input *in)
{
	struct json_object *rows = json_object_new_array(), *condition = json_own(ctx, json_object_new_object());
	for (int row = 0; row < ROWS; row++)
		if (row_filled(in, row))
			json_object_array_add(rows, row_read(ctx, in, row));
	json_object_object_add(condition, in->join && !strcmp(in->join, "any") ? "any" : "all", rows);
	return json_object_array_length(rows) ? condition : NULL;
}

/* What is at fault, in words for the one who filled the form in. */
static enum err condition_fail(struct req *req)
{
	const char *at = strchr(req->ctx.fault.field, '[');
	char detail[200];
	int row = at ? (int)strtol(at + 1, NULL, 10) + 1 : 1;
	snprintf(detail, sizeof detail, strstr(req->ctx.fault.field, ".op") ? tr(req, "Row %d: this comparison does not go with this fact")
		: tr(req, "Row %d: this value does not go with this fact"), row);
	ctx_forgive(&req->ctx);
	return fail_field(&req->ctx, ERR_INVALID, "condition", "%s", detail);
}

static enum err condition_read(struct req *req, const struct segments_input *in, struct json_object **condition_out)
{
	bool rows = !in->json || !*in->json;
	*condition_out = NULL;
	if (rows)
		*condition_out = rows_read(&req->ctx, in);
	else if (json_read(&req->ctx, in->json, strlen(in->json), JSON_DEPTH, condition_out) != OK) {
		ctx_forgive(&req->ctx);
		return fail_field(&req->ctx, ERR_INVALID, "json", "The condition is no JSON");
	}
	if (!*condition_out)
		return fail_field(&req->ctx, ERR_INVALID, "condition", "At least one condition is needed");
	if (condition_check(&req->ctx, *condition_out, "condition", CONDITION_SEGMENT) == OK)
		return OK;
	return rows ? condition_fail(req) : ERR_INVALID;
}

/* --- from a condition to a form --- */

static const char *value_text(struct req *req, const char *fact, struct json_object *value)
{
	struct buffer text = {0};
	const char *kept;
	for (size_t i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value); i++) {
		if (i)
			buffer_text(&text, ", ");
		buffer_text(&text, json_object_get_string(json_object_array_get_idx(value, i)));
	}
	if (json_object_is_type(value, json_type_boolean))
		buffer_text(&text, json_object_get_boolean(value) ? tr(req, "yes") : tr(req, "no"));
	else if (!strcmp(fact, "value") && json_object_is_type(value, json_type_int))
		buffer_printf(&text, "%lld%c%02lld", (long long)json_object_get_int64(value) / 100, !strcmp(req_language(req), "de") ? ',' : '.',
			(long long)json_object_get_int64(value) % 100);
	else if (!json_object_is_type(value, json_type_array))
		buffer_text(&text, json_object_get_string(value));
	kept = arena_memdup(&req->ctx.arena, text.data ? text.data : "", text.length);
	buffer_free(&text);
	return kept;
}

static void row_add(struct req *req, struct json_object *rows, const char *fact, const char *attribute, const char *op, const char *value)
{
	const struct condition_fact *kind = fact_of(fact);
	struct json_object *row = json_object_new_object();
	char number[8];
	snprintf(number, sizeof number, "%zu", json_object_array_length(rows));
	page_text(row, "number", number);
	snprintf(number, sizeof number, "%zu", json_object_array_length(rows) + 1);
	page_text(row, "place", number);
	choices_add(req, row, "facts", FACTS, fact);
	choices_add(req, row, "operators", OPERATORS, op);
	page_text(row, "attribute", attribute);
	page_text(row, "value", value);
	page_text(row, "list", kind && (kind->choices || kind->kind == FACT_FLAG) ? kind->name : NULL);
	json_object_object_add(row, "filled", json_object_new_boolean(fact != NULL));
	json_object_array_add(rows, row);
}

static bool rows_can_say(struct json_object *condition, struct json_object **list_out, const char **join_out)
{
	*join_out = json_object_object_get_ex(condition, "any", list_out) ? "any" : "all";
	if (!json_object_object_get_ex(condition, *join_out, list_out) || json_object_array_length(*list_out) > ROWS)
		return false;
	for (size_t i = 0; i < json_object_array_length(*list_out); i++)
		if (!json_object_object_get_ex(json_object_array_get_idx(*list_out, i), "fact", NULL))
			return false;
	return true;
}

static void rows_add(struct req *req, struct json_object *view, struct json_object *condition)
{
	struct json_object *rows = json_object_new_array(), *list = NULL, *value = NULL;
	const char *join = "all";
	if (condition && !rows_can_say(condition, &list, &join)) {
		page_text(view, "json", json_object_to_json_string_ext(condition, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(rows);
		return;
	}
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *compare = json_object_array_get_idx(list, i);
		const char *fact = json_text(compare, "fact", ""), *dot = strchr(fact, '.');
		json_object_object_get_ex(compare, "value", &value);
		row_add(req, rows, dot ? "attribute" : fact, dot ? dot + 1 : NULL, json_text(compare, "op", ""), value_text(req, fact, value));
	}
	if (json_object_array_length(rows) < ROWS)
		row_add(req, rows, NULL, NULL, NULL, NULL);
	json_object_object_add(view, "rows", rows);
	json_object_object_add(view, "any_of", json_object_new_boolean(!strcmp(join, "any")));
}

/* Rows as they were sent, right or wrong. */
static void sent_add(struct req *req, struct json_object *view, const struct segments_input *in)
{
	struct json_object *rows = json_object_new_array();
	page_text(view, "name", in->name);
	if (in->json && *in->json) {
		page_text(view, "json", in->json);
		json_object_put(rows);
		return;
	}
	for (int row = 0; row < ROWS; row++)
		if (row_filled(in, row))
			row_add(req, rows, in->fact[row], in->attribute[row], in->op[row], in->value[row]);
	if (json_object_array_length(rows) < ROWS)
		row_add(req, rows, NULL, NULL, NULL, NULL);
	json_object_object_add(view, "rows", rows);
	json_object_object_add(view, "any_of", json_object_new_boolean(in->join && !strcmp(in->join, "any")));
}

/* Lists of values to choose from, for the facts that have them. */
static void lists_add(struct req *req, struct json_object *view)
{
	struct json_object *lists = json_object_new_array();
	for (const struct condition_fact *fact = CONDITION_FACTS; fact->name; fact++) {
		const char *choices = fact->kind == FACT_FLAG ? arena_printf(&req->ctx.arena, "%s|%s", tr(req, "yes"), tr(req, "no")) : fact->choices;
		struct json_object *list, *values;
		if (!choices || fact->step_only)
			continue;
		list = json_object_new_object();
		page_text(list, "fact", fact->name);
		json_object_object_add(list, "values", values = json_object_new_array());
		for (size_t length; *choices; choices += length + (choices[length] == '|')) {
			length = strcspn(choices, "|");
			struct json_object *value = json_object_new_object();
			const char *code = arena_memdup(&req->ctx.arena, choices, length), *word = page_word(req, code);
			page_text(value, "value", code);
			page_text(value, "label", strcmp(word, code) ? word : reach_word(req, code));
			json_object_array_add(values, value);
		}
		json_object_array_add(lists, list);
	}
	json_object_object_add(view, "lists", lists);
}

/* --- pages --- */

static enum err preview_add(struct req *req, struct json_object *view, struct json_object *condition)
{
	struct json_object *sample = json_object_new_array();
	struct segment_preview preview;
	struct buffer words = {0};
	TRY(segment_preview(&req->ctx, req->house.pool, req->who.org_id, req->who.live, condition, who_may(&req->who, PERMIT_CUSTOMER_TEXT), &preview));
	condition_words(condition, req_language(req), &words);
	page_text(view, "words", words.data);
	buffer_free(&words);
	page_text(view, "count", page_number(req, preview.count));
	json_object_object_add(view, "sample", sample);
	for (int row = 0; row < PQntuples(preview.sample); row++) {
		static const char *const TEXTS[] = {"ref", "name", "email", "plan"};
		struct json_object *customer = json_object_new_object();
		const char *currency = pg_text(preview.sample, row, "currency");
		int64_t value = pg_number(preview.sample, row, "value", 0);
		for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
			page_text(customer, TEXTS[i], pg_text(preview.sample, row, TEXTS[i]));
		page_text(customer, "status", reach_word(req, pg_text(preview.sample, row, "status")));
		page_text(customer, "id", pg_text(preview.sample, row, "id"));
		page_text(customer, "value", currency ? page_money(req, value, currency) : NULL);
		page_text(customer, "tenure", page_number(req, pg_number(preview.sample, row, "tenure", 0)));
		json_object_array_add(sample, customer);
	}
	json_object_object_add(view, "counted", json_object_new_boolean(true));
	json_object_object_add(view, "anybody", json_object_new_boolean(PQntuples(preview.sample) > 0));
	return OK;
}

static struct json_object *segments_view(struct req *req, const char *notice)
{
	struct json_object *view = page_view(req);
	json_object_object_add(view, "on_segments", json_object_new_boolean(true));
	json_object_object_add(view, "live", json_object_new_boolean(req->who.live));
	if (notice)
		page_text(view, "notice", !strcmp(notice, "saved") ? tr(req, "The segment is saved.") : tr(req, "The segment is deleted."));
	return view;
}

static enum err editor_show(struct req *req, struct rep *rep, struct json_object *view, const char *id)
{
	page_text(view, "id", id);
	lists_add(req, view);
	return page_show(req, rep, "segment", id ? TR("Segment") : TR("A new segment"), view);
}

static enum err list_show(struct req *req, struct rep *rep, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "segments", list);
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_SEGMENTS_LIST,
		PARAMS(req->who.org_id, "ffffffff-ffff-ffff-ffff-ffffffffffff", pg_int(&req->ctx, SEGMENTS_MOST)), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		struct json_object *segment = json_object_new_object(), *condition;
		const char *text = pg_text(rows, row, "condition");
		struct buffer words = {0};
		json_object_array_add(list, segment);
		TRY(json_read(&req->ctx, text, strlen(text), JSON_DEPTH, &condition));
		condition_words(condition, req_language(req), &words);
		page_text(segment, "words", words.data);
		buffer_free(&words);
		page_text(segment, "id", pg_text(rows, row, "id"));
		page_text(segment, "name", pg_text(rows, row, "name"));
		page_text(segment, "flows", page_number(req, pg_number(rows, row, "flows", 0)));
		page_stamp(req, segment, "changed", pg_text(rows, row, "updated_at"));
	}
	json_object_object_add(view, "any", json_object_new_boolean(PQntuples(rows) > 0));
	return page_show(req, rep, "segments", TR("Segments"), view);
}

static enum err segments_page(struct req *req, struct rep *rep)
{
	const struct segments_input *in = req->input;
	return list_show(req, rep, segments_view(req, in->notice));
}

static enum err segment_new(struct req *req, struct rep *rep)
{
	struct json_object *view = segments_view(req, NULL);
	rows_add(req, view, NULL);
	return editor_show(req, rep, view, NULL);
}

static enum err segment_page(struct req *req, struct rep *rep)
{
	const struct segments_input *in = req->input;
	struct json_object *view = segments_view(req, in->notice), *condition;
	const char *text;
	PGresult *row;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_SEGMENT_GET, PARAMS(req->who.org_id, in->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such segment");
	text = pg_text(row, 0, "condition");
	TRY(json_read(&req->ctx, text, strlen(text), JSON_DEPTH, &condition));
	page_text(view, "name", pg_text(row, 0, "name"));
	page_text(view, "saved_name", pg_text(row, 0, "name"));
	rows_add(req, view, condition);
	TRY(preview_add(req, view, condition));
	return editor_show(req, rep, view, in->id);
}

struct segment_form {
	struct req *req;
	struct json_object *condition;
	char made[ID_TEXT];
};

static enum err save_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct segment_form *form = argument;
	const struct segments_input *in = form->req->input;
	const struct audit by = audit_of(form->req, NULL, NULL, NULL);
	const struct segment_change change = {.by = &by, .id = in->id, .name = in->name, .condition = form->condition};
	return in->id ? segment_update(ctx, lease, &change) : segment_create(ctx, lease, &change, form->made);
}

static enum err segment_store(struct segment_form *form)
{
	const struct segments_input *in = form->req->input;
	if (!in->name || !*in->name)
		return fail_field(&form->req->ctx, ERR_INVALID, "name", "The segment needs a name");
	TRY(change_run(&form->req->ctx, form->req->house.pool, save_run, form));
	flows_forget(&form->req->ctx, form->req->house.cache, form->req->who.org_id);
	return OK;
}

static enum err segment_save(struct req *req, struct rep *rep)
{
	const struct segments_input *in = req->input;
	bool save = in->act && !strcmp(in->act, "save");
	struct segment_form form = {.req = req};
	struct json_object *view;
	enum err err = condition_read(req, in, &form.condition);
	if (err == OK && save)
		err = segment_store(&form);
	if (err == OK && save)
		return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/segments/%s?notice=saved", in->id ? in->id : form.made));
	view = segments_view(req, NULL);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	else
		TRY(preview_add(req, view, form.condition));
	sent_add(req, view, in);
	return editor_show(req, rep, view, in->id);
}

static enum err delete_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct segments_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	return segment_delete(ctx, lease, &(struct segment_change){.by = &by, .id = in->id});
}

static enum err segment_remove(struct req *req, struct rep *rep)
{
	enum err err = change_run(&req->ctx, req->house.pool, delete_run, req);
	struct json_object *view;
	if (err == OK)
		return reply_redirect(req, rep, 303, "/segments?notice=deleted");
	view = segments_view(req, NULL);
	TRY(page_fault(req, rep, err, view));
	return list_show(req, rep, view);
}

#define SEGMENT_PAGE(method_, path_, permission_, input_, run_, ...) \
	{method_, path_, ACCESS_PAGE, .permission = permission_, .class = CLASS_PAGE, .input = input_, .input_size = sizeof(struct segments_input), \
		.run = run_, __VA_ARGS__}

const struct route SEGMENTS_ROUTES[] = {
	SEGMENT_PAGE(METHOD_GET, "/segments", PERMIT_RETENTION_READ, LIST_INPUT, segments_page, .shape = REPLY_PAGE, .doc = "Segments of customers"),
	{METHOD_GET, "/segment-new", ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, .run = segment_new, .shape = REPLY_PAGE,
		.doc = "The form of a new segment"},
	SEGMENT_PAGE(METHOD_POST, "/segments", PERMIT_RETENTION_WRITE, CREATE_INPUT, segment_save, .shape = REPLY_PAGE, .form = true, .also = 303,
		.doc = "Makes a segment, or counts its customers"),
	SEGMENT_PAGE(METHOD_GET, "/segments/:id", PERMIT_RETENTION_READ, SHOW_INPUT, segment_page, .shape = REPLY_PAGE,
		.doc = "A segment: its condition, how many customers it has, and some of them"),
	SEGMENT_PAGE(METHOD_POST, "/segments/:id", PERMIT_RETENTION_WRITE, UPDATE_INPUT, segment_save, .shape = REPLY_PAGE, .form = true, .also = 303,
		.doc = "Saves a segment, or counts its customers"),
	SEGMENT_PAGE(METHOD_POST, "/segments/:id/delete", PERMIT_RETENTION_WRITE, DELETE_INPUT, segment_remove, .shape = REPLY_PAGE, .status = 303,
		.form = true, .doc = "Deletes a segment that no flow is for"),
	ROUTE_END};
