/* The routes of figures, through the dispatcher. */
#include "config.h"

#include "tests/measure/world.h"

#include "retention/family.h"

#define BASE "/api/v1/retention/"
#define ANALYTICS "/api/v1/retention/analytics/"

static struct key_made server, test_server;
static char analyst[WHO_TOKEN_TEXT], owner[WHO_TOKEN_TEXT];

static void person_add(const char *email, enum role role, char access[WHO_TOKEN_TEXT])
{
	struct session_tokens tokens;
	char account_id[ID_TEXT];
	struct lease lease;

	id_new(account_id);
	sql("with a as (insert into account (id, email, password_hash) values ('%s', '%s', 'x') returning id) insert into membership (org_id, "
		"account_id, role) select '" ORG "', id, '%s' from a", account_id, email, role_text(role));
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(session_start(&setup, &lease, ORG, account_id, role, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(access, WHO_TOKEN_TEXT, "%s", tokens.access);
}

/* The value below names that are parted by dots, as text; an array's number likewise. */
static const char *at(const struct caller *caller, const char *path)
{
	struct json_object *value = caller->reply;
	char name[64];

	while (*path && value) {
		size_t length = strcspn(path, ".");

		snprintf(name, sizeof name, "%.*s", (int)length, path);
		if (json_object_is_type(value, json_type_array))
			value = json_object_array_get_idx(value, (size_t)strtol(name, NULL, 10));
		else if (!json_object_object_get_ex(value, name, &value))
			return "absent";
		path += length + (path[length] == '.');
	}
	return value ? json_object_get_string(value) : "null";
}

static void get(struct caller *caller, const char *target, const char *key)
{
	client_get(caller, target, key);
	assert_status(caller, 200);
}

static int fresh(void **state)
{
	(void)state;
	ctx_reset(&setup);
	world_make();
	key_add(&setup, pool, ORG, false, true, &server);
	key_add(&setup, pool, ORG, false, false, &test_server);
	person_add("ann@example.com", ROLE_ANALYST, analyst);
	person_add("olga@example.com", ROLE_OWNER, owner);
	world();
	pass();
	return 0;
}

/* The 40 days ago of the stories, at least. */
static const char *range(void)
{
	return sql("select 'from=' || ((now() - interval '59 days') at time zone 'UTC')::date");
}

static void every_route_has_its_figures(void **state)
{
	static const struct { const char *route, *path, *value; } ROWS[] = {
		{ANALYTICS "summary", "summary.sessions", "8"}, {ANALYTICS "summary", "summary.accept_rate", "42.9"}, {ANALYTICS "summary", "summary.kept_net_minor.eur", "14500"},
		{ANALYTICS "summary", "money.0.per_user_minor", "2000"}, {ANALYTICS "summary", "zone", "UTC"}, {ANALYTICS "summary", "live", "true"},
		{ANALYTICS "offers", "offers.0.offer_type", "discount"}, {ANALYTICS "offers", "offers.1.acceptance", "66.7"}, {ANALYTICS "offers", "segments.1.best", "true"},
		{ANALYTICS "reasons", "reasons.0.percent", "50.0"}, {ANALYTICS "revenue", "money.0.net_minor", "16500"}, {ANALYTICS "revenue", "days.59.currency", "eur"},
		{ANALYTICS "customers", "days.0.sessions", "0"}, {ANALYTICS "customers", "days.57.users_saved", "1"}, {ANALYTICS "funnel", "stages.3.sessions", "3"},
		{ANALYTICS "funnel", "steps.0.step_type", "survey"}, {ANALYTICS "cohorts", "cohorts.0.lost", "2"}, {ANALYTICS "retention", "weeks.0.survival", "100.0"},
		{ANALYTICS "breakdown", "breakdown.0.dimension", "flow"}, {ANALYTICS "breakdown", "breakdown.0.ranking", "27"}};
	struct caller caller;

	(void)state;
	caller_open(&caller);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		get(&caller, arena_printf(&setup.arena, "%s?%s", ROWS[i].route, range()), server.key);
		if (strcmp(at(&caller, ROWS[i].path), ROWS[i].value))
			fail_msg("%s %s: %s, not %s", ROWS[i].route, ROWS[i].path, at(&caller, ROWS[i].path), ROWS[i].value);
	}
	/* Each definition stands beside its number, in the language that is asked for. */
	get(&caller, ANALYTICS "summary?definitions=de", server.key);
	assert_non_null(strstr(at(&caller, "definitions.save_rate"), "Gerettete Sitzungen"));
	get(&caller, ANALYTICS "summary", server.key);
	assert_non_null(strstr(at(&caller, "definitions.save_rate"), "Saved sessions"));
	caller_close(&caller);
}

/* The world's estimate in eur: 10.00 40 days ago, 30.00 then too, in 60 days; cost 5.00 a month, 10.00 in all; customers a and e.
 * 40.00 / 60 · 30 = 20.00: (20 − 5) / 5 = 300 %; 4×; 5.00 each; 0.6667 a day: 7.5, so 8 days. */
static void roi_is_that_of_the_range(void **state)
{
	struct caller caller;

	(void)state;
	caller_open(&caller);
	get(&caller, arena_printf(&setup.arena, BASE "roi?%s&currency=eur&cost=500", range()), server.key);
	assert_string_equal(at(&caller, "revenue_minor"), "4000");
	assert_string_equal(at(&caller, "days"), "60");
	assert_string_equal(at(&caller, "users_saved"), "2");
	assert_string_equal(at(&caller, "monthly_percent"), "300.0");
	assert_string_equal(at(&caller, "multiplier"), "4.00");
	assert_string_equal(at(&caller, "cost_per_user_minor"), "500");
	assert_string_equal(at(&caller, "break_even_days"), "8");
	get(&caller, arena_printf(&setup.arena, BASE "roi?%s&currency=eur&cost=500&basis=paid", range()), server.key);
	assert_string_equal(at(&caller, "revenue_minor"), "14500");
	/* Nothing in that currency: all of the cost is lost, and nobody was saved for it. */
	get(&caller, arena_printf(&setup.arena, BASE "roi?%s&currency=usd&cost=500", range()), server.key);
	assert_string_equal(at(&caller, "monthly_percent"), "-100.0");
	assert_string_equal(at(&caller, "cost_per_user_minor"), "null");
	assert_string_equal(at(&caller, "break_even_days"), "null");
	get(&caller, arena_printf(&setup.arena, BASE "roi/trend?%s&currency=eur&cost=500", range()), server.key);
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "weeks")), 8);
	assert_string_equal(at(&caller, "weeks.7.to"), at(&caller, "to"));
	get(&caller, arena_printf(&setup.arena, BASE "roi/forecast?%s&currency=eur", range()), server.key);
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "points")), 90);
	assert_string_equal(at(&caller, "history"), "60");
	/* 40.00 on day 19 (of 0 to 59), else nothing: slope = (19 − 29.5)·(4000) / 17995 = −2.33 a day. */
	assert_string_equal(at(&caller, "slope_minor"), "-2.33");
	caller_close(&caller);
}

static void what_is_asked_wrongly_is_refused(void **state)
{
	static const struct { const char *target, *field; int status; } ROWS[] = {
		{ANALYTICS "summary?from=2026-02-30", "from", 422}, {ANALYTICS "summary?to=yesterday!", "to", 422}, {ANALYTICS "summary?from=2026-01-02&to=2026-01-01", "from", 422},
		{ANALYTICS "summary?from=2020-01-01&to=2026-01-01", "from", 422}, {ANALYTICS "summary?currency=EUR", "currency", 422}, {ANALYTICS "summary?variant=1", "variant", 422},
		{ANALYTICS "summary?segment=rich", "segment", 422}, {ANALYTICS "summary?flow=one", "flow", 400}, {ANALYTICS "summary?colour=red", "colour", 400},
		{BASE "roi?currency=eur", "cost", 400}, {BASE "roi?cost=100", "currency", 400}, {BASE "roi?cost=0&currency=eur", "cost", 422},
		{BASE "roi/forecast?currency=eur&days=366", "days", 422}};
	struct caller caller;

	(void)state;
	caller_open(&caller);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		if (client_get(&caller, ROWS[i].target, server.key) != ROWS[i].status || strcmp(client_text(&caller, "field"), ROWS[i].field))
			fail_msg("%s: %d %s", ROWS[i].target, caller.rep.status, caller.rep.body.data);
	}
	assert_int_equal(client_get(&caller, ANALYTICS "summary?live=false", server.key), 403);
	get(&caller, ANALYTICS "summary", test_server.key);
	assert_string_equal(at(&caller, "summary.sessions"), "0");
	caller_close(&caller);
}

static void an_answer_is_kept_until_it_changes(void **state)
{
	struct caller caller;
	uint32_t hits;

	(void)state;
	caller_open(&caller);
	get(&caller, arena_printf(&setup.arena, ANALYTICS "summary?%s", range()), server.key);
	get(&caller, arena_printf(&setup.arena, ANALYTICS "summary?%s", range()), server.key);
	hits = caller.req.ctx.cache_hits;
	assert_true(hits >= 1);
	assert_string_equal(at(&caller, "summary.declined"), "1");
	click((struct click){30, "1 hour", "h", "", 1500, "eur", "low", "basic"});
	answer((struct answer){30, "declined", "", -1, "recorded", "", "[]", 0});
	pass();
	get(&caller, arena_printf(&setup.arena, ANALYTICS "summary?%s", range()), server.key);
	assert_string_equal(at(&caller, "summary.declined"), "2");
	/* Another filter is another answer. */
	get(&caller, arena_printf(&setup.arena, ANALYTICS "summary?%s&segment=high", range()), server.key);
	assert_string_equal(at(&caller, "summary.sessions"), "1");
	get(&caller, arena_printf(&setup.arena, ANALYTICS "summary?%s&segment=high&plan=team&flow=" FLOW, range()), server.key);
	assert_string_equal(at(&caller, "summary.sessions"), "1");
	caller_close(&caller);
}

static void person_get(struct caller *caller, const char *target, const char *token)
{
	char bearer[128];
	const char *const headers[] = {"Authorization", bearer, NULL};

	snprintf(bearer, sizeof bearer, "Bearer %s", token);
	client_send(caller, "GET", target, NULL, NULL, 0, headers);
	assert_status(caller, 200);
}

static const char *words(const struct caller *caller)
{
	const char *text = "";
	struct json_object *all = json_object_object_get(caller->reply, "words");

	for (size_t i = 0; i < json_object_array_length(all) && i < 3; i++)
		text = arena_printf(&setup.arena, "%s%s%s %s %lld", text, i ? ", " : "", json_text(json_object_array_get_idx(all, i), "stem", ""),
			json_text(json_object_array_get_idx(all, i), "word", ""), (long long)json_int(json_object_array_get_idx(all, i), "texts", 0));
	return text;
}

/* Four texts of two languages. "Reports" and "reporting" have one stem; "the", "and" and "ist" are stop words; a word counts once a text. */
static void feedback_is_grouped_by_stem(void **state)
{
	static const struct { const char *language, *text; } TEXTS[] = {{"en", "The reports are slow, and the reports crash"}, {"en", "Slow reporting!"},
		{"en", "Too slow"}, {"de", "Die Berichte sind langsam und der Bericht ist falsch"}};
	struct caller caller;

	(void)state;
	for (int i = 0; i < 4; i++) {
		click((struct click){40 + i, "3 hours", arena_printf(&setup.arena, "w%d", i), "", 1500, "eur", "low", "basic"});
		answer((struct answer){40 + i, "declined", "", -1, "recorded", "other", "[]", 0});
		sql("update retention_session set language = '%s' where id = md5('s%d')::uuid", TEXTS[i].language, 40 + i);
		sql("update decision set feedback = '%s' where session_id = md5('s%d')::uuid", TEXTS[i].text, 40 + i);
	}
	pass();
	caller_open(&caller);
	person_get(&caller, arena_printf(&setup.arena, ANALYTICS "feedback?%s", range()), owner);
	assert_string_equal(words(&caller), "slow slow 3, report reports 2, bericht bericht 1");
	assert_string_equal(at(&caller, "words.0.percent"), "75.0");
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "texts")), 4);
	/* Analysts see what is written about, not who wrote what. */
	person_get(&caller, arena_printf(&setup.arena, ANALYTICS "feedback?%s", range()), analyst);
	assert_string_equal(at(&caller, "words.0.stem"), "slow");
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "texts")), 0);
	person_get(&caller, arena_printf(&setup.arena, ANALYTICS "feedback?%s&language=de", range()), owner);
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "texts")), 1);
	caller_close(&caller);
}

static void risk_is_listed_with_the_offer_to_make(void **state)
{
	struct caller caller;

	(void)state;
	caller_open(&caller);
	get(&caller, BASE "risk?limit=2", server.key);
	assert_string_equal(at(&caller, "data.0.ref"), "c");
	assert_string_equal(at(&caller, "data.0.risk"), "52");
	assert_string_equal(at(&caller, "data.0.why.shown"), "1");
	/* In segment medium pause was accepted whenever it was shown. */
	assert_string_equal(at(&caller, "data.0.segment"), "medium");
	assert_string_equal(at(&caller, "data.0.best_offer"), "pause");
	assert_string_equal(at(&caller, "data.0.best_offer_acceptance"), "100.0");
	assert_string_equal(at(&caller, "data.1.ref"), "a");
	const char *next = arena_strdup(&setup.arena, at(&caller, "meta.next"));
	get(&caller, arena_printf(&setup.arena, BASE "risk?limit=100&cursor=%s", next), server.key);
	assert_int_equal(json_object_array_length(json_object_object_get(caller.reply, "data")), 5);
	/* In segment high nobody has accepted anything: the documented order's first. */
	assert_string_equal(at(&caller, "data.0.ref"), "b");
	assert_string_equal(at(&caller, "data.0.best_offer"), "discount");
	assert_string_equal(at(&caller, "data.0.best_offer_acceptance"), "null");
	person_get(&caller, BASE "risk?limit=2", analyst);
	assert_string_equal(at(&caller, "data.0.ref"), "null");
	assert_string_equal(at(&caller, "data.0.risk"), "52");
	caller_close(&caller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_route_has_its_figures, fresh),
		cmocka_unit_test_setup(roi_is_that_of_the_range, fresh),
		cmocka_unit_test_setup(what_is_asked_wrongly_is_refused, fresh),
		cmocka_unit_test_setup(an_answer_is_kept_until_it_changes, fresh),
		cmocka_unit_test_setup(feedback_is_grouped_by_stem, fresh),
		cmocka_unit_test_setup(risk_is_listed_with_the_offer_to_make, fresh),
	};
	char message[256];

	serve_conf();
	conf_add(IDENTITY_CONF);
	setenv("STOA_CACHE_LOCAL_LIFE", "1h", 1);
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "0");
	log_open("analytics_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message) || !(cache = cache_open(message))) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	cache_close(cache);
	return failed;
}
