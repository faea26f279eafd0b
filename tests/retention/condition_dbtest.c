/* Conditions in C and in SQL agree, on generated customers and generated conditions. The argument is how many conditions; 200 unless given. */
#include "tests/lib/database.h"

#include "base/log.h"
#include "retention/eligibility.h"

#define CUSTOMERS 200 /* made; about 150 are of ORG and live */
#define ORG "01900000-0000-7000-8000-000000000001"
#define OTHER "01900000-0000-7000-8000-000000000002"

static struct ctx setup;
static struct pool *pool;
static int conditions = 200;

/* Customers of all kinds: known to the host, to Stripe, to both; with subscriptions that run, have ended, are several, or none; attributes of
 * every type; one of each deleted and erased. setseed() makes it the same each time. */
static const char CUSTOMERS_SQL[] =
	"select setseed(0.25);"
	"insert into organisation (org_id, name) values ('" ORG "', 'a'), ('" OTHER "', 'b');"
	"create function pick(texts text[]) returns text language sql volatile as $$ select texts[1 + floor(random() * cardinality(texts))::int] $$;"
	"insert into customer (org_id, live, id, ref, stripe_ref, region, language, plan, value_minor, currency, attributes, attempts, last_attempt_at,"
	" customer_since, deleted_at, erased_at)"
	" select case when n % 10 = 0 then '" OTHER "' else '" ORG "' end::uuid, n % 7 <> 0, gen_random_uuid(), 'u' || n,"
	" case when random() < 0.8 then 'cus_' || n end, pick(array['eu', 'us', null]), pick(array['en', 'de', null]),"
	" pick(array['pro', 'basic', 'Pro', null]), floor(random() * 12000)::bigint, pick(array['usd', 'eur', null]),"
	" jsonb_strip_nulls(jsonb_build_object('seats', pick(array['1', '5', '2.50', 'many', '1e3', '-3', null]))) || case when random() < 0.5 then"
	" jsonb_build_object('n', round((random() * 10)::numeric, 1), 'b', random() < 0.5, 'x', pick(array['', 'true', 'y']), 'l', '[1]'::jsonb, 'z', null)"
	" else '{}' end, 0, case when random() < 0.5 then now() end, now() - random() * interval '60 days',"
	" case when n = 11 then now() end, case when n = 12 then now() end from generate_series(1, 200) n;"
	"insert into subscription (org_id, live, ref, customer_ref, status, plan, period, month_minor, currency, discounts, discount_ends_at, pause_behavior,"
	" started_at, as_of) select c.org_id, c.live, 'sub_' || c.ref || '_' || s, c.stripe_ref,"
	" pick(array['trialing', 'active', 'past_due', 'canceled', 'paused']), 'pro', pick(array['day', 'month', 'year', null]),"
	" floor(random() * 9000)::bigint, 'usd', case when random() < 0.4 then '[{\"coupon\": \"c\"}]' else '[]' end::jsonb,"
	" case when random() < 0.5 then now() + (random() - 0.5) * interval '9 days' end, case when random() < 0.3 then 'void' end, now(), now()"
	" from customer c, generate_series(1, 3) s where c.stripe_ref is not null and random() < 0.5;"
	"insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at)"
	" select c.org_id, c.live, gen_random_uuid(), c.org_id, c.ref, 'en', 'low', false, c.org_id, 1, '', now() - d * interval '7 days'"
	" from customer c, generate_series(0, 5) d where c.last_attempt_at is not null and random() < 0.4;";

static int open_house(void **state)
{
	(void)state;
	conf_add(PG_CONF);
	log_open("condition_dbtest", "/dev/null", LOG_ERROR);
	setting("STOA_DB_POOL_SIZE", "2");
	ctx_init(&setup);
	pool = pool_open(0);
	schema_make(&setup, pool);
	ask(&setup, pool, CUSTOMERS_SQL);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

struct person { char *ref; struct facts facts; };

/* The customers of ORG's live mode as the widget would know them before a click. */
static int people_load(struct person people[CUSTOMERS])
{
	char *list = arena_strdup(&setup.arena, ask(&setup, pool, "select string_agg(ref, ' ' order by ref) from customer where org_id = '" ORG
		"' and live and deleted_at is null and erased_at is null"));
	int count = 0;

	for (char *save = NULL, *ref = strtok_r(list, " ", &save); ref && count < CUSTOMERS; ref = strtok_r(NULL, " ", &save)) {
		struct person *person = &people[count++];
		struct customer_state customer;
		struct buffer text = {0};
		const char *attributes;

		person->ref = ref;
		assert_int_equal(customer_state_fetch(&setup, pool, ORG, true, ref, NULL, &text), OK);
		assert_true(customer_state_read(&setup, arena_memdup(&setup.arena, text.data, text.length), text.length, &customer, &attributes));
		buffer_free(&text);
		person->facts = customer.facts;
		/* Of a customer who is not at a click, a list knows their own plan, value and currency, over all subscriptions. */
		person->facts.plan = ask(&setup, pool, arena_printf(&setup.arena, "select plan from customer where ref = '%s'", ref));
		person->facts.plan = *person->facts.plan ? person->facts.plan : NULL;
		person->facts.currency = ask(&setup, pool, arena_printf(&setup.arena, "select currency from customer where ref = '%s'", ref));
		person->facts.currency = *person->facts.currency ? person->facts.currency : NULL;
		person->facts.value_minor = strtoll(ask(&setup, pool, arena_printf(&setup.arena,
			"select value_minor from customer where ref = '%s'", ref)), NULL, 10);
		person->facts.segment = segment_text(segment_of(person->facts.value_minor));
		if (attributes)
			assert_int_equal(json_read(&setup, attributes, strlen(attributes), JSON_DEPTH, &person->facts.attributes), OK);
	}
	return count;
}

/* --- generated conditions --- */

static uint64_t seed = 20261121;

static int chance(int most)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int)(seed % (uint64_t)most);
}

#define PICK(...) ((const char *const[]){__VA_ARGS__})[chance((int)(sizeof (const char *const[]){__VA_ARGS__} / sizeof(char *)))]

static const char *value_make(const struct condition_fact *fact, bool ordered)
{
	if (strcmp(fact->name, "plan") == 0)
		return PICK("\"pro\"", "\"basic\"", "\"PRO\"");
	if (strcmp(fact->name, "region") == 0)
		return PICK("\"eu\"", "\"us\"");
	if (fact->kind == FACT_TEXT)
		return PICK("\"en\"", "\"de\"", "\"usd\"", "\"eur\"");
	if (strcmp(fact->name, "value") == 0)
		return PICK("0", "99", "100", "2000", "6000", "10000");
	if (fact->kind == FACT_NUMBER)
		return PICK("0", "1", "2", "3", "10", "30", "59");
	if (fact->kind == FACT_FLAG)
		return PICK("true", "false");
	if (fact->kind == FACT_ATTRIBUTE)
		return ordered ? PICK("1", "2.5", "\"5\"", "0", "-3", "1000") : PICK("1", "2.5", "\"5\"", "true", "\"true\"", "\"many\"", "\"1e3\"", "-3.0");
	return strcmp(fact->name, "segment") == 0 ? PICK("\"trial\"", "\"low\"", "\"medium\"", "\"high\"")
		: strcmp(fact->name, "status") == 0 ? PICK("\"active\"", "\"canceled\"", "\"paused\"") : PICK("\"month\"", "\"year\"");
}

static void compare_make(struct buffer *out)
{
	const struct condition_fact *fact = &CONDITION_FACTS[chance(13)];
	const char *list = condition_operators(fact->kind);
	char op[16] = "";
	int count = 1, which;

	for (const char *at = list; *at; at++)
		count += *at == '|';
	which = chance(count);
	for (; which; list++)
		which -= *list == '|';
	memcpy(op, list, strcspn(list, "|"));
	buffer_printf(out, "{\"fact\":\"%s%s\",\"op\":\"%s\",\"value\":", fact->name,
		fact->kind == FACT_ATTRIBUTE ? PICK(".seats", ".n", ".b", ".x", ".l", ".z", ".none") : "", op);
	if (strcmp(op, "exists") == 0)
		buffer_text(out, PICK("true", "false"));
	else if (strstr(op, "in"))
		buffer_printf(out, "[%s,%s]", value_make(fact, false), value_make(fact, false));
	else
		buffer_text(out, value_make(fact, strcmp(op, "at_least") == 0 || strcmp(op, "below") == 0));
	buffer_char(out, '}');
}

static void node_make(struct buffer *out, int depth)
{
	int kind = depth ? chance(6) : 5;

	if (kind > 2) {
		compare_make(out);
		return;
	}
	buffer_text(out, kind == 0 ? "{\"all\":[" : kind == 1 ? "{\"any\":[" : "{\"not\":");
	node_make(out, depth - 1);
	for (int more = kind == 2 ? 0 : chance(3); more > 0; more--) {
		buffer_char(out, ',');
		node_make(out, depth - 1);
	}
	buffer_text(out, kind == 2 ? "}" : "]}");
}

/* " u1 u2 " of those for whom it holds. */
static const char *by_sql(struct ctx *ctx, struct json_object *condition)
{
	struct condition_sql sql;
	struct lease lease;
	PGresult *result;

	condition_sql(ctx, condition, ORG, true, &sql);
	assert_int_equal(lease_take(ctx, pool, &lease), OK);
	if (pg_run_text(&lease, arena_printf(&ctx->arena, "select coalesce(string_agg(c.ref, ' ' order by c.ref), '') %s", sql.text), sql.count, sql.params,
		&result) != OK)
		fail_msg("%s: %s %s", sql.text, ctx->fault.detail, ctx->fault.internal);
	lease_return(&lease);
	return PQgetvalue(result, 0, 0);
}

static void agree(void **state)
{
	static struct person people[CUSTOMERS];
	int count = people_load(people), held = 0;
	struct buffer text = {0}, mine = {0};
	struct json_object *condition;
	struct ctx ctx;
	(void)state;

	assert_true(count > 100);
	ctx_init(&ctx);
	for (int i = 0; i < conditions; i++) {
		buffer_reset(&text);
		buffer_reset(&mine);
		node_make(&text, i % 2 ? 0 : 3);
		if (json_read(&ctx, text.data, text.length, JSON_DEPTH, &condition) != OK ||
			condition_check(&ctx, condition, "c", CONDITION_SEGMENT) != OK)
			fail_msg("%s: %s", text.data, ctx.fault.detail);
		for (int person = 0; person < count; person++)
			if (condition_reduce(&ctx, condition, &people[person].facts, NULL) == TRUTH_TRUE)
				buffer_printf(&mine, "%s%s", mine.length ? " " : "", people[person].ref);
		if (strcmp(mine.length ? mine.data : "", by_sql(&ctx, condition)) != 0)
			fail_msg("%s\nC:   %s\nSQL: %s", text.data, mine.length ? mine.data : "", by_sql(&ctx, condition));
		held += mine.length > 0;
		ctx_reset(&ctx);
	}
	/* They say something: most hold for some customer. */
	assert_in_range(held, conditions / 2, conditions - conditions / 20);
	assert_int_equal(strtol(ask(&setup, pool, "select count(*) from customer_fact where org_id = '" ORG "' and live"), NULL, 10), count);
	buffer_free(&text);
	buffer_free(&mine);
	ctx_free(&ctx);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agree)};

	if (argc > 1)
		conditions = (int)strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, open_house, close_house);
}
