/* Dispatch from end to end, with a family of its own: who, limits, access, CSRF, CORS, cursors, headers, problems, log, metrics. */
#include "tests/lib/database.h"

#include "base/log.h"
#include "identity/identity.h"
#include "web/slo.h"
#include "web/web.h"
#include "who/secret.h"

#include <strings.h>

static enum err answer_ok(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "address", json_object_new_string(req->address));
	json_object_object_add(reply, "https", json_object_new_boolean(req->https));
	return reply_json(req, rep, reply);
}

static enum err answer_secret_fault(struct req *req, struct rep *rep)
{
	buffer_text(&rep->body, "half a rep");
	reply_header(rep, "X-Half", "made");
	enum err err = fail(&req->ctx, ERR_INTERNAL, "table customer_secrets");
	ctx_explain(&req->ctx, "select * from customer_secrets");
	return err;
}

static enum err answer_unavailable(struct req *req, struct rep *rep)
{
	(void)rep;
	fail(&req->ctx, ERR_UNAVAILABLE, "later");
	req->ctx.fault.retry_after_s = 7;
	return ERR_UNAVAILABLE;
}

static enum err answer_page(struct req *req, struct rep *rep)
{
	struct json_object *view = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(view, "title", json_object_new_string("A <page>"));
	return reply_page(req, rep, "error", view);
}

static enum err answer_nothing(struct req *req, struct rep *rep)
{
	(void)req;
	(void)rep;
	return OK;
}

static enum err answer_etag(struct req *req, struct rep *rep)
{
	if (reply_etag(req, rep, "\"v1\""))
		return OK;
	return answer_ok(req, rep);
}

static enum err answer_redirect(struct req *req, struct rep *rep)
{
	return reply_redirect(req, rep, 303, req->header(req, "X-To"));
}

static int wait_inner, waits_ms[9];

/* Requests that wait at once, each within the one before. */
static enum err answer_wait(struct req *req, struct rep *rep)
{
	waits_ms[wait_inner] = prefer_wait_ms(req, rep);
	if (wait_inner > 0) {
		struct req inner = {.transport = req->transport, .header = req->header, .address = req->address, .method = req->method,
			.uri_path = req->uri_path, .query = "", .body = ""};
		struct rep unused = {0};
		wait_inner--;
		ctx_init(&inner.ctx);
		dispatch(&inner, &unused);
		ctx_free(&inner.ctx);
		reply_free(&unused);
	}
	return answer_ok(req, rep);
}

struct list_input {
	int64_t limit;
	const char *cursor;
};
static const struct field LIST_INPUT[] = {
	INPUT(struct list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "x"),
	INPUT(struct list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "x"), FIELD_END};
/* db.prepare is off in this test, so the number is of no account. */
static const struct statement NUMBERS = {"numbers",
	"select n::text as id, n % 2 = 0 as even from generate_series(1, 25) n where n > coalesce($1::int, 0) order by n limit $2::int + 1", 2, 0, false};
static const struct statement NO_ROW = {"no_row", "select 1 as a where false", 0, 0, false};

static enum err answer_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	int limit = input->limit ? (int)input->limit : 10;
	return reply_list(req, rep, PARAMS(input->cursor, pg_int(&req->ctx, limit)), limit);
}

static enum err answer_row(struct req *req, struct rep *rep)
{
	return reply_row(req, rep, NULL, "thing");
}

struct form_input {
	const char *name;
};
static const struct field FORM_INPUT[] = {INPUT(struct form_input, name, "name", IN_BODY, FIELD_TEXT, .doc = "x"), FIELD_END};
static const struct field REPLY_ANY[] = {REPLY("address", FIELD_TEXT, .doc = "x"), FIELD_END};
static const struct rate_limit THREE = {3, 60, 0};

#define PLAIN(method_, path_, access_, run_, ...) \
	{.method = (method_), .path = (path_), .access = (access_), .class = CLASS_READ, .run = (run_), .doc = "x", ##__VA_ARGS__}
#define ROW(method_, path_, access_, run_, ...) \
	PLAIN(method_, path_, access_, run_, .shape = REPLY_FIELDS, .reply = REPLY_ANY, ##__VA_ARGS__)

static const struct route ROUTES[] = {
	ROW(METHOD_GET, "/public", ACCESS_PUBLIC, answer_ok),
	ROW(METHOD_GET, "/local", ACCESS_LOCAL, answer_ok),
	ROW(METHOD_GET, "/session", ACCESS_SESSION, answer_ok),
	PLAIN(METHOD_POST, "/session", ACCESS_SESSION, answer_nothing, .shape = REPLY_NOTHING),
	ROW(METHOD_GET, "/read", ACCESS_PERMISSION, answer_ok, .permission = PERMIT_RETENTION_READ),
	ROW(METHOD_GET, "/write", ACCESS_PERMISSION, answer_ok, .permission = PERMIT_RETENTION_WRITE),
	ROW(METHOD_GET, "/owner", ACCESS_PERMISSION, answer_ok, .permission = PERMIT_AUDIT_READ),
	ROW(METHOD_POST, "/widget", ACCESS_PERMISSION, answer_ok, .permission = PERMIT_WIDGET_USE, .cors = true),
	PLAIN(METHOD_GET, "/page", ACCESS_PAGE, answer_page, .shape = REPLY_PAGE),
	PLAIN(METHOD_GET, "/page/audit", ACCESS_PAGE, answer_page, .permission = PERMIT_AUDIT_READ, .shape = REPLY_PAGE),
	PLAIN(METHOD_GET, "/open", ACCESS_PAGE_PUBLIC, answer_page, .shape = REPLY_PAGE),
	ROW(METHOD_POST, "/form", ACCESS_PAGE_PUBLIC, answer_nothing, .input = FORM_INPUT, .input_size = sizeof(struct form_input), .form = true),
	ROW(METHOD_GET, "/fault", ACCESS_PUBLIC, answer_secret_fault),
	ROW(METHOD_GET, "/later", ACCESS_PUBLIC, answer_unavailable),
	ROW(METHOD_GET, "/etag", ACCESS_PUBLIC, answer_etag),
	ROW(METHOD_GET, "/redirect", ACCESS_PUBLIC, answer_redirect),
	PLAIN(METHOD_GET, "/list", ACCESS_PUBLIC, answer_list, .input = LIST_INPUT, .input_size = sizeof(struct list_input), .shape = REPLY_LIST,
		.rows = &NUMBERS),
	PLAIN(METHOD_GET, "/list/other", ACCESS_PUBLIC, answer_list, .input = LIST_INPUT, .input_size = sizeof(struct list_input),
		.shape = REPLY_LIST, .rows = &NUMBERS),
	PLAIN(METHOD_GET, "/row", ACCESS_PUBLIC, answer_row, .shape = REPLY_ROW, .rows = &NO_ROW),
	ROW(METHOD_GET, "/three", ACCESS_PUBLIC, answer_ok, .limit = &THREE),
	ROW(METHOD_POST, "/start", ACCESS_PERMISSION, answer_ok, .permission = PERMIT_WIDGET_USE, .limit = &THREE),
	ROW(METHOD_GET, "/free", ACCESS_PUBLIC, answer_ok, .limit = &LIMIT_NONE),
	ROW(METHOD_GET, "/fields", ACCESS_PUBLIC, answer_ok),
	ROW(METHOD_GET, "/wait", ACCESS_PUBLIC, answer_wait),
	ROUTE_END};
static const struct route *const TABLES[] = {ROUTES, NULL};
static const struct family FAMILY = {.name = "test", .doc = "A test.", .tables = TABLES, .templates = true};

/* The organisation that the tests use, with a person of each role and keys. */
struct fixture {
	struct req req;
	struct rep rep;
	const char *headers[20];
	char org_id[ID_TEXT], owner[WHO_TOKEN_TEXT], reader[WHO_TOKEN_TEXT];
	struct key_made widget, server, slow;
	char log[256];
};

static const char *header_find(const struct req *req, const char *name)
{
	const struct fixture *fixture = req->transport;
	for (int i = 0; fixture->headers[i]; i += 2)
		if (!strcasecmp(fixture->headers[i], name))
			return fixture->headers[i + 1];
	return NULL;
}

/* One request; further arguments: header names and values, ended by NULL. */
static int send(struct fixture *fixture, const char *method, const char *target, const char *body, ...)
{
	struct req *req = &fixture->req;
	va_list args;
	int count = 0;
	ctx_reset(&req->ctx);
	struct ctx ctx = req->ctx;
	*req = (struct req){.ctx = ctx, .transport = fixture, .header = header_find, .address = "192.0.2.7", .method = method};
	char *path = arena_strdup(&req->ctx.arena, target), *query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	req->uri_path = path;
	req->query = query ? query : "";
	req->body = body ? body : "";
	req->body_length = strlen(req->body);
	va_start(args, body);
	for (const char *text; (text = va_arg(args, const char *)) && count < 18;)
		fixture->headers[count++] = text;
	va_end(args);
	fixture->headers[count] = NULL;
	dispatch(req, &fixture->rep);
	return fixture->rep.status;
}
#define SEND(method, target, ...) send(fixture, (method), (target), NULL, ##__VA_ARGS__, NULL)

static const char *replied(const struct fixture *fixture, const char *name)
{
	for (int i = 0; i < fixture->rep.header_count; i++)
		if (!strcasecmp(fixture->rep.headers[i].name, name))
			return fixture->rep.headers[i].value;
	return "";
}

static const char *body_text(struct fixture *fixture, const char *name)
{
	struct json_object *body;
	if (json_read(&fixture->req.ctx, fixture->rep.body.data, fixture->rep.body.length, 16, &body) != OK)
		fail_msg("not JSON: %s", fixture->rep.body.data);
	return json_text(body, name, "");
}

static const char *bearer(struct fixture *fixture, const char *token)
{
	static char text[128];
	(void)fixture;
	snprintf(text, sizeof text, "Bearer %s", token);
	return text;
}

static const char *cookie(const char *token)
{
	static char text[128];
	snprintf(text, sizeof text, "a=b; " PAGE_COOKIE "=%s", token);
	return text;
}

static void expect(struct fixture *fixture, int line, int got, int wanted)
{
	if (got != wanted)
		fail_msg("line %d: %d, wanted %d: %s", line, got, wanted, fixture->rep.body.data ? fixture->rep.body.data : "");
}
#define EXPECT(wanted, call) expect(fixture, __LINE__, (call), (wanted))

static void access_by_caller(void **state)
{
	struct fixture *fixture = *state;
	static const struct { const char *path; int nobody, reader, owner, server, widget; } ROWS[] = {
		{"/public", 200, 200, 200, 200, 200}, {"/session", 401, 200, 200, 403, 403}, {"/read", 401, 200, 200, 200, 403},
		{"/write", 401, 403, 200, 200, 403}, {"/owner", 401, 403, 200, 403, 403}, {"/local", 403, 403, 403, 403, 403}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		print_message("%s\n", ROWS[i].path);
		EXPECT(ROWS[i].nobody, SEND("GET", ROWS[i].path));
		EXPECT(ROWS[i].reader, SEND("GET", ROWS[i].path, "Authorization", bearer(fixture, fixture->reader)));
		EXPECT(ROWS[i].owner, SEND("GET", ROWS[i].path, "Authorization", bearer(fixture, fixture->owner)));
		EXPECT(ROWS[i].server, SEND("GET", ROWS[i].path, "X-API-Key", fixture->server.key));
		EXPECT(ROWS[i].widget, SEND("GET", ROWS[i].path, "X-API-Key", fixture->widget.key));
	}
	EXPECT(200, SEND("GET", "/read", "Authorization", bearer(fixture, fixture->server.key)));
	EXPECT(200, SEND("GET", "/read", "Cookie", cookie(fixture->reader)));
	EXPECT(401, SEND("GET", "/read", "Authorization", "Basic Zm9vOmJhcg=="));
	EXPECT(401, SEND("GET", "/read", "Authorization", "Bearer "));
	EXPECT(401, SEND("GET", "/read", "Authorization", bearer(fixture, "stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
	EXPECT(401, SEND("GET", "/read", "X-API-Key", "stoa_live_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	assert_string_equal(replied(fixture, "WWW-Authenticate"), "Bearer");
	assert_string_equal(body_text(fixture, "code"), "unauthenticated");
}

static void problems(void **state)
{
	struct fixture *fixture = *state;
	EXPECT(404, SEND("GET", "/nowhere"));
	assert_string_equal(replied(fixture, "Content-Type"), "application/problem+json");
	assert_string_equal(body_text(fixture, "type"), "/problems/not-found");
	assert_string_equal(body_text(fixture, "request_id"), fixture->req.ctx.id);
	assert_string_equal(replied(fixture, "X-Request-Id"), fixture->req.ctx.id);
	EXPECT(405, SEND("DELETE", "/session", "Authorization", bearer(fixture, fixture->owner)));
	assert_string_equal(replied(fixture, "Allow"), "GET, HEAD, POST, OPTIONS");
	EXPECT(405, SEND("FROB", "/public"));
	EXPECT(204, SEND("OPTIONS", "/public"));
	assert_string_equal(replied(fixture, "Allow"), "GET, HEAD, OPTIONS");
	EXPECT(404, SEND("OPTIONS", "/nowhere"));
	EXPECT(500, SEND("GET", "/fault"));
	assert_null(strstr(fixture->rep.body.data, "customer_secrets"));
	assert_null(strstr(fixture->rep.body.data, "half"));
	assert_string_equal(replied(fixture, "X-Half"), "");
	EXPECT(503, SEND("GET", "/later"));
	assert_string_equal(replied(fixture, "Retry-After"), "7");
	EXPECT(404, SEND("GET", "/row"));
	EXPECT(400, SEND("GET", "/public?x=1"));
	assert_string_equal(body_text(fixture, "field"), "x");
	EXPECT(400, send(fixture, "POST", "/session", "{}", "Content-Type", "application/json", "Authorization", bearer(fixture, fixture->owner), NULL));
	EXPECT(204, SEND("POST", "/session", "Authorization", bearer(fixture, fixture->owner)));
	EXPECT(500, SEND("GET", "/redirect", "X-To", "/a\r\nSet-Cookie: x=y"));
	EXPECT(303, SEND("GET", "/redirect", "X-To", "/there"));
	assert_string_equal(replied(fixture, "Location"), "/there");
}

/* What the transport found wrong with the body is answered, with the route's own headers. */
static void transport_fault(void **state)
{
	struct fixture *fixture = *state;
	struct req *req = &fixture->req;
	SEND("GET", "/public");
	ctx_reset(&req->ctx);
	fixture->headers[0] = NULL;
	req->uri_path = "/session";
	req->method = "POST";
	fail(&req->ctx, ERR_TOO_LARGE, "too much");
	dispatch(req, &fixture->rep);
	EXPECT(413, fixture->rep.status);
	assert_string_equal(body_text(fixture, "detail"), "too much");
}

static void sent_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct buffer out = {0};
	char length[64];
	EXPECT(200, SEND("GET", "/public"));
	reply_send(&fixture->req, &fixture->rep, &out);
	assert_memory_equal(out.data, "Status: 200 OK\r\n", 16);
	snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n\r\n{", fixture->rep.body.length);
	assert_non_null(strstr(out.data, length));
	size_t whole = out.length;
	buffer_reset(&out);
	EXPECT(200, SEND("HEAD", "/public"));
	reply_send(&fixture->req, &fixture->rep, &out);
	assert_int_equal(out.length, whole - fixture->rep.body.length);
	assert_memory_equal(out.data + out.length - 4, "\r\n\r\n", 4);
	buffer_reset(&out);
	EXPECT(204, SEND("OPTIONS", "/public"));
	reply_send(&fixture->req, &fixture->rep, &out);
	assert_null(strstr(out.data, "Content-Length"));
	buffer_free(&out);
}

static void headers_of_every_reply(void **state)
{
	struct fixture *fixture = *state;
	static const char *const PATHS[] = {"/public", "/nowhere", "/fault", "/open", "/page", "/etag"};
	for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
		print_message("%s\n", PATHS[i]);
		SEND("GET", PATHS[i]);
		assert_string_equal(replied(fixture, "X-Content-Type-Options"), "nosniff");
		assert_string_equal(replied(fixture, "Cache-Control"), "no-store");
		assert_string_equal(replied(fixture, "Referrer-Policy"), "same-origin");
		assert_non_null(strstr(replied(fixture, "Content-Security-Policy"), "frame-ancestors 'none'"));
		assert_null(strstr(replied(fixture, "Content-Security-Policy"), "unsafe"));
		assert_string_equal(replied(fixture, "Strict-Transport-Security"), "");
	}
	SEND("GET", "/open");
	assert_string_equal(replied(fixture, "Content-Type"), "text/html; charset=utf-8");
	assert_non_null(strstr(fixture->rep.body.data, "A &lt;page&gt;"));
}

static void forwarded_by_a_proxy(void **state)
{
	struct fixture *fixture = *state;
	EXPECT(200, SEND("GET", "/public", "X-Forwarded-For", "198.51.100.9", "X-Forwarded-Proto", "https"));
	assert_string_equal(body_text(fixture, "address"), "192.0.2.7");
	char message[256];
	serve_close();
	setting("STOA_WEB_TRUSTED_PROXY", "192.0.2.0/24 203.0.113.1");
	assert_true(serve_open(&FAMILY, message));
	EXPECT(200, SEND("GET", "/public", "X-Forwarded-For", "10.9.9.9, 198.51.100.9 , 203.0.113.1", "X-Forwarded-Proto", "https"));
	assert_string_equal(body_text(fixture, "address"), "198.51.100.9");
	assert_string_equal(replied(fixture, "Strict-Transport-Security"), "max-age=31536000");
	/* A client that claims to be local is not. */
	EXPECT(403, SEND("GET", "/local", "X-Forwarded-For", "127.0.0.1, 198.51.100.9"));
	EXPECT(200, SEND("GET", "/local", "X-Forwarded-For", "127.0.0.1"));
	EXPECT(403, SEND("GET", "/local", "X-Forwarded-For", "nonsense"));
	serve_close();
	setting("STOA_WEB_TRUSTED_PROXY", "192.0.2.0/33");
	assert_false(serve_open(&FAMILY, message));
	assert_non_null(strstr(message, "web.trusted_proxy"));
	setting("STOA_WEB_TRUSTED_PROXY", NULL);
	assert_true(serve_open(&FAMILY, message));
}

static void pages(void **state)
{
	struct fixture *fixture = *state;
	EXPECT(303, SEND("GET", "/page?x=a%20b"));
	assert_string_equal(replied(fixture, "Location"), "/login?next=%2Fpage%3Fx%3Da%2520b");
	EXPECT(303, SEND("GET", "/page", "Cookie", cookie("stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
	EXPECT(200, SEND("GET", "/page", "Cookie", cookie(fixture->reader)));
	assert_non_null(strstr(fixture->rep.body.data, csrf_token(&fixture->req)));
	EXPECT(200, SEND("GET", "/open", "Cookie", cookie("stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
	EXPECT(403, SEND("GET", "/page/audit", "Cookie", cookie(fixture->reader)));
	assert_string_equal(replied(fixture, "Content-Type"), "text/html; charset=utf-8");
	assert_non_null(strstr(fixture->rep.body.data, fixture->req.ctx.id));
	EXPECT(404, SEND("GET", "/nowhere", "Accept", "text/html,*/*"));
	assert_string_equal(replied(fixture, "Content-Type"), "text/html; charset=utf-8");
	EXPECT(404, SEND("GET", "/nowhere", "Accept", "application/json"));
	assert_string_equal(replied(fixture, "Content-Type"), "application/problem+json");
}

static void forged_requests(void **state)
{
	struct fixture *fixture = *state;
	char token[80], own[160];
	SEND("GET", "/page", "Cookie", cookie(fixture->owner));
	snprintf(token, sizeof token, "%s", csrf_token(&fixture->req));
	assert_int_equal(strlen(token), 64);
	snprintf(own, sizeof own, "name=x&csrf=%s", token);
#define FORM(body, ...) send(fixture, "POST", "/form", (body), "Content-Type", "application/x-www-form-urlencoded", ##__VA_ARGS__, NULL)
	EXPECT(200, FORM(own, "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin"));
	EXPECT(200, FORM(own, "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "none"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-site"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "cross-site"));
	EXPECT(200, FORM(own, "Cookie", cookie(fixture->owner), "Origin", "http://stoa.example", "Host", "stoa.example"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner), "Origin", "https://stoa.example", "Host", "stoa.example"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner), "Origin", "http://evil.example", "Host", "stoa.example"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner), "Origin", "null", "Host", "stoa.example"));
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->owner)));
	EXPECT(403, FORM("name=x", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin"));
	EXPECT(403, FORM("name=x&csrf=0", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin"));
	EXPECT(200, FORM("name=x", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin", "X-CSRF-Token", token));
	/* of another session */
	EXPECT(403, FORM(own, "Cookie", cookie(fixture->reader), "Sec-Fetch-Site", "same-origin"));
	/* a form without a session, such as the login's: only the origin counts, and only a browser has one */
	EXPECT(200, FORM("name=x"));
	EXPECT(403, FORM("name=x", "Sec-Fetch-Site", "cross-site"));
	/* the JSON API takes the cookie under the same rule, and tokens without it */
	EXPECT(403, SEND("POST", "/session", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin"));
	EXPECT(204, SEND("POST", "/session", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "same-origin", "X-CSRF-Token", token));
	EXPECT(204, SEND("POST", "/session", "Authorization", bearer(fixture, fixture->owner), "Sec-Fetch-Site", "cross-site"));
	EXPECT(200, SEND("GET", "/session", "Cookie", cookie(fixture->owner), "Sec-Fetch-Site", "cross-site"));
}

static void origins(void **state)
{
	struct fixture *fixture = *state;
	const char *key = fixture->widget.key;
	EXPECT(200, SEND("POST", "/widget", "X-API-Key", key));
	assert_string_equal(replied(fixture, "Vary"), "Origin");
	EXPECT(200, SEND("POST", "/widget", "X-API-Key", key, "Origin", "https://Shop.example:443"));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "https://Shop.example:443");
	EXPECT(403, SEND("POST", "/widget", "X-API-Key", key, "Origin", "https://evil.example"));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "");
	EXPECT(403, SEND("POST", "/widget", "X-API-Key", key, "Origin", "null"));
	EXPECT(403, SEND("POST", "/widget", "X-API-Key", key, "Origin", "http://shop.example"));
	EXPECT(401, SEND("POST", "/widget", "Origin", "https://shop.example"));
	/* an error is for the page to read, too */
	EXPECT(400, send(fixture, "POST", "/widget", "{}", "X-API-Key", key, "Origin", "https://shop.example", "Content-Type",
		"application/json", NULL));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "https://shop.example");
	EXPECT(204, SEND("OPTIONS", "/widget", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST"));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "https://shop.example");
	assert_string_equal(replied(fixture, "Access-Control-Max-Age"), "7200");
	assert_non_null(strstr(replied(fixture, "Access-Control-Allow-Headers"), "X-Stoa-Session"));
	EXPECT(403, SEND("OPTIONS", "/widget", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "");
	EXPECT(204, SEND("OPTIONS", "/public", "Origin", "https://shop.example", "Access-Control-Request-Method", "GET"));
	assert_string_equal(replied(fixture, "Access-Control-Allow-Origin"), "");
}

static void limits(void **state)
{
	struct fixture *fixture = *state;
	int passed = 0;
	for (int i = 0; i < 6; i++)
		passed += SEND("GET", "/three") == 200;
	assert_int_equal(passed, 3);
	EXPECT(429, SEND("GET", "/three"));
	assert_true(strtol(replied(fixture, "Retry-After"), NULL, 10) >= 1);
	EXPECT(200, SEND("GET", "/public"));
	/* a widget key brings its own rate: 2 a minute here */
	EXPECT(200, SEND("POST", "/start", "X-API-Key", fixture->slow.key));
	EXPECT(200, SEND("POST", "/start", "X-API-Key", fixture->slow.key));
	EXPECT(429, SEND("POST", "/start", "X-API-Key", fixture->slow.key));
	for (int i = 0; i < 10; i++) {
		EXPECT(200, SEND("POST", "/start", "X-API-Key", fixture->widget.key));
		EXPECT(200, SEND("POST", "/widget", "X-API-Key", fixture->slow.key));
	}
	char message[256];
	serve_close();
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "4");
	setting("STOA_WEB_SESSION_PER_MINUTE", "2");
	assert_true(serve_open(&FAMILY, message));
	for (passed = 0; SEND("GET", "/public") == 200;)
		passed++;
	assert_true(passed <= 4);
	for (int i = 0; i < 10; i++)
		EXPECT(200, SEND("GET", "/free"));
	/* guessing credentials is slowed by address */
	for (passed = 0; SEND("GET", "/read", "Authorization", "Bearer stoa_at_x") == 401;)
		passed++;
	assert_true(passed <= 4);
	EXPECT(429, fixture->rep.status);
	EXPECT(200, SEND("GET", "/read", "Authorization", bearer(fixture, fixture->owner)));
	serve_close();
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "1000000");
	setting("STOA_WEB_SESSION_PER_MINUTE", "1000000");
	assert_true(serve_open(&FAMILY, message));
}

static void cursors(void **state)
{
	struct fixture *fixture = *state;
	char next[256] = "", target[512] = "/list?limit=10";
	int rows = 0, pages_seen = 0;
	do {
		struct json_object *body, *data, *meta;
		EXPECT(200, SEND("GET", target));
		assert_int_equal(json_read(&fixture->req.ctx, fixture->rep.body.data, fixture->rep.body.length, 8, &body), OK);
		assert_true(json_object_object_get_ex(body, "data", &data) && json_object_object_get_ex(body, "meta", &meta));
		for (size_t i = 0; i < json_object_array_length(data); i++)
			assert_int_equal(strtol(json_text(json_object_array_get_idx(data, i), "id", ""), NULL, 10), ++rows);
		assert_int_equal(json_int(meta, "limit", 0), 10);
		snprintf(next, sizeof next, "%s", json_text(meta, "next", ""));
		snprintf(target, sizeof target, "/list?limit=10&cursor=%s", next);
		pages_seen++;
	} while (*next && pages_seen < 10);
	assert_int_equal(rows, 25);
	assert_int_equal(pages_seen, 3);
	EXPECT(200, SEND("GET", "/list?limit=25"));
	assert_non_null(strstr(fixture->rep.body.data, "\"next\":null"));
	/* forged, cut, of another list */
	SEND("GET", "/list?limit=10");
	struct json_object *body, *meta;
	assert_int_equal(json_read(&fixture->req.ctx, fixture->rep.body.data, fixture->rep.body.length, 8, &body), OK);
	json_object_object_get_ex(body, "meta", &meta);
	snprintf(next, sizeof next, "%s", json_text(meta, "next", ""));
	snprintf(target, sizeof target, "/list/other?cursor=%s", next);
	EXPECT(400, SEND("GET", target));
	next[3] = next[3] == 'A' ? 'B' : 'A';
	snprintf(target, sizeof target, "/list?cursor=%s", next);
	EXPECT(400, SEND("GET", target));
	assert_string_equal(body_text(fixture, "field"), "cursor");
	EXPECT(400, SEND("GET", "/list?cursor="));
	EXPECT(400, SEND("GET", "/list?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	EXPECT(422, SEND("GET", "/list?limit=101"));
}

static void etags(void **state)
{
	struct fixture *fixture = *state;
	static const struct { const char *given; int status; } ROWS[] = {
		{"\"v1\"", 304}, {"W/\"v1\"", 304}, {"\"v0\", \"v1\"", 304}, {"*", 304}, {"\"v0\"", 200}, {"v1", 200}, {"\"v11\"", 200}, {"", 200}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		EXPECT(ROWS[i].status, SEND("GET", "/etag", "If-None-Match", ROWS[i].given));
		assert_string_equal(replied(fixture, "ETag"), "\"v1\"");
		assert_int_equal(fixture->rep.body.length == 0, ROWS[i].status == 304);
	}
}

static struct slo found, failing;
static void slo_keep(void *argument, const struct slo *slo)
{
	(void)argument;
	if (!strcmp(slo->route, "/fields"))
		found = *slo;
	if (!strcmp(slo->route, "/fault"))
		failing = *slo;
}

static bool log_holds(const struct fixture *fixture, const char *a, const char *b)
{
	char line[4096];
	FILE *file = fopen(fixture->log, "r");
	bool held = false;
	while (file && fgets(line, sizeof line, file))
		held |= strstr(line, a) && strstr(line, b);
	if (file)
		fclose(file);
	return held;
}

static void counted_and_logged(void **state)
{
	struct fixture *fixture = *state;
	char id[ID_TEXT];
	struct buffer text = {0};
	for (int i = 0; i < 3; i++)
		EXPECT(200, SEND("GET", "/fields", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	snprintf(id, sizeof id, "%s", fixture->req.ctx.id);
	metric_render(&text);
	assert_non_null(strstr(text.data, "stoa_http_requests_total{route=\"/fields\",method=\"GET\",status=\"2xx\"} 3\n"));
	slo_each(slo_keep, NULL);
	assert_int_equal(found.count, 3);
	assert_string_equal(found.target->text, "read");
	assert_true(found.p99_us > 0 && found.share > 0);
	buffer_free(&text);
	assert_true(log_holds(fixture, id, "\"trace\":\"0af7651916cd43dd8448eb211c80319c\""));
	assert_true(log_holds(fixture, id, "\"route\":\"/fields\""));
	EXPECT(500, SEND("GET", "/fault"));
	snprintf(id, sizeof id, "%s", fixture->req.ctx.id);
	assert_true(log_holds(fixture, id, "select * from customer_secrets"));
	/* soon answered, but with a fault */
	slo_each(slo_keep, NULL);
	assert_true(failing.count > 0 && failing.failed == failing.count);
	assert_true(failing.share < 0.001 && !failing.met);
	/* neither tokens nor what stands in a query reach the log */
	SEND("GET", "/public?password=hunter2", "Authorization", bearer(fixture, fixture->owner));
	assert_false(log_holds(fixture, "hunter2", ""));
	assert_false(log_holds(fixture, fixture->owner, ""));
	static const char *const BAD[] = {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		SEND("GET", "/public", "traceparent", BAD[i]);
		assert_string_equal(fixture->req.ctx.trace, "");
	}
}

/* A quarter of the threads at once; and the deadline, 7 s by default, leaves a second for the answer. */
static void waits_that_clients_prefer(void **state)
{
	struct fixture *fixture = *state;
	struct buffer text = {0};
	int many = (int)conf_int("web.threads") / 4;
	assert_int_equal(many, 4);
	EXPECT(200, SEND("GET", "/wait"));
	assert_int_equal(waits_ms[0], 0);
	assert_string_equal(replied(fixture, "Preference-Applied"), "");
	EXPECT(200, SEND("GET", "/wait", "Prefer", "wait=x"));
	assert_int_equal(waits_ms[0], 0);
	EXPECT(200, SEND("GET", "/wait", "Prefer", "wait=0"));
	assert_int_equal(waits_ms[0], 0);
	EXPECT(200, SEND("GET", "/wait", "Prefer", "respond-async, wait=2"));
	assert_int_equal(waits_ms[0], 2000);
	assert_string_equal(replied(fixture, "Preference-Applied"), "wait=2");
	EXPECT(200, SEND("GET", "/wait", "Prefer", "wait=3600"));
	assert_in_range(waits_ms[0], 1000, 6000);
	assert_int_equal(waits_ms[0] % 1000, 0);
	for (int round = 0; round < 2; round++) {
		wait_inner = 8;
		EXPECT(200, SEND("GET", "/wait", "Prefer", "wait=1"));
		for (int i = 0; i < 9; i++)
			assert_int_equal(waits_ms[i], i > 8 - many ? 1000 : 0);
	}
	metric_render(&text);
	/* Only those that did not wait are measured: three, and five of nine twice. */
	assert_non_null(strstr(text.data, "stoa_http_requests_total{route=\"/wait\",method=\"GET\",status=\"2xx\"} 23\n"));
	assert_non_null(strstr(text.data, "stoa_http_request_duration_seconds_count{route=\"/wait\",method=\"GET\",class=\"read\"} 13\n"));
	buffer_free(&text);
}

static void person_add(struct ctx *ctx, struct pool *pool, const char *org_id, const char *role, char token[WHO_TOKEN_TEXT])
{
	char account[ID_TEXT], session[ID_TEXT];
	uint8_t hash[32];
	id_new(account);
	id_new(session);
	token_new(TOKEN_ACCESS, token);
	sha256(token, strlen(token), hash);
	ask(ctx, pool, arena_printf(&ctx->arena, "insert into account (id, email, password_hash) values ('%s', '%s@example.com', 'x'); "
		"insert into membership values ('%s', '%s', '%s'); insert into session (org_id, id, account_id, access_hash, access_expires_at, "
		"refresh_hash, refresh_expires_at) values ('%s', '%s', '%s', '%s', now() + interval '1 hour', '%s', now() + interval '1 day')",
		account, account, org_id, account, role, org_id, session, account, pg_bytes(ctx, hash, sizeof hash), pg_bytes(ctx, session, 36)));
}

static void key_add(struct ctx *ctx, struct pool *pool, const char *org_id, bool widget, int rate, struct key_made *made)
{
	static const char *const ORIGINS[] = {"https://shop.example"};
	struct lease lease;
	if (lease_take(ctx, pool, &lease) != OK || key_create(ctx, &lease, &(struct key_new){.org_id = org_id, .name = "key", .widget = widget,
			.live = true, .origins = ORIGINS, .origin_count = widget, .rate_per_minute = rate}, made) != OK)
		fail_msg("%s %s", ctx->fault.detail, ctx->fault.internal);
	lease_return(&lease);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char message[256], templates[512];
	snprintf(templates, sizeof templates, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", templates, 1);
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "1000000", 1);
	setenv("STOA_WEB_SESSION_PER_MINUTE", "1000000", 1);
	setenv("STOA_DB_PREPARE", "off", 1);
	snprintf(fixture->log, sizeof fixture->log, "%s/serve.log", getenv("STOA_TEST_DIR"));
	serve_conf();
	if (!conf_load(NULL, message) || !log_open("test", fixture->log, LOG_INFO))
		fail_msg("%s", message);
	ctx_init(&fixture->req.ctx);
	struct pool *pool = pool_open(1);
	struct ctx *ctx = &fixture->req.ctx;
	if (migrate_run(ctx, pool, false, NULL) != OK || !secret_open(message))
		fail_msg("%s %s", ctx->fault.detail, ctx->fault.internal);
	id_new(fixture->org_id);
	ask(ctx, pool, arena_printf(&ctx->arena, "insert into organisation (org_id, name) values ('%s', 'Test')", fixture->org_id));
	person_add(ctx, pool, fixture->org_id, "owner", fixture->owner);
	person_add(ctx, pool, fixture->org_id, "readonly", fixture->reader);
	key_add(ctx, pool, fixture->org_id, true, 100000, &fixture->widget);
	key_add(ctx, pool, fixture->org_id, true, 2, &fixture->slow);
	key_add(ctx, pool, fixture->org_id, false, 100000, &fixture->server);
	ctx_reset(ctx);
	pool_close(pool);
	if (!serve_open(&FAMILY, message))
		fail_msg("%s", message);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	reply_free(&fixture->rep);
	ctx_free(&fixture->req.ctx);
	serve_close();
	free(fixture);
	return 0;
}

static void versions_of_etags(void **state)
{
	static const struct { const char *etag, *version; } ROWS[] = {{"3", "3"}, {"\"3\"", "3"}, {"W/\"12\"", "12"}, {"\"7-gzip\"", "7"},
		{"W/\"7-br\"", "7"}, {"\"123456789\"", "123456789"}, {"\"1234567890\"", NULL}, {"", NULL}, {"\"\"", NULL}, {"\"3", NULL}, {"3\"", NULL},
		{"3-gzip", NULL}, {"\"x3\"", NULL}, {"\"3\", \"4\"", NULL}, {"*", NULL}, {"\"3-\"x", NULL}};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *version = etag_version(&ctx, ROWS[i].etag);

		if (ROWS[i].version)
			assert_string_equal(version, ROWS[i].version);
		else
			assert_null(version);
	}
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_of_etags),cmocka_unit_test(access_by_caller), cmocka_unit_test(problems), cmocka_unit_test(transport_fault),
		cmocka_unit_test(sent_bytes), cmocka_unit_test(headers_of_every_reply), cmocka_unit_test(forwarded_by_a_proxy),
		cmocka_unit_test(pages), cmocka_unit_test(forged_requests), cmocka_unit_test(origins), cmocka_unit_test(limits),
		cmocka_unit_test(cursors), cmocka_unit_test(etags), cmocka_unit_test(counted_and_logged),
		cmocka_unit_test(waits_that_clients_prefer)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
