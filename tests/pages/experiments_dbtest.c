/* Experiments through the dispatcher: made, started, read and promoted by forms. */
#include "tests/pages/visitors.h"

static const char *control, *rival;

static int open_all(void **state)
{
	open_house(state);
	control = flow_add(&setup, pool, alpha.org_id, "en", ANYBODY, EVERY_STEP);
	rival = flow_add(&setup, pool, alpha.org_id, "en", ANYBODY, EVERY_STEP);
	sql("update flow set name = 'Standard' where id = '%s'", control);
	sql("update flow set name = '<Short>', status = 'inactive' where id = '%s'", rival);
	sql("insert into segment (org_id, id, name, condition) values ('%s', gen_random_uuid(), 'On pro', "
		"'{\"fact\": \"plan\", \"op\": \"is\", \"value\": \"pro\"}')", alpha.org_id);
	return 0;
}

static const char *fields(const char *name, const char *segment, const char *rest)
{
	return arena_printf(&setup.arena, "name=%s&hypothesis=Less%%0D%%0Ais+more&flow=%s&audience=%s&basis=raw&effect=10&weight0=2&%s", name, control,
		segment, rest);
}

static const char *arms(void)
{
	return arena_printf(&setup.arena, "what1=%s&label1=&weight1=1&what2=holdout&label2=&weight2=1&what3=&weight3=1", rival);
}

/* A draft by its form; its id. */
static const char *make(const char *name)
{
	visit(OWNER, "/experiments", 200);
	submit(OWNER, "/experiments", fields(name, "everybody", arms()), 303);
	return arena_memdup(&setup.arena, client_value(&caller, "Location") + strlen("/experiments/"), 36);
}

#define AT(format, id) arena_printf(&setup.arena, format, id)

static void drafts(void **state)
{
	const char *id = make("Shorter"), *segment = sql("select id from segment where org_id = '%s'", alpha.org_id);
	(void)state;

	visit(OWNER, AT("/experiments/%s?notice=saved", id), 200);
	SHOWS("The experiment is saved.", "<h1>Shorter", ">draft<", "Less\nis more", "everybody who would see the control", "&lt;Short&gt;",
		"value=\"No offer\"", "Start</button>", "href=\"/experiments\" aria-current=\"page\"");
	HIDES("Promote a winner");
	submit(OWNER, AT("/experiments/%s", id), arena_printf(&setup.arena, "version=1&%s", fields("Shorter+still", segment, arms())), 303);
	visit(OWNER, AT("/experiments/%s", id), 200);
	SHOWS("Shorter still", "pro", arena_printf(&setup.arena, "value=\"%s\" selected", segment));
	/* The condition is the experiment's own: the segment may go. */
	sql("delete from segment where id = '%s'", segment);
	/* A control that was archived stays chosen. */
	HIDES("can no longer be chosen");
	sql("update flow set status = 'archived' where id = '%s'", control);
	visit(OWNER, AT("/experiments/%s", id), 200);
	SHOWS(arena_printf(&setup.arena, "value=\"%s\" selected>a flow that can no longer be chosen", control));
	sql("update flow set status = 'active' where id = '%s'", control);
	visit(OWNER, AT("/experiments/%s", id), 200);
	SHOWS("value=\"keep\" selected");
	submit(OWNER, AT("/experiments/%s", id), arena_printf(&setup.arena, "version=1&%s", fields("Mine", "keep", arms())), 412);
	SHOWS("Somebody else has changed this experiment", "value=\"Mine\"", "name=\"version\" value=\"2\"");
	submit(OWNER, AT("/experiments/%s", id), arena_printf(&setup.arena, "version=2&%s", fields("Mine", "keep", arms())), 303);
	assert_string_equal(sql("select condition ->> 'value' from experiment where name = 'Mine'"), "pro");
	visit(READER, AT("/experiments/%s", id), 200);
	HIDES("Save the draft", "Start</button>");
	submit(READER, AT("/experiments/%s/step", id), "act=start", 403);
	visit(OWNER, AT("/experiments/%s", id), 200);
	submit(OWNER, AT("/experiments/%s/step", id), "act=delete", 303);
	assert_string_equal(client_value(&caller, "Location"), "/experiments?notice=deleted");
	visit(OWNER, AT("/experiments/%s", id), 404);
}

/* The rows of the form are one more than are filled. */
static void many(void **state)
{
	const char *id = make("Many");
	(void)state;

	visit(OWNER, AT("/experiments/%s", id), 200);
	SHOWS("name=\"what3\"");
	HIDES("name=\"what4\"", "Older ones", "The newest");
	submit(OWNER, "/experiments", fields("Filled", "everybody", "what1=holdout&what2=holdout&what3=holdout"), 422);
	SHOWS("name=\"what4\"");
	HIDES("name=\"what5\"");
	sql("insert into experiment select (jsonb_populate_record(e, jsonb_build_object('id', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, "
		"'name', 'No ' || n))).* from experiment e, generate_series(1, 60) n where e.id = '%s'", id);
	visit(OWNER, "/experiments", 200);
	SHOWS(">No 60</a>", ">No 12</a>");
	HIDES(">No 11</a>", ">No 1</a>", "The newest");
	visit(OWNER, "/experiments?before=00000000-0000-7000-8000-000000000012", 200);
	SHOWS(">No 11</a>", ">No 1</a>", "The newest");
	HIDES(">No 12</a>", "Older ones");
	visit(OWNER, "/experiments?before=x", 400);
	sql("delete from experiment where name like 'No %%'");
}

static void faults(void **state)
{
	const char *twice = arena_printf(&setup.arena, "what1=%s&what2=%s", rival, rival);
	(void)state;

	visit(OWNER, "/experiments", 200);
	SHOWS("No experiments yet.", "Weight of the control");
	submit(OWNER, "/experiments", fields("Twice", "everybody", twice), 422);
	SHOWS("A flow can be in one variant only", "value=\"Twice\"");
	submit(OWNER, "/experiments", fields("Alone", "everybody", "what1="), 422);
	SHOWS("An experiment has a control and something to compare with it");
	submit(OWNER, "/experiments", fields("Odd", "nobody", arms()), 422);
	SHOWS("There is no such segment");
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/experiments", 200);
	SHOWS("Noch keine Experimente.", "Gewicht der Kontrolle");
	submit(ADMIN, "/experiments", fields("Twice", "everybody", twice), 422);
	SHOWS("Ein Ablauf kann nur in einer Variante stehen");
}

/* `count` customers of a variant `days` ago, `stayed` of them stay. */
static void outcomes(const char *id, int variant, int days, int count, int stayed)
{
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, experiment_id, variant, segment, "
		"language, policy, raw, status, due_at, paid_currency, paid_minor) select '%s', true, gen_random_uuid(), current_date - %d, "
		"now() - make_interval(days => %d), '%d/%d/' || n, '%s', 1, '%s', %d, 'low', 'en', 'documented', case when n <= %d then 'accepted' else 'cancelled' "
		"end, 'recorded', now() + interval '30 days', 'eur', 1000 from generate_series(1, %d) n", alpha.org_id, days, days, variant, days, control,
		id, variant, stayed, count);
}

static void figures(void **state)
{
	const char *id = make("Figures");
	(void)state;

	visit(OWNER, AT("/experiments/%s", id), 200);
	submit(OWNER, AT("/experiments/%s/step", id), "act=start", 303);
	visit(OWNER, AT("/experiments/%s?notice=started", id), 200);
	SHOWS("The experiment runs.", ">running<", "too few customers to compare", "0 of about 470 customers", "half of the control");
	HIDES("<svg viewBox=\"0 0 720 160\"", "not divided as the weights say");
	/* A day with too few to compare, before three with enough. */
	outcomes(id, 0, 4, 20, 6);
	outcomes(id, 1, 4, 10, 5);
	outcomes(id, 2, 4, 10, 1);
	for (int days = 3; days >= 1; days--) {
		outcomes(id, 0, days, 400, 120);
		outcomes(id, 1, days, 200, 100);
		outcomes(id, 2, days, 200, 20);
	}
	visit(OWNER, AT("/experiments/%s", id), 200);
	/* 30 % against 50 % and 10 %, of 1220, 610 and 610. */
	SHOWS("50.0 % (5 of 10)</td><td class=\"number\">–</td><td class=\"number\">–</td></tr>",
		"10.0 % (1 of 10)</td><td class=\"number\">–</td><td class=\"number\">–</td></tr>",
		"30.0 % (366 of 1,220)", "50.0 % (305 of 610)", "10.0 % (61 of 610)", "+20.0", "−20.0", "better than the control", "worse than the control",
		"EUR 10.00", "<path class=\"band\" d=\"M0.0 ", "The 5 % are for all 2 comparisons together", "30.0 % of the control", ">no offer<",
		"Promote Standard", "Promote &lt;Short&gt;");
	HIDES("Promote No offer", "not divided as the weights say", "None.");
	visit(OWNER, AT("/experiments/%s?mode=test", id), 200);
	SHOWS("They never mix with live data", "too few customers to compare");
	sql("delete from session_outcome where experiment_id = '%s' and variant = 2 and customer_ref like '2/1/%%'", id);
	visit(OWNER, AT("/experiments/%s", id), 200);
	SHOWS("not divided as the weights say");
	visit(OWNER, AT("/experiments/%s", id), 200);
	submit(OWNER, AT("/experiments/%s/promote", id), "variant=2", 409);
	SHOWS("The holdout has no flow to show");
	submit(OWNER, AT("/experiments/%s/promote", id), "variant=1", 303);
	visit(OWNER, AT("/experiments/%s?notice=promoted", id), 200);
	SHOWS("The winner is promoted.", ">winner promoted<", ">winner<");
	HIDES("Promote a winner", "Stop</button>");
	assert_string_equal(sql("select string_agg(status, ' ' order by name) from flow where org_id = '%s'", alpha.org_id), "active inactive");
	visit(OWNER, "/experiments", 200);
	SHOWS("Figures", ">winner promoted<");
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(faults), cmocka_unit_test(drafts), cmocka_unit_test(many), cmocka_unit_test(figures)};

	return cmocka_run_group_tests(TESTS, open_all, close_house);
}
