/* What `stoa prometheus` prints, made from the tables of the code: the classes (web/target.h), the queues (job/policies.h) and the bounds
 * (observe/bound.h). Private to the command. Every tree is memory of ctx. */
#ifndef STOA_CLI_PROMETHEUS_H
#define STOA_CLI_PROMETHEUS_H

#include "base/context.h"

#include <json-c/json.h>

/* A series of a rule's test, in promtool's notation: what it is when the alert fires, and what it is when it must not. */
struct alert_series {
	const char *name, *fires, *calm;
};

#define ALERT_SERIES 8

struct alert {
	const char *group, *name;
	const char *severity;    /* "critical": somebody is called; "warning": a ticket */
	const char *wait;        /* for how long it must hold, "5m"; NULL = at once */
	const char *expr, *summary, *description, *source;
	/* Its test: the labels that the alert then has ("queue=high,…"; severity comes by itself) and what its value reads in the description. */
	const char *labels, *value;
	struct alert_series series[ALERT_SERIES];
	bool labelled; /* the rule says the labels itself, as its expression is for one value of them only */
};

#define ALERTS_MOST 200

/* In the order of their groups. Answers how many. */
int prometheus_alerts(struct ctx *ctx, struct alert out[ALERTS_MOST]);
/* Those of the classes: budgets that burn (Google, The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts") and
 * latencies over twice their target (003 §6). Adds them. */
void prometheus_class_alerts(struct ctx *ctx, struct alert out[ALERTS_MOST], int *count);
/* The bounds of buckets between which a time lies: the largest that is not above it, the smallest that is. */
void prometheus_bounds(int64_t us, int64_t *low_us_out, int64_t *high_us_out);

/* The groups of recording rules, before those of alerts; what is long is recorded less often. */
#define PROMETHEUS_RECORD "stoa_record"
#define PROMETHEUS_RECORD_LONG "stoa_record_long"
struct json_object *prometheus_rules(struct ctx *ctx);
/* For `promtool test rules`, beside the rules as stoa.rules.yml. */
struct json_object *prometheus_tests(struct ctx *ctx);
struct json_object *prometheus_alertmanager(struct ctx *ctx);
struct json_object *prometheus_dashboard(struct ctx *ctx);

/* severity, and with `all` those of the alert's test. */
struct json_object *prometheus_labels(struct ctx *ctx, const struct alert *alert, bool all);
/* An object of name and text in turn, NULL-ended. */
struct json_object *prometheus_object(const char *name, ...) __attribute__((sentinel));

#endif
