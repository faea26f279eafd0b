/* Query monitor: what every statement took, and what went wrong (documents 000 and 001, "Query Monitoring").
 *
 * The log says "db.slow" with the statement's name, its duration and the id of the unit of work, never its parameters: they are customers'
 * data. What has no name (migrations, gauges) may take its time. Series: stoa_db_query_duration_seconds{type},
 * stoa_db_slow_queries_total{severity}, stoa_db_errors_total{class}, where class is that of the SQLSTATE (PostgreSQL 15, Appendix A: its
 * first two characters) or "lost" or "silent". */
#ifndef STOA_PG_MONITOR_H
#define STOA_PG_MONITOR_H

#include "base/log.h"
#include "pg/connection.h"

/* severity, at least so many milliseconds, level, source; the most severe first */
#define SLOW_LIST(X) \
	X("critical", 1000, LOG_CRITICAL, "001 Query Monitoring: CRITICAL 1000 ms; 000 Query Monitoring: > 1 second") \
	X("error", 500, LOG_ERROR, "001 Query Monitoring: ERROR 500 ms") \
	X("warn", 100, LOG_WARN, "001 Query Monitoring: WARN 100 ms")

enum statement_type { TYPE_SELECT, TYPE_INSERT, TYPE_UPDATE, TYPE_DELETE, TYPE_OTHER, TYPE_COUNT };

/* Of what a statement does first that writes, also inside WITH, and else select; other: neither reads nor writes rows. */
enum statement_type statement_type(const char *text);

/* What series and logs call a command: its statement's name, or "begin", "commit", "copy", … , or "text". */
const char *command_name(const struct command *command);

/* Registers what should be seen before it happens for the first time: how many were slow. After metric_open(). */
void monitor_open(void);
/* A command took so long, as ctx saw it: counts in ctx, in the series and in the log. */
void monitor_took(struct ctx *ctx, const struct command *command, int64_t us);
/* An attempt to connect is over; a connection was closed after so long: stoa_db_connects_total{result},
 * stoa_db_connection_lifetime_seconds. */
void monitor_connected(bool connected);
void monitor_closed(int64_t age_us);
/* A command failed: result may be NULL. */
void monitor_failed(const struct answer *answer);

#endif
