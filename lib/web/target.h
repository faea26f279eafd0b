/* Latency classes: the targets of the four requirement documents, in one table (design, "The idea that holds it together").
 *
 * Every route names a class. Metrics, the SLO report, alert rules, load-test thresholds and the regression check derive
 * from these rows; nobody writes a threshold twice. Where documents overlap the strictest figure is taken and `source`
 * names it. Times in milliseconds; 0 = the documents give none. */
#ifndef STOA_WEB_TARGET_H
#define STOA_WEB_TARGET_H

#include <stdbool.h>

/* What a brown-out switches off together (web/brownout.h), in the order in which an overload does it by itself; never what customers and
 * sign-in need. */
#define PART_LIST(X) \
	X(PART_ANALYTICS, "analytics") \
	X(PART_REPORTS, "reports") \
	X(PART_LISTS, "lists")

enum house_part {
	PART_NONE,
#define X(name, text) name,
	PART_LIST(X)
#undef X
	PART_COUNT
};

/* The order in which requests are shed when there are too many (web/admit.h): the highest first. Why:
 * 4 figures: 003 §2 and §10 ask 95 % of them, the widget 99.5 %, and they cost the most
 * 3 lists, files and what may be asked again: 001 gives them the longest times
 * 2 single objects: what somebody is at work on
 * 1 customers who are leaving, sign-in and Stripe: what cannot be made up for (003 §1, §5; 001 Availability 99.95 %)
 * 0 probes and scrapes have a place of their own: without them nobody sees the overload */
#define SHED_ORDERS 5
#define SHED_LAST 1

/* class, text, p50, p95, p99, max, ttfb, objective (share of requests under `goal`), goal ms, shed, part, source */
#define CLASS_LIST(X) \
	X(CLASS_WIDGET, "widget", 0, 250, 500, 1000, 100, 0.995, 250, 1, PART_NONE, \
		"003 §1 TTFB 100 ms, total 250 ms; §10 99.5 % under 250 ms, p95 below 2x target") \
	X(CLASS_AUTH, "auth", 50, 120, 200, 200, 0, 0.9995, 200, 1, PART_NONE, \
		"001 Latency/Authentication p50 50 p95 120 p99 200; 000 max 200 ms; 001 Availability 99.95 %") \
	X(CLASS_READ, "read", 80, 200, 500, 500, 0, 0.999, 200, 2, PART_NONE, \
		"001 Latency/Read p50 80 p95 200 p99 500; 000 CRUD max 500 ms; 001 Availability 99.9 %") \
	X(CLASS_WRITE, "write", 120, 200, 500, 500, 0, 0.999, 200, 2, PART_NONE, \
		"001 Latency/Write p50 120; 000 CRUD 200 ms, max 500 ms (stricter than 001's p95 300)") \
	X(CLASS_LIST_, "list", 150, 400, 1000, 3000, 0, 0.999, 400, 3, PART_LISTS, "001 Latency/List") \
	X(CLASS_SEARCH, "search", 200, 600, 1500, 5000, 0, 0.999, 600, 3, PART_LISTS, "001 Latency/Search (002 asks 5 s)") \
	X(CLASS_UPLOAD, "upload", 500, 2000, 5000, 30000, 0, 0.999, 2000, 3, PART_REPORTS, "001 Latency/File upload (002: 30 s a MB)") \
	X(CLASS_ADMIN, "admin", 0, 200, 400, 500, 0, 0.99, 200, 2, PART_NONE, "003 §2 admin 200 ms; §10 99 % under 200 ms; 000 CRUD max 500 ms") \
	X(CLASS_ANALYTICS, "analytics", 0, 400, 800, 2000, 0, 0.95, 400, 4, PART_ANALYTICS, "003 §2 analytics 400 ms; §10 95 % under 400 ms") \
	X(CLASS_OFFERS, "offer-performance", 0, 200, 400, 2000, 0, 0.95, 200, 4, PART_ANALYTICS, "003 §4 offer performance query 200 ms; §10 95 %") \
	X(CLASS_SERIES, "time-series", 0, 300, 600, 2000, 0, 0.95, 300, 4, PART_ANALYTICS, "003 §4 time-series 300 ms; §10 95 %") \
	X(CLASS_REASONS, "reasons", 0, 250, 500, 2000, 0, 0.95, 250, 4, PART_ANALYTICS, "003 §4 churn reasons aggregation 250 ms; §10 95 %") \
	X(CLASS_FLOW_SAVE, "flow-save", 120, 300, 500, 500, 0, 0.99, 300, 2, PART_NONE, "003 §2 flow builder save 300 ms; 000 CRUD max 500 ms") \
	X(CLASS_WEBHOOK_IN, "webhook-in", 0, 200, 400, 500, 0, 0.995, 200, 1, PART_NONE, "003 §5 webhook acknowledgement 200 ms; §2 500 ms") \
	X(CLASS_CONFLICT, "conflict", 0, 1000, 3000, 3000, 0, 0.999, 1000, 2, PART_NONE, "000 conflict detection 1 s, max 3 s") \
	X(CLASS_QUALITY, "quality", 0, 2000, 5000, 5000, 0, 0.999, 2000, 3, PART_NONE, "000 quality control 2 s, max 5 s") \
	X(CLASS_LLM, "llm", 0, 5000, 10000, 10000, 0, 0.99, 5000, 3, PART_NONE, "000 LLM calls 5 s, max 10 s") \
	X(CLASS_KNOWLEDGE, "knowledge", 0, 2000, 5000, 5000, 0, 0.999, 2000, 3, PART_NONE, "002 API p95 2 s, complex search 5 s") \
	X(CLASS_PAGE, "page", 0, 2000, 3000, 3000, 0, 0.999, 2000, 2, PART_NONE, "000 Frontend: page load 2 s, max 3 s") \
	X(CLASS_OPS, "ops", 0, 200, 500, 1000, 0, 0.999, 200, 0, PART_NONE, "001 Latency/Read, for health checks and scrapes")

enum latency_class {
	CLASS_UNSET,
#define X(name, ...) name,
	CLASS_LIST(X)
#undef X
	CLASS_COUNT
};

struct target {
	const char *text;
	int p50_ms, p95_ms, p99_ms, max_ms, ttfb_ms;
	double objective;
	int goal_ms;
	int shed;
	enum house_part part;
	const char *source;
};

const struct target *target_of(enum latency_class class);
const struct target *target_named(const char *text); /* NULL: no class has this name, or it is NULL */
/* Whether plain reads of its GET routes may be asked of a replica, which is behind by a moment (web/reads.c). */
bool target_bears_lag(enum latency_class class);
const char *part_text(enum house_part part); /* "analytics"; NULL for PART_NONE */

#endif
