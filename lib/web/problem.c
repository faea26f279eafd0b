#include "web/site.h"

#include <string.h>

/* Details are cut to fixed room, perhaps within a character. */
static size_t whole_characters(const char *text)
{
	size_t length = strlen(text);
	while (length && !utf8_valid(text, length))
		length--;
	return length;
}

static void member(struct buffer *out, const char *name, const char *value)
{
	buffer_text(out, ",\"");
	buffer_text(out, name);
	buffer_text(out, "\":");
	buffer_json(out, value, whole_characters(value));
}

/* RFC 9457. Internal errors keep their detail to the log: it may have been written for nobody else. */
static void problem_json(struct req *req, struct rep *rep, enum err err, const char *detail)
{
	struct buffer *out = &rep->body;
	buffer_text(out, "{\"type\":\"/problems/");
	buffer_text(out, error_code(err));
	buffer_char(out, '"');
	member(out, "title", error_title(err));
	buffer_text(out, ",\"status\":");
	buffer_int(out, error_status(err));
	if (*detail)
		member(out, "detail", detail);
	member(out, "code", error_code(err));
	if (req->ctx.fault.field[0])
		member(out, "field", req->ctx.fault.field);
	member(out, "request_id", req->ctx.id);
	buffer_char(out, '}');
	rep->type = BODY_JSON;
	reply_header(rep, "Content-Type", "application/problem+json");
}

static void plain_page(struct req *req, struct rep *rep, enum err err, const char *detail)
{
	struct buffer *out = &rep->body;
	buffer_reset(out);
	buffer_text(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
	buffer_html(out, error_title(err), strlen(error_title(err)));
	buffer_text(out, "</title><h1>");
	buffer_html(out, error_title(err), strlen(error_title(err)));
	buffer_text(out, "</h1><p>");
	buffer_html(out, detail, whole_characters(detail));
	buffer_text(out, "</p><p><small>");
	buffer_html(out, req->ctx.id, strlen(req->ctx.id));
	buffer_text(out, "</small></p></html>\n");
	rep->type = BODY_HTML;
}

static void problem_page(struct req *req, struct rep *rep, enum err err, const char *detail)
{
	struct json_object *view = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(view, "status", json_object_new_int(error_status(err)));
	json_object_object_add(view, "title", json_object_new_string(tr(req, error_title(err))));
	detail = tr(req, detail);
	json_object_object_add(view, "detail", json_object_new_string_len(detail, (int)whole_characters(detail)));
	json_object_object_add(view, "code", json_object_new_string(error_code(err)));
	/* The overview may be what is switched off. */
	json_object_object_add(view, "home", json_object_new_boolean(err != ERR_SWITCHED_OFF));
	if (reply_page(req, rep, "error", view) != OK)
		plain_page(req, rep, err, detail);
}

static bool wants_page(struct req *req)
{
	if (!site_one()->templates[0])
		return false;
	if (req->route)
		return req->route->shape == REPLY_PAGE || req->route->access == ACCESS_PAGE || req->route->access == ACCESS_PAGE_PUBLIC;
	const char *accept = req->header(req, "Accept");
	return accept && strstr(accept, "text/html");
}

static bool sends_to_login(struct req *req, enum err err)
{
	return err == ERR_UNAUTHENTICATED && req->route && req->route->access == ACCESS_PAGE;
}

static void to_login(struct req *req, struct rep *rep)
{
	struct buffer next = {0};
	if (req->route->method == METHOD_GET) {
		buffer_text(&next, "?next=");
		buffer_url(&next, req->uri_path, strlen(req->uri_path));
		if (req->query && *req->query) {
			buffer_text(&next, "%3F");
			buffer_url(&next, req->query, strlen(req->query));
		}
	}
	reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/login%s", next.data ? next.data : ""));
	buffer_free(&next);
}

void problem_render(struct req *req, struct rep *rep, enum err err)
{
	/* Headers of the half-made reply go, but those that a browser needs to be shown the error at all. */
	int kept = 0;
	for (int i = 0; i < rep->header_count; i++)
		if (!strncmp(rep->headers[i].name, "Access-Control-", 15) || !strcmp(rep->headers[i].name, "Vary") ||
			!strcmp(rep->headers[i].name, "Allow") || !strcmp(rep->headers[i].name, "Set-Cookie"))
			rep->headers[kept++] = rep->headers[i];
	rep->header_count = kept;
	buffer_reset(&rep->body);
	if (sends_to_login(req, err)) {
		to_login(req, rep);
		return;
	}
	rep->status = error_status(err);
	const char *detail = err == ERR_INTERNAL ? "" : req->ctx.fault.detail;
	if (err == ERR_UNAUTHENTICATED)
		reply_header(rep, "WWW-Authenticate", "Bearer");
	if (req->ctx.fault.retry_after_s > 0)
		reply_header(rep, "Retry-After", arena_printf(&req->ctx.arena, "%d", req->ctx.fault.retry_after_s));
	if (wants_page(req))
		problem_page(req, rep, err, detail);
	else
		problem_json(req, rep, err, detail);
}
