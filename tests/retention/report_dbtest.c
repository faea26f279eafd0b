/* Reports: made by a real worker, read back by PostgreSQL's own reader of CSV; cancelled, killed, repeated, mailed, refused. */
#include "config.h"

#include "tests/widget/client.h"

#include "mail/outbox.h"
#include "retention/family.h"
#include "retention/report.h"
#include "sql.h"
#include "who/secret.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#define REPORTS "/api/v1/retention/reports"
#define MANY 7000
#define GATE 77 /* the advisory lock that holds a report in the middle */

static struct house house;
static struct tenant tenant, other, crowd;
static char analyst[WHO_TOKEN_TEXT], admin[WHO_TOKEN_TEXT];
static char analyst_id[ID_TEXT], admin_id[ID_TEXT];
static struct caller caller;

static _Atomic(struct job *) running;
static atomic_int hold; /* attempts whose end is lost, as when a worker dies before it can say so */

static enum err run_watched(struct ctx *ctx, struct job *job)
{
	running = job;
	enum err err = report_make_run(ctx, job);
	running = NULL;
	return err == OK && hold-- > 0 ? fail(ctx, ERR_UNAVAILABLE, "lost") : err;
}

/* The worker's own, but quick to repeat. */
static const struct job_policy QUICK = {"report.make", JOB_LOW, {3, 1, 1}, 120000};
static const struct job_policy CLEANUP = {"house.cleanup", JOB_LOW, {1, 1, 1}, 60000};
static const struct job_kind KINDS[] = {{&QUICK, run_watched}, {&CLEANUP, house_cleanup_run}, {0}};

static void person_add(const char *email, enum role role, char id[ID_TEXT], char access[WHO_TOKEN_TEXT])
{
	struct session_tokens tokens;
	struct lease lease;

	id_new(id);
	sql("with a as (insert into account (id, email, password_hash, language) values ('%s', '%s', 'x', 'de') returning id) "
		"insert into membership (org_id, account_id, role) select '%s', id, '%s' from a", id, email, tenant.org_id, role_text(role));
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(session_start(&setup, &lease, tenant.org_id, id, role, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(access, WHO_TOKEN_TEXT, "%s", tokens.access);
}

/* Sessions n of a day of January 2026, with ids of that time; the customer's text is SQL. */
static void sessions_add(const char *org_id, bool live, int day, int count, const char *customer)
{
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, language, segment, value_minor, currency, "
		"signed, flow_id, flow_version, step_order, started_at) select '%s', %s, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') "
		"|| '7000' || lpad(to_hex(n), 16, '8'))::uuid, '%s', %s, 'sub_' || n, 'pro', 'en', 'low', 4900, 'usd', false, '%s', 1, '0', at "
		"from (select n, timestamptz '2026-01-%02d 00:00Z' + n * interval '1 second' as at from generate_series(1, %d) n) x",
		org_id, live ? "true" : "false", org_id, customer, org_id, day, count);
}

/* What was decided on the sessions of a day, in turn. */
static void decisions_add(const char *org_id, int day)
{
	sql("insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_code, request_hash, status, saved_minor, currency, "
		"decided_at) select org_id, live, id, (array['accepted', 'declined', 'dismissed', 'cancelled'])[1 + n %% 4], "
		"case when n %% 4 = 0 then 'pause' end, 1, 'unused', 'x', 'applied', case when n %% 4 = 0 then 4900 else 0 end, "
		"case when n %% 8 = 0 then 'eur' else 'usd' end, started_at + interval '1 minute' "
		"from (select *, (row_number() over (order by id))::int as n from retention_session where org_id = '%s' "
		"and (started_at at time zone 'UTC')::date = '2026-01-%02d') s where n %% 5 <> 0", org_id, day);
}

static int open_house(void **state)
{
	char message[256], path[4096];
	(void)state;

	serve_conf();
	conf_add(IDENTITY_CONF);
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example/", 1);
	setenv("STOA_WEB_THREADS", "4", 1);
	setenv("STOA_WORKER_HEARTBEAT", "50ms", 1);
	setenv("STOA_WORKER_LEASE", "3s", 1);
	setenv("STOA_WORKER_POLL", "50ms", 1);
	setenv("STOA_DB_STATEMENT_TIMEOUT", "120s", 1);
	setenv("STOA_WORKER_LOG_FILE", "/dev/null", 1);
	setting("STOA_WEB_DEADLINE", "60s");
	log_open("report_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&caller);
	pool = pool_open(6);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	house.cache = cache_open(message);
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	tenant_add(&setup, pool, &crowd);
	person_add("ann@example.com", ROLE_ANALYST, analyst_id, analyst);
	person_add("adam@example.com", ROLE_ADMIN, admin_id, admin);
	sessions_add(tenant.org_id, true, 1, 40, "'=1+' || n || '|\"cmd\",@' || chr(10) || 'ü'");
	sessions_add(tenant.org_id, true, 3, 3, "(array['-1', '@x', '+y'])[n]");
	sessions_add(tenant.org_id, true, 4, 1, "'behind the range'");
	sessions_add(tenant.org_id, false, 2, 5, "'test'");
	sessions_add(other.org_id, true, 2, 9, "'foreign'");
	sessions_add(crowd.org_id, true, 10, MANY, "'c' || n");
	decisions_add(tenant.org_id, 1);
	decisions_add(crowd.org_id, 10);
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

static void drain(void)
{
	struct ctx ctx;

	ctx_init(&ctx);
	WAIT_FOR((worker_run(&ctx, &(struct worker_set){.kinds = KINDS, .pool = pool, .threads = 2, .stop_fd = -1, .drain = true}) == OK &&
		!strcmp(sql("select count(*) from job where kind = 'report.make' and state in ('waiting', 'running')"), "0")));
	ctx_free(&ctx);
}

static int person_send(const char *method, const char *target, const char *token, const char *body)
{
	return client_send(&caller, method, target, NULL, body, body ? strlen(body) : 0,
		(const char *const[]){"Authorization", arena_printf(&setup.arena, "Bearer %s", token), NULL});
}

static const char *started(void)
{
	assert_status(&caller, 202);
	assert_string_equal(client_text(&caller, "state"), "waiting");
	const char *id = arena_strdup(&setup.arena, client_text(&caller, "id"));
	assert_string_equal(client_value(&caller, "Location"), arena_printf(&setup.arena, "/api/v1/jobs/%s", id));
	return id;
}

static const char *make(const char *key, const char *body)
{
	client_post(&caller, REPORTS, key, body);
	return started();
}

static const char *path_of(const char *id, const char *more)
{
	return arena_printf(&setup.arena, REPORTS "/%s%s", id, more);
}

/* The reply as a table, read by PostgreSQL: as many fields in every line as in the header, whose names must be these. */
static void read_csv(const char *table, const char *columns)
{
	const char *path = arena_printf(&setup.arena, "%s/%s.csv", getenv("STOA_TEST_DIR"), table);
	FILE *file = fopen(path, "w");

	assert_status(&caller, 200);
	assert_string_equal(client_value(&caller, "Content-Type"), "text/csv; charset=utf-8; header=present");
	assert_non_null(file);
	assert_int_equal(fwrite(caller.rep.body.data, 1, caller.rep.body.length, file), caller.rep.body.length);
	fclose(file);
	sql("drop table if exists %s; create table %s (%s); copy %s from '%s' (format csv, header match, encoding 'UTF8')", table, table, columns, table,
		path);
}

#define SESSION_COLUMNS_TEXT "session uuid, started_at text, customer text, subscription text, plan text, region text, language text, segment text, " \
	"flow uuid, flow_version bigint, value_minor bigint, currency text, outcome text, reason text, offer text, status text, saved_minor bigint, decided_at text"
#define DAY_COLUMNS "day date, currency text, sessions bigint, accepted bigint, dismissed bigint, cancelled bigint, undecided bigint, saved_minor bigint"

static void reports_are_read_back(void **state)
{
	const char *id = make(tenant.server.key, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}");
	(void)state;

	assert_int_equal(client_get(&caller, path_of(id, ""), tenant.server.key), 404);
	drain();
	client_get(&caller, path_of(id, ""), tenant.server.key);
	assert_string_equal(client_value(&caller, "Content-Disposition"), "attachment; filename=\"sessions-2026-01-01-2026-01-03.csv\"");
	assert_null(strstr(caller.rep.body.data, "foreign"));
	/* RFC 4180: every line ends with CRLF. */
	assert_string_equal(caller.rep.body.data + caller.rep.body.length - 2, "\r\n");
	read_csv("made", SESSION_COLUMNS_TEXT);
	assert_string_equal(sql("select count(*) from made"), "43");
	/* All that was stored is there, formulas with an apostrophe in front. */
	assert_string_equal(sql("select count(*) from made m join retention_session s on s.id = m.session left join decision d on d.session_id = s.id "
		"where m.customer = '''' || s.customer_ref and m.subscription = s.subscription_ref and m.plan = s.plan and m.region is null "
		"and m.started_at::timestamptz = s.started_at and m.flow = s.flow_id and m.value_minor = s.value_minor "
		"and m.currency = coalesce(d.currency, s.currency) and m.outcome = coalesce(d.outcome, 'undecided') "
		"and m.offer is not distinct from d.offer_type and m.status is not distinct from d.status "
		"and m.saved_minor is not distinct from d.saved_minor and m.decided_at::timestamptz is not distinct from d.decided_at "
		"and m.reason is not distinct from d.reason_code"), "43");
	client_get(&caller, path_of(id, "?part=days"), tenant.server.key);
	read_csv("made_days", DAY_COLUMNS);
	assert_string_equal(sql("select string_agg(concat_ws(' ', day, currency, d.sessions, d.accepted, d.dismissed, cancelled, undecided, saved_minor), "
		"', ' order by day, currency) from made_days d"), sql("select string_agg(line, ', ' order by line) from (select concat_ws(' ', "
		"substring(started_at, 1, 10), currency, count(*), count(*) filter (where outcome = 'accepted'), count(*) filter (where outcome = 'dismissed'), "
		"count(*) filter (where outcome in ('declined', 'cancelled')), count(*) filter (where outcome = 'undecided'), "
		"coalesce(sum(saved_minor), 0)) as line from made group by substring(started_at, 1, 10), currency) lines"));
	assert_string_equal(sql("select count(*) from made_days"), "3");
	assert_string_equal(sql("select concat_ws(' ', result->>'sessions', result->>'accepted', result->>'cancelled', result->>'dismissed', "
		"result->>'undecided', result->'saved'->>'usd', result->'saved'->>'eur', result->>'from', result->>'to', result->>'live', "
		"result->>'csv' = '" REPORTS "/' || id, (result->>'bytes')::int > 5000) from job where id = '%s'", id),
		"43 8 16 8 11 19600 19600 2026-01-01 2026-01-03 true t t");
	assert_string_equal(sql("select totals = result from report r join job j using (id) where id = '%s'", id), "t");
}

static void bad_questions(void **state)
{
	static const struct { const char *body, *code, *field; int status; } ROWS[] = {
		{"{}", "bad-input", "from", 400},
		{"{\"from\":\"2026-01-01\"}", "bad-input", "to", 400},
		{"{\"from\":20260101,\"to\":\"2026-01-01\"}", "bad-input", "from", 400},
		{"{\"from\":\"2026-02-30\",\"to\":\"2026-03-01\"}", "invalid", "from", 422},
		{"{\"from\":\"2026-2-030\",\"to\":\"2026-03-01\"}", "invalid", "from", 422},
		{"{\"from\":\"01.02.2026\",\"to\":\"2026-03-01\"}", "invalid", "from", 422},
		{"{\"from\":\"1999-12-31\",\"to\":\"2000-01-01\"}", "invalid", "from", 422},
		{"{\"from\":\"2026-01-01\",\"to\":\"yesterday!\"}", "invalid", "to", 422},
		{"{\"from\":\"2026-01-01\",\"to\":\"now\"}", "invalid", "to", 422},
		{"{\"from\":\"2026-01-02\",\"to\":\"2026-01-01\"}", "invalid", "to", 422},
		{"{\"from\":\"2025-01-01\",\"to\":\"2026-01-02\"}", "invalid", "to", 422},
		{"{\"from\":\"2026-01-01\",\"to\":\"2026-01-01\",\"mail\":true}", "invalid", "mail", 422},
		{"{\"from\":\"2026-01-01\",\"to\":\"2026-01-01\",\"live\":false}", "forbidden", "live", 403},
		{"{\"from\":\"2026-01-01\",\"to\":\"2026-01-01\",\"org\":\"x\"}", "bad-input", "org", 400}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&caller, REPORTS, tenant.server.key, ROWS[i].body);
		assert_problem(&caller, ROWS[i].status, ROWS[i].code, ROWS[i].field);
	}
	assert_string_equal(sql("select count(*) from job where state = 'waiting'"), "0");
	/* The widget's key may not, and a leap year fits. */
	assert_int_equal(client_post(&caller, REPORTS, tenant.live.key, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-01\"}"), 403);
	make(other.server.key, "{\"from\":\"2024-01-01\",\"to\":\"2024-12-31\"}");
	drain();
}

static void tenants_and_modes(void **state)
{
	const char *id = make(tenant.server.key, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}"), *test, *hidden;
	(void)state;

	test = make(tenant.server_test.key, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}");
	person_send("POST", REPORTS, analyst, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}");
	hidden = started();
	drain();
	assert_int_equal(client_get(&caller, path_of(id, ""), other.server.key), 404);
	assert_int_equal(client_get(&caller, path_of(id, ""), tenant.server_test.key), 404);
	assert_int_equal(client_get(&caller, path_of(test, ""), tenant.server.key), 404);
	assert_int_equal(client_get(&caller, path_of(test, ""), tenant.server_test.key), 200);
	read_csv("made", SESSION_COLUMNS_TEXT);
	assert_string_equal(sql("select concat_ws(' ', count(*), min(customer), max(customer)) from made"), "5 test test");
	/* Customers only for those who may know them. */
	assert_int_equal(person_send("GET", path_of(id, ""), analyst, NULL), 404);
	assert_int_equal(person_send("GET", path_of(id, ""), admin, NULL), 200);
	assert_int_equal(person_send("GET", path_of(hidden, ""), analyst, NULL), 200);
	read_csv("made", SESSION_COLUMNS_TEXT);
	assert_string_equal(sql("select concat_ws(' ', count(*), count(customer), count(subscription)) from made"), "43 0 0");
	assert_int_equal(person_send("GET", path_of(hidden, "?part=other"), analyst, NULL), 422);
}

/* --- a worker beside --- */

struct crew {
	pthread_t thread;
	struct pool *pool;
	int stop;
};

static void *crew_main(void *argument)
{
	struct crew *crew = argument;
	struct ctx ctx;

	ctx_init(&ctx);
	worker_run(&ctx, &(struct worker_set){.kinds = KINDS, .pool = crew->pool, .threads = 2, .stop_fd = crew->stop});
	ctx_free(&ctx);
	return NULL;
}

static void crew_start(struct crew *crew)
{
	*crew = (struct crew){.pool = pool_open(4), .stop = eventfd(0, 0)};
	assert_int_equal(pthread_create(&crew->thread, NULL, crew_main, crew), 0);
}

static void crew_stop(struct crew *crew)
{
	eventfd_write(crew->stop, 1);
	pthread_join(crew->thread, NULL);
	close(crew->stop);
	pool_close(crew->pool);
}

static void clients_wait(void **state)
{
	struct json_object *result;
	struct crew crew;
	const char *body = "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\"}";
	const char *const wait[] = {"Prefer", "wait=30", NULL}, *const moment[] = {"Prefer", "wait=1", NULL};
	(void)state;

	/* Nobody works yet: the time passes. */
	client_send(&caller, "POST", REPORTS, tenant.server.key, body, strlen(body), moment);
	assert_string_equal(client_value(&caller, "Preference-Applied"), "wait=1");
	started();
	crew_start(&crew);
	client_send(&caller, "POST", REPORTS, tenant.server.key, body, strlen(body), wait);
	assert_status(&caller, 200);
	assert_string_equal(client_text(&caller, "state"), "done");
	assert_true(json_object_object_get_ex(caller.reply, "result", &result));
	assert_int_equal(json_int(result, "sessions", 0), 43);
	assert_int_equal(client_get(&caller, arena_strdup(&setup.arena, json_text(result, "csv", "")), tenant.server.key), 200);
	crew_stop(&crew);
	drain();
}

/* --- in the middle --- */

/* Reading the sessions stops at number n until the lock is free. */
static void gate_put(struct lease *lease, int number)
{
	const char *id = sql("select id from retention_session where org_id = '%s' order by id offset %d limit 1", crowd.org_id, number);
	sql("alter table retention_session rename to retention_session_real; "
		"create function gate(session uuid) returns boolean language plpgsql volatile cost 100000 as $$ begin "
		"if session = '%s' and current_query() like '%%order by r.id%%' "
		"then perform pg_advisory_xact_lock_shared(%d); end if; return true; end $$; "
		"create view retention_session as select * from retention_session_real where gate(id)", id, GATE);
	assert_int_equal(lease_take(&setup, pool, lease), OK);
	assert_int_equal(pg_run_text(lease, arena_printf(&setup.arena, "select pg_advisory_lock(%d)", GATE), 0, NULL, NULL), OK);
}

static void gate_open(struct lease *lease)
{
	assert_int_equal(pg_run_text(lease, arena_printf(&setup.arena, "select pg_advisory_unlock(%d)", GATE), 0, NULL, NULL), OK);
	lease_return(lease);
}

static void gate_drop(void)
{
	sql("drop view retention_session; drop function gate; alter table retention_session_real rename to retention_session");
}

#define AT_THE_GATE !strcmp(sql("select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = %d", GATE), "1")
#define ASKED "{\"from\":\"2026-01-10\",\"to\":\"2026-01-10\"}"

static void many_rows_and_cancellation(void **state)
{
	struct lease lock, lease;
	struct crew crew;
	bool told;
	(void)state;

	gate_put(&lock, 5000);
	const char *id = make(crowd.server.key, ASKED);
	crew_start(&crew);
	WAIT_FOR(AT_THE_GATE);
	/* Two batches of three are through. */
	assert_string_equal(sql("select progress between 1 and 99 and progress_note like '%% of %d sessions' from job where id = '%s'", MANY, id), "t");
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(job_cancel(&setup, &lease, id, &told), OK);
	lease_return(&lease);
	assert_true(told);
	WAIT_FOR(job_cancelled(&setup, running));
	gate_open(&lock);
	WAIT_FOR(!strcmp(sql("select state from job where id = '%s'", id), "cancelled"));
	assert_string_equal(sql("select count(*) from report where id = '%s'", id), "0");
	crew_stop(&crew);
	gate_drop();
	id = make(crowd.server.key, ASKED);
	drain();
	client_get(&caller, path_of(id, ""), crowd.server.key);
	read_csv("made", SESSION_COLUMNS_TEXT);
	assert_string_equal(sql("select concat_ws(' ', count(*), count(distinct session), sum(saved_minor)) from made"),
		sql("select concat_ws(' ', %d, %d, sum(saved_minor)) from decision where org_id = '%s'", MANY, MANY, crowd.org_id));
}

/* The program itself, killed while it reads. */
static void killed_in_the_middle(void **state)
{
	struct lease lock;
	int status;
	(void)state;

	gate_put(&lock, 5000);
	const char *id = make(crowd.server.key, ASKED);
	pid_t child = fork();
	if (!child) {
		execl("daemons/worker/stoa-worker", "stoa-worker", "--threads", "1", "--drain", (char *)NULL);
		_exit(127);
	}
	WAIT_FOR(AT_THE_GATE);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	gate_open(&lock);
	drain();
	gate_drop();
	assert_string_equal(sql("select concat_ws(' ', state, attempt, errors->0->>'code') from job where id = '%s'", id), "done 2 lease-lost");
	assert_string_equal(sql("select totals->>'sessions' from report where id = '%s'", id), arena_printf(&setup.arena, "%d", MANY));
}

/* --- mail --- */

/* The newest mail as it lies in the outbox. */
static struct json_object *newest_mail(void)
{
	struct json_object *content;
	const uint8_t *sealed;
	const char *text;
	struct lease lease;
	PGresult *row;
	size_t bytes;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select * from mail order by id desc limit 1", 0, NULL, &row), OK);
	lease_return(&lease);
	assert_int_equal(PQntuples(row), 1);
	assert_string_equal(pg_text(row, 0, "address"), "adam@example.com");
	assert_string_equal(pg_text(row, 0, "kind"), "report");
	assert_true(pg_data(&setup, row, 0, "content", &sealed, &bytes));
	assert_int_equal(secret_unseal(&setup, tenant.org_id, sealed, bytes, &text, &bytes), OK);
	assert_int_equal(json_read(&setup, text, bytes, 8, &content), OK);
	return content;
}

static void mails(void **state)
{
	const char *body = "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\",\"mail\":true}";
	struct json_object *mail, *parts;
	(void)state;

	/* The end of two attempts is lost: one report, one mail. */
	person_send("POST", REPORTS, admin, body);
	const char *id = started();
	hold = 2;
	drain();
	hold = 0;
	assert_string_equal(sql("select concat_ws(' ', state, attempt, result->>'sessions') from job where id = '%s'", id), "done 3 43");
	assert_string_equal(sql("select count(*) from report where id = '%s'", id), "1");
	assert_string_equal(sql("select count(*) from mail"), "1");
	mail = newest_mail();
	assert_string_equal(json_text(mail, "subject", ""), "Ihr Bericht zu Tenant, 2026-01-01 bis 2026-01-03");
	assert_non_null(strstr(json_text(mail, "text", ""), arena_printf(&setup.arena, "https://stoa.example/reports/%s", id)));
	assert_true(json_object_object_get_ex(mail, "attachments", &parts));
	assert_int_equal(json_object_array_length(parts), 2);
	assert_string_equal(json_text(json_object_array_get_idx(parts, 0), "name", ""), "sessions-2026-01-01-2026-01-03.csv");
	assert_string_equal(json_text(json_object_array_get_idx(parts, 1), "name", ""), "days-2026-01-01-2026-01-03.csv");
	/* In test mode nothing leaves. */
	person_send("POST", REPORTS, admin, "{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\",\"mail\":true,\"live\":false}");
	started();
	drain();
	assert_string_equal(sql("select live from mail order by id desc limit 1"), "f");
	/* Who has left gets none. */
	person_send("POST", REPORTS, admin, body);
	sql("delete from membership where account_id = '%s'", admin_id);
	drain();
	sql("insert into membership (org_id, account_id, role) values ('%s', '%s', 'admin')", tenant.org_id, admin_id);
	assert_string_equal(sql("select count(*) from mail"), "2");
	assert_string_equal(sql("select count(*) from job where kind = 'report.make' and state = 'dead'"), "0");
}

/* 1,000 bytes a session: 7,000 of them are a link, 22,000 no report. */
static void large_reports(void **state)
{
	struct json_object *parts;
	(void)state;

	sessions_add(tenant.org_id, true, 20, 7000, "repeat('x', 1000)");
	sessions_add(tenant.org_id, true, 21, 15000, "repeat('x', 1000)");
	person_send("POST", REPORTS, admin, "{\"from\":\"2026-01-20\",\"to\":\"2026-01-20\",\"mail\":true}");
	const char *id = started();
	drain();
	assert_true(json_object_object_get_ex(newest_mail(), "attachments", &parts));
	assert_int_equal(json_object_array_length(parts), 0);
	assert_non_null(strstr(json_text(newest_mail(), "text", ""), id));
	assert_int_equal(person_send("GET", path_of(id, ""), admin, NULL), 200);
	assert_true(caller.rep.body.length > MAIL_ATTACHED_MOST);
	id = make(tenant.server.key, "{\"from\":\"2026-01-20\",\"to\":\"2026-01-21\"}");
	drain();
	assert_string_equal(sql("select concat_ws(' ', state, attempt, errors->0->>'code', errors->0->>'message') from job where id = '%s'", id),
		"dead 1 too-large The report is larger than 20 MiB: choose fewer days");
	assert_int_equal(client_get(&caller, path_of(id, ""), tenant.server.key), 404);
}

/* --- the end of reports --- */

static void reports_go(void **state)
{
	struct lease lease;
	(void)state;

	sql("insert into report (org_id, id, live, from_day, to_day, customers, totals, sessions, days, created_at) select '%s', "
		"('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, true, '2026-01-01', '2026-01-01', false, '{}', '', '', "
		"now() - n * interval '1 day' + interval '1 minute' from generate_series(0, 30) n", other.org_id);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(job_enqueue(&setup, &lease, &CLEANUP, &(struct job_new){0}, NULL), OK);
	lease_return(&lease);
	drain();
	assert_string_equal(sql("select count(*) from report where org_id = '%s' and id < '01900000-0001-7000-8000-000000000000'", other.org_id), "8");
	/* An organisation keeps its last 20; others' are left alone. */
	const char *before = arena_strdup(&setup.arena, sql("select count(*) from report where org_id = '%s'", tenant.org_id));
	for (int i = 0; i < REPORT_KEPT + 1; i++)
		sql("insert into job (id, org_id, kind, queue, attempts, payload) values ('01ffffff-0000-7000-8000-%012d', '%s', 'report.make', 2, 3, "
			"'{\"org\": \"%s\", \"live\": true, \"from\": \"2026-01-01\", \"to\": \"2026-01-01\"}')", i, other.org_id, other.org_id);
	drain();
	assert_string_equal(sql("select concat_ws(' ', count(*), max(id::text)) from report where org_id = '%s'", other.org_id),
		arena_printf(&setup.arena, "%d 01ffffff-0000-7000-8000-%012d", REPORT_KEPT, REPORT_KEPT));
	assert_string_equal(sql("select count(*) from report where org_id = '%s'", tenant.org_id), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reports_are_read_back), cmocka_unit_test(bad_questions),
		cmocka_unit_test(tenants_and_modes), cmocka_unit_test(clients_wait), cmocka_unit_test(many_rows_and_cancellation),
		cmocka_unit_test(killed_in_the_middle), cmocka_unit_test(mails), cmocka_unit_test(large_reports), cmocka_unit_test(reports_go)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
