#include "web/site.h"

#include "text/language.h"
#include "web/usage.h"

#include <string.h>
#include <strings.h>

void reply_header(struct rep *rep, const char *name, const char *value)
{
	if (rep->header_count < REPLY_HEADERS) {
		rep->headers[rep->header_count].name = name;
		rep->headers[rep->header_count++].value = value;
	}
}

bool reply_has(const struct rep *rep, const char *name)
{
	for (int i = 0; i < rep->header_count; i++)
		if (!strcasecmp(rep->headers[i].name, name))
			return true;
	return false;
}

void reply_free(struct rep *rep)
{
	buffer_free(&rep->body);
	*rep = (struct rep){0};
}

enum err reply_json(struct req *req, struct rep *rep, struct json_object *value)
{
	struct span span = span_begin(&req->ctx);
	rep->type = BODY_JSON;
	json_write(&rep->body, value);
	span_end(&req->ctx, &span, SPENT_RENDER);
	return OK;
}

struct query {
	struct req *req;
	const char *what; /* of a row */
	int limit;        /* of a list */
};

static enum err row_render(const struct query *query, const PGresult *result)
{
	struct rep *rep = query->req->rep;
	if (PQntuples(result) == 0)
		return fail(&query->req->ctx, ERR_NOT_FOUND, "No such %s", query->what);
	rep->type = BODY_JSON;
	buffer_text(&rep->body, "{\"data\":");
	rows_object(&rep->body, result, 0);
	buffer_char(&rep->body, '}');
	return OK;
}

static enum err list_render(const struct query *query, const PGresult *result)
{
	struct req *req = query->req;
	struct buffer *out = &req->rep->body;
	int rows = PQntuples(result), shown = rows > query->limit ? query->limit : rows;
	req->rep->type = BODY_JSON;
	buffer_text(out, "{\"data\":");
	rows_array(out, result, 0, shown);
	buffer_text(out, ",\"meta\":{\"limit\":");
	buffer_int(out, query->limit);
	buffer_text(out, ",\"next\":");
	const char *last = NULL;
	if (rows > query->limit)
		last = pg_text(result, shown - 1, PQfnumber(result, "cursor") >= 0 ? "cursor" : "id");
	const char *next = last ? cursor_make(&req->ctx, req->route, last) : NULL;
	if (next)
		buffer_json(out, next, strlen(next));
	else
		buffer_text(out, "null");
	buffer_text(out, "}}");
	return OK;
}

static enum err query_render(const struct query *query, const PGresult *result)
{
	/* From the answer to the finished reply: usage_measure() looks at the clock. */
	query->req->render_from_us = query->req->ctx.seen_us;
	return query->what ? row_render(query, result) : list_render(query, result);
}

static void query_answered(void *argument, enum err err, PGresult *result)
{
	const struct query *query = argument;
	query->req->late_from_us = usage_cpu_us(query->req);
	if (err == OK)
		err = query_render(query, result);
	reply_complete(query->req, err);
}

/* What the class promises to be short shares connections. */
static bool is_short(const struct route *route)
{
	return (route->class == CLASS_READ || route->class == CLASS_LIST_) && pipeline_takes(route->rows);
}

static const char *const *params_keep(struct ctx *ctx, const struct statement *statement, const char *const *params)
{
	const char **kept = arena_alloc(&ctx->arena, (size_t)statement->params * sizeof *kept);
	for (int i = 0; i < statement->params; i++)
		kept[i] = params[i] ? arena_strdup(&ctx->arena, params[i]) : NULL;
	return kept;
}

static enum err query_run(const struct query *query, const char *const *params)
{
	struct req *req = query->req;
	struct ctx *ctx = &req->ctx;
	const struct statement *statement = req->route->rows;
	struct pipeline *pipeline = site_one()->pipeline;
	if (!pipeline || !is_short(req->route)) {
		PGresult *result;
		TRY(pg_query(ctx, req->house.pool, statement, params, &result));
		return query_render(query, result);
	}
	struct query *kept = arena_alloc(&ctx->arena, sizeof *kept);
	*kept = *query;
	reply_defer(req);
	pipeline_ask(ctx, pipeline, statement, params_keep(ctx, statement, params), query_answered, kept);
	return OK;
}

enum err reply_row(struct req *req, struct rep *rep, const char *const *params, const char *what)
{
	(void)rep;
	return query_run(&(struct query){.req = req, .what = what}, params);
}

enum err reply_list(struct req *req, struct rep *rep, const char *const *params, int limit)
{
	(void)rep;
	return query_run(&(struct query){.req = req, .limit = limit}, params);
}

/* What templates may ask about the visitor. */
static struct json_object *who_view(const struct who *who)
{
	if (who->kind == WHO_NOBODY)
		return NULL;
	struct json_object *view = json_object_new_object(), *may = json_object_new_object();
	json_object_object_add(view, "org_id", json_object_new_string(who->org_id));
	json_object_object_add(view, "account_id", json_object_new_string(who->account_id));
	json_object_object_add(view, "role", json_object_new_string(role_text(who->role)));
	json_object_object_add(view, "live", json_object_new_boolean(who->live));
	for (int permission = 0; permission < PERMISSION_COUNT; permission++)
		json_object_object_add(may, permission_text(permission), json_object_new_boolean(who_may(who, permission)));
	json_object_object_add(view, "may", may);
	return view;
}

static const char *const LANGUAGE_CODES[PAGE_LANGUAGES] = {"en", "de"};

const char *page_language(int index)
{
	return LANGUAGE_CODES[index];
}

static int language_index(const struct req *req)
{
	const char *wanted = req->who.kind == WHO_SESSION ? req->who.language : language_accepted(req->header(req, "Accept-Language"));
	for (int i = 1; i < PAGE_LANGUAGES; i++)
		if (!strcmp(LANGUAGE_CODES[i], wanted))
			return i;
	return 0;
}

const char *req_language(const struct req *req)
{
	return LANGUAGE_CODES[language_index(req)];
}

const char *tr(const struct req *req, const char *english)
{
	return catalogue_say(site_one()->catalogues[language_index(req)], english, strlen(english));
}

static enum err page_render(struct req *req, struct rep *rep, const char *name, struct json_object *view)
{
	const struct template_set *templates = site_one()->templates[language_index(req)];
	if (!templates)
		return fail(&req->ctx, ERR_INTERNAL, "This program has no pages");
	json_object_object_add(view, "csrf", json_object_new_string(req->cookie ? csrf_token(req) : ""));
	json_object_object_add(view, "who", who_view(&req->who));
	if (!json_object_object_get_ex(view, "language", NULL))
		json_object_object_add(view, "language", json_object_new_string(req_language(req)));
	if (req->who.kind != WHO_SESSION)
		reply_header(rep, "Vary", "Accept-Language");
	json_object_object_add(view, "request_id", json_object_new_string(req->ctx.id));
	json_object_object_add(view, "path", json_object_new_string(req->uri_path));
	struct buffer content = {0};
	enum err err = template_render(&req->ctx, templates, arena_printf(&req->ctx.arena, "pages/%s", name), view, &content);
	if (err == OK) {
		json_object_object_add(view, "content", json_object_new_string_len(content.data ? content.data : "", (int)content.length));
		rep->type = BODY_HTML;
		buffer_reset(&rep->body);
		err = template_render(&req->ctx, templates, "layout", view, &rep->body);
	}
	buffer_free(&content);
	return err;
}

enum err reply_page(struct req *req, struct rep *rep, const char *name, struct json_object *view)
{
	struct span span = span_begin(&req->ctx);
	enum err err = page_render(req, rep, name, view);
	span_end(&req->ctx, &span, SPENT_RENDER);
	return err;
}

/* A value with a line break would let its author write headers of their own. */
static bool one_line(const char *text)
{
	return !text[strcspn(text, "\r\n")];
}

enum err reply_redirect(struct req *req, struct rep *rep, int status, const char *location)
{
	if (!one_line(location))
		return fail(&req->ctx, ERR_INTERNAL, "A location with a line break");
	reply_header(rep, "Location", location);
	rep->status = status;
	rep->type = BODY_NONE;
	return OK;
}

/* RFC 9110, section 13.1.2: a list of tags, compared weakly. */
static bool tag_listed(const char *list, const char *etag)
{
	if (!strncmp(etag, "W/", 2))
		etag += 2;
	size_t length = strlen(etag);
	for (const char *at = list; *at;) {
		at += strspn(at, " \t,");
		if (*at == '*')
			return true;
		if (!strncmp(at, "W/", 2))
			at += 2;
		if (!strncmp(at, etag, length) && strchr(" \t,", at[length]))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

const char *etag_version(struct ctx *ctx, const char *etag)
{
	const char *at = strncmp(etag, "W/", 2) ? etag : etag + 2, *end;
	bool quoted = *at == '"';
	at += quoted;
	size_t length = strspn(at, "0123456789");
	end = at + length;
	if (quoted && *end == '-')
		end += 1 + strspn(end + 1, "abcdefghijklmnopqrstuvwxyz");
	if (length < 1 || length > 9 || strcmp(end, quoted ? "\"" : ""))
		return NULL;
	return arena_memdup(&ctx->arena, at, length);
}

bool reply_etag(struct req *req, struct rep *rep, const char *etag)
{
	reply_header(rep, "ETag", etag);
	const char *given = req->header(req, "If-None-Match");
	if (!given || req->route->method != METHOD_GET || !tag_listed(given, etag))
		return false;
	rep->status = 304;
	rep->type = BODY_NONE;
	buffer_reset(&rep->body);
	return true;
}

static const char *reason(int status)
{
	static const struct { int status; const char *text; } REASONS[] = {
		{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {301, "Moved Permanently"}, {302, "Found"},
		{303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
		{409, "Conflict"}, {410, "Gone"}, {412, "Precondition Failed"}, {413, "Content Too Large"},
		{415, "Unsupported Media Type"}, {422, "Unprocessable Content"}, {423, "Locked"}, {429, "Too Many Requests"},
		{500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}};
	for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++)
		if (REASONS[i].status == status)
			return REASONS[i].text;
	return "Status";
}

static void send_header(struct buffer *out, const char *name, const char *value)
{
	if (!one_line(value))
		return;
	buffer_text(out, name);
	buffer_add(out, ": ", 2);
	buffer_text(out, value);
	buffer_add(out, "\r\n", 2);
}

void reply_send(const struct req *req, const struct rep *rep, struct buffer *out)
{
	bool body = rep->status != 204 && rep->status != 304;
	buffer_add(out, "Status: ", 8);
	buffer_int(out, rep->status);
	buffer_char(out, ' ');
	buffer_text(out, reason(rep->status));
	buffer_add(out, "\r\n", 2);
	for (int i = 0; i < rep->header_count; i++)
		send_header(out, rep->headers[i].name, rep->headers[i].value);
	if (body && !rep->more) {
		buffer_add(out, "Content-Length: ", 16);
		buffer_int(out, (int64_t)rep->body.length);
		buffer_add(out, "\r\n", 2);
	}
	buffer_add(out, "\r\n", 2);
	if (body && strcmp(req->method, "HEAD"))
		buffer_add(out, rep->body.data, rep->body.length);
}
