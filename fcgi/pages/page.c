#include "pages/page.h"

#include "sql.h"

#include <string.h>

#define REFRESH_COOKIE "__Host-stoa-refresh"

struct json_object *page_view(struct req *req)
{
	return json_own(&req->ctx, json_object_new_object());
}

void page_text(struct json_object *view, const char *name, const char *text)
{
	json_object_object_add(view, name, text ? json_object_new_string(text) : NULL);
}

void page_flag(struct json_object *view, const char *name, bool flag)
{
	json_object_object_add(view, name, json_object_new_boolean(flag));
}

const char *page_origin(struct req *req)
{
	const char *url = conf_string("web.public_url");
	if (*url) {
		size_t length = strlen(url);
		return arena_memdup(&req->ctx.arena, url, url[length - 1] == '/' ? length - 1 : length);
	}
	const char *host = req->header(req, "Host");
	return arena_printf(&req->ctx.arena, "%s://%s", req->https ? "https" : "http", host ? host : "localhost");
}

void page_stamp(struct req *req, struct json_object *view, const char *name, const char *stamp)
{
	bool known = stamp && strlen(stamp) >= 19;
	page_text(view, name, known ? arena_printf(&req->ctx.arena, "%.10sT%.8sZ", stamp, stamp + 11) : NULL);
	page_text(view, arena_printf(&req->ctx.arena, "%s_text", name), known ? page_time(req, stamp) : NULL);
}

/* Who the visitor is, in words. */
static enum err add_person(struct req *req, struct json_object *view)
{
	PGresult *result;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_AUTH_ME, PARAMS(req->who.org_id, req->who.session_id), &result));
	if (PQntuples(result)) {
		const char *name = pg_text(result, 0, "name");
		page_text(view, "person", name && *name ? name : pg_text(result, 0, "email"));
		page_text(view, "organisation", pg_text(result, 0, "organisationName"));
	}
	return OK;
}

enum err page_show(struct req *req, struct rep *rep, const char *name, const char *title, struct json_object *view)
{
	page_text(view, "title", tr(req, title));
	page_text(view, "css", asset_path("pages.css"));
	page_text(view, "js", asset_path("pages.js"));
	json_object_object_add(view, arena_printf(&req->ctx.arena, "on_%s", name), json_object_new_boolean(true));
	if (req->who.kind == WHO_SESSION)
		TRY(add_person(req, view));
	return reply_page(req, rep, name, view);
}

enum err page_fault(struct req *req, struct rep *rep, enum err err, struct json_object *view)
{
	if (err != ERR_INVALID && err != ERR_UNAUTHENTICATED && err != ERR_RATE_LIMITED && err != ERR_CONFLICT && err != ERR_GONE &&
		err != ERR_FORBIDDEN)
		return err;
	page_text(view, "error", tr(req, req->ctx.fault.detail));
	if (req->ctx.fault.retry_after_s > 0)
		reply_header(rep, "Retry-After", arena_printf(&req->ctx.arena, "%d", req->ctx.fault.retry_after_s));
	ctx_forgive(&req->ctx);
	rep->status = error_status(err);
	return OK;
}

struct client page_client(struct req *req)
{
	return (struct client){req->address, req->header(req, "User-Agent")};
}

static void set_cookie(struct req *req, struct rep *rep, const char *name, const char *value, int life_s)
{
	reply_header(rep, "Set-Cookie", arena_printf(&req->ctx.arena, "%s=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax",
		name, value, life_s));
}

void cookie_set(struct req *req, struct rep *rep, const struct session_tokens *tokens)
{
	set_cookie(req, rep, PAGE_COOKIE, tokens->access, tokens->access_s);
	set_cookie(req, rep, REFRESH_COOKIE, tokens->refresh, tokens->refresh_s);
}

void cookie_clear(struct rep *rep)
{
	reply_header(rep, "Set-Cookie", PAGE_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
	reply_header(rep, "Set-Cookie", REFRESH_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

const char *cookie_refresh(struct req *req)
{
	const char *cookie = req->header(req, "Cookie");
	return cookie ? cookie_find(&req->ctx, cookie, REFRESH_COOKIE) : NULL;
}

/* Browsers read "//host" and "/\host" as another site. */
const char *page_next(struct req *req, const char *next)
{
	if (!next || next[0] != '/' || next[1] == '/' || next[1] == '\\')
		return "/";
	for (const char *at = next; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return "/";
	return arena_strdup(&req->ctx.arena, next);
}
