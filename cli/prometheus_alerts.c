#include "prometheus.h"

#include "job/policies.h"
#include "observe/bound.h"

#include <string.h>

/* expr and description: $t and $a are the bound's target and alert as numbers, $T and $A as people write them. */
struct row {
	enum bound_name bound;
	struct alert alert;
};

#define ANSWERED(status, fires, calm) \
	{"stoa_http_requests_total{route=\"/a\",method=\"GET\",status=\"" status "\"}", fires, calm}
#define SHARE_OF(status) \
	"sum(rate(stoa_http_requests_total{status=\"" status "\"}[5m])) / sum(rate(stoa_http_requests_total[5m]))"
#define HOUR_SHARE_OF(status) \
	"sum(rate(stoa_http_requests_total{status=\"" status "\"}[1h])) / sum(rate(stoa_http_requests_total[1h]))"
#define ERRORS_SERIES {ANSWERED("2xx", "0+70x40", "0+990x40"), ANSWERED("4xx", "0+10x40", "0+10x40"), ANSWERED("5xx", "0+20x40", "0+0x40")}
#define PERCENT "{{ $value | humanizePercentage }}"
#define TWO_DIGITS "{{ $value | printf \"%.2f\" }}"

static const struct row ERRORS[] = {
	{BOUND_UPTIME, {"stoa_errors", "StoaDown", "critical", "2m", "up{job=\"stoa\"} == 0", "Stoa does not answer",
		"{{ $labels.instance }} has not answered a scrape for 2 minutes: the web server, or the responder of family ops.", NULL,
		"instance=a,job=stoa", "0", {{"up{job=\"stoa\",instance=\"a\"}", "0x40", "1x40"}}}},
	{BOUND_UPTIME, {"stoa_errors", "StoaUptimeLow", "warning", NULL, "avg_over_time(up{job=\"stoa\"}[1d]) < $a", "Stoa is away too often",
		"{{ $labels.instance }} answered " PERCENT " of the scrapes of a day (target $T, alert below $A).", NULL, "instance=a,job=stoa", "0%",
		{{"up{job=\"stoa\",instance=\"a\"}", "0x40", "1x40"}}}},
	{BOUND_ERROR_SPIKE, {"stoa_errors", "StoaErrorSpike", "warning", "2m", SHARE_OF("5xx") " > $t", "Many requests fail",
		PERCENT " of all requests of 5 minutes ended with a 5xx (over $T).", NULL, "", "20%", ERRORS_SERIES}},
	{BOUND_ERROR_SPIKE, {"stoa_errors", "StoaErrorSpikeCritical", "critical", "2m", SHARE_OF("5xx") " > $a", "A large part of all requests fails",
		PERCENT " of all requests of 5 minutes ended with a 5xx (over $A).", NULL, "", "20%", ERRORS_SERIES}},
	{BOUND_SERVER_ERRORS, {"stoa_errors", "StoaServerErrors", "warning", "10m", HOUR_SHARE_OF("5xx") " > $a", "Requests fail",
		PERCENT " of all requests of an hour ended with a 5xx (target below $A).", NULL, "", "20%", ERRORS_SERIES}},
	{BOUND_CLIENT_ERRORS, {"stoa_errors", "StoaClientErrors", "warning", "10m", HOUR_SHARE_OF("4xx") " > $a", "Many requests are refused",
		PERCENT " of all requests of an hour ended with a 4xx (target below $A): a client that is wrong, or somebody who tries.", NULL, "",
		"10%", ERRORS_SERIES}},
};

#define POOL(state, fires, calm) {"stoa_pool_connections{instance=\"a\",program=\"widget\",state=\"" state "\"}", fires, calm}

static const struct row DATABASE[] = {
	{BOUND_POOL_USE, {"stoa_database", "StoaPoolUse", "warning", "5m",
		"sum by (instance, program) (stoa_pool_connections{state=\"used\"}) / sum by (instance, program) (stoa_pool_connections{state=\"size\"}) > $a",
		"The pool of database connections is nearly used up",
		"{{ $labels.program }} on {{ $labels.instance }} uses " PERCENT " of its pool (target below $T, alert $A): raise pg.pool or add processes.",
		NULL, "instance=a,program=widget", "90%", {POOL("used", "9x40", "8x40"), POOL("size", "10x40", "10x40")}}},
	{BOUND_POOL_WAIT, {"stoa_database", "StoaPoolWait", "warning", "5m",
		"histogram_quantile(0.95, sum by (program, le) (rate(stoa_pool_wait_seconds_bucket[5m]))) > $a", "Requests wait for a database connection",
		"{{ $labels.program }}: 95 % of those that wait get one within {{ $value | printf \"%.3f\" }} s (target $T, alert $A).", NULL,
		"program=widget", "0.096", {{"stoa_pool_wait_seconds_bucket{program=\"widget\",le=\"0.02\"}", "0x40", "0+10x40"},
			{"stoa_pool_wait_seconds_bucket{program=\"widget\",le=\"0.1\"}", "0+10x40", "0+10x40"},
			{"stoa_pool_wait_seconds_bucket{program=\"widget\",le=\"+Inf\"}", "0+10x40", "0+10x40"}}}},
	{BOUND_DATABASE_ERRORS, {"stoa_database", "StoaDatabaseErrors", "warning", "5m",
		"sum(rate(stoa_db_errors_total{class!~\"22|23|40\"}[5m])) / sum(rate(stoa_db_query_duration_seconds_count[5m])) > $a", "Statements fail",
		PERCENT " of all statements of 5 minutes failed (target below $A), without those that tell the code something: bad values, rules of tables, and "
			"what is tried again.", NULL, "", "1%",
		{{"stoa_db_errors_total{class=\"53\"}", "0+10x40", "0x40"}, {"stoa_db_errors_total{class=\"23\"}", "0+10x40", "0+10x40"}, {"stoa_db_query_duration_seconds_count{type=\"select\"}", "0+1000x40", "0+1000x40"}}}},
	{BOUND_CONNECT_FAILED, {"stoa_database", "StoaConnectFailed", "warning", "5m",
		"sum(rate(stoa_db_connects_total{result=\"failed\"}[15m])) / sum(rate(stoa_db_connects_total[15m])) > $a", "Connections to the database fail",
		PERCENT " of the attempts to connect of 15 minutes failed (target below $T, alert over $A): is the database there, and has it connections left?", NULL,
		"", "10%", {{"stoa_db_connects_total{result=\"failed\"}", "0+10x40", "0x40"}, {"stoa_db_connects_total{result=\"connected\"}", "0+90x40", "0+90x40"}}}},
	{BOUND_CONNECTION_AGE, {"stoa_database", "StoaConnectionAge", "warning", "10m",
		"sum(rate(stoa_db_connection_lifetime_seconds_sum[15m])) / sum(rate(stoa_db_connection_lifetime_seconds_count[15m])) > $a",
		"Database connections live for too long", "Connections are " TWO_DIGITS " s old when they are closed (target below $T, alert over $A).", NULL, "", "9000.00",
		{{"stoa_db_connection_lifetime_seconds_sum", "0+18000x40", "0+3600x40"}, {"stoa_db_connection_lifetime_seconds_count", "0+2x40", "0+2x40"}}}},
	{BOUND_REPLICA_LAG, {"stoa_database", "StoaReplicaLag", "warning", "2m", "stoa_db_replica_lag_seconds > $a", "A read replica is behind",
		"Replica {{ $labels.replica }} is {{ $value }} s behind (target below $T, alert $A); reads go elsewhere meanwhile.", NULL,
		"replica=r1", "6", {{"stoa_db_replica_lag_seconds{replica=\"r1\"}", "6x40", "5x40"}}}},
	{BOUND_REPLICA_LAG, {"stoa_database", "StoaReplicaDown", "warning", "2m", "stoa_db_replica_up == 0", "A read replica is not asked",
		"Replica {{ $labels.replica }} cannot be reached, is too far behind, or is no replica (the primary, where db.replicas names it too: silence it); "
			"its reads go to the others or the primary.", "003 §3 Connection Pooling: read replicas",
		"replica=r1", "0", {{"stoa_db_replica_up{replica=\"r1\"}", "0x40", "1x40"}}}},
	{BOUND_COUNT, {"stoa_database", "StoaSlowQuery", "critical", NULL, "sum(increase(stoa_db_slow_queries_total{severity=\"critical\"}[5m])) > 0",
		"Statements took more than a second",
		"{{ $value | printf \"%.0f\" }} statements of 5 minutes took more than 1 s; the log names them (db.slow).",
		"001 Query Performance Targets: THRESHOLDS CRITICAL 1000 ms", "", "5",
		{{"stoa_db_slow_queries_total{severity=\"critical\"}", "0+1x40", "7x40"}}}},
	{BOUND_CONNECTIONS, {"stoa_postgres", "StoaConnections", "warning", "5m",
		"sum by (instance) (pg_stat_activity_count) / max by (instance) (pg_settings_max_connections) > $a", "PostgreSQL has few connections left",
		"{{ $labels.instance }}: " PERCENT " of max_connections are in use (target below $T, alert $A): smaller pools, pgbouncer, or raise max_connections. "
			"Needs postgres_exporter.", NULL, "instance=a", "90%",
		{{"pg_stat_activity_count{instance=\"a\",datname=\"stoa\",state=\"idle\"}", "60x40", "50x40"},
			{"pg_stat_activity_count{instance=\"a\",datname=\"stoa\",state=\"active\"}", "30x40", "30x40"},
			{"pg_settings_max_connections{instance=\"a\"}", "100x40", "100x40"}}}},
};

#define LOOKED(result, fires, calm) {"stoa_cache_lookups_total{space=\"who\",result=\"" result "\"}", fires, calm}

static const struct row CACHE[] = {
	{BOUND_HIT_RATE, {"stoa_cache", "StoaCacheHitRate", "warning", "10m",
		"stoa_cache_hits:ratio_rate5m < $a and sum(space:stoa_cache_lookups:rate5m) > 1", "The cache misses too often",
		PERCENT " of all look-ups found something (target over $T, alert below $A): is memcached there, large enough, just restarted?", NULL,
		"", "60%", {LOOKED("local", "0+600x40", "0+960x40"), LOOKED("miss", "0+400x40", "0+40x40")}}},
	{BOUND_EVICTIONS, {"stoa_cache", "StoaEvictions", "warning", "5m", "60 * sum by (instance) (rate(stoa_cache_evictions_total[5m])) > $a",
		"The cache of the processes throws values out",
		TWO_DIGITS " values a minute on {{ $labels.instance }} make room for others (target below $T, alert $A): raise cache.local_bytes and "
			"cache.local_entries.", NULL, "instance=a", "120.00", {{"stoa_cache_evictions_total{instance=\"a\"}", "0+120x40", "0+100x40"}}}},
	{BOUND_EVICTIONS, {"stoa_memcached", "StoaMemcachedEvictions", "warning", "5m", "60 * sum(rate(memcached_items_evicted_total[5m])) > $a",
		"memcached throws values out",
		TWO_DIGITS " values a minute make room for others (target below $T, alert $A): give memcached more memory. Needs memcached_exporter.",
		NULL, "", "120.00", {{"memcached_items_evicted_total{slab=\"1\"}", "0+120x40", "0+100x40"}}}},
};

#define ATTEMPTS(outcome, fires, calm) {"stoa_job_attempts_total{kind=\"mail.send\",outcome=\"" outcome "\"}", fires, calm}
/* Each queue's depths are in the table of its policies. */
static const struct row QUEUES[] = {
	{BOUND_JOB_AGE, {"stoa_queues", "StoaOldJob", "warning", "2m", "max by (queue) (stoa_job_oldest_waiting_seconds) > $a", "Jobs wait for long",
		"The oldest due job of queue {{ $labels.queue }} has waited for {{ $value }} s (over $A).", NULL, "queue=low", "301",
		{{"stoa_job_oldest_waiting_seconds{queue=\"low\"}", "301x40", "300x40"}}}},
	{BOUND_COUNT, {"stoa_queues", "StoaDeadJobs", "warning", NULL, "max by (queue) (stoa_job_dead) > 0", "Jobs failed for good",
		"{{ $value }} jobs of queue {{ $labels.queue }} failed for good and wait for somebody to try them again: stoa jobs, or the page Jobs.",
		"001 Background Job Performance: Task Retry Strategy", "queue=default", "3", {{"stoa_job_dead{queue=\"default\"}", "3x40", "0x40"}}}},
	{BOUND_JOB_FAILURES, {"stoa_queues", "StoaJobFailures", "warning", "10m",
		"sum(rate(stoa_job_attempts_total{outcome=\"dead\"}[1h])) / sum(rate(stoa_job_attempts_total{outcome=~\"done|dead\"}[1h])) > $a", "Jobs fail",
		PERCENT " of the jobs that ended in an hour failed for good (target below $A).", NULL, "", "5%",
		{ATTEMPTS("done", "0+95x40", "0+100x40"), ATTEMPTS("dead", "0+5x40", "0+1x40"), ATTEMPTS("retry", "0+5x40", "0+50x40")}}},
	/* Some schedule is due every minute. */
	{BOUND_COUNT, {"stoa_queues", "StoaWorkerDown", "critical", "2m", "sum(increase(stoa_schedule_total[5m])) == 0 or absent(stoa_schedule_total)",
		"No worker works", "No schedule was run for 5 minutes: mails, webhooks and decisions at Stripe wait.",
		"001 Service Level Objectives: Workers 99.5 %", "", "0", {{"stoa_schedule_total{outcome=\"enqueued\"}", "7x40", "0+5x40"}}}},
	{BOUND_COUNT, {"stoa_queues", "StoaWorkersDie", "warning", NULL, "sum by (instance) (increase(stoa_worker_restarts_total[15m])) > 3",
		"Processes of the worker die", "{{ $value | printf \"%.0f\" }} processes of the worker on {{ $labels.instance }} died within 15 minutes.",
		"001 Service Level Objectives: Workers 99.5 %", "instance=a", "15", {{"stoa_worker_restarts_total{instance=\"a\"}", "0+1x40", "9x40"}}}},
};

/* Not of webhooks: their endpoints are other people's, and page Webhooks tells of each. */
static const struct row OUTBOUND[] = {
	{BOUND_OUTBOUND, {"stoa_outbound", "StoaStripeFails", "warning", "5m",
		"sum(rate(stoa_outbound_seconds_count{kind=\"stripe\",result=\"failed\"}[15m])) / sum(rate(stoa_outbound_seconds_count{kind=\"stripe\"}[15m])) > $t",
		"Calls to Stripe fail", PERCENT " of the calls to Stripe of 15 minutes failed (over $T); what is to be done there waits and is tried again.", NULL, "",
		"20%", {{"stoa_outbound_seconds_count{kind=\"stripe\",result=\"failed\"}", "0+20x40", "0+5x40"},
			{"stoa_outbound_seconds_count{kind=\"stripe\",result=\"answered\"}", "0+80x40", "0+95x40"},
			{"stoa_outbound_seconds_count{kind=\"webhook\",result=\"failed\"}", "0+80x40", "0+80x40"}}}},
};

static const struct row DEGRADED[] = {
	{BOUND_COUNT, {"stoa_degraded", "StoaShed", "warning", NULL, "sum by (program, class) (rate(stoa_shed_total[5m])) > 0", "Requests are turned away",
		"{{ $labels.program }} turns " TWO_DIGITS " requests of class {{ $labels.class }} a second away with 503: more than it can do.",
		"003 §1 Load Target: graceful degradation beyond capacity", "class=admin,program=retention", "2.00",
		{{"stoa_shed_total{program=\"retention\",class=\"admin\",reason=\"queue\"}", "0+120x40", "120x40"}}}},
	{BOUND_COUNT, {"stoa_degraded", "StoaBrownout", "warning", NULL, "max by (part) (stoa_brownout) > 0", "A part is switched off",
		"Part {{ $labels.part }} is browned out, so that the rest goes on.", "003 §1 Load Target: graceful degradation beyond capacity",
		"part=analytics", "1", {{"stoa_brownout{part=\"analytics\"}", "1x40", "0x40"}}}},
};

#define NODE " Needs node_exporter."
#define CPU "1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m]))"
#define CPU_SERIES {{"node_cpu_seconds_total{instance=\"a\",cpu=\"0\",mode=\"idle\"}", "0+6x40", "0+30x40"}}
#define MEMORY "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
#define MEMORY_SERIES {{"node_memory_MemAvailable_bytes{instance=\"a\"}", "10x40", "30x40"}, {"node_memory_MemTotal_bytes{instance=\"a\"}", "100x40", "100x40"}}
#define DISK_LABELS "{fstype!~\"tmpfs|ramfs|overlay|squashfs\"}"
#define DISK "1 - node_filesystem_avail_bytes" DISK_LABELS " / node_filesystem_size_bytes" DISK_LABELS
#define DISK_SERIES {{"node_filesystem_avail_bytes{instance=\"a\",mountpoint=\"/\",fstype=\"ext4\"}", "5x40", "20x40"}, \
	{"node_filesystem_size_bytes{instance=\"a\",mountpoint=\"/\",fstype=\"ext4\"}", "100x40", "100x40"}, \
	{"node_filesystem_avail_bytes{instance=\"a\",mountpoint=\"/run\",fstype=\"tmpfs\"}", "0x40", "0x40"}, \
	{"node_filesystem_size_bytes{instance=\"a\",mountpoint=\"/run\",fstype=\"tmpfs\"}", "100x40", "100x40"}}
#define DISK_TIME "rate(node_disk_io_time_seconds_total[5m])"
#define NETWORK_LABELS "{device!~\"lo|veth.*|docker.*|br-.*\"}"
#define NETWORK "rate(node_network_transmit_bytes_total" NETWORK_LABELS "[5m]) / (node_network_speed_bytes" NETWORK_LABELS " > 0)"
#define NETWORK_SERIES {{"node_network_transmit_bytes_total{instance=\"a\",device=\"eth0\"}", "0+5400x40", "0+4700x40"}, \
	{"node_network_speed_bytes{instance=\"a\",device=\"eth0\"}", "100x40", "100x40"}, \
	{"node_network_transmit_bytes_total{instance=\"a\",device=\"eth1\"}", "0+5400x40", "0+5400x40"}, \
	{"node_network_speed_bytes{instance=\"a\",device=\"eth1\"}", "-1x40", "-1x40"}}
#define MACHINE(name, severity, limit, expr, what, description, labels, value, ...) \
	{"stoa_machine", name, severity, "5m", expr " > " limit, what, "{{ $labels.instance }}: " PERCENT " " description NODE, NULL, labels, value, __VA_ARGS__}

static const struct row MACHINES[] = {
	{BOUND_CPU, MACHINE("StoaCpu", "warning", "$t", CPU, "The processors are busy", "of processor time is used (over $T).", "instance=a", "90%", CPU_SERIES)},
	{BOUND_CPU, MACHINE("StoaCpuCritical", "critical", "$a", CPU, "The processors are used up", "of processor time is used (over $A).", "instance=a", "90%", CPU_SERIES)},
	{BOUND_MEMORY, MACHINE("StoaMemory", "warning", "$t", MEMORY, "Memory gets short", "of memory is used (over $T).", "instance=a", "90%", MEMORY_SERIES)},
	{BOUND_MEMORY, MACHINE("StoaMemoryCritical", "critical", "$a", MEMORY, "Memory is used up", "of memory is used (over $A).", "instance=a", "90%", MEMORY_SERIES)},
	{BOUND_DISK, MACHINE("StoaDisk", "warning", "$t", DISK, "A disk gets full", "of {{ $labels.mountpoint }} is used (over $T).",
		"fstype=ext4,instance=a,mountpoint=/", "95%", DISK_SERIES)},
	{BOUND_DISK, MACHINE("StoaDiskCritical", "critical", "$a", DISK, "A disk is full", "of {{ $labels.mountpoint }} is used (over $A).",
		"fstype=ext4,instance=a,mountpoint=/", "95%", DISK_SERIES)},
	{BOUND_DISK_TIME, MACHINE("StoaDiskBusy", "warning", "$a", DISK_TIME, "A disk is busy", "of the time disk {{ $labels.device }} is at work (over $A).",
		"device=sda,instance=a", "90%", {{"node_disk_io_time_seconds_total{instance=\"a\",device=\"sda\"}", "0+54x40", "0+47x40"}})},
	{BOUND_NETWORK, MACHINE("StoaNetwork", "warning", "$a", NETWORK, "The network is busy",
		"of what {{ $labels.device }} can send is sent (over $A).", "device=eth0,instance=a", "90%", NETWORK_SERIES)},
};

static const char *fill(struct ctx *ctx, const char *text, enum bound_name name)
{
	if (name == BOUND_COUNT)
		return text;
	const struct bound *bound = bound_of(name);
	const struct { const char *mark, *text; } MARKS[] = {{"$t", arena_printf(&ctx->arena, "%g", bound->target)},
		{"$a", arena_printf(&ctx->arena, "%g", bound->alert)}, {"$T", bound_text(ctx, bound->unit, bound->target)},
		{"$A", bound_text(ctx, bound->unit, bound->alert)}};
	for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
		for (const char *at; (at = strstr(text, MARKS[i].mark));)
			text = arena_printf(&ctx->arena, "%.*s%s%s", (int)(at - text), text, MARKS[i].text, at + 2);
	return text;
}

static void add(struct alert out[ALERTS_MOST], int *count, const struct alert *alert)
{
	if (*count < ALERTS_MOST)
		out[(*count)++] = *alert;
}

static void add_rows(struct ctx *ctx, const struct row *rows, size_t many, struct alert out[ALERTS_MOST], int *count)
{
	for (size_t i = 0; i < many; i++) {
		struct alert alert = rows[i].alert;
		alert.expr = fill(ctx, alert.expr, rows[i].bound);
		alert.description = fill(ctx, alert.description, rows[i].bound);
		if (!alert.source)
			alert.source = bound_of(rows[i].bound)->source;
		add(out, count, &alert);
	}
}
#define ADD_ROWS(rows) add_rows(ctx, rows, sizeof(rows) / sizeof *(rows), out, count)

static void add_spaces(struct ctx *ctx, struct alert out[ALERTS_MOST], int *count)
{
	for (const struct hit_target *target = HIT_TARGETS; target->space; target++) {
		const char *lookups = arena_printf(&ctx->arena, "stoa_cache_lookups_total{space=\"%s\",result=", target->space);
		add(out, count, &(struct alert){"stoa_cache_spaces", "StoaCacheSpaceHitRate", "warning", "15m",
			arena_printf(&ctx->arena, "space:stoa_cache_hits:ratio_rate5m{space=\"%s\"} < %g and space:stoa_cache_lookups:rate5m{space=\"%s\"} > 1",
				target->space, target->share, target->space),
			"The cache misses too often for a type of data",
			arena_printf(&ctx->arena, "Space {{ $labels.space }} found " PERCENT " (target over %g %%, as %s).", 100 * target->share, target->type),
			HIT_TARGET_SOURCE, arena_printf(&ctx->arena, "space=%s", target->space), "75%",
			{{arena_printf(&ctx->arena, "%s\"shared\"}", lookups), "0+750x40", "0+960x40"},
				{arena_printf(&ctx->arena, "%s\"miss\"}", lookups), "0+250x40", "0+40x40"}}, true});
	}
}

static void add_depths(struct ctx *ctx, struct alert out[ALERTS_MOST], int *count)
{
	for (enum job_queue queue = JOB_HIGH; queue < JOB_QUEUES; queue++) {
		const struct job_depth_target *depth = &JOB_DEPTH_TARGET[queue];
		const struct { const char *name, *severity, *summary; int limit; } LEVELS[] = {
			{"StoaQueueDepth", "warning", "A queue is past its alert", depth->alert},
			{"StoaQueueFull", "critical", "A queue holds more than it is planned for", depth->most}};
		for (size_t i = 0; i < 2; i++)
			add(out, count, &(struct alert){"stoa_depths", LEVELS[i].name, LEVELS[i].severity, "1m",
				arena_printf(&ctx->arena, "max by (queue) (stoa_job_due{queue=\"%s\"}) > %d", depth->queue, LEVELS[i].limit), LEVELS[i].summary,
				arena_printf(&ctx->arena, "{{ $value }} jobs of queue {{ $labels.queue }} are due (target below %d, alert over %d, planned for %d): "
					"more workers (worker.max).", depth->target, depth->alert, depth->most),
				"001 Queue Depth Targets", arena_printf(&ctx->arena, "queue=%s", depth->queue), arena_printf(&ctx->arena, "%d", depth->most + 1),
				{{arena_printf(&ctx->arena, "stoa_job_due{queue=\"%s\"}", depth->queue), arena_printf(&ctx->arena, "%dx40", depth->most + 1),
					arena_printf(&ctx->arena, "%dx40", depth->alert)}}, true});
	}
}

int prometheus_alerts(struct ctx *ctx, struct alert out[ALERTS_MOST])
{
	int made = 0, *count = &made;
	ADD_ROWS(ERRORS);
	prometheus_class_alerts(ctx, out, count);
	ADD_ROWS(DATABASE);
	ADD_ROWS(CACHE);
	add_spaces(ctx, out, count);
	ADD_ROWS(QUEUES);
	add_depths(ctx, out, count);
	ADD_ROWS(OUTBOUND);
	ADD_ROWS(DEGRADED);
	ADD_ROWS(MACHINES);
	return made;
}
