#include "web/site.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "web/usage.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char CSP_PAGE[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static bool hex_lower(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

/* W3C Trace Context, version 00: 00-<32 hex>-<16 hex>-<2 hex>; an all-zero trace id is invalid. */
static void trace_read(struct req *req)
{
	const char *given = req->header(req, "traceparent");
	if (!given || strlen(given) < 55 || given[2] != '-' || given[35] != '-' || given[52] != '-')
		return;
	if (!strncmp(given, "ff", 2) || !hex_lower(given, 2) || !hex_lower(given + 3, 32) || !hex_lower(given + 36, 16))
		return;
	if (strspn(given + 3, "0") >= 32)
		return;
	memcpy(req->ctx.trace, given + 3, 32);
	req->ctx.trace[32] = '\0';
}

/* The nearest address of X-Forwarded-For that is not a proxy of ours is the client. */
static void client_read(struct req *req, const struct site *site)
{
	if (!req->address)
		req->address = "";
	if (!site->proxies.count || !networks_hold(&site->proxies, req->address))
		return;
	const char *proto = req->header(req, "X-Forwarded-Proto");
	if (proto)
		req->https = !strcasecmp(proto, "https");
	const char *given = req->header(req, "X-Forwarded-For");
	char *list = given ? arena_strdup(&req->ctx.arena, given) : NULL;
	while (list && networks_hold(&site->proxies, req->address)) {
		char *comma = strrchr(list, ',');
		char *last = comma ? comma + 1 : list;
		last += strspn(last, " \t");
		last[strcspn(last, " \t")] = '\0';
		req->address = last;
		if (!comma)
			break;
		*comma = '\0';
	}
}

static enum method method_parse(const char *text)
{
	for (enum method method = METHOD_GET; method <= METHOD_DELETE; method++)
		if (!strcmp(text, method_text(method)))
			return method;
	return strcmp(text, "HEAD") ? 0 : METHOD_GET;
}

static void allow(struct req *req, struct rep *rep, unsigned methods)
{
	struct buffer list = {0};
	for (enum method method = METHOD_GET; method <= METHOD_DELETE; method++)
		if (methods >> method & 1) {
			buffer_text(&list, method_text(method));
			buffer_text(&list, method == METHOD_GET ? ", HEAD, " : ", ");
		}
	buffer_text(&list, "OPTIONS");
	reply_header(rep, "Allow", arena_strdup(&req->ctx.arena, list.data));
	buffer_free(&list);
}

static enum err answer_options(struct req *req, struct rep *rep, const struct site *site, unsigned methods)
{
	const char *wanted = req->header(req, "Access-Control-Request-Method");
	enum method method = wanted ? method_parse(wanted) : 0;
	struct pairs path;
	const struct entry *entry = method ? router_match(site->router, method, req->uri_path, &req->ctx, &path, &methods) : NULL;
	if (entry && entry->route->cors)
		return access_preflight(req, rep);
	allow(req, rep, methods);
	rep->status = 204;
	return OK;
}

static enum err match(struct req *req, struct rep *rep, const struct site *site, const struct entry **entry_out)
{
	unsigned methods;
	enum method method = method_parse(req->method);
	const struct entry *entry = router_match(site->router, method, req->uri_path, &req->ctx, &req->path, &methods);
	if (req->ctx.fault.err != OK && !entry)
		return req->ctx.fault.err;
	if (!entry && methods && !strcmp(req->method, "OPTIONS"))
		return answer_options(req, rep, site, methods);
	if (!entry && methods) {
		allow(req, rep, methods);
		return fail(&req->ctx, ERR_METHOD, "This path does not take that method");
	}
	if (!entry)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such path");
	*entry_out = entry;
	req->route = entry->route;
	return req->ctx.fault.err;
}

static enum err look_at(struct req *req, struct rep *rep)
{
	TRY(access_who(req));
	TRY(access_origin(req, rep));
	TRY(access_rate(req));
	return access_check(req);
}

static enum err allow_in(struct req *req, struct rep *rep)
{
	struct span span = span_begin(&req->ctx);
	enum err err = look_at(req, rep);
	span_end(&req->ctx, &span, SPENT_WHO);
	return err;
}

/* A browser shows a refusal to the page that asked only with this; whose key it is nobody has looked at yet. */
static void let_read(struct req *req, struct rep *rep)
{
	if (!req->route->cors)
		return;
	reply_header(rep, "Access-Control-Allow-Origin", "*");
	reply_header(rep, "Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
}

static enum err brownout_check(struct req *req, struct rep *rep)
{
	if (!brownout_is(req->entry->target->part))
		return OK;
	counter_add(req->entry->shed[SHED_BROWNOUT], 1);
	let_read(req, rep);
	fail(&req->ctx, ERR_SWITCHED_OFF, "This part is switched off for a while, so that the rest keeps working");
	req->ctx.fault.retry_after_s = BROWNOUT_CALM_MS / 1000;
	return ERR_SWITCHED_OFF;
}

static bool is_page(const struct req *req)
{
	return req->route->access == ACCESS_PAGE;
}

static enum err handle(struct req *req, struct rep *rep)
{
	TRY(allow_in(req, rep));
	if (is_page(req))
		TRY(brownout_check(req, rep));
	TRY(input_read(req));
	reads_begin(req);
	FAIL_POINT_ROUTE(req->method, req->route->path);
	return req->route->run(req, rep);
}

static enum err settle(struct req *req, struct rep *rep)
{
	if (rep->body.failed)
		return fail(&req->ctx, ERR_INTERNAL, "The reply is too large");
	if (!rep->status)
		rep->status = req->route->status ? req->route->status : req->route->shape == REPLY_NOTHING ? 204 : 200;
	return OK;
}

static void head_finish(struct req *req, struct rep *rep)
{
	static const char *const MEDIA[] = {[BODY_JSON] = "application/json", [BODY_HTML] = "text/html; charset=utf-8",
		[BODY_TEXT] = "text/plain; charset=utf-8"};
	bool page = rep->type == BODY_HTML;
	if (rep->type != BODY_NONE && !reply_has(rep, "Content-Type"))
		reply_header(rep, "Content-Type", MEDIA[rep->type]);
	if (!reply_has(rep, "Cache-Control"))
		reply_header(rep, "Cache-Control", "no-store");
	reply_header(rep, "X-Request-Id", req->ctx.id);
	reply_header(rep, "X-Content-Type-Options", "nosniff");
	/* Not no-referrer: with it browsers send "Origin: null" with forms, and the CSRF rule needs the origin. */
	reply_header(rep, "Referrer-Policy", "same-origin");
	if (!reply_has(rep, "Content-Security-Policy"))
		reply_header(rep, "Content-Security-Policy", page ? CSP_PAGE : "default-src 'none'; frame-ancestors 'none'");
	if (req->https)
		reply_header(rep, "Strict-Transport-Security", "max-age=31536000");
}

static void fault_log(const struct req *req, enum err err)
{
	const struct fault *fault = &req->ctx.fault;
	LOG(error_status(err) >= 500 ? LOG_ERROR : LOG_DEBUG, "fault", LOG_T("id", req->ctx.id), LOG_T("error", error_name(err)),
		LOG_T("detail", fault->detail), LOG_T("field", fault->field[0] ? fault->field : NULL),
		LOG_T("internal", fault->internal[0] ? fault->internal : NULL), LOG_T("file", fault->file), LOG_N("line", fault->line));
}

static void rep_reset(struct rep *rep)
{
	rep->status = 0;
	rep->type = BODY_NONE;
	rep->header_count = 0;
	rep->more = NULL;
	rep->streams = rep->cut = false;
	buffer_reset(&rep->body);
}

/* For brownout_tick(). By the route's class, whatever the request's own order has become. */
static void weigh(struct site *site, const struct req *req, bool late)
{
	if (req->entry->target->shed != SHED_LAST)
		return;
	atomic_fetch_add_explicit(&site->last, 1, memory_order_relaxed);
	if (late)
		atomic_fetch_add_explicit(&site->last_late, 1, memory_order_relaxed);
}

static void finish(struct req *req, enum err err)
{
	struct site *site = site_one();
	struct rep *rep = req->rep;
	weigh(site, req, req->accept_wait_us + req->ctx.pool_wait_us > site->late_us);
	if (err == OK && req->route)
		err = settle(req, rep);
	if (err != OK) {
		problem_render(req, rep, err);
		if (err != ERR_SWITCHED_OFF)
			fault_log(req, err);
	}
	head_finish(req, rep);
	reads_end(req, site);
	usage_measure(req, rep, site);
	prefer_done(req);
	atomic_fetch_sub_explicit(&site->in_flight, 1, memory_order_relaxed);
}

/* The handler's return and the completion of its work: who comes second finishes the request. */
enum { HANDLED = 1, COMPLETED = 2 };

void reply_defer(struct req *req)
{
	req->deferred = true;
}

void reply_complete(struct req *req, enum err err)
{
	int64_t now_us = usage_cpu_us(req);
	if (!req->late_from_us)
		req->late_from_us = now_us;
	req->late_cpu_us = now_us - req->late_from_us;
	req->outcome = err;
	if (atomic_fetch_or_explicit(&req->meeting, COMPLETED, memory_order_acq_rel) & HANDLED) {
		req->cpu_from_us = req->late_from_us;
		finish(req, err);
		req->answered(req);
	}
}

/* Twice the class's longest time, but no less than a wait for a thread and one for a connection take together with some work. */
#define DEADLINE_LEAST_US 1000000

static int64_t deadline_of(const struct site *site, const struct entry *entry)
{
	int64_t us = (int64_t)entry->target->max_ms * 1000 * site->deadline_factor;
	if (us < DEADLINE_LEAST_US)
		us = DEADLINE_LEAST_US;
	return us < site->deadline_us ? us : site->deadline_us;
}

int dispatch_match(struct req *req, struct rep *rep)
{
	struct site *site = site_one();
	rep_reset(rep);
	req->start_us = clock_mono_us();
	req->route = NULL;
	req->family = site->family;
	req->house = site->house;
	req->net = site->net;
	req->who.kind = WHO_NOBODY;
	req->who.permissions = 0;
	req->input = NULL;
	req->cookie = false;
	req->waiting = false;
	req->finished_us = req->late_from_us = req->late_cpu_us = req->render_from_us = 0;
	req->rep = rep;
	req->entry = &site->unmatched;
	req->deferred = false;
	atomic_store_explicit(&req->meeting, 0, memory_order_relaxed);
	trace_read(req);
	client_read(req, site);
	req->outcome = match(req, rep, site, &req->entry);
	req->ctx.deadline_us = req->start_us + deadline_of(site, req->entry);
	if (req->outcome == OK && req->route && !is_page(req))
		req->outcome = brownout_check(req, rep);
	return req->order = req->outcome == OK && req->route ? req->entry->target->shed : SHED_ANSWERED;
}

void dispatch_refuse(struct req *req, struct rep *rep, enum shed_reason reason)
{
	fail(&req->ctx, ERR_UNAVAILABLE, "Too many requests at once: try again in a moment");
	/* Who is shed first comes back last. */
	req->ctx.fault.retry_after_s = req->order > 1 ? req->order : 1;
	weigh(site_one(), req, true);
	let_read(req, rep);
	problem_render(req, rep, ERR_UNAVAILABLE);
	head_finish(req, rep);
	counter_add(req->entry->status[5], 1);
	counter_add(req->entry->shed[reason], 1);
}

bool dispatch_begin(struct req *req, struct rep *rep)
{
	struct site *site = site_one();
	enum err err = req->outcome;
	atomic_fetch_add_explicit(&site->in_flight, 1, memory_order_relaxed);
	if (err == OK && req->route)
		err = req->ctx.fault.err != OK ? req->ctx.fault.err : handle(req, rep);
	if (req->deferred) {
		int64_t others_us = req->cpu_us;
		usage_leave(req);
		if (!atomic_fetch_or_explicit(&req->meeting, HANDLED, memory_order_acq_rel))
			return false;
		req->cpu_us = others_us + req->late_cpu_us;
		err = req->outcome;
	}
	finish(req, err);
	return true;
}

/* The whole of a streamed reply as its body. */
static void gather(struct req *req, struct rep *rep)
{
	struct buffer whole = rep->body;
	rep->body = (struct buffer){0};
	while (reply_more(req, rep))
		buffer_add(&whole, rep->body.data, rep->body.length);
	buffer_free(&rep->body);
	rep->body = whole;
}

static void waiter_wake(struct req *req)
{
	usage_leave(req);
	sem_post(req->waiter);
}

void dispatch(struct req *req, struct rep *rep)
{
	sem_t answered;
	sem_init(&answered, 0, 0);
	req->answered = waiter_wake;
	req->waiter = &answered;
	usage_begin(req);
	dispatch_match(req, rep);
	if (!dispatch_begin(req, rep)) {
		while (sem_wait(&answered) && errno == EINTR)
			;
		usage_take(req);
	}
	sem_destroy(&answered);
	if (rep->more)
		gather(req, rep);
	reply_over(req, rep);
}
