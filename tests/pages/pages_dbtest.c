/* The pages family, through the dispatcher, against a real database. */
#include "identity/identity.h"
#include "mail/outbox.h"
#include "pages/family.h"
#include "pages/page.h"
#include "who/secret.h"

#include "tests/lib/database.h"

#include <stdio.h>
#include <strings.h>

#define PASSWORD "a quiet harbour 42"

/* A browser: what it sends, and the cookies that it keeps. */
struct browser {
	struct req req;
	struct rep rep;
	const char *headers[16];
	const char *media; /* of forms, when it is another */
	const char *accepts; /* Accept-Language, or NULL */
	char access[WHO_TOKEN_TEXT], refresh[WHO_TOKEN_TEXT], cookie[256];
};

static struct pool *pool;
static struct ctx setup;
static char org_id[ID_TEXT], owner_id[ID_TEXT];

static const char *header(const struct req *req, const char *name)
{
	const struct browser *browser = req->transport;
	for (int i = 0; browser->headers[i]; i += 2)
		if (!strcasecmp(browser->headers[i], name))
			return browser->headers[i + 1];
	return NULL;
}

static void cookie_take(const char *line, const char *name, char value[WHO_TOKEN_TEXT])
{
	size_t length = strlen(name);
	if (strncmp(line, name, length) || line[length] != '=')
		return;
	assert_non_null(strstr(line, "; Path=/;"));
	assert_non_null(strstr(line, "; Secure; HttpOnly; SameSite=Lax"));
	snprintf(value, WHO_TOKEN_TEXT, "%.*s", (int)strcspn(line + length + 1, ";"), line + length + 1);
}

static const char *reply_value(const struct browser *browser, const char *name)
{
	for (int i = 0; i < browser->rep.header_count; i++)
		if (!strcasecmp(browser->rep.headers[i].name, name))
			return browser->rep.headers[i].value;
	return "";
}

static const char *page_of(const struct browser *browser)
{
	return browser->rep.body.data ? browser->rep.body.data : "";
}

/* One request; the reply stays until the next one. form NULL: GET. site: Sec-Fetch-Site. */
static int ask_page(struct browser *browser, const char *target, const char *form, const char *site)
{
	struct req *req = &browser->req;
	char copy[512]; /* the target may be of the last reply, which ends here */
	int count = 0;
	snprintf(copy, sizeof copy, "%s", target);
	struct ctx ctx = req->ctx;
	ctx_reset(&ctx);
	*req = (struct req){.ctx = ctx, .transport = browser, .header = header, .address = "192.0.2.1", .https = true};
	char *path = arena_strdup(&req->ctx.arena, copy), *query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	req->method = form ? "POST" : "GET";
	req->uri_path = path;
	req->query = query ? query : "";
	req->body = form ? form : "";
	req->body_length = strlen(req->body);
	snprintf(browser->cookie, sizeof browser->cookie, "%s=%s; __Host-stoa-refresh=%s", PAGE_COOKIE, browser->access, browser->refresh);
	browser->headers[count++] = "Accept";
	browser->headers[count++] = "text/html";
	browser->headers[count++] = "Host";
	browser->headers[count++] = "stoa.example";
	if (browser->access[0] || browser->refresh[0]) {
		browser->headers[count++] = "Cookie";
		browser->headers[count++] = browser->access[0] ? browser->cookie : strstr(browser->cookie, "__Host-stoa-refresh");
	}
	if (browser->accepts) {
		browser->headers[count++] = "Accept-Language";
		browser->headers[count++] = browser->accepts;
	}
	if (form) {
		browser->headers[count++] = "Content-Type";
		browser->headers[count++] = browser->media ? browser->media : "application/x-www-form-urlencoded";
	}
	if (site) {
		browser->headers[count++] = "Sec-Fetch-Site";
		browser->headers[count++] = site;
	}
	browser->headers[count] = NULL;
	dispatch(req, &browser->rep);
	for (int i = 0; i < browser->rep.header_count; i++)
		if (!strcasecmp(browser->rep.headers[i].name, "Set-Cookie")) {
			cookie_take(browser->rep.headers[i].value, PAGE_COOKIE, browser->access);
			cookie_take(browser->rep.headers[i].value, "__Host-stoa-refresh", browser->refresh);
		}
	return browser->rep.status;
}

static int visit(struct browser *browser, const char *target)
{
	return ask_page(browser, target, NULL, "none");
}

/* Sends a form with the CSRF token of the page that was read last. */
static int submit(struct browser *browser, const char *target, const char *fields)
{
	char form[4096], token[65] = "";
	const char *at = strstr(page_of(browser), "name=\"csrf\" value=\"");
	if (at)
		snprintf(token, sizeof token, "%.*s", (int)strcspn(at + 19, "\""), at + 19);
	snprintf(form, sizeof form, "%s%scsrf=%s", fields, *fields ? "&" : "", token);
	return ask_page(browser, target, form, "same-origin");
}

static void browser_open(struct browser *browser)
{
	*browser = (struct browser){0};
	ctx_init(&browser->req.ctx);
}

static void browser_close(struct browser *browser)
{
	reply_free(&browser->rep);
	ctx_free(&browser->req.ctx);
}

static void login_as(struct browser *browser, const char *email)
{
	char fields[256];
	browser_open(browser);
	assert_int_equal(visit(browser, "/login"), 200);
	snprintf(fields, sizeof fields, "email=%s&password=a+quiet+harbour+42", email);
	assert_int_equal(submit(browser, "/login", fields), 303);
}

static void person_add(const char *email, enum role role)
{
	char account_id[ID_TEXT], hash[PASSWORD_HASH_TEXT];
	struct lease lease;
	assert_int_equal(password_hash(&setup, PASSWORD, hash), OK);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, org_id, email, "", role, account_id), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	ask(&setup, pool, arena_printf(&setup.arena, "update account set password_hash = '%s' where id = '%s'", hash, account_id));
}

static int open_house(void **state)
{
	char message[256], path[4096];
	(void)state;
	serve_conf();
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_ASSETS", getenv("STOA_TEST_DIR"), 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example", 1);
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setenv("STOA_WEB_LOG_LEVEL", "error", 1);
	snprintf(path, sizeof path, "%s/manifest.json", getenv("STOA_TEST_DIR"));
	FILE *manifest = fopen(path, "w");
	fputs("{\"widget.js\": \"widget.0123456789abcdef.js\", \"pages.css\": \"pages.aa.css\"}", manifest);
	fclose(manifest);
	setting("STOA_WHO_REGISTRATION", "closed");
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_PAGES, message))
		fail_msg("%s", message);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

/* The first organisation may register even where registration is closed; the second may not. */
static void registers_once(void **state)
{
	struct browser browser;
	(void)state;
	browser_open(&browser);
	assert_int_equal(visit(&browser, "/register"), 200);
	assert_int_equal(submit(&browser, "/register", "organisation=Harbour&name=Olive&email=olive@example.com&password=short"), 422);
	assert_non_null(strstr(page_of(&browser), "value=\"olive@example.com\""));
	assert_int_equal(submit(&browser, "/register", "organisation=Harbour&name=Olive&email=olive@example.com&password=a+quiet+harbour+42"), 303);
	assert_int_equal(visit(&browser, "/keys"), 200);
	assert_non_null(strstr(page_of(&browser), "Harbour"));
	snprintf(org_id, sizeof org_id, "%s", ask(&setup, pool, "select org_id from organisation"));
	snprintf(owner_id, sizeof owner_id, "%s", ask(&setup, pool, "select id from account"));
	browser_close(&browser);
	browser_open(&browser);
	assert_int_equal(visit(&browser, "/register"), 403);
	assert_int_equal(submit(&browser, "/register", "organisation=Two&email=two@example.com&password=a+quiet+harbour+42"), 403);
	assert_string_equal(ask(&setup, pool, "select count(*) from organisation"), "1");
	assert_string_equal(ask(&setup, pool, "select string_agg(language, ' ' order by language) from flow where status = 'active'"), "de en es fr");
	browser_close(&browser);
	person_add("ann@example.com", ROLE_ANALYST);
	person_add("adam@example.com", ROLE_ADMIN);
}

static void strangers(void **state)
{
	static const struct { const char *target; int status; const char *location; } ROWS[] = {
		{"/", 303, "/login?next=%2F"},
		{"/?mode=test&preset=7", 303, "/login?next=%2F%3Fmode%3Dtest%26preset%3D7"},
		{"/keys", 303, "/login?next=%2Fkeys"},
		{"/login", 200, ""},
		{"/password/forgot", 200, ""},
		{"/password/reset?token=x", 200, ""},
		{"/password/reset", 400, ""},
		{"/nowhere", 404, ""},
		{"/widget.js", 302, "/assets/widget.0123456789abcdef.js"},
		{"/pages.css", 302, "/assets/pages.aa.css"},
		{"/favicon.ico", 404, ""},
		{"/login?notice=nonsense", 422, ""}};
	struct browser browser;
	(void)state;
	browser_open(&browser);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(visit(&browser, ROWS[i].target), ROWS[i].status);
		assert_string_equal(reply_value(&browser, "Location"), ROWS[i].location);
	}
	browser_close(&browser);
}

static void signs_in_and_out(void **state)
{
	struct browser browser;
	char before[WHO_TOKEN_TEXT];
	(void)state;
	browser_open(&browser);
	assert_int_equal(visit(&browser, "/login?next=%2Fkeys"), 200);
	assert_non_null(strstr(page_of(&browser), "name=\"next\" value=\"/keys\""));
	assert_int_equal(submit(&browser, "/login", "email=olive@example.com&password=wrong&next=/keys"), 401);
	assert_non_null(strstr(page_of(&browser), "role=\"alert\""));
	assert_non_null(strstr(page_of(&browser), "name=\"next\" value=\"/keys\""));
	assert_int_equal(submit(&browser, "/login", ""), 401);
	assert_int_equal(submit(&browser, "/login", "email=olive@example.com&password=a+quiet+harbour+42&next=/keys"), 303);
	assert_string_equal(reply_value(&browser, "Location"), "/keys");
	snprintf(before, sizeof before, "%s", browser.access);
	assert_int_equal(visit(&browser, "/login"), 303);
	assert_int_equal(visit(&browser, "/"), 200);
	assert_non_null(strstr(page_of(&browser), "Olive"));
	assert_int_equal(ask_page(&browser, "/logout", "", "same-origin"), 403);
	assert_int_equal(visit(&browser, "/"), 200);
	assert_int_equal(submit(&browser, "/logout", ""), 303);
	assert_string_equal(browser.access, "");
	assert_string_equal(browser.refresh, "");
	memcpy(browser.access, before, sizeof before);
	assert_int_equal(visit(&browser, "/"), 303);
	browser_close(&browser);
}

/* Signing in from another site's form would put a visitor into the attacker's account. */
static void refuses_foreign_forms(void **state)
{
	static const char FORM[] = "email=olive@example.com&password=a+quiet+harbour+42";
	struct browser browser;
	(void)state;
	browser_open(&browser);
	assert_int_equal(ask_page(&browser, "/login", FORM, "cross-site"), 403);
	assert_string_equal(browser.access, "");
	browser_close(&browser);
	login_as(&browser, "olive@example.com");
	assert_int_equal(ask_page(&browser, "/keys", "name=x&kind=server&mode=test", "cross-site"), 403);
	assert_int_equal(ask_page(&browser, "/keys", "name=x&kind=server&mode=test&csrf=00", "same-origin"), 403);
	browser_close(&browser);
}

static void goes_only_to_own_paths(void **state)
{
	static const struct { const char *given, *used; } ROWS[] = {
		{"/keys", "/keys"}, {"/?preset=7", "/?preset=7"}, {"//evil.example", "/"}, {"/\\evil.example", "/"}, {"https://evil.example", "/"},
		{"/a b", "/"}, {"", "/"}, {"javascript:alert(1)", "/"}};
	struct browser browser;
	(void)state;
	browser_open(&browser);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(page_next(&browser.req, ROWS[i].given), ROWS[i].used);
	assert_string_equal(page_next(&browser.req, NULL), "/");
	browser_close(&browser);
}

/* When the access token has ended, the refresh token renews it on the way to the page; the same one a second time does not. */
static void renews_sessions(void **state)
{
	struct browser browser;
	char old_refresh[WHO_TOKEN_TEXT], access[WHO_TOKEN_TEXT];
	(void)state;
	login_as(&browser, "olive@example.com");
	snprintf(old_refresh, sizeof old_refresh, "%s", browser.refresh);
	browser.access[0] = '\0';
	assert_int_equal(visit(&browser, "/keys"), 303);
	assert_int_equal(visit(&browser, reply_value(&browser, "Location")), 303);
	assert_string_equal(reply_value(&browser, "Location"), "/keys");
	assert_string_not_equal(browser.refresh, old_refresh);
	assert_int_equal(visit(&browser, "/keys"), 200);
	memcpy(access, browser.access, sizeof access);
	browser.access[0] = '\0';
	memcpy(browser.refresh, old_refresh, sizeof old_refresh);
	assert_int_equal(visit(&browser, "/login?next=%2Fkeys"), 200);
	assert_string_equal(browser.refresh, "");
	browser_close(&browser);
}

static void makes_keys(void **state)
{
	static const struct { const char *fields; int status; } ROWS[] = {
		{"name=Shop&kind=widget&mode=test&origins=https://shop.example%0d%0ahttps://www.shop.example&signature=required", 201},
		{"name=No+origin&kind=widget&mode=test", 422},
		{"name=Bad+origin&kind=widget&mode=test&origins=https://shop.example/path", 422},
		{"name=Server&kind=server&mode=live", 201},
		{"name=x&kind=other&mode=live", 422},
		{"kind=server&mode=live", 400}};
	struct browser browser;
	(void)state;
	login_as(&browser, "olive@example.com");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(visit(&browser, "/keys"), 200);
		assert_int_equal(submit(&browser, "/keys", ROWS[i].fields), ROWS[i].status);
		assert_int_equal(strstr(page_of(&browser), "It is shown this once") != NULL, ROWS[i].status == 201);
	}
	assert_string_equal(ask(&setup, pool, "select count(*) from api_key"), "2");
	assert_string_equal(ask(&setup, pool, "select signature_required::text || array_to_string(origins, ' ') from api_key where kind = 'widget'"),
		"truehttps://shop.example https://www.shop.example");
	assert_int_equal(visit(&browser, "/keys"), 200);
	assert_null(strstr(page_of(&browser), "It is shown this once"));
	assert_non_null(strstr(page_of(&browser), "https://stoa.example/assets/widget.0123456789abcdef.js"));
	const char *id = ask(&setup, pool, "select id from api_key where kind = 'server'");
	char target[80];
	snprintf(target, sizeof target, "/keys/%s/revoke", id);
	assert_int_equal(submit(&browser, target, ""), 303);
	assert_int_equal(visit(&browser, "/keys"), 200);
	assert_int_equal(submit(&browser, target, ""), 404);
	assert_string_equal(ask(&setup, pool, "select string_agg(action, ' ' order by at) from audit_log where entity = 'api_key'"),
		"key.create key.create key.revoke");
	browser_close(&browser);
}

/* Forms of webhooks, well and badly filled in; each leaves what the last column counts. */
static void makes_webhooks(void **state)
{
	static const struct { const char *fields; int status; const char *shown, *left; } ROWS[] = {
		{"url=http://hooks.example.com/&mode=live", 422, "role=\"alert\"", "0"},
		{"url=https://127.0.0.1/&mode=live", 422, "role=\"alert\"", "0"},
		{"url=&mode=live&description=%3Cb%3Ekept", 422, "&lt;b&gt;kept", "0"},
		{"url=https://hooks.example.com/&mode=live&events=no.such", 422, "role=\"alert\"", "0"},
		{"url=https://hooks.example.com/&mode=other", 422, "", "0"},
		{"url=https://hooks.example.com/", 400, "", "0"},
		{"url=https://hooks.example.com/?token=1&mode=live&events=key.*&events=offer.accepted&description=x", 201, "whsec_", "1"}};
	struct browser browser;
	char target[120];
	(void)state;
	login_as(&browser, "olive@example.com");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(visit(&browser, "/webhooks"), 200);
		assert_int_equal(submit(&browser, "/webhooks", ROWS[i].fields), ROWS[i].status);
		assert_non_null(strstr(page_of(&browser), ROWS[i].shown));
		assert_string_equal(ask(&setup, pool, "select count(*) from webhook_endpoint"), ROWS[i].left);
	}
	const char *id = arena_strdup(&setup.arena, ask(&setup, pool, "select id from webhook_endpoint"));
	snprintf(target, sizeof target, "/webhooks/%s", id);
	assert_int_equal(visit(&browser, target), 200);
	assert_null(strstr(page_of(&browser), "whsec_"));
	assert_int_equal(submit(&browser, target, "url=https://hooks.example.com/other"), 303);
	assert_string_equal(ask(&setup, pool, "select url || events::text || description from webhook_endpoint"), "https://hooks.example.com/other{}");
	snprintf(target, sizeof target, "/webhooks/%s/switch", id);
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, "switch=sideways"), 422);
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, "switch=off"), 303);
	snprintf(target, sizeof target, "/webhooks/%s/test", id);
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, ""), 409);
	assert_non_null(strstr(page_of(&browser), "switched it off"));
	snprintf(target, sizeof target, "/webhooks/%s/rotate", id);
	assert_int_equal(submit(&browser, target, "hours=721"), 422);
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, "hours=0"), 200);
	assert_non_null(strstr(page_of(&browser), "whsec_"));
	/* The log of changes holds no credential of an address. */
	assert_string_equal(ask(&setup, pool, "select count(*) from audit_log where action like 'webhook.%' and after::text like '%token%'"), "0");
	snprintf(target, sizeof target, "/deliveries/%s", id);
	assert_int_equal(visit(&browser, target), 404);
	snprintf(target, sizeof target, "/deliveries/%s/resend", id);
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, ""), 404);
	browser_close(&browser);
	login_as(&browser, "ann@example.com");
	assert_int_equal(visit(&browser, "/webhooks"), 403);
	assert_int_equal(visit(&browser, "/"), 200);
	assert_null(strstr(page_of(&browser), "href=\"/webhooks\""));
	snprintf(target, sizeof target, "/webhooks/%s/delete", id);
	assert_int_equal(submit(&browser, target, ""), 403);
	browser_close(&browser);
	login_as(&browser, "olive@example.com");
	assert_int_equal(visit(&browser, "/webhooks"), 200);
	assert_int_equal(submit(&browser, target, ""), 303);
	assert_string_equal(ask(&setup, pool, "select count(*) from webhook_endpoint"), "0");
	browser_close(&browser);
}

static void asks_for_reports(void **state)
{
	struct browser browser;
	char target[120];
	(void)state;
	login_as(&browser, "ann@example.com");
	assert_int_equal(visit(&browser, "/?mode=test"), 200);
	assert_non_null(strstr(page_of(&browser), "name=\"mode\" value=\"test\""));
	assert_int_equal(submit(&browser, "/reports", "from=2026-01-02&to=2026-01-01&mode=live"), 422);
	assert_non_null(strstr(page_of(&browser), "to is before from"));
	assert_non_null(strstr(page_of(&browser), "value=\"2026-01-02\""));
	assert_int_equal(submit(&browser, "/reports", "from=2026-01-01&to=2026-01-02&mode=live&mail=yes"), 303);
	snprintf(target, sizeof target, "/reports/%s", ask(&setup, pool, "select id from job where kind = 'report.make'"));
	assert_string_equal(reply_value(&browser, "Location"), target);
	assert_string_equal(ask(&setup, pool, "select concat_ws(' ', payload->>'customers', payload->>'account' = (select id::text from account "
		"where email = 'ann@example.com')) from job where kind = 'report.make'"), "false t");
	assert_int_equal(visit(&browser, target), 200);
	assert_non_null(strstr(page_of(&browser), "It waits for its turn."));
	ask(&setup, pool, "update job set state = 'running', progress = 40, progress_note = 'four <of> ten' where kind = 'report.make'");
	assert_int_equal(visit(&browser, target), 200);
	assert_non_null(strstr(page_of(&browser), "value=\"40\""));
	assert_non_null(strstr(page_of(&browser), "four &lt;of&gt; ten"));
	ask(&setup, pool, "insert into report (org_id, id, live, from_day, to_day, customers, totals, sessions, days) select org_id, id, true, "
		"'2026-01-01', '2026-01-02', false, '{\"sessions\": 12, \"saved\": {\"usd\": 490000}}', 'a,b', 'c,d' from job where kind = 'report.make'");
	assert_int_equal(visit(&browser, target), 200);
	assert_non_null(strstr(page_of(&browser), "<dd>12</dd>"));
	assert_non_null(strstr(page_of(&browser), "USD 4,900.00"));
	ask(&setup, pool, "update report set customers = true; update job set payload = payload || '{\"customers\": true}' where kind = 'report.make'");
	assert_int_equal(visit(&browser, target), 404);
	ask(&setup, pool, "delete from report; delete from job where kind = 'report.make'");
	assert_int_equal(visit(&browser, target), 404);
	browser_close(&browser);
}

static void roles_see_their_pages(void **state)
{
	struct browser browser;
	(void)state;
	login_as(&browser, "ann@example.com");
	assert_int_equal(visit(&browser, "/"), 200);
	assert_null(strstr(page_of(&browser), "href=\"/keys\""));
	assert_int_equal(visit(&browser, "/keys"), 403);
	assert_int_equal(visit(&browser, "/"), 200);
	assert_int_equal(submit(&browser, "/keys", "name=x&kind=server&mode=live"), 403);
	browser_close(&browser);
	login_as(&browser, "adam@example.com");
	assert_int_equal(visit(&browser, "/keys"), 200);
	browser_close(&browser);
}

static void resets_passwords(void **state)
{
	struct browser browser;
	char token[WHO_TOKEN_TEXT], fields[256];
	(void)state;
	browser_open(&browser);
	assert_int_equal(visit(&browser, "/password/forgot"), 200);
	assert_int_equal(submit(&browser, "/password/forgot", "email=ann@example.com"), 200);
	const char *known = strstr(page_of(&browser), "role=\"status\"");
	assert_non_null(known);
	assert_int_equal(submit(&browser, "/password/forgot", "email=nobody@example.com"), 200);
	assert_non_null(strstr(page_of(&browser), "role=\"status\""));
	assert_int_equal(password_reset_create(&setup, pool, "ann@example.com", 3600, token), OK);
	snprintf(fields, sizeof fields, "token=%s&password=short", token);
	assert_int_equal(submit(&browser, "/password/reset", fields), 422);
	snprintf(fields, sizeof fields, "token=%s&password=another+harbour+43", token);
	assert_int_equal(submit(&browser, "/password/reset", fields), 303);
	assert_string_equal(reply_value(&browser, "Location"), "/login?notice=reset");
	assert_int_equal(submit(&browser, "/password/reset", fields), 410);
	assert_int_equal(submit(&browser, "/login", "email=ann@example.com&password=a+quiet+harbour+42"), 401);
	assert_int_equal(submit(&browser, "/login", "email=ann@example.com&password=another+harbour+43"), 303);
	browser_close(&browser);
}

static int unsubscribed(void)
{
	return (int)strtol(ask(&setup, pool, "select count(*) from mail_suppression where address = 'ann@example.com' and kind = 'digest' "
		"and reason = 'unsubscribe'"), NULL, 10);
}

static void unsubscribes(void **state)
{
	struct mail_unsubscribe from = {.kind = "digest", .address = "Ann@Example.com"};
	struct browser browser;
	char target[512];
	(void)state;
	memcpy(from.org_id, org_id, sizeof from.org_id);
	snprintf(target, sizeof target, "/unsubscribe?token=%s", mail_unsubscribe_make(&setup, &from));
	browser_open(&browser);
	/* Looking changes nothing. */
	assert_int_equal(visit(&browser, target), 200);
	assert_non_null(strstr(page_of(&browser), "Ann@Example.com"));
	assert_non_null(strstr(page_of(&browser), "<button>Unsubscribe</button>"));
	assert_int_equal(unsubscribed(), 0);
	assert_int_equal(ask_page(&browser, target, "", "cross-site"), 403);
	assert_int_equal(unsubscribed(), 0);
	assert_int_equal(submit(&browser, target, ""), 200);
	assert_non_null(strstr(page_of(&browser), "role=\"status\""));
	assert_int_equal(unsubscribed(), 1);
	/* A mail program's one click: no cookie, no Origin. It may come twice. */
	ask(&setup, pool, "truncate mail_suppression");
	for (int i = 0; i < 2; i++)
		assert_int_equal(ask_page(&browser, target, "List-Unsubscribe=One-Click", NULL), 200);
	assert_int_equal(unsubscribed(), 1);
	ask(&setup, pool, "truncate mail_suppression");
	browser.media = "multipart/form-data; boundary=x";
	assert_int_equal(ask_page(&browser, target, "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
		NULL), 200);
	assert_int_equal(unsubscribed(), 1);
	assert_int_equal(ask_page(&browser, "/password/forgot", "--x--", NULL), 415);
	browser.media = NULL;
	target[strlen(target) - 2] ^= 1;
	assert_int_equal(visit(&browser, target), 410);
	assert_null(strstr(page_of(&browser), "<button>"));
	assert_int_equal(ask_page(&browser, target, "List-Unsubscribe=One-Click", NULL), 410);
	assert_int_equal(visit(&browser, "/unsubscribe"), 400);
	browser_close(&browser);
}

/* In the language of who has the address, else of the browser; the whole page. */
static void unsubscribes_in_the_readers_language(void **state)
{
	static const struct { const char *address, *account, *accepts, *language, *button, *kind; } ROWS[] = {
		{"ann@example.com", "de", "fr", "de", "<button>Abmelden</button>", "„Tagesübersicht“"},
		{"ann@example.com", "fr", NULL, "fr", "<button>Se désabonner</button>", "« résumé quotidien »"},
		{"Ann@Example.com", "es", "de", "es", "<button>Darse de baja</button>", "«resumen diario»"},
		{"ann@example.com", "en", "de", "en", "<button>Unsubscribe</button>", "“daily summary”"},
		{"gone@example.com", NULL, "es-419,es;q=0.9", "es", "<button>Darse de baja</button>", "«resumen diario»"},
		{"gone@example.com", NULL, "ja", "en", "<button>Unsubscribe</button>", "“daily summary”"}};
	struct browser browser;
	(void)state;
	browser_open(&browser);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct mail_unsubscribe from = {.kind = "digest", .address = ROWS[i].address};
		char target[512], page[64];
		memcpy(from.org_id, org_id, sizeof from.org_id);
		snprintf(target, sizeof target, "/unsubscribe?token=%s", mail_unsubscribe_make(&setup, &from));
		snprintf(page, sizeof page, "<html lang=\"%s\">", ROWS[i].language);
		if (ROWS[i].account)
			ask(&setup, pool, arena_printf(&setup.arena, "update account set language = '%s' where email = 'ann@example.com'", ROWS[i].account));
		browser.accepts = ROWS[i].accepts;
		assert_int_equal(visit(&browser, target), 200);
		assert_non_null(strstr(page_of(&browser), page));
		assert_non_null(strstr(page_of(&browser), ROWS[i].button));
		assert_non_null(strstr(page_of(&browser), ROWS[i].kind));
		assert_int_equal(submit(&browser, target, ""), 200);
		assert_non_null(strstr(page_of(&browser), page));
		assert_non_null(strstr(page_of(&browser), ROWS[i].kind));
		assert_null(strstr(page_of(&browser), "<button>"));
		/* A token that is none has no recipient: the browser decides. */
		target[strlen(target) - 2] ^= 1;
		browser.accepts = "fr";
		assert_int_equal(visit(&browser, target), 410);
		assert_non_null(strstr(page_of(&browser), "Ce lien n’est pas"));
	}
	browser_close(&browser);
	ask(&setup, pool, "truncate mail_suppression");
}

static void saves_settings(void **state)
{
	static const struct { const char *fields; int status; const char *now; } ROWS[] = {
		{"language=de&timeZone=Europe/Berlin&notify=all", 303, "de Europe/Berlin all"},
		{"language=fr&timeZone=Middle/Earth&notify=none", 422, "de Europe/Berlin all"},
		{"language=xx&timeZone=UTC&notify=none", 422, "de Europe/Berlin all"},
		{"language=fr&timeZone=UTC", 400, "de Europe/Berlin all"},
		{"language=es&timeZone=America/Argentina/Buenos_Aires&notify=none", 303, "es America/Argentina/Buenos_Aires none"}};
	struct browser browser;
	(void)state;
	browser_open(&browser);
	assert_int_equal(visit(&browser, "/settings"), 303);
	browser_close(&browser);
	login_as(&browser, "adam@example.com");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(visit(&browser, "/settings"), 200);
		assert_non_null(strstr(page_of(&browser), "<option value=\"Asia/Tokyo\">"));
		assert_int_equal(submit(&browser, "/settings", ROWS[i].fields), ROWS[i].status);
		assert_string_equal(ask(&setup, pool, "select language || ' ' || time_zone || ' ' || notify from account where email = 'adam@example.com'"),
			ROWS[i].now);
		if (i == 1) { /* What was typed is still there, with the fault. */
			assert_non_null(strstr(page_of(&browser), "value=\"Middle/Earth\""));
			assert_non_null(strstr(page_of(&browser), "is not a time zone"));
			assert_non_null(strstr(page_of(&browser), "value=\"fr\" lang=\"fr\" selected"));
		}
	}
	assert_int_equal(visit(&browser, "/settings?saved=yes"), 200);
	assert_non_null(strstr(page_of(&browser), "Your settings are saved."));
	assert_non_null(strstr(page_of(&browser), "value=\"none\" checked"));
	assert_non_null(strstr(page_of(&browser), "<a href=\"/settings\" aria-current=\"page\">"));
	assert_int_equal(ask_page(&browser, "/settings", "language=en&timeZone=UTC&notify=all", "cross-site"), 403);
	browser_close(&browser);
}

/* The person's name and password, the organisation's name: errors keep what was typed, passwords never. */
static void saves_names_and_passwords(void **state)
{
	static const struct { const char *fields; int status; const char *shows; } ROWS[] = {
		{"oldPassword=wrong+harbour+42&password=another+harbour+42", 403, "The old password is wrong"},
		{"oldPassword=a+quiet+harbour+42&password=short", 422, "class=\"message"},
		{"oldPassword=a+quiet+harbour+42&password=a+quiet+harbour+42", 422, "The new password is the old one"},
		{"oldPassword=a+quiet+harbour+42&password=another+harbour+42", 303, NULL}};
	const char *hash = ask(&setup, pool, "select password_hash from account where email = 'olive@example.com'");
	struct browser browser, other;
	(void)state;
	hash = arena_strdup(&setup.arena, hash);
	login_as(&other, "olive@example.com");
	login_as(&browser, "olive@example.com");
	assert_int_equal(visit(&browser, "/settings"), 200);
	assert_int_equal(submit(&browser, "/settings", "language=en&timeZone=Middle/Earth&notify=all&name=Olive+Typed"), 422);
	assert_non_null(strstr(page_of(&browser), "value=\"Olive Typed\""));
	assert_int_equal(submit(&browser, "/settings", "language=en&timeZone=UTC&notify=all&name=Olive+Grove"), 303);
	assert_string_equal(ask(&setup, pool, "select name from account where email = 'olive@example.com'"), "Olive Grove");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(visit(&browser, "/settings"), 200);
		assert_int_equal(submit(&browser, "/settings/password", ROWS[i].fields), ROWS[i].status);
		if (ROWS[i].shows)
			assert_non_null(strstr(page_of(&browser), ROWS[i].shows));
		assert_null(strstr(page_of(&browser), "another harbour"));
	}
	assert_int_equal(visit(&browser, "/settings?saved=password"), 200);
	assert_int_equal(visit(&other, "/settings"), 303);
	browser_close(&other);
	assert_int_equal(submit(&browser, "/settings/organisation", "name=New+Harbour"), 303);
	assert_string_equal(ask(&setup, pool, "select before::text || after::text from audit_log where action = 'organisation.update'"),
		"{\"name\": \"Harbour\"}{\"name\": \"New Harbour\"}");
	assert_int_equal(visit(&browser, "/settings?saved=organisation"), 200);
	assert_non_null(strstr(page_of(&browser), "value=\"New Harbour\""));
	ask(&setup, pool, "update organisation set name = 'Harbour' where name = 'New Harbour'");
	ask(&setup, pool, arena_printf(&setup.arena, "update account set name = 'Olive', password_hash = '%s' where email = 'olive@example.com'", hash));
	browser_close(&browser);
	login_as(&browser, "adam@example.com");
	assert_int_equal(visit(&browser, "/settings"), 200);
	assert_null(strstr(page_of(&browser), "/settings/organisation"));
	assert_int_equal(submit(&browser, "/settings/organisation", "name=Mine"), 403);
	browser_close(&browser);
}

/* Fourteen days, of this mode only. */
static void shows_activity(void **state)
{
	struct browser browser;
	(void)state;
	login_as(&browser, "olive@example.com");
	assert_int_equal(visit(&browser, "/"), 200);
	assert_null(strstr(page_of(&browser), "Activity of the last 14 days"));
	ask(&setup, pool, arena_printf(&setup.arena, "insert into event_daily select '%s', live, (now() at time zone 'UTC')::date - days, type, count from (values "
		"(true, 0, 'customer.saved', 4), (true, 13, 'customer.saved', 1), (true, 14, 'customer.saved', 100), (false, 0, 'key.created', 9)) "
		"v (live, days, type, count)", org_id));
	assert_int_equal(visit(&browser, "/"), 200);
	assert_non_null(strstr(page_of(&browser), "<code>customer.saved</code> <small>an accepted offer stands at Stripe</small></th><td class=\"number\">5</td>"));
	assert_non_null(strstr(page_of(&browser), ": 1 0 0 0 0 0 0 0 0 0 0 0 0 4\">"));
	assert_non_null(strstr(page_of(&browser), "<rect x=\"0\" y=\"18\" width=\"10\" height=\"6\"/>"));
	assert_non_null(strstr(page_of(&browser), "<rect x=\"156\" y=\"0\" width=\"10\" height=\"24\"/>"));
	assert_null(strstr(page_of(&browser), "<code>key.created</code>"));
	assert_int_equal(visit(&browser, "/?mode=test"), 200);
	assert_non_null(strstr(page_of(&browser), "<code>key.created</code>"));
	browser_close(&browser);
}

static const char *header_german(const struct req *req, const char *name)
{
	(void)req;
	return strcmp(name, "Accept-Language") ? NULL : "de-AT, en;q=0.5";
}

static const char *header_none(const struct req *req, const char *name)
{
	(void)req, (void)name;
	return NULL;
}

/* Both languages' writing; a person's zone. */
static void writes_for_people(void **state)
{
	static const struct { int64_t minor; const char *currency, *english, *german; } MONEY[] = {
		{0, "usd", "USD 0.00", "0,00 USD"}, {5, "usd", "USD 0.05", "0,05 USD"}, {123456, "eur", "EUR 1,234.56", "1.234,56 EUR"},
		{123456789, "jpy", "JPY 123,456,789", "123.456.789 JPY"}, {1000, "kwd", "KWD 1.000", "1,000 KWD"},
		{-50, "usd", "USD −0.50", "−0,50 USD"}, {-123456, "usd", "USD −1,234.56", "−1.234,56 USD"},
		{INT64_MIN, "jpy", "JPY −9,223,372,036,854,775,808", "−9.223.372.036.854.775.808 JPY"}};
	static const struct { const char *stamp, *zone, *english, *german; } TIMES[] = {
		{"2026-01-31 23:05:06.789+00", "", "31 Jan 2026, 23:05", "31.01.2026, 23:05"},
		{"2026-01-31T23:05:06Z", "Europe/Berlin", "1 Feb 2026, 00:05", "01.02.2026, 00:05"},
		{"2026-07-01 03:30:00+00", "America/New_York", "30 Jun 2026, 23:30", "30.06.2026, 23:30"},
		{"soon", "Europe/Berlin", "soon", "soon"}, {"2026-02-30 10:00", "", "2026-02-30 10:00", "2026-02-30 10:00"}};
	struct req english = {.header = header_none}, german = {.header = header_german};
	(void)state;
	ctx_init(&english.ctx);
	ctx_init(&german.ctx);
	for (size_t i = 0; i < sizeof MONEY / sizeof *MONEY; i++) {
		assert_string_equal(page_money(&english, MONEY[i].minor, MONEY[i].currency), MONEY[i].english);
		assert_string_equal(page_money(&german, MONEY[i].minor, MONEY[i].currency), MONEY[i].german);
	}
	for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
		struct req *const both[] = {&english, &german};
		for (int at = 0; at < 2; at++) {
			both[at]->who.kind = WHO_SESSION;
			snprintf(both[at]->who.language, sizeof both[at]->who.language, "%s", at ? "de" : "en");
			snprintf(both[at]->who.zone, sizeof both[at]->who.zone, "%s", TIMES[i].zone);
			assert_string_equal(page_time(both[at], TIMES[i].stamp), at ? TIMES[i].german : TIMES[i].english);
		}
	}
	assert_string_equal(page_percent(&english, 190, 390), "48.7 %");
	assert_string_equal(page_percent(&german, 190, 390), "48,7 %");
	assert_string_equal(page_percent(&german, 0, 0), "–");
	assert_string_equal(page_decimal(&german, 1234.56, 1), "1.234,6");
	assert_string_equal(page_decimal(&english, -0.5, 2), "−0.50");
	assert_string_equal(page_decimal(&english, 0.0 / 0.0, 2), "–");
	assert_string_equal(page_day(&german, "2026-01-31"), "31.01.2026");
	assert_string_equal(page_day(&english, "2026-13-31"), "2026-13-31");
	ctx_free(&english.ctx);
	ctx_free(&german.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_once),
		cmocka_unit_test(strangers),
		cmocka_unit_test(signs_in_and_out),
		cmocka_unit_test(refuses_foreign_forms),
		cmocka_unit_test(goes_only_to_own_paths),
		cmocka_unit_test(renews_sessions),
		cmocka_unit_test(makes_keys),
		cmocka_unit_test(makes_webhooks),
		cmocka_unit_test(asks_for_reports),
		cmocka_unit_test(roles_see_their_pages),
		cmocka_unit_test(resets_passwords),
		cmocka_unit_test(unsubscribes),
		cmocka_unit_test(unsubscribes_in_the_readers_language),
		cmocka_unit_test(saves_settings),
		cmocka_unit_test(saves_names_and_passwords),
		cmocka_unit_test(shows_activity),
		cmocka_unit_test(writes_for_people)};
	return cmocka_run_group_tests(tests, open_house, close_house);
}
