#include "ops/family.h"

#include "web/slo.h"

#include <string.h>

static enum err metrics_show(struct req *req, struct rep *rep)
{
	(void)req;
	rep->type = BODY_TEXT;
	reply_header(rep, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	metric_render(&rep->body);
	return OK;
}

static void add_ms(struct json_object *object, const char *name, int ms)
{
	json_object_object_add(object, name, ms ? json_object_new_int(ms) : NULL);
}

static enum err targets_list(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++) {
		const struct target *target = target_of(class);
		struct json_object *row = json_object_new_object();
		json_object_object_add(row, "class", json_object_new_string(target->text));
		add_ms(row, "p50Ms", target->p50_ms);
		add_ms(row, "p95Ms", target->p95_ms);
		add_ms(row, "p99Ms", target->p99_ms);
		add_ms(row, "maxMs", target->max_ms);
		add_ms(row, "firstByteMs", target->ttfb_ms);
		json_object_object_add(row, "objective", json_object_new_double(target->objective));
		add_ms(row, "goalMs", target->goal_ms);
		json_object_object_add(row, "source", json_object_new_string(target->source));
		json_object_array_add(list, row);
	}
	json_object_object_add(reply, "targets", list);
	return reply_json(req, rep, reply);
}

static double milliseconds(int64_t us)
{
	return (double)us / 1000;
}

static void slo_add(void *argument, const struct slo *slo)
{
	struct json_object *row = json_object_new_object();
	json_object_object_add(row, "method", json_object_new_string(slo->method));
	json_object_object_add(row, "route", json_object_new_string(slo->route));
	json_object_object_add(row, "class", json_object_new_string(slo->target->text));
	json_object_object_add(row, "count", json_object_new_int64((int64_t)slo->count));
	json_object_object_add(row, "failed", json_object_new_int64((int64_t)slo->failed));
	json_object_object_add(row, "p50Ms", json_object_new_double(milliseconds(slo->p50_us)));
	json_object_object_add(row, "p95Ms", json_object_new_double(milliseconds(slo->p95_us)));
	json_object_object_add(row, "p99Ms", json_object_new_double(milliseconds(slo->p99_us)));
	json_object_object_add(row, "goalMs", json_object_new_int(slo->target->goal_ms));
	json_object_object_add(row, "share", json_object_new_double(slo->share));
	json_object_object_add(row, "objective", json_object_new_double(slo->target->objective));
	json_object_object_add(row, "met", json_object_new_boolean(slo->met));
	json_object_array_add(argument, row);
}

static enum err slo_list(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	slo_each(slo_add, list);
	json_object_object_add(reply, "routes", list);
	return reply_json(req, rep, reply);
}

static const struct field TARGETS_REPLY[] = {
	REPLY("targets", FIELD_JSON, .required = true, .doc = "one row a latency class; milliseconds, null where the documents give none"),
	FIELD_END};

static const struct field SLO_REPLY[] = {
	REPLY("routes", FIELD_JSON, .required = true, .doc = "one row a route that has answered; share: of good ones, which did not fail (5xx) and were within goalMs"),
	FIELD_END};

const struct route OPS_FIGURES_ROUTES[] = {
	{METHOD_GET, "/metrics", ACCESS_LOCAL, .class = CLASS_OPS, .run = metrics_show, .shape = REPLY_PLAIN, .limit = &LIMIT_NONE,
		.doc = "Figures of every process of this machine, as Prometheus text; for the addresses in ops.allow"},
	{METHOD_GET, "/api/v1/ops/targets", ACCESS_PUBLIC, .class = CLASS_OPS, .run = targets_list, .shape = REPLY_FIELDS,
		.reply = TARGETS_REPLY, .doc = "The latency classes with their targets and the document that each comes from"},
	{METHOD_GET, "/api/v1/ops/slo", ACCESS_PERMISSION, PERMIT_OPS_READ, .class = CLASS_OPS, .run = slo_list, .shape = REPLY_FIELDS,
		.reply = SLO_REPLY, .doc = "Each route's percentiles and share of good requests, against the objective of its class"},
	ROUTE_END};
