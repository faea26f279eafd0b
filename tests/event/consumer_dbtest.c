/* What the consumers do with events, once and again, and the whole way of one into two people's digests. */
#include "config.h"

#include "tests/lib/database.h"
#include "tests/lib/relay.h"

#include "base/log.h"
#include "consumer/consumer.h"
#include "job/house.h"
#include "mail/outbox.h"
#include "measure/measure.h"
#include "retention/retention.h"
#include "web/web.h"
#include "webhook/webhook.h"
#include "who/secret.h"

#define ORG "0190a000-0000-7000-8000-000000000001"
#define OTHER "0190a000-0000-7000-8000-000000000002"

static struct ctx setup;
static struct pool *pool;
static struct cache *cache;
static struct job_kind kinds[16];

static const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *sql(const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return arena_strdup(&setup.arena, ask(&setup, pool, text));
}

static void event_make(struct event event)
{
	struct lease lease;

	event.org_id = event.org_id ? event.org_id : ORG;
	event.actor_kind = event.actor_kind ? event.actor_kind : "system";
	event.entity = event.entity ? event.entity : "thing";
	event.payload = event.payload ? event.payload : "{}";
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	if (event_add(&setup, &lease, &event, NULL) != OK)
		fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
	lease_return(&lease);
}

/* Runs what waits, also for a later time, until nothing does. */
static void settle(void)
{
	struct job_house house = {.cache = cache};

	for (int round = 0; round < 20 && strcmp(sql("select count(*) from job where state = 'waiting'"), "0"); round++) {
		struct ctx ctx;

		sql("update job set run_at = now() where state = 'waiting'");
		ctx_init(&ctx);
		if (worker_run(&ctx, &(struct worker_set){.kinds = kinds, .pool = pool, .house = &house, .threads = 2, .stop_fd = -1, .drain = true}) != OK)
			fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
		ctx_free(&ctx);
	}
	assert_string_equal(sql("select coalesce(string_agg(kind || errors::text, ' '), '') from job where state <> 'done'"), "");
}

static void replay(const struct consumer *consumer, int64_t position, bool again)
{
	struct lease lease;
	int64_t was;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	if (event_rewind(&setup, &lease, consumer, position, again, &was) != OK)
		fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
	lease_return(&lease);
	settle();
}

static int fresh(void **state)
{
	(void)state;
	ctx_reset(&setup);
	clock_shift(0);
	schema_make(&setup, pool);
	sql("insert into organisation (org_id, name) values ('" ORG "', 'Pier & Sons'), ('" OTHER "', 'Quay')");
	relay.taken = 0;
	return 0;
}

/* --- audit --- */

static void the_house_and_customers_leave_a_line(void **state)
{
	static const struct { const char *type, *actor_kind; bool line; } ROWS[] = {
		{"offer.accepted", "customer", true}, {"offer.accepted", "system", true}, {"offer.accepted", "session", false},
		{"webhook.test", "session", false}, {"webhook.test", "system", true},
		/* Written with the change. */
		{"customer.cancelled", "customer", false}, {"customer.saved", "system", false}, {"cancellation.applied", "system", false},
		{"decision.manual", "system", false}, {"webhook.disabled", "system", false}, {"key.created", "system", false},
		{"flow.created", "key", false}, {"password.changed", "system", false}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		event_make((struct event){.live = true, .type = ROWS[i].type, .actor_kind = ROWS[i].actor_kind, .actor_id = "who",
			.entity_id = arena_printf(&setup.arena, "%zu", i), .payload = "{\"a\": 1}"});
	for (int times = 0; times < 2; times++) {
		settle();
		for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
			if (strcmp(sql("select count(*) from audit_log a join event e on e.org_id = a.org_id and e.id = a.id and e.at = a.at and e.type = a.action "
				"and e.actor_kind = a.actor_kind and e.actor_id = a.actor_id and e.entity = a.entity and e.payload = a.after where a.entity_id = '%zu'",
				i), ROWS[i].line ? "1" : "0"))
				fail_msg("row %zu", i);
		assert_string_equal(sql("select count(*) from audit_log"), "3");
		replay(&CONSUMER_AUDIT, 0, false);
	}
}

/* --- numbers --- */

static const char *counted(void)
{
	return sql("select md5(string_agg(concat_ws(' ', org_id, live, day, type, count), ',' order by org_id, live, day, type)) || ' ' || sum(count) "
		"from event_daily where count > 0");
}

static const char *true_count(void)
{
	return sql("select md5(string_agg(concat_ws(' ', org_id, live, day, type, count), ',' order by org_id, live, day, type)) || ' ' || sum(count) from "
		"(select org_id, live, (at at time zone 'UTC')::date as day, type, count(*) from event group by 1, 2, 3, 4) e");
}

static void events_write(int count)
{
	sql("insert into event (org_id, id, live, at, actor_kind, entity, type, payload, schema_version) "
		"select case when n %% 3 = 0 then '" OTHER "'::uuid else '" ORG "'::uuid end, gen_random_uuid(), n %% 5 <> 0, "
		"timestamptz '2026-10-20 23:59:59+00' + n * interval '1 hour', 'system', 'thing', (array['key.created', 'customer.saved', 'offer.accepted'])[1 + n %% 7 %% 3], "
		"'{}', 1 from generate_series(1, %d) n", count);
	event_make((struct event){.live = true, .type = "member.added"});
	settle();
}

static void numbers_come_out_the_same(void **state)
{
	static const int BACK[] = {0, 1, 137, 300, 301};

	(void)state;
	events_write(150);
	assert_string_equal(counted(), true_count());
	events_write(149);
	assert_string_equal(counted(), true_count());
	for (size_t i = 0; i < sizeof BACK / sizeof *BACK; i++) {
		replay(&CONSUMER_ACTIVITY, BACK[i], false);
		assert_string_equal(counted(), true_count());
	}
	/* One that had been passed over is counted when it is read again, and once. */
	sql("insert into event_skipped (org_id, event_id, consumer, position, code, message) select org_id, id, 'activity', position, 'x', 'x' from event "
		"where position = 200");
	sql("update event_daily d set count = count - 1 from event e where e.position = 200 and d.org_id = e.org_id and d.live = e.live and d.type = e.type "
		"and d.day = (e.at at time zone 'UTC')::date");
	assert_string_not_equal(counted(), true_count());
	replay(&CONSUMER_ACTIVITY, 250, false);
	assert_string_not_equal(counted(), true_count());
	replay(&CONSUMER_ACTIVITY, 150, false);
	assert_string_equal(counted(), true_count());
	assert_string_equal(sql("select count(*) from event_skipped"), "0");
	/* What has been swept stays counted. */
	const char *before = counted();
	sql("alter table event disable trigger event_rows; delete from event where position <= 100; alter table event enable trigger event_rows");
	replay(&CONSUMER_ACTIVITY, 0, false);
	assert_string_equal(counted(), before);
}

/* --- caches --- */

static enum err load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	*value_out = (struct cached){.data = arena_printf(&ctx->arena, "%d", ++*(int *)argument), .length = 1};
	return OK;
}

static const char *fetch(const char *key, const char *tag, int *loads)
{
	const struct cache_plan plan = {.space = "test", .key = key, .tags = {tag}, .life_ms = 600000, .local_ms = 600000};
	struct cached value = {0};

	assert_int_equal(cache_fetch(&setup, cache, &plan, load, loads, &value), OK);
	return value.data;
}

/* A process that died between its commit and forgetting leaves nothing stale. */
static void stale_values_go(void **state)
{
	static const struct { const char *type; bool people, flows; } ROWS[] = {
		{"key.revoked", true, false}, {"key.changed", true, false}, {"member.changed", true, false}, {"member.removed", true, false},
		{"password.changed", true, false}, {"flow.changed", false, true}, {"flow.created", false, true}, {"experiment.promoted", false, true},
		{"segment.changed", false, true}, {"offer.changed", false, true}, {"branding.changed", false, true}, {"privacy.changed", false, true},
		{"offer.accepted", false, false}, {"flow.started", false, false}, {"customer.saved", false, false}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		int loads[3] = {0};
		const char *keys[3];

		for (int k = 0; k < 3; k++)
			keys[k] = arena_printf(&setup.arena, "%zu %d %s", i, k, sql("select gen_random_uuid()"));
		for (int times = 0; times < 2; times++) {
			const char *people = fetch(keys[0], "who:" ORG, &loads[0]), *flows = fetch(keys[1], flows_tag(&setup, ORG), &loads[1]);
			const char *foreign = fetch(keys[2], flows_tag(&setup, OTHER), &loads[2]);

			assert_string_equal(people, times && ROWS[i].people ? "2" : "1");
			assert_string_equal(flows, times && ROWS[i].flows ? "2" : "1");
			assert_string_equal(foreign, "1");
			if (!times) {
				event_make((struct event){.live = true, .type = ROWS[i].type});
				settle();
			}
		}
	}
}

/* --- notifications --- */

static const char *person(const char *org_id, const char *name, const char *role, const char *zone, const char *language, const char *notify)
{
	char id[ID_TEXT];

	id_new(id);
	sql("insert into account (id, email, name, password_hash, time_zone, language, notify) values ('%s', '%s@example.com', '%s', 'x', '%s', '%s', '%s')",
		id, name, name, zone, language, notify);
	sql("insert into membership (org_id, account_id, role, created_at) values ('%s', '%s', '%s', now() - interval '1 hour')", org_id, id, role);
	return arena_strdup(&setup.arena, id);
}

static const char *lines(void)
{
	return sql("select coalesce(string_agg(concat_ws('/', a.name, e.title, nullif(e.body, ''), e.url, case when not e.live then 'test' end), '; ' "
		"order by a.name, e.created_at, e.title), '') from mail_digest_entry e join account a on a.id = e.account_id");
}

static void those_concerned_are_told(void **state)
{
	const char *olive = person(ORG, "olive", "owner", "UTC", "en", "important"), *adam = person(ORG, "adam", "admin", "UTC", "de", "all");
	const struct { struct event event; const char *lines; } ROWS[] = {
		{{.type = "decision.manual", .live = true, .payload = "{\"customer\": \"c_7\"}"},
			"adam/Eine Entscheidung braucht Ihr Team/c_7/https://stoa.example/; olive/One decision needs your team/c_7/https://stoa.example/"},
		{{.type = "decision.manual", .live = false},
			"adam/Eine Entscheidung braucht Ihr Team/https://stoa.example//test; olive/One decision needs your team/https://stoa.example//test"},
		{{.type = "customer.saved", .live = true, .payload = "{\"customer\": \"c_7\"}"},
			"adam/Ein Kunde hat ein Angebot angenommen und bleibt/https://stoa.example/"},
		{{.type = "customer.cancelled", .live = true, .actor_kind = "customer", .actor_id = olive}, "adam/Ein Kunde hat gekündigt/https://stoa.example/"},
		/* Not what they did themselves, nor what was done to them. */
		{{.type = "key.created", .live = true, .actor_kind = "session", .actor_id = adam, .payload = "{\"after\": {\"name\": \"Shop\"}}"},
			"olive/An API key was made/Shop/https://stoa.example/keys"},
		{{.type = "member.changed", .live = true, .actor_kind = "session", .actor_id = olive, .entity = "account", .entity_id = adam}, ""},
		{{.type = "member.added", .live = true, .payload = "{\"after\": {\"email\": \"new@example.com\"}}"},
			"adam/Eine Person ist der Organisation beigetreten/new@example.com; olive/One person joined the organisation/new@example.com"},
		{{.type = "member.removed", .live = true, .actor_kind = "session", .actor_id = adam, .payload = "{\"before\": {\"email\": \"old@example.com\"}}"},
			"olive/One person was removed from the organisation/old@example.com"},
		{{.type = "webhook.disabled", .live = true, .payload = "{\"description\": \"CRM\"}"},
			"adam/Ein Webhook-Endpunkt wurde abgeschaltet, weil Zustellungen immer wieder fehlschlugen/CRM; "
			"olive/A webhook endpoint was disabled because deliveries kept failing/CRM"},
		{{.type = "offer.accepted", .live = true}, ""}, {{.type = "flow.changed", .live = true}, ""},
		{{.org_id = OTHER, .type = "decision.manual", .live = true}, "quinn/Une décision demande l’intervention de votre équipe/https://stoa.example/"}};

	(void)state;
	person(ORG, "nora", "owner", "UTC", "en", "none");
	person(ORG, "ann", "analyst", "UTC", "en", "all");
	person(OTHER, "quinn", "owner", "UTC", "fr", "all");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		sql("truncate mail_digest_entry");
		event_make(ROWS[i].event);
		settle();
		if (strcmp(lines(), ROWS[i].lines))
			fail_msg("row %zu: %s", i, lines());
	}
	/* Every topic has words of its own in every language. */
	static const char *const TYPES[] = {"decision.manual", "webhook.disabled", "webhook.created", "member.added", "member.changed", "member.removed",
		"key.created", "connection.changed", "connection.removed", "customer.saved", "customer.cancelled"};
	static const char *const LANGUAGE[] = {"en", "de", "fr", "es"};
	for (size_t l = 0; l < 4; l++) {
		sql("truncate mail_digest_entry");
		sql("update account set language = '%s', notify = case name when 'adam' then 'all' else 'none' end", LANGUAGE[l]);
		for (size_t t = 0; t < sizeof TYPES / sizeof *TYPES; t++)
			for (size_t n = 0; n <= t % 2; n++)
				event_make((struct event){.type = TYPES[t], .live = true});
		settle();
		assert_string_equal(sql("select count(*) || ' ' || count(distinct title) from mail_digest_entry where title <> topic "
			"and (count = 1 or title like '%%2%%')"), "11 11");
	}
}

/* One line that counts; nothing twice by reading again, unless that is asked for. */
static void a_line_counts(void **state)
{
	(void)state;
	person(ORG, "adam", "admin", "UTC", "en", "all");
	for (int i = 0; i < 12; i++)
		event_make((struct event){.type = i % 4 ? "customer.saved" : "key.created", .live = true,
			.payload = arena_printf(&setup.arena, "{\"after\": {\"name\": \"Key %d\"}}", i)});
	settle();
	static const char TOLD[] = "adam/3 API keys were made/Key 0, Key 4, Key 8/https://stoa.example/keys; "
		"adam/9 customers took an offer and stay/https://stoa.example/";
	assert_string_equal(lines(), TOLD);
	replay(&CONSUMER_NOTIFY, 0, false);
	assert_string_equal(lines(), TOLD);
	/* What was passed over is told. */
	sql("insert into event_skipped (org_id, event_id, consumer, position, code, message) select org_id, id, 'notify', position, 'x', 'x' from event "
		"where position = 2");
	replay(&CONSUMER_NOTIFY, 1, false);
	assert_non_null(strstr(lines(), "10 customers"));
	replay(&CONSUMER_NOTIFY, 1, false);
	assert_non_null(strstr(lines(), "10 customers"));
	replay(&CONSUMER_NOTIFY, 0, true);
	assert_non_null(strstr(lines(), "19 customers"));
	assert_non_null(strstr(lines(), "6 API keys were made/Key 0, Key 4, Key 8, Key 0"));
	/* Three hundred characters of names are enough. */
	for (int i = 0; i < 100; i++)
		event_make((struct event){.type = "key.created", .live = true, .payload = "{\"after\": {\"name\": \"A name of some length\"}}"});
	settle();
	assert_string_equal(sql("select count || ' ' || length(body) from mail_digest_entry where topic = 'key.created'"), "106 300");
}

/* --- the whole way --- */

static void clock_at(const char *time)
{
	int64_t us = strtoll(sql("select (extract(epoch from timestamptz '%s') * 1000000)::bigint", time), NULL, 10);

	clock_shift(0);
	clock_shift(us - clock_wall_us());
}

static int sweep_at(const char *time)
{
	clock_at(time);
	assert_int_equal(mail_sweep(&setup, pool), OK);
	settle();
	return relay.taken;
}

/* What arrived, as an independent parser reads it. */
static void mail_reads(const char *address, const char *subject, const char *const *wanted)
{
	const char *root = getenv("STOA_ROOT"), *path = arena_printf(&setup.arena, "%s/digest.eml", getenv("STOA_TEST_DIR"));
	const char *arguments[16] = {"sh", arena_printf(&setup.arena, "%s/tools/node", root),
		arena_printf(&setup.arena, "%s/tests/event/digest_read.mjs", root), path, address, subject};
	int count = 6, status;
	FILE *file = fopen(path, "w");
	pid_t pid;

	assert_non_null(file);
	fputs(relay.message, file);
	fclose(file);
	if (access(arena_printf(&setup.arena, "%s/node_modules/mailparser", root), F_OK) != 0) {
		print_message("npm's mailparser is not installed: the digest is not parsed\n");
		return;
	}
	while (*wanted && count < 15)
		arguments[count++] = *wanted++;
	pid = fork();
	if (!pid) {
		execv("/bin/sh", (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Two people in two zones and languages: each at eight on their own clock, in their own words, what each chose. */
static void events_become_two_digests(void **state)
{
	const char *ann = person(ORG, "ann", "owner", "Europe/Berlin", "de", "all"), *bob = person(ORG, "bob", "admin", "America/New_York", "en", "important");

	(void)state;
	clock_at("2026-06-01 12:30:00+00");
	for (int i = 0; i < 3; i++)
		event_make((struct event){.type = "customer.saved", .live = true});
	event_make((struct event){.type = "decision.manual", .live = true, .payload = "{\"customer\": \"Zoë & Söhne\"}"});
	event_make((struct event){.type = "decision.manual", .live = true, .payload = "{\"customer\": \"c_2\"}"});
	event_make((struct event){.type = "key.created", .live = true, .actor_kind = "session", .actor_id = ann, .payload = "{\"after\": {\"name\": \"Shop\"}}"});
	event_make((struct event){.type = "member.added", .live = true, .actor_kind = "session", .actor_id = bob,
		.payload = "{\"after\": {\"email\": \"new@example.com\"}}"});
	settle();
	assert_int_equal(relay.taken, 0);
	assert_int_equal(sweep_at("2026-06-02 05:59:58+00"), 0);
	assert_int_equal(sweep_at("2026-06-02 06:00:00+00"), 1);
	mail_reads("ann@example.com", "3 Neuigkeiten bei Pier & Sons", (const char *const[]){"* 3 Kunden haben ein Angebot angenommen und bleiben",
		"* 2 Entscheidungen brauchen Ihr Team", "  Zoë & Söhne, c_2", "* Eine Person ist der Organisation beigetreten", "  new@example.com", NULL});
	assert_int_equal(sweep_at("2026-06-02 11:59:58+00"), 1);
	assert_int_equal(sweep_at("2026-06-02 12:00:00+00"), 2);
	mail_reads("bob@example.com", "2 things new at Pier & Sons", (const char *const[]){"* 2 decisions need your team", "  Zoë & Söhne, c_2",
		"* An API key was made", "  Shop", "  https://stoa.example/keys", NULL});
	/* Reading everything again brings no mail. */
	replay(&CONSUMER_NOTIFY, 0, false);
	assert_int_equal(sweep_at("2026-06-03 12:00:00+00"), 2);
	clock_shift(0);
}

static void kinds_collect(void)
{
	const struct job_kind *const tables[] = {CONSUMER_JOBS, MAIL_JOBS, WEBHOOK_JOBS, MEASURE_JOBS};
	int count = 0;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct job_kind *kind = tables[i]; kind->policy; kind++)
			kinds[count++] = *kind;
}

static int open_all(void **state)
{
	char message[256], path[4096];

	(void)state;
	serve_conf();
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example/", 1);
	setenv("STOA_MAIL_STARTTLS", "no", 1);
	setenv("STOA_MAIL_FROM", "Stoa <stoa@shop.example>", 1);
	setting("STOA_MAIL_URL", relay_open());
	log_open("consumer_dbtest", "/dev/null", LOG_ERROR);
	if (!secret_open(message) || !(cache = cache_open(message)))
		fail_msg("%s", message);
	kinds_collect();
	ctx_init(&setup);
	pool = pool_open(6);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	relay_close();
	cache_close(cache);
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_house_and_customers_leave_a_line, fresh),
		cmocka_unit_test_setup(numbers_come_out_the_same, fresh),
		cmocka_unit_test_setup(stale_values_go, fresh),
		cmocka_unit_test_setup(those_concerned_are_told, fresh),
		cmocka_unit_test_setup(a_line_counts, fresh),
		cmocka_unit_test_setup(events_become_two_digests, fresh)};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
