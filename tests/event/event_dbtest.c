/* Events: written with the change or not at all, never changed, read once and in the order of commits by every consumer. */
#include "tests/lib/database.h"

#include "base/log.h"
#include "event/event.h"
#include "metric/metric.h"

#include <pthread.h>
#include <stdatomic.h>

#define ORG "0190a000-0000-7000-8000-000000000001"
#define WRITERS 4
#define EACH 40

static struct ctx setup;
static struct pool *pool;

static const char *sql(const char *text)
{
	return arena_strdup(&setup.arena, ask(&setup, pool, text));
}

static struct event event_of(const char *entity_id)
{
	return (struct event){.org_id = ORG, .live = true, .actor_kind = "system", .entity = "decision", .entity_id = entity_id,
		.type = "offer.accepted", .payload = "{\"n\":1}"};
}

static void begin(struct ctx *ctx, struct lease *lease)
{
	ctx_init(ctx);
	assert_int_equal(lease_take(ctx, pool, lease), OK);
	assert_int_equal(pg_begin(lease), OK);
}

static void end(struct ctx *ctx, struct lease *lease)
{
	assert_int_equal(pg_commit(lease), OK);
	lease_return(lease);
	ctx_free(ctx);
}

static void add(struct lease *lease, const char *entity_id)
{
	struct event event = event_of(entity_id);

	if (event_add(lease->ctx, lease, &event, NULL) != OK)
		fail_msg("%s %s", lease->ctx->fault.detail, lease->ctx->fault.internal);
}

static void add_now(const char *entity_id)
{
	struct ctx ctx;
	struct lease lease;

	begin(&ctx, &lease);
	add(&lease, entity_id);
	end(&ctx, &lease);
}

/* The entity ids behind the consumer's position, joined; the position moves. */
static const char *read_all(const char *consumer, int most)
{
	struct ctx ctx;
	struct lease lease;
	struct event_batch batch;
	const char *list = "";

	ctx_init(&ctx);
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(event_order(&lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(event_read(&ctx, &lease, consumer, most, &batch), OK);
	for (int i = 0; i < PQntuples(batch.rows); i++)
		list = arena_printf(&setup.arena, "%s%s%s", list, i ? "," : "", pg_text(batch.rows, i, "entity_id"));
	assert_true(PQntuples(batch.rows) ? batch.to > batch.from : batch.to == batch.from);
	assert_int_equal(event_advance(&ctx, &lease, consumer, batch.to), OK);
	end(&ctx, &lease);
	return list;
}

static void refused(const char *text)
{
	struct ctx ctx;
	struct lease lease;

	ctx_init(&ctx);
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	if (pg_run_text(&lease, text, 0, NULL, NULL) == OK)
		fail_msg("allowed: %s", text);
	assert_non_null(strstr(ctx.fault.internal, "append-only"));
	lease_return(&lease);
	ctx_free(&ctx);
}

static void nothing_changes_an_event(void **state)
{
	(void)state;
	add_now("kept");
	refused("update event set payload = '{}'");
	refused("update event set at = now()");
	refused("update event set position = 7, type = 'key.revoked'");
	refused("delete from event");
	refused("truncate event cascade");
	assert_string_equal(read_all("one", 10), "kept");
	refused("update event set position = position + 1");
	refused("update event set position = null");
}

static void it_is_there_with_its_change_or_not_at_all(void **state)
{
	struct ctx ctx;
	struct lease lease;

	(void)state;
	begin(&ctx, &lease);
	add(&lease, "gone");
	pg_rollback(&lease);
	lease_return(&lease);
	ctx_free(&ctx);
	add_now("there");
	assert_string_equal(read_all("one", 10), "there");
	assert_string_equal(sql("select payload->>'n' || ' ' || schema_version || ' ' || live from event"), "1 1 true");
}

/* The earlier number commits later: a reader that only remembers the greatest number would lose it. */
static void what_commits_late_is_not_lost(void **state)
{
	struct ctx slow;
	struct lease lease;

	(void)state;
	begin(&slow, &lease);
	add(&lease, "slow");
	add_now("quick");
	assert_string_equal(read_all("one", 10), "quick");
	assert_string_equal(read_all("one", 10), "");
	add_now("next");
	end(&slow, &lease);
	assert_string_equal(read_all("one", 10), "slow,next");
	assert_string_equal(read_all("two", 10), "quick,slow,next");
}

/* The one that began first changes the row last: its event comes last. */
static void changes_that_exclude_each_other_keep_their_order(void **state)
{
	struct ctx first;
	struct lease lease;

	(void)state;
	sql("create table thing (n int); insert into thing values (0)");
	begin(&first, &lease);
	assert_int_equal(pg_run_text(&lease, "select pg_current_xact_id()", 0, NULL, NULL), OK);
	sql("begin; update thing set n = 1; insert into event (org_id, id, live, actor_kind, entity, entity_id, type, payload, schema_version) "
		"values ('" ORG "', gen_random_uuid(), true, 'system', 'thing', 'before', 'offer.accepted', '{}', 1); commit");
	assert_int_equal(pg_run_text(&lease, "update thing set n = 2", 0, NULL, NULL), OK);
	add(&lease, "behind");
	end(&first, &lease);
	assert_string_equal(read_all("one", 10), "before,behind");
	sql("drop table thing");
}

static void a_consumer_reads_in_pieces_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add_now(arena_printf(&setup.arena, "e%d", i));
	assert_string_equal(read_all("one", 2), "e0,e1");
	assert_string_equal(read_all("one", 2), "e2,e3");
	assert_string_equal(read_all("two", 10), "e0,e1,e2,e3,e4");
	assert_string_equal(read_all("one", 2), "e4");
	sql("update event_consumer set position = position - 3 where name = 'one'");
	assert_string_equal(read_all("one", 10), "e2,e3,e4");
	{
		struct ctx ctx;
		struct lease lease;
		struct event_batch batch;

		begin(&ctx, &lease);
		assert_int_equal(event_read(&ctx, &lease, "nobody", 1, &batch), ERR_NOT_FOUND);
		lease_return(&lease);
		ctx_free(&ctx);
	}
}

static void *write_many(void *argument)
{
	int writer = *(int *)argument;

	for (int i = 0; i < EACH;) {
		struct ctx ctx;
		struct lease lease;

		begin(&ctx, &lease);
		for (int k = 0; k <= (i + writer) % 3 && i < EACH; k++, i++) {
			add(&lease, arena_printf(&ctx.arena, "%d:%02d", writer, i));
			usleep((unsigned)(writer * 200));
		}
		end(&ctx, &lease);
	}
	return NULL;
}

static void every_reader_gets_everything_once(void **state)
{
	static int numbers[WRITERS] = {0, 1, 2, 3};
	const char *consumers[] = {"one", "two"};
	pthread_t threads[WRITERS];
	int next[2][WRITERS] = {0}, seen[2] = {0};

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
	while (seen[0] < WRITERS * EACH || seen[1] < WRITERS * EACH)
		for (int c = 0; c < 2; c++)
			for (const char *at = read_all(consumers[c], 7); *at; at += strcspn(at, ","), at += *at == ',') {
				int writer = at[0] - '0', number = (int)strtol(at + 2, NULL, 10);

				/* A writer's own events keep their order, so each comes once. */
				assert_int_equal(number, next[c][writer]);
				next[c][writer]++;
				seen[c]++;
			}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	assert_string_equal(read_all("one", 100), "");
}

static void audit_lines_become_events(void **state)
{
	static const struct { const char *action, *type; } ROWS[] = {
		{"member.add", "member.added"}, {"member.role", "member.changed"}, {"key.revoke", "key.revoked"},
		{"password.reset", "password.changed"}, {"password.change", "password.changed"}, {"flow.deactivate", "flow.changed"},
		{"session.start", ""}, {"password", ""}, {"reset", ""}, {"", ""}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct lease lease;

		begin(&ctx, &lease);
		assert_int_equal(event_audit(&lease, &(struct audit){.org_id = ORG, .actor_kind = "system", .action = ROWS[i].action,
			.entity = "thing", .entity_id = ROWS[i].action, .after = "{\"role\":\"admin\"}"}), OK);
		end(&ctx, &lease);
		assert_string_equal(sql(arena_printf(&setup.arena, "select coalesce((select type from event where entity_id = '%s'), '')",
			ROWS[i].action)), ROWS[i].type);
	}
	assert_string_equal(sql("select payload->'after'->>'role' || (payload->'before') from event where type = 'member.added'"), "adminnull");
	assert_string_equal(sql("select count(*) from audit_log"), "10");
}

static void types_and_filters(void **state)
{
	static const struct { const char *filter; bool known; } ROWS[] = {
		{"offer.accepted", true}, {"member.*", true}, {"webhook.test", true}, {"offer.refused", false}, {"*", false}, {".*", false},
		{"mem.*", false}, {"member.add", false}, {"", false}, {"member.**", false}, {"OFFER.ACCEPTED", false}};
	struct ctx ctx;
	struct lease lease;
	struct event event = event_of("x");
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (event_filter_known(ROWS[i].filter) != ROWS[i].known)
			fail_msg("%s", ROWS[i].filter);
	begin(&ctx, &lease);
	event.type = "offer.refused";
	assert_int_equal(event_add(&ctx, &lease, &event, NULL), ERR_INTERNAL);
	lease_return(&lease);
	ctx_free(&ctx);
}

/* One wake waits for all that is written before it runs; endpoints are told at once. */
static void consumers_are_woken(void **state)
{
	(void)state;
	add_now("first");
	add_now("second");
	assert_string_equal(sql("select string_agg(kind || ' ' || (run_at > now())::text, ',') from job"), "event.wake true");
	sql("update job set state = 'running', attempt = 1, started_at = now()");
	add_now("after it was taken");
	assert_string_equal(sql("select count(*) from job where kind = 'event.wake'"), "2");
	sql("delete from job; insert into webhook_endpoint (org_id, id, live, url, secret_sealed) values ('" ORG "', gen_random_uuid(), false, 'x', '\\x00')");
	add_now("of the other mode");
	assert_string_equal(sql("select count(*) from job where kind = 'webhook.fan'"), "0");
	sql("update webhook_endpoint set live = true");
	add_now("heard");
	assert_string_equal(sql("select string_agg(kind, ',' order by kind) from job"), "event.wake,webhook.fan");
}

/* Writers do not wait for each other's wake. */
static void waking_holds_nobody_up(void **state)
{
	struct ctx slow;
	struct lease lease;

	(void)state;
	begin(&slow, &lease);
	add(&lease, "slow");
	add_now("quick");
	assert_string_equal(sql("select count(*) from job"), "1");
	end(&slow, &lease);
	assert_string_equal(sql("select count(*) from job"), "2");
}

/* --- the loop --- */

static struct {
	int fail_from, fail_to; /* entity numbers that fail */
	enum err err;
	int left;               /* failures, then they pass; -1 = for ever */
} poison;

/* Every event leaves a row; a second one for the same event breaks the key. */
static enum err note_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	for (int i = 0; i < PQntuples(batch->rows); i++) {
		int number = (int)strtol(pg_text(batch->rows, i, "entity_id"), NULL, 10);

		if (number >= poison.fail_from && number <= poison.fail_to && poison.left) {
			poison.left -= poison.left > 0;
			return fail(ctx, poison.err, "Number %d cannot be handled", number);
		}
		TRY(pg_run_text(lease, "insert into noted values ($1::int)", 1, PARAMS(pg_text(batch->rows, i, "entity_id")), NULL));
	}
	return OK;
}

static enum err note_rewind(struct ctx *ctx, struct lease *lease, int64_t from, int64_t to)
{
	return pg_run_text(lease, "delete from noted where n in (select entity_id::int from event where position > $1::bigint and position <= $2::bigint)",
		2, PARAMS(pg_int(ctx, from), pg_int(ctx, to)), NULL);
}

static const struct consumer NOTER = {"one", "notes", "notes again", note_run, note_rewind, false};

static enum err consume(const struct consumer *consumer)
{
	struct job job = {.pool = pool};
	struct ctx ctx;
	enum err err;

	ctx_init(&ctx);
	ctx.deadline_us = clock_mono_us() + 120000000;
	err = event_consume(&ctx, &job, consumer);
	ctx_free(&ctx);
	return err;
}

static void numbers_add(int from, int to)
{
	sql("create table if not exists noted (n int primary key)");
	sql(arena_printf(&setup.arena, "insert into event (org_id, id, live, actor_kind, entity, entity_id, type, payload, schema_version) "
		"select '" ORG "', gen_random_uuid(), true, 'system', 'thing', n, 'offer.accepted', '{}', 1 from generate_series(%d, %d) n", from, to));
}

static void a_consumer_reads_to_the_end(void **state)
{
	(void)state;
	poison = (typeof(poison)){0};
	numbers_add(1, 457);
	assert_int_equal(consume(&NOTER), OK);
	assert_string_equal(sql("select count(*) || ' ' || max(n) from noted"), "457 457");
	assert_string_equal(sql("select position || ' ' || reached from event_consumer where name = 'one'"), "457 457");
	assert_int_equal(consume(&NOTER), OK);
	assert_int_equal(consume(&(struct consumer){.name = "nobody", .run = note_run}), ERR_NOT_FOUND);
}

/* Several at once: each event once, or its second row would fail. */
static void *consume_main(void *argument)
{
	*(enum err *)argument = consume(&NOTER);
	return NULL;
}

static void readers_take_turns(void **state)
{
	pthread_t threads[4];
	enum err errs[4];

	(void)state;
	poison = (typeof(poison)){0};
	numbers_add(1, 1000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, consume_main, &errs[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(errs[i], OK);
	}
	assert_string_equal(sql("select count(*) || ' ' || (select position from event_consumer where name = 'one') from noted"), "1000 1000");
}

static int measured(const char *name)
{
	const char *line = arena_printf(&setup.arena, "%s{consumer=\"one\"} ", name), *at;
	struct buffer out = {0};
	int value;

	metric_render(&out);
	at = strstr(out.data, line);
	value = at ? (int)strtol(at + strlen(line), NULL, 10) : -1;
	buffer_free(&out);
	return value;
}

/* Only the event at fault is held back, and after EVENT_TRIES passed over; those before and behind it are read. */
static void an_event_that_fails_is_passed_over(void **state)
{
	char message[256];

	(void)state;
	poison = (typeof(poison)){.fail_from = 42, .fail_to = 42, .err = ERR_INVALID, .left = -1};
	numbers_add(1, 150);
	metric_close();
	assert_true(metric_open(message));
	for (int i = 1; i < EVENT_TRIES; i++) {
		assert_int_equal(consume(&NOTER), ERR_INVALID);
		assert_string_equal(sql("select count(*) || ' ' || max(n) from noted"), "41 41");
		assert_string_equal(sql("select concat_ws(' ', position, failing_at, failures, code, message) from event_consumer where name = 'one'"),
			arena_printf(&setup.arena, "41 42 %d invalid Number 42 cannot be handled", i));
	}
	assert_int_equal(consume(&NOTER), OK);
	assert_string_equal(sql("select count(*) || ' ' || max(n) from noted"), "149 150");
	assert_string_equal(sql("select concat_ws(' ', consumer, position, code, message) from event_skipped"), "one 42 invalid Number 42 cannot be handled");
	assert_string_equal(sql("select concat_ws(' ', position, failures, failing_at is null, code is null) from event_consumer where name = 'one'"),
		"150 0 t t");
	assert_int_equal(measured("stoa_event_read_total"), 149);
	assert_int_equal(measured("stoa_event_skipped_total"), 1);
	assert_true(measured("stoa_event_failures_total") >= EVENT_TRIES);
	/* Moved back, it is read again; now it can be handled, and no more is passed over. */
	poison.left = 0;
	int64_t was;
	struct lease lease;
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(event_rewind(&setup, &lease, &NOTER, 41, false, &was), OK);
	assert_int_equal(was, 150);
	lease_return(&lease);
	assert_int_equal(consume(&NOTER), OK);
	assert_string_equal(sql("select count(*) from noted"), "150");
	assert_string_equal(sql("select count(*) from event_skipped"), "0");
}

/* What is no event's fault passes nothing over, however often; and is shown. */
static void an_outage_passes_nothing_over(void **state)
{
	static const enum err ERRORS[] = {ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_UNCERTAIN};

	(void)state;
	numbers_add(1, 10);
	for (size_t e = 0; e < sizeof ERRORS / sizeof *ERRORS; e++) {
		poison = (typeof(poison)){.fail_from = 7, .fail_to = 7, .err = ERRORS[e], .left = -1};
		for (int i = 0; i < 2 * EVENT_TRIES; i++)
			assert_int_equal(consume(&NOTER), ERRORS[e]);
		assert_string_equal(sql("select concat_ws(' ', position, failing_at, failures, code) from event_consumer where name = 'one'"),
			arena_printf(&setup.arena, "6 7 0 %s", error_code(ERRORS[e])));
	}
	poison.left = 0;
	assert_int_equal(consume(&NOTER), OK);
	assert_string_equal(sql("select (select count(*) from noted) || ' ' || (select count(*) from event_skipped)"), "10 0");
}

static void moving_back_is_checked(void **state)
{
	static const struct { int64_t to; bool again; enum err err; } ROWS[] = {{6, false, ERR_INVALID}, {5, false, OK}, {0, true, ERR_INVALID}, {0, false, OK}};
	struct lease lease;
	int64_t was;

	(void)state;
	poison = (typeof(poison)){0};
	numbers_add(1, 5);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(consume(&NOTER), OK);
		ctx_reset(&setup);
		assert_int_equal(lease_take(&setup, pool, &lease), OK);
		assert_int_equal(event_rewind(&setup, &lease, &NOTER, ROWS[i].to, ROWS[i].again, &was), ROWS[i].err);
		lease_return(&lease);
		assert_string_equal(sql("select position from event_consumer where name = 'one'"), ROWS[i].err ? "5" : pg_int(&setup, ROWS[i].to));
	}
	assert_string_equal(sql("select reached from event_consumer where name = 'one'"), "5");
	assert_string_equal(sql("select count(*) > 0 from job where kind = 'event.wake'"), "t");
}

/* A wake enqueues each reader that lags once, whatever waits or runs already. */
static void a_wake_finds_who_lags(void **state)
{
	struct ctx ctx;
	struct job job = {.pool = pool};

	(void)state;
	sql("delete from event_consumer where name not in ('one', 'two')");
	poison = (typeof(poison)){0};
	numbers_add(1, 3);
	assert_int_equal(consume(&NOTER), OK);
	for (int i = 0; i < 2; i++) {
		ctx_init(&ctx);
		assert_int_equal(event_wake_run(&ctx, &job), OK);
		ctx_free(&ctx);
		assert_string_equal(sql("select string_agg(payload->>'consumer' || unique_key, ',') from job where kind = 'event.consume'"), "twotwo");
	}
	numbers_add(4, 4);
	ctx_init(&ctx);
	assert_int_equal(event_wake_run(&ctx, &job), OK);
	ctx_free(&ctx);
	assert_string_equal(sql("select string_agg(unique_key, ',' order by unique_key) from job where kind = 'event.consume'"), "one,two");
}

/* Old, read events go; the positions go on from where they were. */
static void old_events_are_swept(void **state)
{
	bool more;
	(void)state;

	sql("insert into event (org_id, id, live, at, actor_kind, entity, entity_id, type, payload, schema_version) "
		"select '" ORG "', gen_random_uuid(), true, now() - days * interval '1 day', 'system', 'thing', days, 'key.created', '{}', 1 "
		"from (values (89), (91), (200)) old (days)");
	assert_int_equal(event_sweep(&setup, pool, &more), OK);
	assert_string_equal(sql("select count(*) from event"), "3");
	read_all("one", 10);
	assert_int_equal(event_sweep(&setup, pool, &more), OK);
	assert_string_equal(sql("select count(*) from event"), "3");
	read_all("two", 10);
	sql("delete from event_consumer where name not in ('one', 'two')");
	assert_int_equal(event_sweep(&setup, pool, &more), OK);
	assert_false(more);
	assert_string_equal(sql("select string_agg(entity_id, ',') from event"), "89");
	sql("delete from event");
	add_now("after");
	assert_string_equal(read_all("one", 10), "after");
	assert_string_equal(sql("select position::text from event"), "4");
}

static int fresh(void **state)
{
	(void)state;
	schema_make(&setup, pool);
	sql("insert into organisation (org_id, name) values ('" ORG "', 'Org'); insert into event_consumer (name) values ('one'), ('two')");
	return 0;
}

static int open_house(void **state)
{
	(void)state;
	conf_add(PG_CONF);
	conf_add(EVENT_CONF);
	conf_add(METRIC_CONF);
	setting("STOA_DB_POOL_SIZE", "8");
	log_open("event_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(8);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(nothing_changes_an_event, fresh),
		cmocka_unit_test_setup(it_is_there_with_its_change_or_not_at_all, fresh),
		cmocka_unit_test_setup(what_commits_late_is_not_lost, fresh),
		cmocka_unit_test_setup(changes_that_exclude_each_other_keep_their_order, fresh),
		cmocka_unit_test_setup(a_consumer_reads_in_pieces_and_again, fresh),
		cmocka_unit_test_setup(every_reader_gets_everything_once, fresh),
		cmocka_unit_test_setup(audit_lines_become_events, fresh),
		cmocka_unit_test(types_and_filters),
		cmocka_unit_test_setup(consumers_are_woken, fresh),
		cmocka_unit_test_setup(waking_holds_nobody_up, fresh),
		cmocka_unit_test_setup(a_consumer_reads_to_the_end, fresh),
		cmocka_unit_test_setup(readers_take_turns, fresh),
		cmocka_unit_test_setup(an_event_that_fails_is_passed_over, fresh),
		cmocka_unit_test_setup(an_outage_passes_nothing_over, fresh),
		cmocka_unit_test_setup(moving_back_is_checked, fresh),
		cmocka_unit_test_setup(a_wake_finds_who_lags, fresh),
		cmocka_unit_test_setup(old_events_are_swept, fresh)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
