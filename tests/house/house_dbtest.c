/* What holds for every route, every statement and every table of the house. */
#include "config.h"

#include "tests/lib/database.h"

#include "base/log.h"
#include "cli/cli.h"
#include "sql.h"
#include "web/web.h"

#include <ftw.h>
#include <regex.h>

static struct ctx setup;
static struct pool *pool;
static int faults;

/* Reports one violation and goes on, so that a run shows them all. */
#define fault(...) (faults++, print_error(__VA_ARGS__), print_error("\n"))

static void each_route(void (*look)(const struct family *, const struct route *))
{
	for (const struct family *const *family = FAMILIES; *family; family++)
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++)
				look(*family, route);
}

static int begin(void **state)
{
	(void)state;
	faults = 0;
	return 0;
}

static int open_house(void **state)
{
	(void)state;
	serve_conf();
	setting("STOA_WEB_LOG_LEVEL", "error");
	log_open("house_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(1);
	schema_make(&setup, pool);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

/* --- routes --- */

static void tables_are_accepted(void **state)
{
	char message[256];
	(void)state;

	for (const struct family *const *family = FAMILIES; *family; family++) {
		if (!(*family)->doc || !*(*family)->doc)
			fault("%s has no doc", (*family)->name);
		if (!route_check(*family, message))
			fault("%s", message);
	}
	assert_int_equal(faults, 0);
}

/* The URL map that the servers' configuration is written for; pages answer everything else. */
static const char *owner_of(const char *path)
{
	static const struct { const char *prefix, *family; } MAP[] = {
		{"/api/v1/auth/", "auth"}, {"/api/v1/orgs", "auth"}, {"/api/v1/users", "auth"}, {"/api/v1/widget/", "widget"},
		{"/api/v1/retention/", "retention"}, {"/api/v1/stripe/", "stripe"}, {"/health", "ops"}, {"/metrics", "ops"}, {"/api/v1/ops/", "ops"}, {"/api/v1/jobs", "ops"}};

	for (size_t i = 0; i < sizeof MAP / sizeof *MAP; i++)
		if (strncmp(path, MAP[i].prefix, strlen(MAP[i].prefix)) == 0)
			return MAP[i].family;
	return "pages";
}

static bool reads_only(enum permission permission)
{
	const char *text = permission_text(permission);
	size_t length = strlen(text);

	return length > 5 && strcmp(text + length - 5, ":read") == 0;
}

/* Copies or counts what its caller may read; nobody else's view changes. */
static bool makes_report(const struct route *route)
{
	return route->method == METHOD_POST && (strcmp(route->path, "/api/v1/retention/segment-preview") == 0 ||
		strcmp(route->path, "/api/v1/retention/reports") == 0 || strcmp(route->path, "/reports") == 0);
}

static void route_rules(const struct family *family, const struct route *route)
{
	const char *method = method_text(route->method);
	bool page = route->access == ACCESS_PAGE || route->access == ACCESS_PAGE_PUBLIC;

	if (strcmp(owner_of(route->path), family->name) != 0)
		fault("%s %s belongs to %s, not to %s", method, route->path, owner_of(route->path), family->name);
	if (route->method != METHOD_GET && route->access != ACCESS_PUBLIC && route->access != ACCESS_SESSION && reads_only(route->permission) &&
		!makes_report(route))
		fault("%s %s changes something and asks only for %s", method, route->path, permission_text(route->permission));
	if (route->method == METHOD_GET && route->form)
		fault("%s %s has a form", method, route->path);
	if (page && route->method != METHOD_GET && !route->form)
		fault("%s %s is a page that takes no form", method, route->path);
	if (page && strncmp(route->path, "/api/", 5) == 0)
		fault("%s %s is a page below /api", method, route->path);
	if (route->doc[strlen(route->doc) - 1] == '.')
		fault("%s %s: its doc is a line, without a full stop", method, route->path);
	for (const struct field *field = route->input; field && field->name; field++)
		if (!field->doc || !*field->doc)
			fault("%s %s: %s has no doc", method, route->path, field->name);
}

static void routes_keep_the_rules(void **state)
{
	(void)state;
	each_route(route_rules);
	assert_int_equal(faults, 0);
}

/* --- every route is in a test --- */

static struct buffer tests;

static bool is_test(const char *path)
{
	const char *end = strrchr(path, '.');

	if (strstr(path, "/tests/house/") || strstr(path, "/tests/fuzz/") || strstr(path, "/node_modules/"))
		return false;
	return end && (strcmp(end, ".c") == 0 || strcmp(end, ".h") == 0 || strcmp(end, ".mjs") == 0);
}

/* Adds a text with each use of a macro that names a literal, NAME "more", as the one literal that it makes. */
static void text_add(const char *text)
{
	regex_t define;
	regmatch_t at[3];
	const char *from = text, *use;
	struct buffer out = {0};

	assert_int_equal(regcomp(&define, "#define ([A-Z_]+) \"([^\"\n]*)\"", REG_EXTENDED), 0);
	while (regexec(&define, from, 3, at, 0) == 0) {
		int name = (int)(at[1].rm_eo - at[1].rm_so), literal = (int)(at[2].rm_eo - at[2].rm_so);
		const char *needle = arena_printf(&setup.arena, "%.*s \"", name, from + at[1].rm_so);

		for (const char *rest = from + at[0].rm_eo; (use = strstr(rest, needle)); rest = use + strlen(needle))
			buffer_printf(&out, "\"%.*s%.*s\"\n", literal, from + at[2].rm_so,
				(int)strcspn(use + strlen(needle), "\"\n"), use + strlen(needle));
		from += at[0].rm_eo;
	}
	regfree(&define);
	buffer_text(&tests, text);
	buffer_add(&tests, out.data ? out.data : "", out.length);
	buffer_free(&out);
}

static int file_read(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	char part[65536];
	struct buffer text = {0};
	size_t got;
	FILE *file;

	(void)about, (void)at;
	if (kind != FTW_F || !is_test(path) || !(file = fopen(path, "r")))
		return 0;
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buffer_add(&text, part, got);
	fclose(file);
	buffer_char(&text, '\n');
	text_add(text.data);
	buffer_free(&text);
	return 0;
}

/* The path as tests write it: a parameter is %s, ${…}, :id or anything else that stands between two slashes. */
static const char *path_pattern(const char *path)
{
	struct buffer out = {0};
	const char *pattern;

	buffer_text(&out, "(^|[^a-zA-Z0-9/_.-])");
	for (; *path; path++)
		if (*path == ':') {
			buffer_text(&out, "[^/\"'` ]+");
			path += strcspn(path, "/") - 1;
		} else if (strchr(".+", *path)) {
			buffer_char(&out, '\\');
			buffer_char(&out, *path);
		} else {
			buffer_char(&out, *path);
		}
	buffer_text(&out, "([^a-zA-Z0-9/_-]|$)");
	pattern = arena_memdup(&setup.arena, out.data, out.length);
	buffer_free(&out);
	return pattern;
}

static void route_tested(const struct family *family, const struct route *route)
{
	regex_t regex;

	(void)family;
	assert_int_equal(regcomp(&regex, path_pattern(route->path), REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, tests.data, 0, NULL, 0) != 0)
		fault("no test asks for %s %s", method_text(route->method), route->path);
	regfree(&regex);
}

static void routes_are_tested(void **state)
{
	(void)state;
	assert_int_equal(nftw(arena_printf(&setup.arena, "%s/tests", getenv("STOA_ROOT")), file_read, 16, FTW_PHYS), 0);
	assert_true(tests.length > 100000);
	each_route(route_tested);
	buffer_free(&tests);
	assert_int_equal(faults, 0);
}

/* --- statements --- */

static void statements_prepare(void **state)
{
	struct lease lease;
	(void)state;

	assert_true(SQL_COUNT > 50);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	for (const struct statement *const *at = SQL_ALL; *at; at++) {
		PGresult *made = PQprepare(pg_raw(&lease), (*at)->name, (*at)->text, 0, NULL);
		PGresult *described = PQdescribePrepared(pg_raw(&lease), (*at)->name);

		if (PQresultStatus(made) != PGRES_COMMAND_OK)
			fault("%s: %s", (*at)->name, PQresultErrorMessage(made));
		else if (PQnparams(described) != (*at)->params)
			fault("%s takes %d parameters, %d are known", (*at)->name, PQnparams(described), (*at)->params);
		PQclear(made);
		PQclear(described);
	}
	lease_return(&lease);
	assert_int_equal(faults, 0);
}

struct exception { const char *name, *reason; bool met; };

static bool excepted(struct exception *exceptions, const char *name)
{
	for (; exceptions->name; exceptions++)
		if (strcmp(exceptions->name, name) == 0)
			return exceptions->met = true;
	return false;
}

/* An exception that nothing needs any more is a fault too. */
static void exceptions_end(const struct exception *exceptions)
{
	for (; exceptions->name; exceptions++)
		if (!exceptions->met)
			fault("the exception %s (%s) is not needed", exceptions->name, exceptions->reason);
}

/* The text without comments, in lower case, every run of white space one space. */
static char *plain(const char *text)
{
	char *out = arena_alloc(&setup.arena, strlen(text) + 3), *to = out;

	*to++ = ' ';
	while (*text) {
		if (text[0] == '-' && text[1] == '-')
			text += strcspn(text, "\n");
		if (!*text)
			break;
		char byte = strchr(" \t\n", *text) ? ' ' : *text;
		if (byte != ' ' || to[-1] != ' ')
			*to++ = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
		text++;
	}
	*to = '\0';
	return out;
}

static int count_of(const char *text, const char *pattern)
{
	regex_t regex;
	regmatch_t match;
	int count = 0;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
	while (regexec(&regex, text, 1, &match, 0) == 0) {
		count++;
		text += match.rm_eo;
	}
	regfree(&regex);
	return count;
}

/* Each table with an organisation that the statement reads or writes is tied to one: compared with $1 or with the organisation of another
 * table, or written with $1. Judged by the text; the isolation test judges by what happens. */
static void statement_rules(const struct statement *statement, const char *tables)
{
	const char *text = plain(statement->text);
	int used = count_of(text, arena_printf(&setup.arena, " (from|join|update|into) (%s)( |$)", tables));
	int written = count_of(text, "insert into [a-z_]+ \\( ?org_id,");
	int tied = count_of(text, "org_id = ") + written;

	if (!used)
		return;
	if (!strstr(text, "org_id = $1::uuid") && !(written && strstr(text, "$1::uuid")))
		fault("%s does not take org_id as $1", statement->name);
	else if (tied < used)
		fault("%s uses %d tables with an organisation and ties %d of them", statement->name, used, tied);
}

static void statements_keep_to_one_organisation(void **state)
{
	static struct exception exceptions[] = {
		{"who_key", "finds the organisation by a key's prefix"},
		{"who_session", "finds the organisation by a token's hash"},
		{"who_origin", "a preflight carries no key; answers only whether an origin is known"},
		{"auth_session_refresh", "finds the organisation by a token's hash"},
		{"auth_session_replayed", "finds the organisation by a token's hash"},
		{"auth_account_by_email", "finds the organisations of a person who signs in"},
		{"auth_account_purge", "an account goes when its last membership has gone"},
		{"auth_membership_orgs", "the organisations of one person"},
		{"auth_operator_set", "an operator is one in every organisation"},
		{"auth_session_revoke_all", "a password ends a person's sessions everywhere"},
		{"auth_organisation_find", "the command finds an organisation for its admin"},
		{"auth_cleanup_count", "sessions that ended go, whoever had them"},
		{"auth_session_sweep", "sessions that ended go, whoever had them"},
		{"schedule_due", "schedules are looked at across organisations"},
		{"schedule_first", "schedules are looked at across organisations"},
		{"schedule_move", "a schedule that due answered, by its id"},
		{"schedule_declare", "schedules of the house have no organisation"},
		{"auth_organisation_any", "answers only whether there is one"},
		{"mail_digest_due", "the worker finds whose digest is due"},
		{"mail_purge", "the worker deletes what is old"},
		{"event_order", "the order is that of the house"},
		{"event_read", "a consumer reads the events of all organisations"},
		{"event_sweep", "what is old goes, whose it was"},
		{"event_list", "the command lists events of one organisation or of all"},
		{"event_lagging", "consumers read the events of all organisations"},
		{"event_consumers", "consumers read the events of all organisations"},
		{"event_position_at", "positions are those of the house"},
		{"event_skip", "an event by its position"},
		{"event_unskip", "what a consumer has read at last, by position"},
		{"event_skipped", "the command shows what was passed over"},
		{"consumer_audit", "a consumer reads the events of all organisations"},
		{"consumer_count", "a consumer reads the events of all organisations"},
		{"consumer_uncount", "a consumer reads the events of all organisations"},
		{"consumer_notify", "a consumer reads the events of all organisations"},
		{"webhook_fan", "a consumer reads the events of all organisations"},
		{"billing_endpoint_find", "finds the organisation by the address that Stripe was given"},
		{"billing_connections", "the hourly round reads for every connection"},
		{"billing_sweep", "what is old goes, whose it was"},
		{"outreach_modes", "the worker finds where there is something to look after"},
		{"webhook_sweep", "what is old goes, whose it was"},
		{"who_keep_words", "what is old goes, whose it was"},
		{"who_keep_sessions", "what is old goes, whose it was"},
		{"who_keep_consent", "what is old goes, whose it was"},
		{"who_keep_alerts", "what is old goes, whose it was"},
		{"who_keep_outreach", "what is old goes, whose it was"},
		{"retention_report_sweep", "what is old goes, whose it was"},
		{"measure_notice", "the pass looks at new sessions, whoever has them"},
		{"measure_take", "the pass judges what may have changed, whose it is"},
		{"measure_judge", "the pass judges sessions by organisation, mode and id"},
		{"measure_ripe", "the pass looks at what has come due, whose it is"},
		{"measure_skip", "the pass goes on past one note"},
		{"measure_risk_next", "the pass finds whose customers are next"},
		{"measure_stale", "the pass tells caches whose figures have changed"},
		{NULL}};
	const char *tables = ask(&setup, pool, "select string_agg(c.relname, '|') from pg_class c join pg_attribute a on a.attrelid = c.oid "
		"where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'org_id' and c.relname <> 'job'");
	(void)state;

	assert_true(strlen(tables) > 60);
	for (const struct statement *const *at = SQL_ALL; *at; at++)
		if (!excepted(exceptions, (*at)->name))
			statement_rules(*at, tables);
	exceptions_end(exceptions);
	assert_int_equal(faults, 0);
}

/* --- tables --- */

static PGresult *rows_of(struct lease *lease, const char *text)
{
	PGresult *result;

	if (pg_run_text(lease, text, 0, NULL, &result) != OK)
		fail_msg("%s: %s", setup.fault.detail, setup.fault.internal);
	return result;
}

static void check_rows(const char *text, struct exception *exceptions, const char *what)
{
	struct lease lease;
	PGresult *rows;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	rows = rows_of(&lease, text);
	for (int i = 0; i < PQntuples(rows); i++)
		if (!excepted(exceptions, PQgetvalue(rows, i, 0)))
			fault("%s %s", PQgetvalue(rows, i, 0), what);
	lease_return(&lease);
	exceptions_end(exceptions);
}

static void tables_belong_to_organisations(void **state)
{
	static struct exception tables[] = {
		{"account", "a person may belong to several organisations"},
		{"password_reset", "of an account"},
		{"worker", "of the house"},
		{"job_pause", "of the house"},
		{"measure_state", "of the house"},
		{"event_consumer", "of the house"},
		{"schema_migration", "of the house"},
		{"observe_node", "of the house"},
		{"observe_sample", "of the house"},
		{"wal_history", "of the house"},
		{NULL}};
	static struct exception nullable[] = {{"job", "jobs of the house have no organisation"}, {"schedule", "nor have its schedules"}, {NULL}};
	(void)state;

	check_rows("select c.relname from pg_class c where c.relkind in ('r', 'p', 'm') and c.relnamespace = 'public'::regnamespace "
		"and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id') order by 1", tables, "has no org_id");
	check_rows("select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' "
		"where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not (a.attnotnull and a.atttypid = 'uuid'::regtype) "
		"order by 1", nullable, "has an org_id that may be null or is no uuid");
	assert_int_equal(faults, 0);
}

#define TENANT_TABLES \
	"from pg_class c join pg_attribute o on o.attrelid = c.oid and o.attname = 'org_id' "
#define IN_PUBLIC " c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace "

static void keys_start_with_the_organisation(void **state)
{
	static struct exception indexes[] = {
		{"job_pkey", "the queue is claimed across organisations"},
		{"job_unique", "a kind's key names the organisation where it has one"},
		{"schedule_pkey", "schedules are looked at across organisations"},
		{"session_access", "a token is found by its hash"},
		{"session_refresh", "a token is found by its hash"},
		{"stripe_endpoint_id_key", "an endpoint is found by the address that Stripe was given"},
		{NULL}};
	static struct exception primary[] = {{NULL}};
	static struct exception foreign[] = {
		{"membership_account_id_fkey", "an account is of no organisation"},
		{NULL}};
	(void)state;

	check_rows("select i.relname " TENANT_TABLES "join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid "
		"where" IN_PUBLIC "and x.indisunique and x.indkey[0] <> o.attnum order by 1", indexes, "is unique and does not start with org_id");
	check_rows("select c.relname " TENANT_TABLES "where" IN_PUBLIC
		"and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') order by 1", primary, "has no primary key");
	check_rows("select k.conname " TENANT_TABLES "join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' "
		"where" IN_PUBLIC "and k.conkey[1] <> o.attnum order by 1", foreign, "does not start with org_id");
	/* And refers to the same organisation over there. */
	check_rows("select k.conname " TENANT_TABLES "join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' "
		"join pg_attribute t on t.attrelid = k.confrelid and t.attnum = k.confkey[1] "
		"where" IN_PUBLIC "and k.conkey[1] = o.attnum and t.attname <> 'org_id' order by 1", primary, "refers to something else by org_id");
	assert_int_equal(faults, 0);
}

static void references_are_indexed(void **state)
{
	static struct exception none[] = {{NULL}};
	(void)state;

	check_rows("select k.conname from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace "
		"and not exists (select from pg_index x where x.indrelid = k.conrelid and x.indkey[0] = k.conkey[1]) order by 1",
		none, "has no index that starts with its first column");
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(tables_are_accepted, begin),
		cmocka_unit_test_setup(routes_keep_the_rules, begin),
		cmocka_unit_test_setup(routes_are_tested, begin),
		cmocka_unit_test_setup(statements_prepare, begin),
		cmocka_unit_test_setup(statements_keep_to_one_organisation, begin),
		cmocka_unit_test_setup(tables_belong_to_organisations, begin),
		cmocka_unit_test_setup(keys_start_with_the_organisation, begin),
		cmocka_unit_test_setup(references_are_indexed, begin)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
