/* Tenant isolation and the matrix of roles, over every route of every family.
 *
 * Two organisations, each with a row in every table. Whoever belongs to the first asks for every route with the second one's ids, in
 * paths, bodies, queries and the widget's token: what answers must not hold anything of the second, and its rows stay as they are.
 * Requests are made from the routes' own rows of input, so that a new route is covered the moment it is there. At the end the second
 * organisation makes the same requests itself, and they work: what was refused was refused for whose they were. */
#include "tests/house/events.h"
#include "tests/house/orgs.h"

#include "cli/cli.h"
#include "event/event.h"
#include "metric/work.h"
#include "web/budget.h"
#include "who/secret.h"

enum caller_kind { AS_OWNER, AS_ADMIN, AS_ANALYST, AS_READONLY, AS_SERVER, AS_WIDGET, AS_NOBODY, CALLERS };
static const char *const CALLER_TEXT[CALLERS] = {"owner", "admin", "analyst", "readonly", "server key", "widget key", "nobody"};

static int faults, calls;

#define fault(...) (faults++, print_error(__VA_ARGS__), print_error("\n"))

static const char *kept(struct buffer *buffer)
{
	const char *text = buffer->length ? arena_memdup(&setup.arena, buffer->data, buffer->length) : "";

	buffer_free(buffer);
	return text;
}

#define TENANT_TABLES "from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' " \
	"where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace"

/* A function that answers a digest of all that belongs to an organisation, which the connection plans once; and every table holds something of it. */
static void sum_prepare(void)
{
	const char *tables = sql("select string_agg(quote_ident(c.relname), ' ') " TENANT_TABLES);
	struct buffer out = {0};

	buffer_text(&out, "create function sum_of(uuid) returns text language plpgsql set plan_cache_mode = force_generic_plan as $$ begin return ("
		"select md5(string_agg(part, ',')) from (select md5(string_agg(a::text, '|' order by a::text)) as part "
		"from account a join membership m on m.account_id = a.id where m.org_id = $1");
	for (size_t length; (length = strcspn(tables, " ")); tables += length + (tables[length] == ' ')) {
		const char *table = arena_memdup(&setup.arena, tables, length);

		buffer_printf(&out, " union all select '%s' || md5(string_agg(t::text, '|' order by t::text)) from %s t where org_id = $1", table, table);
		if (strcmp(sql("select count(*) from %s where org_id = '%s'", table, bravo.tenant.org_id), "0") == 0)
			fail_msg("nothing of the second organisation is in %s: add one to org_add()", table);
	}
	buffer_text(&out, ") parts); end $$");
	sql("%s", kept(&out));
}

static const char *sum_of(const struct org *org)
{
	return sql("select sum_of('%s')", org->tenant.org_id);
}

/* --- requests made from rows of input --- */

struct plan {
	const struct route *route;
	const struct org *victim; /* whose ids */
	const char *id;           /* for every field of that type */
	bool optional;            /* optional fields too */
};

/* What a type alone does not tell. NULL: left out. */
static bool value_named(const struct plan *plan, const char *name, const char **json_out)
{
	const struct { const char *name, *json; } VALUES[] = {
		{"session", arena_printf(&setup.arena, "\"%s\"", plan->victim->token)},
		{"X-Stoa-Session", plan->victim->token},
		{"If-Match", "\"1\""},
		{"steps", EVERY_STEP},
		{"segmentId", arena_printf(&setup.arena, "\"%s\"", plan->victim->segment)},
		{"variants", "[{\"kind\":\"control\",\"name\":\"x\",\"weight\":1},{\"kind\":\"holdout\",\"name\":\"y\",\"weight\":1}]"},
		{"path", "[]"},
		{"flow", arena_printf(&setup.arena, "\"%s\"", plan->victim->flow)},
		{"audience", "\"everybody\""},
		{"what1", "\"holdout\""},
		{"name", strstr(plan->route->path, "segment") ? arena_printf(&setup.arena, "\"x%d\"", calls) : "\"x\""}, /* taken once */
		{"condition", "{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"x\"}"},
		{"json", "{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"x\"}"},
		{"language", "\"en\""},
		{"currency", "\"usd\""},
		{"email", strcmp(plan->route->path, "/team") ? "\"nobody@example.com\"" : "\"guest@example.com\""},
		{"password", "\"a quiet harbour 42\""},
		{"oldPassword", "\"a wrong harbour 42\""},
		{"origins", strncmp(plan->route->path, "/api/", 5) ? "\"https://shop.example\"" : "[\"https://shop.example\"]"},
		{"next", "\"/keys\""},
		{"url", "\"https://hooks.shop.com/\""},
		{"events", "[\"offer.accepted\"]"},
		{"from", "\"2026-01-01\""},
		{"to", "\"2026-01-01\""},
		{"signature", plan->route->form ? "\"required\"" : NULL},
		{"expiresAt", NULL},
		{"role", "\"readonly\""},
		{"accent", "\"#123456\""},
		{"accentDark", "\"#abcdef\""},
		{"timeZone", "\"Europe/Berlin\""},
		{"from", "\"2026-01-01\""},
		{"to", "\"2100-01-01\""},
		{"cursor", NULL},
		{"stripeSubscriptionId", NULL}};

	for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
		if (strcmp(VALUES[i].name, name) == 0) {
			*json_out = VALUES[i].json;
			return true;
		}
	return false;
}

/* A value as JSON that keeps the field's rules, or NULL to leave it out. */
static const char *value_of(const struct plan *plan, const struct field *field)
{
	int64_t least = field->least;
	const char *json;

	if (!field->required && !plan->optional && field->type != FIELD_ID)
		return NULL;
	if (value_named(plan, field->name, &json))
		return json;
	switch (field->type) {
	case FIELD_ID:
		return arena_printf(&setup.arena, "\"%s\"", plan->id);
	case FIELD_INT:
		return arena_printf(&setup.arena, "%lld", (long long)(least > 0 || field->most ? least : 1));
	case FIELD_BOOL:
		return "true";
	case FIELD_ENUM:
		return arena_printf(&setup.arena, "\"%.*s\"", (int)strcspn(field->choices, "|"), field->choices);
	case FIELD_EMAIL:
		return "\"nobody@example.com\"";
	case FIELD_URL:
		return "\"https://shop.example\"";
	case FIELD_JSON:
		return "{}";
	case FIELD_TEXTS:
		return "[]";
	case FIELD_CURSOR:
		return NULL;
	default:
		return arena_printf(&setup.arena, "\"%.*s\"", (int)(least > 1 ? least : 1), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	}
}

/* A JSON text's own characters; other values stay. */
static const char *bare(const char *json)
{
	size_t length = strlen(json);

	return *json == '"' ? arena_memdup(&setup.arena, json + 1, length - 2) : json;
}

static void pair_add(struct buffer *out, const char *name, const char *json)
{
	const char *text = bare(json);

	if (out->length)
		buffer_char(out, '&');
	buffer_text(out, name);
	buffer_char(out, '=');
	buffer_url(out, text, strlen(text));
}

static const char *target_of_plan(const struct plan *plan)
{
	struct buffer path = {0}, query = {0};

	for (const char *at = plan->route->path; *at; at++) {
		if (*at != ':') {
			buffer_char(&path, *at);
			continue;
		}
		size_t length = strcspn(at, "/");
		for (const struct field *field = plan->route->input; field && field->name; field++)
			if (field->place == IN_PATH && strlen(field->name) == length - 1 && strncmp(field->name, at + 1, length - 1) == 0)
				buffer_text(&path, bare(value_of(plan, field)));
		at += length - 1;
	}
	for (const struct field *field = plan->route->input; field && field->name; field++) {
		const char *json = field->place == IN_QUERY ? value_of(plan, field) : NULL;

		if (json)
			pair_add(&query, field->name, json);
	}
	if (query.length) {
		buffer_char(&path, '?');
		buffer_add(&path, query.data, query.length);
	}
	buffer_free(&query);
	return kept(&path);
}

static const char *csrf_of(const char *token)
{
	struct buffer hex = {0};
	uint8_t mac[SECRET_MAC_BYTES];

	secret_mac(SECRET_CSRF, token, strlen(token), mac);
	for (size_t i = 0; i < sizeof mac; i++)
		buffer_printf(&hex, "%02x", mac[i]);
	return kept(&hex);
}

/* NULL: the route takes none. */
static const char *body_of(const struct plan *plan, const char *token)
{
	struct buffer body = {0};
	bool any = false;

	if (plan->route->form)
		pair_add(&body, "csrf", arena_printf(&setup.arena, "\"%s\"", csrf_of(token)));
	for (const struct field *field = plan->route->input; field && field->name; field++) {
		const char *json = field->place == IN_BODY ? value_of(plan, field) : NULL;

		any |= field->place == IN_BODY;
		if (json && plan->route->form)
			pair_add(&body, field->name, json);
		else if (json)
			buffer_printf(&body, "%s\"%s\":%s", body.length ? "," : "{", field->name, json);
	}
	if (plan->route->form)
		return kept(&body);
	if (!any) {
		buffer_free(&body);
		return NULL;
	}
	buffer_text(&body, body.length ? "}" : "{}");
	return kept(&body);
}

/* A new session for each route, and when a call has worked: it may have ended the one that it was called with. */
static const char *session_token(const struct plan *plan, const struct org *org, enum caller_kind as)
{
	static const struct route *route;
	static const struct org *of;
	static enum caller_kind who;
	struct session_tokens tokens;
	static const char *token;
	struct lease lease;

	if (token && route == plan->route && of == org && who == as && caller.rep.status >= 400)
		return token;
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(session_start(&setup, &lease, org->tenant.org_id, org->people[as], ROLE_OF[as], &(struct client){0}, &tokens), OK);
	lease_return(&lease);
	route = plan->route;
	of = org;
	who = as;
	return token = arena_strdup(&setup.arena, tokens.access);
}

static int call(const struct plan *plan, const struct org *org, enum caller_kind as)
{
	const char *headers[12], *token = as <= AS_READONLY ? session_token(plan, org, as) : "";
	const char *key = as == AS_SERVER ? org->tenant.server.key : as == AS_WIDGET ? org->tenant.live.key : NULL;
	bool page = plan->route->access == ACCESS_PAGE || plan->route->access == ACCESS_PAGE_PUBLIC;
	const char *body = body_of(plan, token);
	int count = 0;

	if (as <= AS_READONLY) {
		headers[count++] = page ? "Cookie" : "Authorization";
		headers[count++] = arena_printf(&setup.arena, page ? PAGE_COOKIE "=%s" : "Bearer %s", token);
	}
	if (plan->route->form) {
		headers[count++] = "Content-Type";
		headers[count++] = "application/x-www-form-urlencoded";
	}
	for (const struct field *field = plan->route->input; field && field->name; field++) {
		const char *json = field->place == IN_HEADER ? value_of(plan, field) : NULL;

		if (json && count < 9) {
			headers[count++] = field->name;
			headers[count++] = json;
		}
	}
	headers[count++] = "Sec-Fetch-Site";
	headers[count++] = "same-origin";
	headers[count] = NULL;
	calls++;
	return client_send(&caller, method_text(plan->route->method), target_of_plan(plan), key, body, body ? strlen(body) : 0, headers);
}

/* --- what must hold --- */

/* A filter in a question's query is no such id: what it names is not there, and so nothing is found. */
static bool takes_id(const struct route *route)
{
	for (const struct field *field = route->input; field && field->name; field++)
		if (field->type == FIELD_ID && !(route->method == METHOD_GET && field->place == IN_QUERY))
			return true;
	return false;
}

static bool may(const struct route *route, enum caller_kind as)
{
	uint64_t permissions = as <= AS_READONLY ? role_permissions(ROLE_OF[as]) : as == AS_NOBODY ? 0 : key_permissions(as == AS_WIDGET);
	bool permitted = permissions >> route->permission & 1;

	switch (route->access) {
	case ACCESS_PUBLIC:
	case ACCESS_PAGE_PUBLIC:
		return true;
	case ACCESS_SESSION:
		return as <= AS_READONLY;
	case ACCESS_PERMISSION:
		return permitted;
	case ACCESS_PAGE:
		return as <= AS_READONLY && (permitted || route->permission == PERMIT_WIDGET_USE);
	default: /* ACCESS_LOCAL: these callers are from elsewhere */
		return false;
	}
}

static const char *reply_text(void)
{
	return caller.rep.body.length ? caller.rep.body.data : "";
}

/* True when the gate refused, whatever the handler would have said. */
static bool gate_refused(void)
{
	static const char *const GATE[] = {"This needs the permission", "Sign in first", "A token or an API key is required", "Only for signed-in",
		"Not for this address"};

	if (caller.rep.status == 303)
		return strncmp(client_value(&caller, "Location"), "/login", 6) == 0 && strncmp(client_value(&caller, "Location"), "/login?notice", 13) != 0;
	if (caller.rep.status != 401 && caller.rep.status != 403)
		return false;
	for (size_t i = 0; i < sizeof GATE / sizeof *GATE; i++)
		if (strstr(reply_text(), GATE[i]))
			return true;
	return false;
}

static void check_access(const struct plan *plan, enum caller_kind as)
{
	const char *method = method_text(plan->route->method), *path = plan->route->path;

	if (caller.rep.status == 429 || caller.rep.status >= 500)
		fault("%s %s as %s: %d %s", method, path, CALLER_TEXT[as], caller.rep.status, reply_text());
	else if (gate_refused() == may(plan->route, as))
		fault("%s %s as %s: %s, %d %s", method, path, CALLER_TEXT[as], may(plan->route, as) ? "refused" : "let in", caller.rep.status,
			reply_text());
}

static void check_isolation(const struct plan *plan, enum caller_kind as)
{
	const char *method = method_text(plan->route->method), *path = plan->route->path;

	if (takes_id(plan->route) && caller.rep.status < 400 && !gate_refused())
		fault("%s %s as %s with a foreign id: %d %s", method, path, CALLER_TEXT[as], caller.rep.status, reply_text());
	if (strstr(reply_text(), MARK))
		fault("%s %s as %s shows a foreign text: %s", method, path, CALLER_TEXT[as], reply_text());
	for (int i = 0; caller.rep.status < 400 && i < bravo.id_count; i++)
		if (strstr(reply_text(), bravo.ids[i]))
			fault("%s %s as %s shows a foreign id: %s", method, path, CALLER_TEXT[as], reply_text());
}

static void route_attack(const struct route *route)
{
	for (enum caller_kind as = AS_OWNER; as < CALLERS; as++) {
		/* The gate has refused before anybody looks at an id. */
		int ids = takes_id(route) && may(route, as) ? bravo.id_count : 1;
		const char *sum = sum_of(&bravo);

		for (int i = 0; i < ids; i++)
			for (int optional = 0; optional < 2; optional++) {
				struct plan plan = {.route = route, .victim = &bravo, .id = bravo.ids[i], .optional = optional};

				call(&plan, &alpha, as);
				check_access(&plan, as);
				check_isolation(&plan, as);
			}
		if (strcmp(sum, sum_of(&bravo)) != 0)
			fault("%s %s as %s changed foreign rows", method_text(route->method), route->path, CALLER_TEXT[as]);
	}
}

static const char *route_name(const struct route *route)
{
	return arena_printf(&setup.arena, "%s %s", method_text(route->method), route->path);
}

/* NULL: the route is not listed, or only reads. */
static const struct write *write_of(const struct route *route)
{
	const char *name = route_name(route);

	for (size_t i = 0; i < WRITE_COUNT; i++)
		if (strcmp(WRITES[i].route, name) == 0)
			return &WRITES[i];
	return NULL;
}

/* The event that a call of the route by fields that keep their rules leaves, or NULL. */
static const char *event_of(const struct route *route)
{
	const struct write *write = write_of(route);

	return write && !write->test ? write->event : NULL;
}

static bool event_came(const char *type, int *count)
{
	int now = type ? (int)strtol(sql("select count(*) from event where org_id = '%s' and type = '%s'", bravo.tenant.org_id, type), NULL, 10) : 0;
	bool came = !type || now > *count;

	*count = now;
	return came;
}

/* Whoever may asks for what is their own: some id works, and leaves the event that it should. */
static void route_control(const struct route *route)
{
	const char *type = event_of(route);
	bool worked = false;
	int count = 0;

	event_came(type, &count);
	for (enum caller_kind as = AS_OWNER; as < AS_NOBODY; as++)
		for (int i = 0; may(route, as) && i < bravo.id_count; i++)
			for (int optional = 0; optional < 2; optional++) {
				struct plan plan = {.route = route, .victim = &bravo, .id = bravo.ids[i], .optional = optional};

				if (call(&plan, &bravo, as) >= 400)
					continue;
				worked = true;
				if (event_came(type, &count))
					return;
			}
	if (worked)
		fault("%s leaves no event %s", route_name(route), type);
	else
		fault("%s works for nobody, so that its refusals prove nothing: %d %s", route_name(route), caller.rep.status, reply_text());
}

/* --- families --- */

static void family_open(const struct family *family)
{
	char message[256];

	if (!serve_open(family, message))
		fail_msg("%s: %s", family->name, message);
}

static void each_route(void (*look)(const struct route *))
{
	for (const struct family *const *family = FAMILIES; *family; family++) {
		family_open(*family);
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++)
				look(route);
		serve_close();
	}
}

static void foreign_ids_lead_nowhere(void **state)
{
	(void)state;
	each_route(route_attack);
	print_message("%d requests\n", calls);
	assert_true(calls > 500);
	assert_int_equal(faults, 0);
}

/* Reading first, changes next, what ends things last. */
static void own_ids_work_method(enum method method)
{
	for (const struct family *const *family = FAMILIES; *family; family++) {
		family_open(*family);
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++)
				if (route->method == method && (takes_id(route) || event_of(route)) && route->access != ACCESS_PUBLIC)
					route_control(route);
		serve_close();
	}
}

static void own_ids_work(void **state)
{
	(void)state;
	faults = 0;
	for (enum method method = METHOD_GET; method <= METHOD_DELETE; method++)
		own_ids_work_method(method);
	assert_int_equal(faults, 0);
}

static bool listed[WRITE_COUNT];

static void write_listed(const struct route *route)
{
	const struct write *write = write_of(route);

	if (route->method != METHOD_GET && !write)
		fault("%s changes something and is not in tests/house/events.h", route_name(route));
	if (write)
		listed[write - WRITES] = true;
}

/* The test that a row names speaks of the event. */
static bool test_speaks(const struct write *write)
{
	char line[1024];
	FILE *file = fopen(arena_printf(&setup.arena, "%s/%s", getenv("STOA_ROOT"), write->test), "r");
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file))
		found = strstr(line, write->event) != NULL;
	if (file)
		fclose(file);
	return found;
}

/* What others may care about is told: every route that changes something leaves its event, or there is a reason. */
static void every_change_is_accounted_for(void **state)
{
	(void)state;
	faults = 0;
	each_route(write_listed);
	for (size_t i = 0; i < WRITE_COUNT; i++) {
		const struct write *write = &WRITES[i];

		if (!listed[i])
			fault("%s is no route", write->route);
		if (!write->event == !write->reason)
			fault("%s needs an event or a reason", write->route);
		if (write->event && !event_filter_known(write->event))
			fault("%s: there is no event %s", write->route, write->event);
		if (write->test && !test_speaks(write))
			fault("%s: %s does not look for %s", write->route, write->test, write->event);
	}
	assert_int_equal(faults, 0);
}

/* --- what requests have used: all of those above count --- */

/* Nothing of a request's time is counted twice or lost. */
static void parts_check(void *argument, const struct metric_value *value)
{
	int *routes = argument;
	char route[128], method[8], labels[240];
	double parts_s = 0;

	metric_label(value->labels, "route", route, sizeof route);
	metric_label(value->labels, "method", method, sizeof method);
	for (int part = 0; part < WORK_DURATION_PARTS; part++) {
		struct metric_value found;

		snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",part=\"%s\"", route, method, work_part_text(part));
		if (metric_find("stoa_http_request_part_seconds", labels, &found))
			parts_s += found.sum_s;
	}
	if (parts_s < value->sum_s - 1e-6 || parts_s > value->sum_s + 1e-6)
		fault("%s %s: its parts are %f s, the requests %f s", method, route, parts_s, value->sum_s);
	*routes += value->count > 0;
}

static void parts_add_up(void **state)
{
	char message[256];
	int routes = 0;

	(void)state;
	faults = 0;
	assert_true(metric_open(message));
	metric_each("stoa_http_request_duration_seconds", parts_check, &routes);
	metric_close();
	assert_true(routes > 250);
	assert_int_equal(faults, 0);
}

static void budget_check(void *argument, const struct budget_use *use)
{
	int *seen = argument;

	if (use->exceeded || use->peak >= use->most)
		fault("%s %s has used %lld %s, its budget is less than %lld (%s): mend it, or give it one of its own with the reason (web/budget.h)",
			use->method, use->route, (long long)use->peak, budget_text(use->budget), (long long)use->most, budget_source(use->budget));
	*seen += use->budget == BUDGET_MEMORY;
}

static void routes_keep_their_budgets(void **state)
{
	char message[256];
	int seen = 0, routes = 0;

	(void)state;
	faults = 0;
	for (const struct family *const *family = FAMILIES; *family; family++)
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++)
				routes++;
	assert_true(metric_open(message));
	budget_each(budget_check, &seen);
	metric_close();
	assert_true(seen >= routes);
	assert_int_equal(faults, 0);
}

static void settings(void)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_ASSETS", getenv("STOA_TEST_DIR"), 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example", 1);
	snprintf(path, sizeof path, "%s/metrics.shm", getenv("STOA_TEST_DIR"));
	setenv("STOA_METRICS_FILE", path, 1);
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setenv("STOA_WEB_SESSION_PER_MINUTE", "0", 1);
	setenv("STOA_WEB_SERVER_KEY_PER_MINUTE", "0", 1);
	setenv("STOA_WHO_LOGINS_PER_ADDRESS", "1000000", 1);
	setenv("STOA_WHO_REGISTRATIONS_PER_ADDRESS", "1000000", 1);
	setenv("STOA_WHO_SESSIONS_PER_PERSON", "1000", 1);
	setenv("STOA_STRIPE_API_BASE", "http://127.0.0.1:1", 1);
	setenv("STOA_STRIPE_TRIES", "1", 1);
	setting("STOA_WHO_REGISTRATION", "closed");
	snprintf(path, sizeof path, "%s/manifest.json", getenv("STOA_TEST_DIR"));
	FILE *manifest = fopen(path, "w");
	assert_non_null(manifest);
	fputs("{\"widget.js\": \"widget.0123456789abcdef.js\", \"pages.css\": \"pages.aa.css\", \"icon.svg\": \"icon.aa.svg\"}", manifest);
	fclose(manifest);
}

static int open_house(void **state)
{
	(void)state;
	serve_conf();
	settings();
	log_open("isolation_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&caller);
	pool = pool_open(2);
	schema_make(&setup, pool);
	for (int i = 0; FAMILIES[i]; i++)
		if (strcmp(FAMILIES[i]->name, "widget") == 0)
			family_open(FAMILIES[i]);
	org_add(&alpha, "alpha");
	org_add(&bravo, MARK);
	serve_close();
	sum_prepare();
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(foreign_ids_lead_nowhere),
		cmocka_unit_test(own_ids_work),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(routes_keep_their_budgets),
		cmocka_unit_test(every_change_is_accounted_for)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
