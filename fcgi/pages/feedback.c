#include "pages/sheet.h"

#include "pages/words.h"
#include "sql.h"

#include <string.h>

#define ROWS 25
#define ANSWERS_LEAST 3 /* of a word, before who may not read customers' own words sees it */

struct feedback_input {
	struct range_input range;
	const char *reason, *word, *before;
};

static const struct field FEEDBACK_INPUT[] = {
	RANGE_INPUT(struct feedback_input, range),
	INPUT(struct feedback_input, reason, "reason", IN_QUERY, FIELD_TEXT, .least = 0, .most = 64, .doc = "only answers with this reason"),
	INPUT(struct feedback_input, word, "word", IN_QUERY, FIELD_TEXT, .least = 0, .most = 80, .doc = "only answers with these words"),
	INPUT(struct feedback_input, before, "before", IN_QUERY, FIELD_ID, .doc = "older than this session's answer"),
	FIELD_END};

struct feedback {
	struct range range;
	const char *reason, *word, *before;
	bool words;            /* may read what customers wrote */
	const PGresult *groups;
};

/* The stem of a group that is this word, so that who may not read answers cannot ask whether some answer has a name in it. */
static bool is_group(const struct feedback *feedback, const char *word)
{
	for (int row = 0; row < PQntuples(feedback->groups); row++)
		if (!strcmp(pg_text(feedback->groups, row, "word"), word))
			return true;
	return false;
}

/* "/feedback?…" with these parameters besides the range's; NULL: without. */
static const char *link_to(const struct feedback *feedback, const char *path, const char *word, const char *before)
{
	const struct { const char *name, *value; } OWN[] = {{"reason", feedback->reason}, {"word", word}, {"before", before}};
	struct range range = feedback->range;
	struct buffer more = {0};
	buffer_text(&more, "");
	for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
		if (OWN[i].value) {
			buffer_printf(&more, "&%s=", OWN[i].name);
			buffer_url(&more, OWN[i].value, strlen(OWN[i].value));
		}
	range.more = more.data ? more.data : "";
	const char *link = range_link(&range, path, RANGE_PARTS, NULL);
	buffer_free(&more);
	return link;
}

static enum err add_groups(struct feedback *feedback, struct lease *lease, struct json_object *view)
{
	struct req *req = feedback->range.req;
	const struct measure_scope *scope = &feedback->range.scope;
	struct json_object *groups = json_object_new_array();
	PGresult *rows;
	TRY(pg_run(lease, &SQL_PAGES_FEEDBACK_WORDS, PARAMS(scope->org_id, pg_bool(scope->live), scope->from, scope->to, scope->flow, scope->segment,
		scope->plan, scope->language, feedback->reason, pg_int(&req->ctx, feedback->words ? 1 : ANSWERS_LEAST)), &rows));
	feedback->groups = rows;
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *word = pg_text(rows, row, "word");
		struct json_object *group = json_object_new_object();
		page_text(group, "word", word);
		page_text(group, "link", link_to(feedback, "/feedback", word, NULL));
		page_text(group, "answers", page_number(req, pg_number(rows, row, "answers", 0)));
		page_text(group, "percent", page_percent(req, pg_number(rows, row, "answers", 0), pg_number(rows, row, "of_answers", 0)));
		json_object_object_add(group, "current", json_object_new_boolean(feedback->word && !strcmp(word, feedback->word)));
		json_object_array_add(groups, group);
	}
	json_object_object_add(view, "groups", groups);
	json_object_object_add(view, "any_groups", json_object_new_boolean(PQntuples(rows) > 0));
	if (feedback->word && !feedback->words && !is_group(feedback, feedback->word))
		feedback->word = NULL;
	return OK;
}

static bool has_stem(const char *stems, const char *stem)
{
	size_t length = strlen(stem);
	for (const char *at = stems; (at = strstr(at, stem)); at += length)
		if ((at == stems || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* In the groups' words: what an answer is about, without what it says. */
static struct json_object *about(const struct feedback *feedback, const char *stems)
{
	struct json_object *words = json_object_new_array();
	for (int row = 0; row < PQntuples(feedback->groups); row++)
		if (has_stem(stems, pg_text(feedback->groups, row, "stem")))
			json_object_array_add(words, json_object_new_string(pg_text(feedback->groups, row, "word")));
	return words;
}

static struct json_object *answer_view(const struct feedback *feedback, const PGresult *rows, int row)
{
	static const char *const CODES[] = {"outcome", "offer_type", "reason_code", "segment"};
	struct req *req = feedback->range.req;
	struct json_object *answer = json_object_new_object();
	page_stamp(req, answer, "at", pg_text(rows, row, "at"));
	for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++) {
		const char *word = page_word(req, pg_text(rows, row, CODES[i]));
		page_text(answer, CODES[i], word ? word : "");
	}
	page_text(answer, "plan", pg_text(rows, row, "plan") ? pg_text(rows, row, "plan") : "");
	page_text(answer, "customer", feedback->words ? pg_text(rows, row, "customer_ref") : tr(req, "hidden"));
	page_text(answer, "reason_text", feedback->words && pg_text(rows, row, "reason_text") ? pg_text(rows, row, "reason_text") : "");
	page_text(answer, "feedback", feedback->words && pg_text(rows, row, "feedback") ? pg_text(rows, row, "feedback") : "");
	json_object_object_add(answer, "about", about(feedback, pg_text(rows, row, "stems")));
	return answer;
}

static enum err add_answers(struct feedback *feedback, struct lease *lease, struct json_object *view)
{
	struct req *req = feedback->range.req;
	const struct measure_scope *scope = &feedback->range.scope;
	struct json_object *answers = json_object_new_array();
	PGresult *rows;
	TRY(pg_run(lease, &SQL_PAGES_FEEDBACK_LIST, PARAMS(scope->org_id, pg_bool(scope->live), scope->from, scope->to, scope->flow, scope->segment,
		scope->plan, scope->language, feedback->reason, feedback->word, pg_int(&req->ctx, ROWS + 1), feedback->before), &rows));
	int count = PQntuples(rows);
	for (int row = 0; row < count && row < ROWS; row++)
		json_object_array_add(answers, answer_view(feedback, rows, row));
	json_object_object_add(view, "answers", answers);
	json_object_object_add(view, "any", json_object_new_boolean(count > 0));
	page_text(view, "older", count > ROWS ? link_to(feedback, "/feedback", feedback->word, pg_text(rows, ROWS - 1, "id")) : "");
	page_text(view, "newest", feedback->before ? link_to(feedback, "/feedback", feedback->word, NULL) : "");
	return OK;
}

/* The form of the days keeps the reason. */
static void add_own(const struct feedback *feedback, struct json_object *view)
{
	const struct { const char *name, *value; } OWN[] = {{"reason", feedback->reason}, {"word", feedback->word}};
	struct json_object *own = json_object_new_array();
	for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) {
		if (!OWN[i].value)
			continue;
		struct json_object *one = json_object_new_object();
		page_text(one, "name", OWN[i].name);
		page_text(one, "value", OWN[i].value);
		json_object_array_add(own, one);
	}
	json_object_object_add(json_object_object_get(view, "range"), "own", own);
}

static void add_reasons(const struct feedback *feedback, const PGresult *rows, struct json_object *view)
{
	struct req *req = feedback->range.req;
	struct json_object *reasons = json_object_new_array();
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *code = pg_text(rows, row, "reason_code");
		struct feedback other = *feedback;
		struct json_object *reason = json_object_new_object();
		other.reason = code;
		page_text(reason, "link", link_to(&other, "/feedback", feedback->word, NULL));
		page_text(reason, "label", page_word(req, code));
		page_text(reason, "answers", page_number(req, pg_number(rows, row, "sessions", 0)));
		json_object_object_add(reason, "current", json_object_new_boolean(feedback->reason && !strcmp(feedback->reason, code)));
		json_object_array_add(reasons, reason);
	}
	json_object_object_add(view, "reasons", reasons);
	json_object_object_add(view, "any_reasons", json_object_new_boolean(PQntuples(rows) > 0));
}

static enum err fill(struct feedback *feedback, struct lease *lease, struct json_object *view)
{
	PGresult *reasons;
	TRY(range_view(&feedback->range, lease, view));
	TRY(measure_read(lease, MEASURE_REASONS, &feedback->range.scope, &reasons));
	TRY(add_groups(feedback, lease, view));
	add_reasons(feedback, reasons, view);
	add_own(feedback, view);
	page_text(view, "word", feedback->word ? feedback->word : "");
	page_text(view, "csv", link_to(feedback, "/analytics/feedback.csv", NULL, NULL));
	page_text(view, "all", range_link(&feedback->range, "/feedback", RANGE_PARTS, NULL));
	return add_answers(feedback, lease, view);
}

static enum err feedback_page(struct req *req, struct rep *rep)
{
	const struct feedback_input *in = req->input;
	struct json_object *view = page_view(req);
	struct feedback feedback = {.reason = in->reason && *in->reason ? in->reason : NULL, .word = in->word && *in->word ? in->word : NULL,
		.before = in->before, .words = who_may(&req->who, PERMIT_CUSTOMER_TEXT)};
	struct lease lease;
	enum err err = range_read(req, "/feedback", &in->range, &feedback.range);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	json_object_object_add(view, "words", json_object_new_boolean(feedback.words));
	json_object_object_add(view, "narrowed", json_object_new_boolean(feedback.reason || feedback.word));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = fill(&feedback, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "feedback", "Feedback", view);
}

const struct route FEEDBACK_ROUTES[] = {
	{METHOD_GET, "/feedback", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_ANALYTICS, .input = FEEDBACK_INPUT,
		.input_size = sizeof(struct feedback_input), .run = feedback_page, .shape = REPLY_PAGE,
		.doc = "What customers wrote and the words that come up; what they wrote itself only for those who may read it"},
	ROUTE_END};
