#include "config.h"

#include "ops/family.h"

#include "pg/migrate.h"
#include "sql.h"

#define WORKER_SILENT_S 60

static enum err health_show(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "status", json_object_new_string("ok"));
	json_object_object_add(reply, "version", json_object_new_string(PACKAGE_VERSION));
	return reply_json(req, rep, reply);
}

static struct json_object *check_add(struct json_object *checks, const char *name, const char *state)
{
	struct json_object *check = json_object_new_object();
	json_object_object_add(check, "state", json_object_new_string(state));
	json_object_object_add(checks, name, check);
	return check;
}

/* The answer is about the failure, so it does not become the request's own. */
static bool tried(struct req *req, enum err err)
{
	if (err != OK)
		ctx_forgive(&req->ctx);
	return err == OK;
}

/* Whole: with exactly the migrations that the program knows. A program from before the last of them goes on: it is about to be replaced, and if
 * all of its kind left at once nobody would be there. */
static bool check_database(struct req *req, struct json_object *checks, bool *whole_out)
{
	int applied, known;
	bool reached = tried(req, migrate_state(&req->ctx, req->house.pool, &applied, &known));
	check_add(checks, "database", reached ? "ok" : "down");
	struct json_object *check = check_add(checks, "migrations",
		!reached ? "unknown" : applied == known ? "ok" : applied < known ? "behind" : "ahead");
	if (reached) {
		json_object_object_add(check, "applied", json_object_new_int(applied));
		json_object_object_add(check, "known", json_object_new_int(known));
	}
	*whole_out = reached && applied == known;
	return reached && applied >= known;
}

static bool check_cache(struct req *req, struct json_object *checks)
{
	struct cache_state state;
	cache_state(req->house.cache, &state);
	bool usable = !state.configured || cache_ping(req->house.cache);
	check_add(checks, "cache", !state.configured ? "off" : usable ? "ok" : "down");
	return usable;
}

static bool check_worker(struct req *req, struct json_object *checks)
{
	PGresult *result;
	if (!tried(req, pg_query(&req->ctx, req->house.pool, &SQL_OPS_WORKER_AGE, NULL, &result))) {
		check_add(checks, "worker", "unknown");
		return false;
	}
	int64_t age_s = pg_number(result, 0, "age_s", -1);
	bool seen = age_s >= 0 && age_s < WORKER_SILENT_S;
	struct json_object *check = check_add(checks, "worker", seen ? "ok" : age_s < 0 ? "never-seen" : "silent");
	if (age_s >= 0)
		json_object_object_add(check, "seenSecondsAgo", json_object_new_int64(age_s));
	return seen;
}

/* 503 only for what takes every request with it, also a database that is behind the program: a balancer must not empty itself because memcached or a worker is away. */
static enum err health_ready(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	struct json_object *checks = json_object_new_object();
	bool whole, database = check_database(req, checks, &whole);
	whole &= check_cache(req, checks);
	whole &= check_worker(req, checks);
	json_object_object_add(reply, "status", json_object_new_string(!database ? "unavailable" : whole ? "ready" : "degraded"));
	json_object_object_add(reply, "checks", checks);
	rep->status = database ? 200 : 503;
	return reply_json(req, rep, reply);
}

static const struct field HEALTH_REPLY[] = {
	REPLY("status", FIELD_ENUM, .required = true, .choices = "ok", .doc = "the process answers"),
	REPLY("version", FIELD_TEXT, .required = true, .doc = "of the program"),
	FIELD_END};

static const struct field READY_REPLY[] = {
	REPLY("status", FIELD_ENUM, .required = true, .choices = "ready|degraded|unavailable",
		.doc = "degraded: requests are served, but the cache or the worker is away, or the database is ahead of the program; unavailable (503): the database "
			"is away or behind the program"),
	REPLY("checks", FIELD_JSON, .required = true, .doc = "database, migrations, cache and worker, each with its state"),
	FIELD_END};

const struct route OPS_HEALTH_ROUTES[] = {
	{METHOD_GET, "/health", ACCESS_PUBLIC, .class = CLASS_OPS, .run = health_show, .shape = REPLY_FIELDS, .reply = HEALTH_REPLY,
		.limit = &LIMIT_NONE, .doc = "Tells that the process lives; touches nothing else"},
	{METHOD_GET, "/health/ready", ACCESS_PUBLIC, .class = CLASS_OPS, .run = health_ready, .shape = REPLY_FIELDS, .reply = READY_REPLY,
		.also = 503,
		.limit = &LIMIT_NONE, .doc = "Tells whether database, migrations, cache and worker are there, each by itself"},
	ROUTE_END};
