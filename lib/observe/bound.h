/* What the documents ask for besides the times of the classes (web/target.h), queue depths (job/policies.h) and budgets of a request: one
 * table each, from which alerts, pages and findings are made. */
#ifndef STOA_OBSERVE_BOUND_H
#define STOA_OBSERVE_BOUND_H

#include "base/context.h"

/* bound, unit, target, alert, source. A share is of 1, a time in seconds. target: well below it (or above, where less is worse); alert: past
 * it something is to be done. */
#define BOUND_LIST(X) \
	X(BOUND_POOL_USE, UNIT_SHARE, 0.70, 0.80, "001 Database Connection Pool: Pool Utilization") \
	X(BOUND_POOL_WAIT, UNIT_SECONDS, 0.010, 0.050, "001 Database Connection Pool: Wait Time") \
	X(BOUND_CONNECTION_AGE, UNIT_SECONDS, 3600, 7200, "001 Database Connection Pool: Connection Lifetime") \
	X(BOUND_CONNECT_FAILED, UNIT_SHARE, 0.001, 0.01, "001 Database Connection Pool: Failed Connections") \
	X(BOUND_CONNECTIONS, UNIT_SHARE, 0.60, 0.80, "001 Database (RDS): Connection Count") \
	X(BOUND_DATABASE_ERRORS, UNIT_SHARE, 0.0001, 0.0001, "001 Key Metrics (RED Method): Database errors") \
	X(BOUND_REPLICA_LAG, UNIT_SECONDS, 1, 5, "001 Database (RDS): Replication Lag") \
	X(BOUND_HIT_RATE, UNIT_SHARE, 0.85, 0.70, "001 Cache (ElastiCache): Cache Hit Rate") \
	X(BOUND_EVICTIONS, UNIT_A_MINUTE, 10, 100, "001 Cache (ElastiCache): Evictions") \
	X(BOUND_SERVER_ERRORS, UNIT_SHARE, 0.001, 0.001, "001 Key Metrics (RED Method): HTTP 5xx error rate") \
	X(BOUND_CLIENT_ERRORS, UNIT_SHARE, 0.05, 0.05, "001 Key Metrics (RED Method): HTTP 4xx error rate") \
	X(BOUND_ERROR_SPIKE, UNIT_SHARE, 0.05, 0.10, "003 §6 Alerting Rules: 5 % error spike is a warning, 10 % critical") \
	X(BOUND_UPTIME, UNIT_SHARE, 0.995, 0.99, "003 §6 Uptime and Reliability 99.5 %, Alerting Rules below 99 %") \
	X(BOUND_JOB_FAILURES, UNIT_SHARE, 0.01, 0.01, "001 Key Metrics (RED Method): Task failures") \
	X(BOUND_JOB_AGE, UNIT_SECONDS, 300, 300, "001 Background Job Performance: the longest maximum (Data Cleanup, 5 min)") \
	X(BOUND_LATENCY_TIMES, UNIT_TIMES, 1, 2, "003 §6 Alerting Rules: p95 above 2x target") \
	X(BOUND_CPU, UNIT_SHARE, 0.70, 0.80, "003 §6 Resource Monitoring 70 %; 001 Compute 80 %") \
	X(BOUND_MEMORY, UNIT_SHARE, 0.80, 0.85, "003 §6 Resource Monitoring 80 %; 001 Compute 85 %") \
	X(BOUND_DISK, UNIT_SHARE, 0.85, 0.90, "003 §6 Resource Monitoring 85 %; 001 Database: Storage 90 %") \
	X(BOUND_DISK_TIME, UNIT_SHARE, 0.60, 0.80, "001 Compute: Disk I/O") \
	X(BOUND_NETWORK, UNIT_SHARE, 0.50, 0.80, "001 Compute: Network; 003 §6 Resource Monitoring: network bandwidth") \
	X(BOUND_OUTBOUND, UNIT_SHARE, 0.05, 0.10, "003 §5 Error Handling: alert on high failure rate, as that of §6: 5 %, 10 %")

enum bound_name {
#define X(name, ...) name,
	BOUND_LIST(X)
#undef X
	BOUND_COUNT
};

enum bound_unit { UNIT_SHARE, UNIT_SECONDS, UNIT_A_MINUTE, UNIT_TIMES };

struct bound {
	enum bound_unit unit;
	double target, alert;
	const char *source;
};

const struct bound *bound_of(enum bound_name name);
/* "80 %", "50 ms", "5 s", "100 a minute", "2x"; memory of ctx. */
const char *bound_text(struct ctx *ctx, enum bound_unit unit, double value);

/* Which hit rate a space of the cache (mc/cache.h) is held against: the type of data of document 001, "Cache Hit Rate Targets", that is nearest. */
struct hit_target {
	const char *space;
	double share;
	const char *type; /* as the document calls it */
};
extern const struct hit_target HIT_TARGETS[]; /* ends with a NULL space */
#define HIT_TARGET_SOURCE "001 Cache Hit Rate Targets"

/* NULL: a space of no type. */
const struct hit_target *hit_target_of(const char *space);

/* The share of its jobs that must succeed, of a kind whose type of task document 001 names; of others 1 less BOUND_JOB_FAILURES. */
struct job_target {
	const char *kind;
	double share;
	const char *type; /* as the document calls it; NULL: none */
};
#define JOB_TARGET_SOURCE "001 Celery Task Targets: SLO"
struct job_target job_target_of(const char *kind);

#endif
