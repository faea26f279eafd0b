#include "web/site.h"

#include "who/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFLIGHT_AGE "7200"

static bool unsafe(const struct req *req)
{
	return req->route->method != METHOD_GET;
}

/* The credential that the request carries, or NULL. An Authorization scheme that is not ours (a staging site's Basic) is ignored. */
static const char *credential(struct req *req)
{
	const char *given = req->header(req, "Authorization");
	if (given && !strncasecmp(given, "Bearer ", 7))
		return given + 7 + strspn(given + 7, " ");
	given = req->header(req, "X-API-Key");
	if (given)
		return given;
	given = req->header(req, "Cookie");
	const char *token = given ? cookie_find(&req->ctx, given, PAGE_COOKIE) : NULL;
	req->cookie = token != NULL;
	return token;
}

/* A caller whose credential is refused is counted by address, so that guessing is slowed. */
static enum err refuse_stranger(struct req *req, enum err err)
{
	char key[96];
	int wait_s;
	if (err != ERR_UNAUTHENTICATED)
		return err;
	snprintf(key, sizeof key, "refused:%s", req->address);
	if (!site_one()->anonymous.per_period || rate_take(key, &site_one()->anonymous, &wait_s, NULL))
		return err;
	ctx_forgive(&req->ctx);
	fail(&req->ctx, ERR_RATE_LIMITED, "Too many requests from this address");
	req->ctx.fault.retry_after_s = wait_s;
	return ERR_RATE_LIMITED;
}

enum err access_who(struct req *req)
{
	enum access access = req->route->access;
	if (access == ACCESS_PUBLIC || access == ACCESS_LOCAL)
		return OK;
	const char *token = credential(req);
	if (!token)
		return OK;
	enum err err = who_resolve(&req->ctx, &req->house, token, &req->who);
	if (err == OK)
		return OK;
	req->who = (struct who){0};
	if (err == ERR_UNAUTHENTICATED && (access == ACCESS_PAGE || access == ACCESS_PAGE_PUBLIC)) {
		ctx_forgive(&req->ctx);
		req->cookie = false;
		return OK;
	}
	return refuse_stranger(req, err);
}

static bool origin_allowed(const struct who *who, const char *origin)
{
	for (int i = 0; i < who->origin_count; i++)
		if (!strcmp(who->origins[i], origin))
			return true;
	return false;
}

static void grant_origin(struct req *req, struct rep *rep, const char *origin)
{
	reply_header(rep, "Access-Control-Allow-Origin", arena_strdup(&req->ctx.arena, origin));
}

/* Only browsers send Origin; a widget key used from elsewhere has none. */
enum err access_origin(struct req *req, struct rep *rep)
{
	if (!req->route->cors)
		return OK;
	reply_header(rep, "Vary", "Origin");
	const char *given = req->header(req, "Origin");
	if (!given || req->who.kind == WHO_NOBODY)
		return OK;
	char origin[264];
	if (req->who.kind == WHO_WIDGET_KEY && (!origin_normal(given, origin) || !origin_allowed(&req->who, origin)))
		return fail(&req->ctx, ERR_FORBIDDEN, "This key may not be used from this origin");
	if (req->who.kind == WHO_WIDGET_KEY) {
		grant_origin(req, rep, given);
		reply_header(rep, "Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id");
	}
	return OK;
}

enum err access_preflight(struct req *req, struct rep *rep)
{
	const char *given = req->header(req, "Origin");
	char origin[264];
	bool known = false;
	reply_header(rep, "Vary", "Origin");
	if (given && origin_normal(given, origin))
		TRY(who_origin_known(&req->ctx, &req->house, origin, &known));
	if (!known)
		return fail(&req->ctx, ERR_FORBIDDEN, "No key may be used from this origin");
	grant_origin(req, rep, given);
	reply_header(rep, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
	reply_header(rep, "Access-Control-Allow-Headers", "Content-Type, X-API-Key, X-Stoa-Session, If-None-Match, traceparent");
	reply_header(rep, "Access-Control-Max-Age", PREFLIGHT_AGE);
	rep->status = 204;
	return OK;
}

/* Who is counted, and how fast they may be; false: this request is not counted. */
static bool rate_plan(const struct req *req, char key[160], struct rate_limit *limit_out)
{
	const struct site *site = site_one();
	const struct rate_limit *own = req->route->limit;
	const struct who *who = &req->who;
	const char *caller = who->kind == WHO_NOBODY ? req->address : who->kind == WHO_SESSION ? who->account_id : who->key_id;
	if (own) {
		*limit_out = *own;
		if (who->kind == WHO_WIDGET_KEY && who->rate_per_minute && own->per_period)
			*limit_out = (struct rate_limit){who->rate_per_minute, 60, 0};
	} else if (who->kind == WHO_NOBODY) {
		*limit_out = site->anonymous;
	} else if (who->kind == WHO_SESSION) {
		*limit_out = site->session;
	} else if (who->kind == WHO_SERVER_KEY) {
		*limit_out = site->server_key;
		if (who->rate_per_minute > limit_out->per_period)
			*limit_out = (struct rate_limit){who->rate_per_minute, 60, 0};
	} else {
		return false;
	}
	char *at = stpncpy(key, own ? req->route->path : "all", 110);
	*at++ = ' ';
	stpncpy(at, caller, 46)[0] = '\0';
	return limit_out->per_period > 0;
}

enum err access_rate(struct req *req)
{
	char key[160] = "";
	struct rate_limit limit;
	int wait_s;
	if (!rate_plan(req, key, &limit) || rate_take(key, &limit, &wait_s, NULL))
		return OK;
	fail(&req->ctx, ERR_RATE_LIMITED, "At most %d requests in %d s; try again in %d s", limit.per_period, limit.period_s, wait_s);
	req->ctx.fault.retry_after_s = wait_s;
	return ERR_RATE_LIMITED;
}

static bool own_origin(const struct req *req, const char *given)
{
	const struct site *site = site_one();
	char origin[264], own[264], text[300];
	if (!origin_normal(given, origin))
		return false;
	if (site->origin[0] && !strcmp(site->origin, origin))
		return true;
	const char *host = req->header(req, "Host");
	snprintf(text, sizeof text, "%s://%s", req->https ? "https" : "http", host ? host : "");
	return !site->origin[0] && host && origin_normal(text, own) && !strcmp(own, origin);
}

/* Sec-Fetch-Site, and Origin where a browser does not send it (OWASP: the fallback is mandatory). */
static bool same_site(const struct req *req)
{
	const char *site = req->header(req, "Sec-Fetch-Site");
	if (site)
		return !strcmp(site, "same-origin") || !strcmp(site, "none");
	const char *origin = req->header(req, "Origin");
	return origin ? own_origin(req, origin) : !req->cookie;
}

static enum err csrf_check(struct req *req)
{
	if (!unsafe(req) || (!req->cookie && !req->route->form))
		return OK;
	if (!same_site(req))
		return fail(&req->ctx, ERR_FORBIDDEN, "The request did not come from this site's own pages");
	if (!req->cookie)
		return OK;
	const char *given = req->header(req, "X-CSRF-Token");
	if (!given && req->route->form) {
		struct pairs pairs;
		TRY(input_form(req, &pairs));
		given = pairs_find(&pairs, "csrf");
	}
	const char *expected = csrf_token(req);
	if (!given || strlen(given) != strlen(expected) || !secret_equal(given, expected, strlen(expected)))
		return fail(&req->ctx, ERR_FORBIDDEN, "The form has expired: load the page again");
	return OK;
}

static enum err permission_check(struct req *req)
{
	const struct route *route = req->route;
	if (who_may(&req->who, route->permission))
		return OK;
	return fail(&req->ctx, ERR_FORBIDDEN, "This needs the permission %s", permission_text(route->permission));
}

enum err access_check(struct req *req)
{
	const struct route *route = req->route;
	bool nobody = req->who.kind == WHO_NOBODY;
	switch (route->access) {
	case ACCESS_PUBLIC:
	case ACCESS_PAGE_PUBLIC:
		break;
	case ACCESS_LOCAL:
		if (!networks_hold(&site_one()->local, req->address))
			return fail(&req->ctx, ERR_FORBIDDEN, "Not for this address");
		break;
	case ACCESS_SESSION:
		if (nobody)
			return fail(&req->ctx, ERR_UNAUTHENTICATED, "Sign in first");
		if (req->who.kind != WHO_SESSION)
			return fail(&req->ctx, ERR_FORBIDDEN, "Only for signed-in people, not for keys");
		break;
	case ACCESS_PERMISSION:
		if (nobody)
			return fail(&req->ctx, ERR_UNAUTHENTICATED, "A token or an API key is required");
		TRY(permission_check(req));
		break;
	case ACCESS_PAGE:
		if (req->who.kind != WHO_SESSION)
			return fail(&req->ctx, ERR_UNAUTHENTICATED, "Sign in first");
		/* The zero permission is the widget's, which no person has: a page with it is for everybody signed in. */
		if (route->permission != PERMIT_WIDGET_USE)
			TRY(permission_check(req));
		break;
	default:
		return fail(&req->ctx, ERR_FORBIDDEN, "Refused");
	}
	return csrf_check(req);
}

const char *csrf_token(struct req *req)
{
	const char *cookie = req->header(req, "Cookie");
	const char *token = cookie ? cookie_find(&req->ctx, cookie, PAGE_COOKIE) : NULL;
	if (!token)
		return "";
	uint8_t mac[SECRET_MAC_BYTES];
	secret_mac(SECRET_CSRF, token, strlen(token), mac);
	char *text = arena_alloc(&req->ctx.arena, 2 * sizeof mac + 1);
	for (size_t i = 0; i < sizeof mac; i++) {
		text[2 * i] = "0123456789abcdef"[mac[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[mac[i] & 15];
	}
	return text;
}

struct audit audit_of(const struct req *req, const char *action, const char *entity, const char *entity_id)
{
	bool session = req->who.kind == WHO_SESSION;

	return (struct audit){.org_id = req->who.org_id, .actor_kind = session ? "session" : "key",
		.actor_id = session ? req->who.account_id : req->who.key_id, .action = action, .entity = entity, .entity_id = entity_id,
		.address = req->address, .agent = req->header(req, "User-Agent")};
}
