/* Experiments through the owner's family and through the widget's choice, against a real database. */
#include "config.h"

#include "tests/widget/client.h"

#include "retention/condition.h"
#include "retention/experiment.h"
#include "retention/family.h"
#include "who/secret.h"

#include <math.h>

#define PATH "/api/v1/retention/experiments"
#define NOWHERE "00000000-0000-7000-8000-000000000000"

static struct house house;
static struct tenant tenant, other;
static struct caller caller;
static const char *control, *rival, *third, *foreign;

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
	va_list args;
	const char *made;

	va_start(args, format);
	made = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return made;
}

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	conf_add(IDENTITY_CONF);
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "0");
	log_open("experiment_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	house = (struct house){.pool = pool, .cache = cache_open(message)};
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	caller_open(&caller);
	control = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	rival = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY_STRIPE, EVERY_STEP);
	third = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	foreign = flow_add(&setup, pool, other.org_id, "en", ANYBODY, EVERY_STEP);
	sql("update flow set status = 'inactive' where id in ('%s', '%s')", rival, third);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	cache_close(house.cache);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static int send(const char *method, const char *target, const char *body, const char *version)
{
	return client_send(&caller, method, target, tenant.server.key, body, body ? strlen(body) : 0,
		(const char *const[]){version ? "If-Match" : NULL, version, NULL});
}

static struct json_object *data(void)
{
	return json_object_object_get(caller.reply, "data");
}

static const char *body_of(const char *name, const char *flow, const char *more, const char *variants)
{
	return text("{\"name\":\"%s\",\"flow\":\"%s\",\"basis\":\"raw\",\"minimumEffect\":5%s,\"variants\":%s}", name, flow, more, variants);
}

static const char *even(void)
{
	return text("[{\"kind\":\"control\",\"name\":\"As it is\",\"weight\":1},{\"kind\":\"flow\",\"name\":\"Rival\",\"flow\":\"%s\",\"weight\":1}]",
		rival);
}

static const char *with_holdout(void)
{
	return text("[{\"kind\":\"control\",\"name\":\"As it is\",\"weight\":2},{\"kind\":\"flow\",\"name\":\"Rival\",\"flow\":\"%s\",\"weight\":1},"
		"{\"kind\":\"holdout\",\"name\":\"No offer\",\"weight\":1}]", rival);
}

/* A draft; its id. */
static const char *make(const char *more, const char *variants)
{
	send("POST", PATH, body_of("Shorter", control, more, variants), NULL);
	assert_status(&caller, 201);
	return arena_strdup(&setup.arena, json_text(data(), "id", ""));
}

static void run(const char *id, bool start, int status)
{
	send("POST", text(start ? "/api/v1/retention/experiments/%s/start" : "/api/v1/retention/experiments/%s/stop", id), NULL, NULL);
	assert_status(&caller, status);
}

static struct experiment_choice choose(const char *flow, const struct facts *facts, const char *ref)
{
	struct experiment_choice choice;

	assert_int_equal(experiment_choose(&setup, &house, tenant.org_id, flow, facts, ref, &choice), OK);
	return choice;
}

/* What is left running would take the customers of the next test. */
static int tidy(void **state)
{
	(void)state;
	sql("update experiment set status = 'stopped', stopped_at = now() where status = 'running'");
	sql("update flow set status = case when id = '%s' then 'active' else 'inactive' end, version = 1, segment = null, language = 'en' where org_id = '%s'", control,
		tenant.org_id);
	flows_forget(&setup, house.cache, tenant.org_id);
	return 0;
}

static void rules(void **state)
{
	const char *arm = text("{\"kind\":\"flow\",\"name\":\"Rival\",\"flow\":\"%s\",\"weight\":1}", rival);
	const char *first = "{\"kind\":\"control\",\"name\":\"As it is\",\"weight\":1}";
	const struct { const char *flow, *more, *variants, *field; int status; } ROWS[] = {
		{control, "", "[]", "variants", 422}, {control, "", text("[%s]", first), "variants", 422},
		{control, "", "{\"kind\":\"control\"}", "variants", 422},
		{control, "", text("[%s,%s]", arm, first), "variants[0].kind", 422}, {control, "", text("[%s,%s]", first, first), "variants[1].kind", 422},
		{control, "", text("[%s,{\"kind\":\"mystery\",\"name\":\"M\",\"weight\":1}]", first), "variants[1].kind", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"H\",\"weight\":1},{\"kind\":\"holdout\",\"name\":\"H\",\"weight\":1}]", first),
			"variants[2].kind", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"\",\"weight\":1}]", first), "variants[1].name", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"H\",\"weight\":0}]", first), "variants[1].weight", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"H\",\"weight\":1001}]", first), "variants[1].weight", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"H\",\"weight\":\"1\"}]", first), "variants[1].weight", 422},
		{control, "", text("[%s,{\"kind\":\"holdout\",\"name\":\"H\",\"flow\":\"%s\",\"weight\":1}]", first, rival), "variants[1].flow", 422},
		{control, "", text("[%s,{\"kind\":\"flow\",\"name\":\"F\",\"weight\":1}]", first), "variants[1].flow", 422},
		{control, "", text("[%s,{\"kind\":\"flow\",\"name\":\"F\",\"flow\":\"x\",\"weight\":1}]", first), "variants[1].flow", 422},
		{control, "", text("[%s,{\"kind\":\"flow\",\"name\":\"F\",\"flow\":\"%s\",\"weight\":1}]", first, control), "variants[1].flow", 422},
		{control, "", text("[%s,%s,%s]", first, arm, arm), "variants[2].flow", 422},
		{control, "", text("[%s,{\"kind\":\"flow\",\"name\":\"F\",\"flow\":\"%s\",\"weight\":1}]", first, foreign), "variants", 422},
		{foreign, "", text("[%s,%s]", first, arm), "flow", 422}, {NOWHERE, "", text("[%s,%s]", first, arm), "flow", 422},
		{control, ",\"condition\":{\"fact\":\"moon\",\"op\":\"is\",\"value\":\"full\"}", text("[%s,%s]", first, arm), "condition.fact", 422},
		{control, ",\"condition\":{\"fact\":\"answer\",\"op\":\"is\",\"value\":\"unused\"}", text("[%s,%s]", first, arm), "condition.fact", 422}};
	const char *before = sql("select count(*) from experiment");
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		send("POST", PATH, body_of("Shorter", ROWS[i].flow, ROWS[i].more, ROWS[i].variants), NULL);
		assert_problem(&caller, ROWS[i].status, "invalid", ROWS[i].field);
	}
	assert_string_equal(sql("select count(*) from experiment"), before);
}

static void drafts(void **state)
{
	const char *id = make(",\"hypothesis\":\"Fewer steps\\nkeep more\"", even()), *path = text(PATH "/%s", id), *etag;
	(void)state;

	assert_string_equal(json_text(data(), "hypothesis", ""), "Fewer steps\nkeep more");
	assert_string_equal(json_text(data(), "status", ""), "draft");
	etag = arena_strdup(&setup.arena, client_value(&caller, "ETag"));
	assert_string_equal(etag, "\"1\"");
	send("PUT", path, body_of("Longer", control, "", with_holdout()), etag);
	assert_status(&caller, 200);
	assert_string_equal(client_value(&caller, "ETag"), "\"2\"");
	assert_int_equal(json_object_array_length(json_object_object_get(data(), "variants")), 3);
	/* The second of two who read the same is told, and changes nothing. */
	send("PUT", path, body_of("Lost", control, "", even()), etag);
	assert_problem(&caller, 412, "precondition-failed", "");
	send("PUT", path, body_of("Lost", control, "", even()), "\"two\"");
	assert_problem(&caller, 412, "precondition-failed", "If-Match");
	send("PUT", text(PATH "/%s", NOWHERE), body_of("Lost", control, "", even()), "\"1\"");
	assert_problem(&caller, 404, "not-found", "");
	send("PUT", path, body_of("Back", control, "", even()), "\"2\"");
	assert_int_equal(json_object_array_length(json_object_object_get(data(), "variants")), 2);
	send("GET", PATH "?status=draft", NULL, NULL);
	assert_string_equal(json_text(json_object_array_get_idx(data(), 0), "name", ""), "Back");
	send("DELETE", path, NULL, NULL);
	assert_status(&caller, 204);
	send("GET", path, NULL, NULL);
	assert_problem(&caller, 404, "not-found", "");
	assert_string_equal(sql("select string_agg(action, ' ' order by at, id) from audit_log where entity_id = '%s'", id),
		"experiment.create experiment.update experiment.update experiment.delete");
	assert_string_equal(sql("select string_agg(type, ' ' order by at, id) from event where entity_id = '%s'", id),
		"experiment.created experiment.changed experiment.changed experiment.changed");
}

static void refused(const char *change)
{
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_not_equal(pg_run_text(&lease, change, 0, NULL, NULL), OK);
	lease_return(&lease);
	ctx_forgive(&setup);
}

static void starts(void **state)
{
	const struct { const char *spoil, *says; } ROWS[] = {
		{text("status = 'inactive' where id = '%s'", control), "not active"}, {text("status = 'archived' where id = '%s'", rival), "archived"},
		{text("version = 0, status = 'draft' where id = '%s'", rival), "not published"},
		{text("segment = 'high' where id = '%s'", rival), "another language, segment"},
		{text("language = 'de' where id = '%s'", rival), "another language, segment"}};
	const char *id = make("", even());
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		tidy(NULL);
		sql("update flow set %s", ROWS[i].spoil);
		run(id, true, 409);
		assert_string_equal(client_text(&caller, "field"), i ? "variants[1]" : "variants[0]");
		if (!strstr(client_text(&caller, "detail"), ROWS[i].says))
			fail_msg("%s", client_text(&caller, "detail"));
	}
	tidy(NULL);
	run(id, false, 409);
	run(id, true, 200);
	run(id, true, 409);
	/* Nothing of it changes any more: not through the API, not in the database. */
	send("PUT", text(PATH "/%s", id), body_of("Other weights", control, "", with_holdout()), "\"2\"");
	assert_problem(&caller, 409, "conflict", "");
	send("DELETE", text(PATH "/%s", id), NULL, NULL);
	assert_problem(&caller, 409, "conflict", "");
	/* Nor do its flows. */
	const char *const flows[] = {control, rival};

	for (int i = 0; i < 2; i++) {
		sql("update flow_draft set revision = revision + 1 where flow_id = '%s'", flows[i]);
		send("POST", text("/api/v1/retention/flows/%s/publish", flows[i]), "{}", text("\"%s\"", sql("select revision from flow_draft where flow_id = '%s'", flows[i])));
		assert_problem(&caller, 409, "conflict", "");
	}
	refused(text("update experiment_variant set weight = 7 where experiment_id = '%s'", id));
	refused(text("delete from experiment_variant where experiment_id = '%s'", id));
	refused(text("insert into experiment_variant (org_id, experiment_id, position, kind, name, weight) select org_id, id, 5, 'holdout', 'x', 1 "
		"from experiment where id = '%s'", id));
	run(id, false, 200);
	assert_string_equal(json_text(data(), "status", ""), "stopped");
	run(id, false, 409);
	send("POST", text("/api/v1/retention/flows/%s/publish", rival), "{}", text("\"%s\"", sql("select revision from flow_draft where flow_id = '%s'", rival)));
	assert_status(&caller, 200);
}

static void choices(void **state)
{
	const struct facts pro = {.plan = "pro", .tenure_days = -1}, basic = {.plan = "basic", .tenure_days = -1};
	const char *narrow = make(",\"condition\":{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"pro\"}", with_holdout()), *wide = make("", even());
	int seen[3] = {0};
	(void)state;

	assert_null(choose(control, &pro, "nobody").experiment_id);
	run(narrow, true, 200);
	run(wide, true, 200);
	for (int i = 0; i < 200; i++) {
		const char *ref = text("customer %d", i);
		struct experiment_choice choice = choose(control, &pro, ref), again = choose(control, &pro, ref);
		int wanted = experiment_variant((const int[]){2, 1, 1}, 3, experiment_point(narrow, ref));

		assert_string_equal(choice.experiment_id, narrow);
		assert_int_equal(choice.variant, wanted);
		assert_int_equal(again.variant, wanted);
		assert_int_equal(choice.holdout, wanted == 2);
		if (wanted == 1) {
			assert_string_equal(choice.flow_id, rival);
			assert_string_equal(choice.version, "1");
			assert_string_equal(choice.language, "en");
			assert_true(choice.cancel_at_stripe);
		} else
			assert_null(choice.flow_id);
		seen[choice.variant]++;
		/* Who is not on that plan takes part in the one that started later. */
		assert_string_equal(choose(control, &basic, ref).experiment_id, wide);
	}
	assert_true(seen[0] > seen[1] && seen[1] > 20 && seen[2] > 20);
	assert_null(choose(third, &pro, "customer 1").experiment_id);
	/* A flow that was put away is not shown, and its customers do not count. */
	sql("update flow set status = 'archived' where id = '%s'", rival);
	flows_forget(&setup, house.cache, tenant.org_id);
	for (int i = 0; i < 50; i++) {
		const char *ref = text("customer %d", i);
		struct experiment_choice choice = choose(control, &pro, ref);

		assert_int_equal(choice.experiment_id == NULL, experiment_variant((const int[]){2, 1, 1}, 3, experiment_point(narrow, ref)) == 1);
		assert_null(choice.flow_id);
	}
	run(narrow, false, 200);
	run(wide, false, 200);
	assert_null(choose(control, &pro, "customer 1").experiment_id);
}

/* `count` customers of a variant, each with one session `days` ago; what is said of them is SQL over n, from 1. */
static void outcomes(const char *id, int variant, int count, const char *days, const char *raw, const char *verdict)
{
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, experiment_id, variant, "
		"segment, language, policy, raw, due_at, verdict, status) select '%s', true, gen_random_uuid(), current_date - (%s), now() - make_interval(days => %s), "
		"'%d/' || n, '%s', 1, '%s', %d, 'low', 'en', 'documented', %s, now() + make_interval(days => 30 - (%s)), %s, 'recorded' from generate_series(1, %d) n",
		tenant.org_id, days, days, variant, control, id, variant, raw, days, verdict, count);
}

static struct json_object *result(const char *id, int variant)
{
	send("GET", text(PATH "/%s/result", id), NULL, NULL);
	assert_status(&caller, 200);
	return json_object_array_get_idx(json_object_object_get(caller.reply, "variants"), (size_t)variant);
}

#define whole(object, name) json_int((object), (name), -1)
#define real(object, name) json_object_get_double(json_object_object_get((object), (name)))
#define near(value, wanted) assert_true(fabs((value) - (wanted)) < 1e-5)

/* 998 customers each, of whom 299 and 399 stay: the numbers of sequential_test.c. */
static void results(void **state)
{
	const char *id = make("", even());
	struct json_object *variant, *days;
	(void)state;

	variant = result(id, 1);
	assert_int_equal(whole(variant, "customers"), 0);
	assert_string_equal(json_text(variant, "verdict", ""), "early");
	assert_null(json_object_object_get(variant, "p"));
	assert_int_equal(json_int(caller.reply, "sample", 0), 1565);
	assert_true(json_flag(caller.reply, "baselineAssumed", false));
	run(id, true, 200);
	outcomes(id, 0, 998, "n % 2", "case when n <= 299 then 'accepted' else 'cancelled' end", "'waiting'");
	outcomes(id, 1, 998, "n % 2", "case when n <= 200 then 'accepted' when n <= 300 then 'dismissed' when n <= 399 then 'abandoned' else 'declined' end",
		"'waiting'");
	/* Whoever comes back does not count again, whatever they do then; and an open session says nothing yet. */
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, experiment_id, variant, segment, "
		"language, policy, raw, due_at, status) select org_id, live, gen_random_uuid(), current_date, now(), customer_ref, flow_id, flow_version, "
		"experiment_id, variant, segment, language, policy, 'accepted', now() + interval '30 days', 'recorded' from session_outcome "
		"where experiment_id = '%s' and raw = 'cancelled' limit 50", id);
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, experiment_id, variant, segment, "
		"language, policy, raw, due_at) select '%s', true, gen_random_uuid(), current_date, now(), 'open', '%s', 1, '%s', 0, 'low', 'en', 'documented', "
		"null, now() + interval '30 days'", tenant.org_id, control, id);
	variant = result(id, 0);
	assert_int_equal(whole(variant, "sessions"), 1049);
	assert_int_equal(whole(variant, "customers"), 999);
	assert_int_equal(whole(variant, "rawCustomers"), 998);
	assert_int_equal(whole(variant, "rawStayed"), 299);
	assert_int_equal(whole(variant, "validatedCustomers"), 0);
	assert_int_equal(whole(variant, "waiting"), 999);
	assert_string_equal(json_text(variant, "verdict", ""), "control");
	variant = result(id, 1);
	assert_int_equal(whole(variant, "accepted"), 200);
	assert_int_equal(whole(variant, "rawStayed"), 399);
	near(real(variant, "rawRate"), 0.3997996);
	near(real(variant, "difference"), 0.1002004);
	near(real(variant, "low"), 0.0354805);
	near(real(variant, "high"), 0.1649203);
	near(real(variant, "p"), 0.000204923);
	near(real(variant, "lift"), 0.334448); /* 100 / 299 */
	assert_true(json_flag(variant, "significant", false));
	assert_string_equal(json_text(variant, "verdict", ""), "better");
	assert_false(json_flag(caller.reply, "splitSuspicious", true));
	near(real(caller.reply, "baseline"), 0.2995992);
	assert_int_equal(json_int(caller.reply, "sample", 0), 1376); /* at 29.96 % */
	days = json_object_object_get(caller.reply, "days");
	assert_int_equal(json_object_array_length(days), 2);
	variant = json_object_array_get_idx(json_object_object_get(json_object_array_get_idx(days, 0), "variants"), 1);
	assert_int_equal(whole(variant, "customers"), 499);
	assert_int_equal(whole(variant, "stayed"), 200);
	variant = json_object_array_get_idx(json_object_object_get(json_object_array_get_idx(days, 1), "variants"), 1);
	assert_int_equal(whole(variant, "customers"), 998);
	near(real(variant, "p"), 0.000204923);
	/* Test sessions are by themselves. */
	send("GET", text(PATH "/%s/result?live=false", id), NULL, NULL);
	assert_problem(&caller, 403, "forbidden", "live");
	client_get(&caller, text(PATH "/%s/result", id), tenant.server_test.key);
	variant = json_object_array_get_idx(json_object_object_get(caller.reply, "variants"), 0);
	assert_int_equal(whole(variant, "customers"), 0);
	client_get(&caller, text(PATH "/%s/result", id), other.server.key);
	assert_problem(&caller, 404, "not-found", "");
}

/* Only what billing has judged counts; money is by currency, a customer of the variant; the division 400 to 200 is no accident. */
static void validated(void **state)
{
	const char *id;
	struct json_object *variant, *money;
	(void)state;

	send("POST", PATH, text("{\"name\":\"V\",\"flow\":\"%s\",\"basis\":\"validated\",\"minimumEffect\":10,\"variants\":%s}", control, even()), NULL);
	assert_status(&caller, 201);
	id = arena_strdup(&setup.arena, json_text(data(), "id", ""));
	run(id, true, 200);
	outcomes(id, 0, 400, "40", "'accepted'", "case when n <= 60 then 'saved' when n <= 100 then 'deflected' when n <= 200 then 'lost' when n <= 300 then "
		"'unknown' else 'waiting' end");
	outcomes(id, 1, 200, "35", "'cancelled'", "case when n <= 20 then 'saved' else 'lost' end");
	sql("update session_outcome set paid_currency = case when customer_ref < '0/3' then 'eur' else 'usd' end, paid_minor = 1500, refunded_minor = 500 "
		"where experiment_id = '%s' and customer_ref in ('0/1', '0/2', '0/3')", id);
	variant = result(id, 0);
	assert_int_equal(whole(variant, "rawStayed"), 400);
	assert_int_equal(whole(variant, "validatedCustomers"), 200);
	assert_int_equal(whole(variant, "validatedStayed"), 100);
	near(real(variant, "validatedRate"), 0.5);
	assert_int_equal(whole(variant, "unknown"), 100);
	assert_int_equal(whole(variant, "waiting"), 100);
	money = json_object_object_get(variant, "revenue");
	assert_int_equal(json_object_array_length(money), 2);
	assert_string_equal(json_text(json_object_array_get_idx(money, 0), "currency", ""), "eur");
	assert_int_equal(whole(json_object_array_get_idx(money, 0), "netMinor"), 2000);
	near(real(json_object_array_get_idx(money, 0), "perCustomerMinor"), 5);
	variant = result(id, 1);
	near(real(variant, "difference"), -0.4);
	assert_string_equal(json_text(variant, "verdict", ""), "worse");
	/* (400 - 300)^2 / 300 twice: 66.7 on one degree of freedom. */
	assert_true(json_flag(caller.reply, "splitSuspicious", false));
	assert_true(real(caller.reply, "splitP") < 1e-12);
}

static const char *status_of(const char *flow)
{
	return sql("select status from flow where id = '%s'", flow);
}

static void promotions(void **state)
{
	const char *id = make("", with_holdout()), *kept = make("", even());
	(void)state;

	send("POST", text(PATH "/%s/promote", id), "{\"variant\":1}", NULL);
	assert_problem(&caller, 409, "conflict", "");
	run(id, true, 200);
	run(kept, true, 200);
	sql("update flow set ranking_score = 90, active_until = '2099-01-01Z' where id = '%s'", control);
	send("POST", text(PATH "/%s/promote", id), "{\"variant\":2}", NULL);
	assert_problem(&caller, 409, "conflict", "");
	/* Whom it is for was changed after it was stopped. */
	sql("update flow set segment = 'high' where id = '%s'", rival);
	send("POST", text(PATH "/%s/promote", id), "{\"variant\":1}", NULL);
	assert_problem(&caller, 409, "conflict", "");
	assert_string_equal(status_of(rival), "inactive");
	sql("update flow set segment = null where id = '%s'", rival);
	send("POST", text(PATH "/%s/promote", id), "{\"variant\":3}", NULL);
	assert_problem(&caller, 422, "invalid", "variant");
	send("POST", text(PATH "/%s/promote", kept), "{\"variant\":0}", NULL);
	assert_status(&caller, 200);
	assert_string_equal(status_of(control), "active");
	send("POST", text(PATH "/%s/promote", id), "{\"variant\":1}", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "status", ""), "promoted");
	assert_int_equal(whole(data(), "winner"), 1);
	assert_string_equal(status_of(control), "inactive");
	assert_string_equal(status_of(rival), "active");
	/* In the control's place: its schedule and its rank. */
	assert_string_equal(sql("select ranking_score || ' ' || (active_until at time zone 'UTC')::date from flow where id = '%s'", rival),
		"90 2099-01-01");
	assert_null(choose(control, &(struct facts){.tenure_days = -1}, "anyone").experiment_id);
	send("POST", text(PATH "/%s/promote", id), "{\"variant\":0}", NULL);
	assert_problem(&caller, 409, "conflict", "");
	assert_string_equal(sql("select string_agg(t, ',' order by t) from (select type || ' ' || entity_id from event "
		"where type in ('experiment.promoted', 'flow.changed') and entity_id in ('%s', '%s', '%s')) e (t)", id, control, rival),
		sql("select string_agg(t, ',' order by t) from (values ('experiment.promoted %s'), ('flow.changed %s'), ('flow.changed %s')) v (t)", id,
			control, rival));
	assert_string_equal(sql("select string_agg(action, ' ' order by action) from audit_log where entity_id in ('%s', '%s') and entity = 'flow' "
		"and action <> 'flow.publish'", control,
		rival), "flow.activate flow.deactivate");
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test_teardown(rules, tidy), cmocka_unit_test_teardown(drafts, tidy), cmocka_unit_test_teardown(starts, tidy),
		cmocka_unit_test_teardown(choices, tidy), cmocka_unit_test_teardown(results, tidy), cmocka_unit_test_teardown(validated, tidy),
		cmocka_unit_test_teardown(promotions, tidy)};

	return cmocka_run_group_tests(TESTS, open_house, close_house);
}
