#include "ops/family.h"

#include "operate/operate.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

#define LIST_LIMIT 20

struct jobs_input {
	const char *id, *scope, *state, *kind, *queue, *order, *cursor, *prefer;
	int64_t limit;
	bool paused;
};

#define JOB INPUT(struct jobs_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the job")
#define SCOPE(place_) \
	INPUT(struct jobs_input, scope, "scope", place_, FIELD_ENUM, .choices = "organisation|house", \
		.doc = "the organisation's own jobs unless given; house: everybody's, for operators")
#define KIND(place_, doc_) INPUT(struct jobs_input, kind, "kind", place_, FIELD_TEXT, .least = 1, .most = 64, .doc = doc_)
#define QUEUE(place_, doc_) INPUT(struct jobs_input, queue, "queue", place_, FIELD_ENUM, .choices = "high|default|low", .doc = doc_)
#define LIMIT INPUT(struct jobs_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given")
#define CURSOR INPUT(struct jobs_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before")

static const struct field LIST_INPUT[] = {
	SCOPE(IN_QUERY), LIMIT, CURSOR, KIND(IN_QUERY, "only of this kind, such as webhook.deliver"), QUEUE(IN_QUERY, "only of this queue"),
	INPUT(struct jobs_input, state, "state", IN_QUERY, FIELD_ENUM, .choices = "waiting|retrying|running|done|dead|cancelled",
		.doc = "only these; retrying: those that wait after a failure"),
	INPUT(struct jobs_input, order, "order", IN_QUERY, FIELD_ENUM, .choices = "newest|oldest",
		.doc = "by when they were enqueued, the newest first unless given"),
	FIELD_END};
static const struct field SHOW_INPUT[] = {JOB, SCOPE(IN_QUERY), INPUT_PREFER(struct jobs_input, prefer), FIELD_END};
static const struct field CHANGE_INPUT[] = {JOB, SCOPE(IN_QUERY), FIELD_END};
static const struct field REPLAYS_INPUT[] = {SCOPE(IN_BODY), KIND(IN_BODY, "only of this kind; all unless given"), FIELD_END};
static const struct field QUEUES_INPUT[] = {SCOPE(IN_QUERY), FIELD_END};
static const struct field PAGE_INPUT[] = {LIMIT, CURSOR, FIELD_END};
static const struct field PAUSE_INPUT[] = {
	KIND(IN_BODY, "the kind; either this or queue"), QUEUE(IN_BODY, "the queue; either this or kind"),
	INPUT(struct jobs_input, paused, "paused", IN_BODY, FIELD_BOOL, .required = true, .doc = "whether it is held back; what runs goes on"),
	FIELD_END};

static const struct field REPLAYS_REPLY[] = {
	REPLY("replayed", FIELD_INT, .required = true, .doc = "jobs that wait again; ask once more while GET /api/v1/ops/queues shows dead ones"),
	FIELD_END};
static const struct field QUEUES_REPLY[] = {
	REPLY("queues", FIELD_JSON, .required = true,
		.doc = "one row a queue: jobs waiting, due, running and dead, seconds that the oldest due one has waited, the depth that due jobs "
			"make against target, alert and most (document 001), what ended in the last minute and hour, and whether it is held back"),
	FIELD_END};

static struct audit by_whom(struct req *req)
{
	return (struct audit){.org_id = req->who.org_id, .actor_kind = "session", .actor_id = req->who.account_id, .address = req->address,
		.agent = req->header(req, "User-Agent")};
}

static const char *queue_number(struct ctx *ctx, const char *name)
{
	return name ? pg_int(ctx, job_queue_parse(name)) : NULL;
}

static int limit_of(const struct jobs_input *input)
{
	return input->limit ? (int)input->limit : LIST_LIMIT;
}

static enum err jobs_list(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	struct ctx *ctx = &req->ctx;
	int limit = limit_of(input);
	const char *scope;
	TRY(operate_scope(ctx, &req->who, input->scope, &scope));
	return reply_list(req, rep, PARAMS(scope, input->state, input->kind, queue_number(ctx, input->queue), input->cursor,
		input->order ? input->order : "newest", pg_int(ctx, limit)), limit);
}

static enum err job_show(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	struct job_status status;
	const char *scope;
	TRY(operate_scope(&req->ctx, &req->who, input->scope, &scope));
	int wait_ms = prefer_wait_ms(req, rep);
	if (wait_ms)
		TRY(job_wait(&req->ctx, req->house.pool, scope, input->id, wait_ms, &status));
	return reply_row(req, rep, PARAMS(scope, input->id), "job");
}

static enum err job_end(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	const struct audit by = by_whom(req);
	const char *scope;
	bool running;
	TRY(operate_scope(&req->ctx, &req->who, input->scope, &scope));
	TRY(operate_cancel(&req->ctx, req->house.pool, scope, input->id, &by, &running));
	return reply_row(req, rep, PARAMS(scope, input->id), "job");
}

static enum err job_again(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	const struct audit by = by_whom(req);
	const char *scope;
	TRY(operate_scope(&req->ctx, &req->who, input->scope, &scope));
	TRY(operate_replay(&req->ctx, req->house.pool, scope, input->id, &by));
	return reply_row(req, rep, PARAMS(scope, input->id), "job");
}

static enum err jobs_again(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	const struct audit by = by_whom(req);
	const char *scope;
	int64_t count;
	TRY(operate_scope(&req->ctx, &req->who, input->scope, &scope));
	TRY(operate_replay_all(&req->ctx, req->house.pool, scope, input->kind, &by, &count));
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "replayed", json_object_new_int64(count));
	return reply_json(req, rep, reply);
}

static struct json_object *outcomes(const int64_t counts[OPERATE_OUTCOMES])
{
	struct json_object *object = json_object_new_object();
	json_object_object_add(object, "done", json_object_new_int64(counts[OPERATE_DONE]));
	json_object_object_add(object, "dead", json_object_new_int64(counts[OPERATE_DEAD]));
	json_object_object_add(object, "cancelled", json_object_new_int64(counts[OPERATE_CANCELLED]));
	return object;
}

static struct json_object *queue_object(enum job_queue number, const struct operate_queue *queue)
{
	const struct job_depth_target *target = &JOB_DEPTH_TARGET[number];
	struct json_object *row = json_object_new_object();
	json_object_object_add(row, "queue", json_object_new_string(target->queue));
	json_object_object_add(row, "depth", json_object_new_string(operate_depth(number, queue->due)));
	json_object_object_add(row, "waiting", json_object_new_int64(queue->waiting));
	json_object_object_add(row, "due", json_object_new_int64(queue->due));
	json_object_object_add(row, "running", json_object_new_int64(queue->running));
	json_object_object_add(row, "dead", json_object_new_int64(queue->dead));
	json_object_object_add(row, "oldestSeconds", json_object_new_int64(queue->oldest_s));
	json_object_object_add(row, "target", json_object_new_int(target->target));
	json_object_object_add(row, "alert", json_object_new_int(target->alert));
	json_object_object_add(row, "most", json_object_new_int(target->most));
	json_object_object_add(row, "lastMinute", outcomes(queue->minute));
	json_object_object_add(row, "lastHour", outcomes(queue->hour));
	json_object_object_add(row, "paused", json_object_new_boolean(queue->paused));
	return row;
}

static enum err queues_show(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	struct operate_queue queues[JOB_QUEUES];
	const char *scope;
	TRY(operate_scope(&req->ctx, &req->who, input->scope, &scope));
	TRY(operate_queues(&req->ctx, req->house.pool, scope, queues));
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	for (enum job_queue queue = JOB_HIGH; queue < JOB_QUEUES; queue++)
		json_object_array_add(list, queue_object(queue, &queues[queue]));
	json_object_object_add(reply, "queues", list);
	return reply_json(req, rep, reply);
}

/* Of pauses and of workers. */
static enum err house_list(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	int limit = limit_of(input);
	return reply_list(req, rep, PARAMS(input->cursor, pg_int(&req->ctx, limit)), limit);
}

static enum err pause_put(struct req *req, struct rep *rep)
{
	const struct jobs_input *input = req->input;
	const struct audit by = by_whom(req);
	(void)rep;
	if (!input->kind == !input->queue)
		return fail(&req->ctx, ERR_INVALID, "Name either a kind or a queue");
	return operate_pause(&req->ctx, req->house.pool, input->kind, input->queue ? job_queue_parse(input->queue) : JOB_DEFAULT, input->paused, &by);
}

#define FOLLOWS ACCESS_PERMISSION, PERMIT_JOB_FOLLOW
#define READS ACCESS_PERMISSION, PERMIT_JOB_READ
#define WRITES ACCESS_PERMISSION, PERMIT_JOB_WRITE
#define OPERATES ACCESS_PERMISSION, PERMIT_HOUSE_OPERATE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct jobs_input)
#define ONE_JOB .shape = REPLY_ROW, .rows = &SQL_OPERATE_JOB_GET

const struct route OPS_JOBS_ROUTES[] = {
	{METHOD_GET, "/api/v1/jobs", READS, CLASS_LIST_, TAKES(LIST_INPUT), .run = jobs_list, .shape = REPLY_LIST,
		.rows = &SQL_OPERATE_JOB_LIST, .doc = "Background jobs; finished ones are kept for a day, dead ones until they are tried again"},
	{METHOD_GET, "/api/v1/jobs/:id", FOLLOWS, CLASS_READ, TAKES(SHOW_INPUT), .run = job_show, ONE_JOB,
		.doc = "One job: how far it is, its result and its last failures. With Prefer: wait=N it is waited for"},
	{METHOD_POST, "/api/v1/jobs/:id/cancel", WRITES, CLASS_ADMIN, TAKES(CHANGE_INPUT), .run = job_end, ONE_JOB,
		.budget = &BUDGET_CHANGE, .doc = "Cancels a job that has not begun; one that runs is told to stop"},
	{METHOD_POST, "/api/v1/jobs/:id/replay", WRITES, CLASS_ADMIN, TAKES(CHANGE_INPUT), .run = job_again, ONE_JOB,
		.budget = &BUDGET_CHANGE, .doc = "Tries a dead or cancelled job again, with all its attempts, or one that waits at once"},
	{METHOD_POST, "/api/v1/ops/replays", WRITES, CLASS_ADMIN, TAKES(REPLAYS_INPUT), .run = jobs_again, .shape = REPLY_FIELDS,
		.reply = REPLAYS_REPLY, .budget = &BUDGET_CHANGE, .doc = "Tries every dead job again, or every one of a kind"},
	{METHOD_GET, "/api/v1/ops/queues", READS, CLASS_LIST_, TAKES(QUEUES_INPUT), .run = queues_show, .shape = REPLY_FIELDS,
		.reply = QUEUES_REPLY, .doc = "The queues: depths against their targets, the oldest job, what ended lately"},
	{METHOD_GET, "/api/v1/ops/pauses", OPERATES, CLASS_LIST_, TAKES(PAGE_INPUT), .run = house_list, .shape = REPLY_LIST,
		.rows = &SQL_OPERATE_PAUSE_LIST, .doc = "Kinds and queues that are held back, by name"},
	{METHOD_PUT, "/api/v1/ops/pauses", OPERATES, CLASS_ADMIN, TAKES(PAUSE_INPUT), .run = pause_put, .shape = REPLY_NOTHING,
		.doc = "Holds a kind or a queue back, or lets it go on"},
	{METHOD_GET, "/api/v1/ops/workers", OPERATES, CLASS_LIST_, TAKES(PAGE_INPUT), .run = house_list, .shape = REPLY_LIST,
		.rows = &SQL_OPERATE_WORKER_LIST, .doc = "Workers that were there in the last minute, and how many jobs each runs or holds"},
	ROUTE_END};
