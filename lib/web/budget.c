#include "web/budget.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/usage.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	int64_t most;
	const char *source;
} HOUSE[BUDGETS] = {
#define X(name, text, most, source) [name] = {text, most, source},
	BUDGET_LIST(X)
#undef X
};

/* The documents' budget is the API's: a page gathers what several of its requests would. */
static const struct budget PAGE = {.most = {[BUDGET_BYTES] = 524288, [BUDGET_QUERIES] = 13, [BUDGET_LOOKUPS] = 13},
	.why = "a page shows what several requests of the API answer, with its frame"};
/* Their length does not matter: they are made part by part (reply_stream()). */
static const struct budget PLAIN = {.most = {[BUDGET_BYTES] = INT32_MAX}, .why = "a file is as long as what it tells, and made in parts"};

const struct budget BUDGET_CHANGE = {.most = {[BUDGET_QUERIES] = 9},
	.why = "one transaction: begin, what it locks, the change, its line of audit, its event and jobs, commit"};
const struct budget BUDGET_RULED = {.most = {[BUDGET_QUERIES] = 12},
	.why = "one transaction, and before the change what its rules depend on is read"};

const struct budget BUDGET_REGISTER = {.most = {[BUDGET_QUERIES] = 26},
	.why = "an organisation, its owner, a session and what a new organisation begins with, in one transaction"};

#define LOG_EVERY_US 60000000

const char *budget_text(enum budget_of budget)
{
	return HOUSE[budget].text;
}

const char *budget_source(enum budget_of budget)
{
	return HOUSE[budget].source;
}

static const struct budget *of_shape(const struct route *route)
{
	if (route->shape == REPLY_PLAIN)
		return &PLAIN;
	return route->shape == REPLY_PAGE || route->access == ACCESS_PAGE ? &PAGE : NULL;
}

int64_t budget_most(const struct route *route, enum budget_of budget)
{
	const struct budget *shape = of_shape(route);
	if (route->budget && route->budget->most[budget])
		return route->budget->most[budget];
	return shape && shape->most[budget] ? shape->most[budget] : HOUSE[budget].most;
}

const char *budget_why(const struct route *route)
{
	const struct budget *shape = of_shape(route);
	return route->budget ? route->budget->why : shape ? shape->why : NULL;
}

void budget_used(const struct req *req, const struct rep *rep, int64_t used_out[BUDGETS])
{
	const struct ctx *ctx = &req->ctx;
	used_out[BUDGET_BYTES] = (int64_t)rep->body.length;
	used_out[BUDGET_QUERIES] = ctx->queries;
	used_out[BUDGET_LOOKUPS] = (int64_t)ctx->cache_hits + ctx->cache_misses;
	used_out[BUDGET_MEMORY] = (int64_t)(ctx->arena.used + ctx->result_bytes + rep->body.room);
}

static void labels_make(char labels[256], const struct work_series *work, enum budget_of budget)
{
	snprintf(labels, 256, "route=\"%s\",method=\"%s\",what=\"%s\"", work->route, work->method, HOUSE[budget].text);
}

/* A new peak: rare, so that the series are looked up. */
static void raise(struct usage *usage, const struct route *route, enum budget_of budget, int64_t used)
{
	char labels[256];
	labels_make(labels, &usage->work, budget);
	atomic_store_explicit(&usage->peak[budget], used, memory_order_relaxed);
	atomic_store_explicit(&usage->unusual[budget], used < usage->most[budget] ? used + 1 : usage->most[budget], memory_order_relaxed);
	gauge_raise(metric_gauge("stoa_http_request_peak", labels, "The most that a request has used."), used);
	gauge_set(metric_gauge("stoa_http_request_budget", labels, "What a request should stay below."), budget_most(route, budget));
}

static void exceeded(struct usage *usage, const struct req *req, enum budget_of budget, int64_t used, int64_t most)
{
	char labels[256];
	int64_t now_us = clock_mono_us(), last_us = atomic_load(&usage->logged_us);
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",budget=\"%s\"", usage->work.route, usage->work.method, HOUSE[budget].text);
	counter_add(metric_counter("stoa_budget_exceeded_total", labels, "Requests that used more than their budget."), 1);
	if ((last_us && now_us - last_us < LOG_EVERY_US) || !atomic_compare_exchange_strong(&usage->logged_us, &last_us, now_us))
		return;
	LOG(LOG_WARN, "budget.exceeded", LOG_T("id", req->ctx.id), LOG_T("method", usage->work.method), LOG_T("route", usage->work.route),
		LOG_T("budget", HOUSE[budget].text), LOG_N("used", used), LOG_N("most", most));
}

void budget_look(struct usage *usage, const struct req *req, const struct rep *rep)
{
	int64_t used[BUDGETS];
	budget_used(req, rep, used);
	for (enum budget_of budget = 0; budget < BUDGETS; budget++) {
		if (used[budget] < atomic_load_explicit(&usage->unusual[budget], memory_order_relaxed))
			continue;
		if (used[budget] > atomic_load_explicit(&usage->peak[budget], memory_order_relaxed))
			raise(usage, req->entry->route, budget, used[budget]);
		if (used[budget] >= usage->most[budget])
			exceeded(usage, req, budget, used[budget], usage->most[budget]);
	}
}

struct visit {
	void (*each)(void *argument, const struct budget_use *use);
	void *argument;
};

static void visit_one(void *argument, const struct metric_value *value)
{
	const struct visit *visit = argument;
	struct budget_use use = {.peak = (int64_t)value->value};
	struct metric_value found;
	char what[24], labels[256];
	metric_label(value->labels, "method", use.method, sizeof use.method);
	metric_label(value->labels, "route", use.route, sizeof use.route);
	metric_label(value->labels, "what", what, sizeof what);
	while (use.budget < BUDGETS && strcmp(HOUSE[use.budget].text, what) != 0)
		use.budget++;
	if (use.budget == BUDGETS || !metric_find("stoa_http_request_budget", value->labels, &found))
		return;
	use.most = (int64_t)found.value;
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",budget=\"%s\"", use.route, use.method, what);
	use.exceeded = metric_find("stoa_budget_exceeded_total", labels, &found) ? found.count : 0;
	visit->each(visit->argument, &use);
}

void budget_each(void (*each)(void *argument, const struct budget_use *use), void *argument)
{
	metric_each("stoa_http_request_peak", visit_one, &(struct visit){each, argument});
}
