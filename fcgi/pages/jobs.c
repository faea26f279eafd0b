#include "pages/page.h"

#include "operate/operate.h"
#include "sql.h"

#include <string.h>

#define SECTION_MOST 20
#define LIST_MOST 25
#define METER_WIDTH 160

struct jobs_input {
	const char *id, *scope, *state, *kind, *queue, *before, *notice, *action, *target;
};

#define STATES "waiting|retrying|running|done|dead|cancelled"
#define QUEUES "high|default|low"
#define JOB INPUT(struct jobs_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the job")
#define SCOPE(place_) INPUT(struct jobs_input, scope, "scope", place_, FIELD_ENUM, .choices = "organisation|house", .doc = "house: everybody's, for operators")
/* What the list is narrowed to; forms send it along, so that the page comes back as it was. */
#define FILTER(place_) \
	SCOPE(place_), \
	INPUT(struct jobs_input, state, "state", place_, FIELD_ENUM, .choices = STATES, .doc = "state of the jobs in the list"), \
	INPUT(struct jobs_input, kind, "kind", place_, FIELD_TEXT, .least = 0, .most = 64, .doc = "only this kind"), \
	INPUT(struct jobs_input, queue, "queue", place_, FIELD_ENUM, .choices = QUEUES, .doc = "only this queue")

static const struct field PAGE_INPUT[] = {
	SCOPE(IN_QUERY),
	/* A form that is sent by GET names what it leaves open as empty text. */
	INPUT(struct jobs_input, state, "state", IN_QUERY, FIELD_TEXT, .least = 0, .most = 16, .doc = "state of the jobs in the list: " STATES),
	INPUT(struct jobs_input, kind, "kind", IN_QUERY, FIELD_TEXT, .least = 0, .most = 64, .doc = "only this kind"),
	INPUT(struct jobs_input, queue, "queue", IN_QUERY, FIELD_TEXT, .least = 0, .most = 16, .doc = "only this queue: " QUEUES),
	/* Only a place in the order, so that of a job that is gone, or is somebody else's, is as good. */
	INPUT(struct jobs_input, before, "before", IN_QUERY, FIELD_TEXT, .most = ID_TEXT - 1, .doc = "the list goes on behind this job's place"),
	INPUT(struct jobs_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "cancelled|told|replayed|replayed-all|paused|resumed",
		.doc = "what was done"),
	FIELD_END};
static const struct field SHOW_INPUT[] = {JOB, SCOPE(IN_QUERY), FIELD_END};
static const struct field CHANGE_INPUT[] = {JOB, FILTER(IN_BODY), FIELD_END};
static const struct field ALL_INPUT[] = {
	FILTER(IN_BODY),
	INPUT(struct jobs_input, action, "action", IN_BODY, FIELD_ENUM, .required = true, .choices = "replay|pause|resume",
		.doc = "tries dead jobs again; holds a kind or queue back; lets it go on"),
	INPUT(struct jobs_input, target, "target", IN_BODY, FIELD_TEXT, .least = 1, .most = 64, .doc = "a kind, or with pause and resume a queue; replay without: all"),
	FIELD_END};

static void add_number(struct json_object *view, const char *name, int64_t value)
{
	json_object_object_add(view, name, json_object_new_int64(value));
}

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static bool listed(const char *choices, const char *text)
{
	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		if (strlen(text) == length && !strncmp(choices, text, length))
			return true;
	}
	return false;
}

static const char *span_text(struct ctx *ctx, int64_t seconds)
{
	static const struct { int64_t seconds; const char *unit; } UNITS[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	while (i < 3 && seconds < 2 * UNITS[i].seconds)
		i++;
	return arena_printf(&ctx->arena, "%lld %s", (long long)(seconds / UNITS[i].seconds), UNITS[i].unit);
}

static const char *state_text(const struct req *req, const char *state)
{
	static const char *const TEXTS[] = {TR("waiting"), TR("retrying"), TR("running"), TR("done"), TR("dead"), TR("cancelled")};
	for (size_t i = 0; state && i < sizeof TEXTS / sizeof *TEXTS; i++)
		if (!strcmp(TEXTS[i], state))
			return tr(req, TEXTS[i]);
	return state;
}

/* --- queues --- */

static struct json_object *queue_view(struct ctx *ctx, enum job_queue number, const struct operate_queue *queue)
{
	const struct job_depth_target *target = &JOB_DEPTH_TARGET[number];
	const char *depth = operate_depth(number, queue->due);
	struct json_object *view = json_object_new_object();
	int64_t width = METER_WIDTH * queue->due / target->most;
	page_text(view, "name", target->queue);
	page_flag(view, depth, true);
	add_number(view, "due", queue->due);
	add_number(view, "later", queue->waiting - queue->due);
	add_number(view, "target", target->target);
	add_number(view, "alert_at", target->alert);
	add_number(view, "width", width < METER_WIDTH ? width : METER_WIDTH);
	add_number(view, "target_x", METER_WIDTH * (int64_t)target->target / target->most);
	add_number(view, "alert_x", METER_WIDTH * (int64_t)target->alert / target->most);
	add_number(view, "running", queue->running);
	page_text(view, "oldest", queue->due ? span_text(ctx, queue->oldest_s) : "–");
	add_number(view, "minute", queue->minute[OPERATE_DONE]);
	add_number(view, "hour", queue->hour[OPERATE_DONE]);
	add_number(view, "lost", queue->hour[OPERATE_DEAD]);
	add_number(view, "cancelled", queue->hour[OPERATE_CANCELLED]);
	add_number(view, "dead", queue->dead);
	page_flag(view, "paused", queue->paused);
	return view;
}

static enum err add_queues(struct req *req, const char *scope, struct json_object *view)
{
	struct operate_queue queues[JOB_QUEUES];
	struct json_object *list = json_object_new_array();
	int64_t dead = 0, alerts = 0;
	json_object_object_add(view, "queues", list);
	TRY(operate_queues(&req->ctx, req->house.pool, scope, queues));
	for (enum job_queue number = JOB_HIGH; number < JOB_QUEUES; number++) {
		json_object_array_add(list, queue_view(&req->ctx, number, &queues[number]));
		dead += queues[number].dead;
		alerts += !strcmp(operate_depth(number, queues[number].due), "alert");
	}
	add_number(view, "dead_count", dead);
	page_text(view, "summary", arena_printf(&req->ctx.arena, tr(req, "Dead jobs: %lld. Queues past their alert: %lld."), (long long)dead, (long long)alerts));
	return OK;
}

/* --- jobs --- */

static struct json_object *job_view(struct req *req, const PGresult *rows, int row)
{
	static const char *const TEXTS[] = {"id", "kind", "queue", "state", "note", "message", "organisationId"};
	static const char *const TIMES[] = {"runAt", "createdAt", "startedAt", "finishedAt"};
	struct json_object *view = json_object_new_object();
	const char *state = pg_text(rows, row, "state");
	bool waiting = !strcmp(state, "waiting"), running = !strcmp(state, "running");
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		page_text(view, TEXTS[i], PQfnumber(rows, TEXTS[i]) < 0 ? NULL : pg_text(rows, row, TEXTS[i]));
	for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++)
		page_stamp(req, view, TIMES[i], pg_text(rows, row, TIMES[i]));
	add_number(view, "attempt", pg_number(rows, row, "attempt", 0));
	add_number(view, "attempts", pg_number(rows, row, "attempts", 0));
	if (pg_text(rows, row, "progress"))
		page_text(view, "progress", pg_text(rows, row, "progress"));
	page_flag(view, "cancelling", pg_true(rows, row, "cancelling"));
	page_text(view, "state_text", state_text(req, state));
	page_flag(view, "stoppable", waiting || (running && !pg_true(rows, row, "cancelling")));
	page_flag(view, "repeatable", waiting || !strcmp(state, "dead") || !strcmp(state, "cancelled"));
	/* Each of them, because what a row does not name is looked for around it. */
	page_flag(view, "waiting", waiting);
	page_flag(view, "running", running);
	page_flag(view, "done", !strcmp(state, "done"));
	page_flag(view, "dead", !strcmp(state, "dead"));
	return view;
}

/* Adds {name: {rows: […], last: id when there are more}}. */
static enum err add_jobs(struct req *req, struct lease *lease, const struct jobs_input *in, const char *scope, const char *state, const char *before, int most,
	const char *name, struct json_object *view)
{
	struct ctx *ctx = lease->ctx;
	const char *queue = in->queue ? pg_int(ctx, job_queue_parse(in->queue)) : NULL;
	struct json_object *part = json_object_new_object(), *list = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, name, part);
	json_object_object_add(part, "rows", list);
	TRY(pg_run(lease, &SQL_OPERATE_JOB_LIST, PARAMS(scope, state, in->kind, queue, before, "newest", pg_int(ctx, most)), &rows));
	for (int row = 0; row < PQntuples(rows) && row < most; row++)
		json_object_array_add(list, job_view(req, rows, row));
	page_flag(part, "any", PQntuples(rows) > 0);
	if (PQntuples(rows) > most)
		page_text(part, "last", pg_text(rows, most - 1, "id"));
	return OK;
}

static enum err add_lists(struct req *req, struct lease *lease, const struct jobs_input *in, const char *scope, struct json_object *view)
{
	TRY(add_jobs(req, lease, in, scope, "running", NULL, SECTION_MOST, "running", view));
	TRY(add_jobs(req, lease, in, scope, "retrying", NULL, SECTION_MOST, "retrying", view));
	TRY(add_jobs(req, lease, in, scope, "dead", NULL, SECTION_MOST, "dead", view));
	return add_jobs(req, lease, in, scope, in->state, in->before, LIST_MOST, "list", view);
}

/* What operators see besides: what is held back, and the workers. */
static enum err add_house(struct req *req, struct lease *lease, struct json_object *view)
{
	struct json_object *pauses = json_object_new_array(), *workers = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "pauses", pauses);
	json_object_object_add(view, "workers", workers);
	TRY(pg_run(lease, &SQL_OPERATE_PAUSE_LIST, PARAMS(NULL, "100"), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		if (pg_text(rows, row, "kind"))
			json_object_array_add(pauses, json_object_new_string(pg_text(rows, row, "kind")));
	TRY(pg_run(lease, &SQL_OPERATE_WORKER_LIST, PARAMS(NULL, "100"), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		struct json_object *worker = json_object_new_object();
		page_text(worker, "name", pg_text(rows, row, "id"));
		page_text(worker, "threads", pg_text(rows, row, "threads"));
		page_text(worker, "running", pg_text(rows, row, "running"));
		page_stamp(req, worker, "started", pg_text(rows, row, "startedAt"));
		json_object_array_add(workers, worker);
	}
	return OK;
}

/* --- the page --- */

static void add_choices(const struct req *req, struct json_object *view, const char *name, const char *choices, const char *chosen)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, name, list);
	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		struct json_object *item = json_object_new_object();
		length = strcspn(choices, "|");
		json_object_object_add(item, "value", json_object_new_string_len(choices, (int)length));
		page_text(item, "label", state_text(req, json_text(item, "value", "")));
		page_flag(item, "chosen", chosen && strlen(chosen) == length && !strncmp(chosen, choices, length));
		json_object_array_add(list, item);
	}
}

static const char *kinds_all(struct ctx *ctx)
{
	struct buffer names = {0};
	for (const struct job_policy *const *policy = JOB_POLICIES; *policy; policy++)
		buffer_printf(&names, "%s%s", names.length ? "|" : "", (*policy)->kind);
	const char *text = arena_strdup(&ctx->arena, names.data);
	buffer_free(&names);
	return text;
}

static const char *filter_query(struct req *req, const struct jobs_input *in)
{
	const struct { const char *name, *value; } PARTS[] = {{"scope", in->scope}, {"state", in->state}, {"kind", in->kind}, {"queue", in->queue}};
	struct buffer query = {0};
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
		if (given(PARTS[i].value)) {
			buffer_printf(&query, "%s%s=", query.length ? "&" : "", PARTS[i].name);
			buffer_url(&query, PARTS[i].value, strlen(PARTS[i].value));
		}
	const char *text = query.length ? arena_strdup(&req->ctx.arena, query.data) : "";
	buffer_free(&query);
	return text;
}

static void add_filter(struct req *req, const struct jobs_input *in, bool house, struct json_object *view)
{
	struct json_object *filter = json_object_new_object();
	json_object_object_add(view, "filter", filter);
	page_flag(filter, "house", house);
	page_text(filter, "state", in->state);
	page_text(filter, "state_text", state_text(req, in->state));
	page_text(filter, "kind", in->kind);
	page_text(filter, "queue", in->queue);
	page_text(filter, "query", filter_query(req, in));
	add_choices(req, view, "states", STATES, in->state);
	add_choices(req, view, "kinds", kinds_all(&req->ctx), in->kind);
	add_choices(req, view, "queue_names", QUEUES, in->queue);
	page_flag(view, "operator", who_may(&req->who, PERMIT_HOUSE_OPERATE));
}

static const char *notice_text(const char *notice)
{
	static const struct { const char *notice, *text; } TEXTS[] = {
		{"cancelled", TR("The job is cancelled.")}, {"told", TR("The job runs and was told to stop.")}, {"replayed", TR("The job is tried again.")},
		{"replayed-all", TR("The dead jobs are tried again.")}, {"paused", TR("It is held back; what runs goes on.")}, {"resumed", TR("It goes on.")}};
	for (size_t i = 0; notice && i < sizeof TEXTS / sizeof *TEXTS; i++)
		if (!strcmp(TEXTS[i].notice, notice))
			return TEXTS[i].text;
	return NULL;
}

static enum err jobs_page(struct req *req, struct rep *rep)
{
	const struct jobs_input *asked = req->input;
	struct jobs_input in = *asked;
	struct json_object *view = page_view(req);
	const char *scope;
	struct lease lease;
	in.state = given(in.state);
	in.kind = given(in.kind);
	in.queue = given(in.queue);
	if (in.state && !listed(STATES, in.state))
		return fail_field(&req->ctx, ERR_INVALID, "state", "There is no such state");
	if (in.queue && !listed(QUEUES, in.queue))
		return fail_field(&req->ctx, ERR_INVALID, "queue", "There is no such queue");
	if (in.before && !id_valid(in.before))
		return fail_field(&req->ctx, ERR_INVALID, "before", "There is no such place");
	TRY(operate_scope(&req->ctx, &req->who, in.scope, &scope));
	add_filter(req, &in, !scope, view);
	const char *notice = notice_text(in.notice);
	page_text(view, "notice", notice ? tr(req, notice) : NULL);
	TRY(add_queues(req, scope, view));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = add_lists(req, &lease, &in, scope, view);
	if (err == OK && !scope)
		err = add_house(req, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "jobs", "Jobs", view);
}

static void add_errors(struct req *req, struct json_object *errors, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "errors", list);
	for (size_t i = json_object_array_length(errors); i-- > 0;) {
		struct json_object *error = json_object_array_get_idx(errors, i), *item = json_object_new_object();
		add_number(item, "attempt", json_int(error, "attempt", 0));
		page_text(item, "code", json_text(error, "code", NULL));
		page_text(item, "message", json_text(error, "message", NULL));
		page_stamp(req, item, "at", json_text(error, "time", NULL));
		json_object_array_add(list, item);
	}
}

static enum err job_page(struct req *req, struct rep *rep)
{
	const struct jobs_input *in = req->input;
	struct ctx *ctx = &req->ctx;
	struct json_object *view = page_view(req), *errors;
	const char *scope, *text;
	PGresult *rows;
	TRY(operate_scope(ctx, &req->who, in->scope, &scope));
	TRY(pg_query(ctx, req->house.pool, &SQL_OPERATE_JOB_GET, PARAMS(scope, in->id), &rows));
	if (!PQntuples(rows))
		return fail(ctx, ERR_NOT_FOUND, "There is no such job, or it was finished more than a day ago");
	add_filter(req, in, !scope, view);
	json_object_object_add(view, "job", job_view(req, rows, 0));
	page_text(view, "worker", pg_text(rows, 0, "worker"));
	page_text(view, "result", pg_text(rows, 0, "result"));
	text = pg_text(rows, 0, "errors");
	TRY(json_read(ctx, text, strlen(text), 8, &errors));
	add_errors(req, errors, view);
	return page_show(req, rep, "job", arena_printf(&ctx->arena, tr(req, "Job %s"), pg_text(rows, 0, "kind")), view);
}

/* Back to the page as it was narrowed. */
static enum err go_back(struct req *req, struct rep *rep, const char *notice)
{
	const char *query = filter_query(req, req->input);
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/jobs?%s%snotice=%s", query, *query ? "&" : "", notice));
}

static enum err job_end(struct req *req, struct rep *rep)
{
	const struct jobs_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const char *scope;
	bool running;
	TRY(operate_scope(&req->ctx, &req->who, in->scope, &scope));
	TRY(operate_cancel(&req->ctx, req->house.pool, scope, in->id, &by, &running));
	return go_back(req, rep, running ? "told" : "cancelled");
}

static enum err job_again(struct req *req, struct rep *rep)
{
	const struct jobs_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const char *scope;
	TRY(operate_scope(&req->ctx, &req->who, in->scope, &scope));
	TRY(operate_replay(&req->ctx, req->house.pool, scope, in->id, &by));
	return go_back(req, rep, "replayed");
}

static enum err hold_back(struct req *req, const char *target, bool pause)
{
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	enum job_queue queue = job_queue_parse(target ? target : "");
	if (!who_may(&req->who, PERMIT_HOUSE_OPERATE))
		return fail(&req->ctx, ERR_FORBIDDEN, "The whole house is for operators");
	if (!target)
		return fail_field(&req->ctx, ERR_INVALID, "target", "Name a kind or a queue");
	return operate_pause(&req->ctx, req->house.pool, queue < JOB_QUEUES ? NULL : target, queue, pause, &by);
}

static enum err jobs_change(struct req *req, struct rep *rep)
{
	const struct jobs_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	bool pause = !strcmp(in->action, "pause");
	const char *scope;
	int64_t count;
	if (strcmp(in->action, "replay") != 0) {
		TRY(hold_back(req, in->target, pause));
		return go_back(req, rep, pause ? "paused" : "resumed");
	}
	TRY(operate_scope(&req->ctx, &req->who, in->scope, &scope));
	TRY(operate_replay_all(&req->ctx, req->house.pool, scope, in->target, &by, &count));
	return go_back(req, rep, "replayed-all");
}

#define READS ACCESS_PAGE, .permission = PERMIT_JOB_READ, .class = CLASS_PAGE
#define WRITES ACCESS_PAGE, .permission = PERMIT_JOB_WRITE, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct jobs_input)

const struct route JOBS_ROUTES[] = {
	{METHOD_GET, "/jobs", READS, TAKES(PAGE_INPUT), .run = jobs_page, .shape = REPLY_PAGE,
		.doc = "Background jobs: depths against their targets, what runs, waits for another try or is dead"},
	{METHOD_POST, "/jobs", WRITES, TAKES(ALL_INPUT), .run = jobs_change, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Tries dead jobs again, or holds a kind or queue back"},
	{METHOD_GET, "/jobs/:id", READS, TAKES(SHOW_INPUT), .run = job_page, .shape = REPLY_PAGE, .doc = "One job with its failures and its result"},
	{METHOD_POST, "/jobs/:id/cancel", WRITES, TAKES(CHANGE_INPUT), .run = job_end, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Cancels a job, or tells it to stop"},
	{METHOD_POST, "/jobs/:id/replay", WRITES, TAKES(CHANGE_INPUT), .run = job_again, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Tries a job again"},
	ROUTE_END};
