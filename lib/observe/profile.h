/* Profile: where the time goes, what is wrong, what to change (document 002, task 1: profiling identifies bottlenecks, recommendations
 * are actionable).
 *
 * Figures are read from the metrics file and from PostgreSQL's own statistics; findings are made of them by small functions without
 * effects. The former are what this machine's programs counted, of every organisation; nothing holds a parameter of a statement. */
#ifndef STOA_OBSERVE_PROFILE_H
#define STOA_OBSERVE_PROFILE_H

#include "observe/bound.h"
#include "observe/observe.h"
#include "operate/operate.h"
#include "text/json.h"
#include "web/web.h"

/* --- figures of the metrics file --- */

/* part, label of stoa_http_request_part_seconds, what people read */
#define PROFILE_PART_LIST(X) \
	X(PART_ACCEPT, "accept", TR("wait for a thread")) \
	X(PART_WHO, "who", TR("who asks")) \
	X(PART_POOL, "pool", TR("wait for a connection")) \
	X(PART_QUERY, "query", TR("statements")) \
	X(PART_CACHE, "cache", TR("cache")) \
	X(PART_OUTBOUND, "outbound", TR("calls to others")) \
	X(PART_RENDER, "render", TR("rendering")) \
	X(PART_WRITE, "write", TR("sending")) \
	X(PART_OWN, "own", TR("the handler itself"))

enum profile_part {
#define X(name, ...) name,
	PROFILE_PART_LIST(X)
#undef X
	PROFILE_PARTS
};

struct profile_route {
	char method[8], route[128];   /* a worker's job: "" and "job:<kind>" */
	const struct target *target;  /* NULL: a job, or a route that has no class */
	uint64_t requests;
	double seconds;               /* all together, of which: */
	double parts[PROFILE_PARTS];
	double cpu;                   /* seconds of the processor, in whatever part, after the requests whose were looked at; below 0: of none */
	uint64_t looked;              /* how many those were */
	double statements;            /* runs of statements */
	int64_t budget;               /* of statements a request (web/budget.h), to stay below; 0: unknown */
	const struct profile_statement *dearest; /* of those that it ran; the others by next */
};

struct profile_statement {
	char name[64], method[8], route[128];
	uint64_t count;
	double seconds;
	const struct profile_statement *next; /* of the same route, the dearest first */
};

struct profile_space { /* of the cache */
	char name[32];
	uint64_t local, shared, missed;
};

struct profile_program {
	char name[32];
	int64_t size, used, waiting;  /* connections of its pools, and threads that wait for one */
	int64_t in_flight, queued;    /* requests */
	uint64_t waits;               /* requests that waited for a connection; shares of them that waited for no longer than */
	double under_target, under_alert; /* document 001, "Database Connection Pool": 10 ms, 50 ms */
	uint64_t shed, switched_off;  /* requests that were sent away: too many at once; their part was switched off (web/brownout.h) */
};

struct profile {
	double span;                  /* seconds that the figures are of; 0: since the metrics file began */
	struct profile_route *routes;       /* the one that took most time in all first */
	struct profile_statement *statements; /* likewise, one row a statement and route */
	struct profile_statement *sums; /* likewise, one row a statement, over its routes; route and method: of the dearest */
	struct profile_space *spaces;
	struct profile_program *programs;
	int route_count, statement_count, sum_count, space_count, program_count;
	double select_seconds;        /* of a plain read of the house, on average; 0: none was seen */
	double connects;              /* connections that were opened, in all programs: each counts as a wait for one */
};

/* One reading of the metrics file (metric_open() first); memory of ctx. */
struct profile_reading;
struct profile_reading *profile_read(struct ctx *ctx);
/* What happened between two readings, or since the file began when before is NULL (the file still open: budgets are read from it). */
struct profile *profile_make(struct ctx *ctx, const struct profile_reading *before, const struct profile_reading *now, double span);
/* Sorts routes and statements, links them and makes the sums: the last step of profile_make(). */
void profile_arrange(struct ctx *ctx, struct profile *profile);
/* The route of "GET /path" or NULL. */
const struct profile_route *profile_route_find(const struct profile *profile, const char *route);
/* A worker's; its kind follows "job:". */
bool profile_is_job(const struct profile_route *route);
const char *profile_part_name(enum profile_part part);
const char *profile_part_text(enum profile_part part); /* English, TR() */
/* "sql/<family>/<name>.sql" of a statement's name; memory of ctx. NULL for what is no file: "begin", "commit" and other text (pg/monitor.h), and
 * the sum of those of a request that were not told apart (CTX_OTHER). */
const char *profile_statement_file(struct ctx *ctx, const char *statement);
bool profile_statement_is_file(const char *statement);

/* --- findings --- */

enum finding_kind {
	FINDING_WAITS, FINDING_LOOP, FINDING_STATEMENTS, FINDING_POOL_PART, FINDING_ACCEPT, FINDING_OUTBOUND, FINDING_RENDER, FINDING_WRITE,
	FINDING_PROCESSOR, FINDING_SLOW_STATEMENT, FINDING_COMMIT, FINDING_MISSING_INDEX, FINDING_SORT, FINDING_NESTED_LOOP, FINDING_HIT_RATE,
	FINDING_CACHE_OFF, FINDING_EVICTIONS, FINDING_POOL_WAIT, FINDING_POOL_USE, FINDING_THREADS, FINDING_SHED, FINDING_QUEUE,
	FINDING_LOST_INDEX, FINDING_INVALID_INDEX, FINDING_UNUSED_INDEX, FINDING_DUPLICATE_INDEX, FINDING_DEAD_ROWS, FINDING_BLOAT,
	FINDING_STALE, FINDING_SHARED_BUFFERS, FINDING_CACHE_SIZE, FINDING_RANDOM_COST, FINDING_CONNECTIONS, FINDING_KINDS
};

enum severity { SEVERITY_NOTE, SEVERITY_WARN, SEVERITY_ALERT };

struct finding {
	enum finding_kind kind;
	enum severity severity;
	const char *route;            /* "GET /path", or NULL; likewise the other two */
	const char *statement, *table;
	struct json_object *numbers;  /* its evidence and what its texts name; of the findings' ctx */
	double cost;                  /* seconds of the profile's span that it costs in all; 0: unknown */
};

struct findings {
	struct ctx *ctx;
	struct finding *rows;
	int count, room;
};

/* Words of a kind: a code, and English texts (TR()) in which {{{name}}} stands for a number. */
struct finding_words { const char *code, *title, *evidence, *change, *gain; };
extern const struct finding_words FINDING_WORDS[FINDING_KINDS];
const char *severity_text(enum severity severity); /* "note", "warning", "alert"; TR() */

/* A text of the words with the finding's numbers in it, written with so many decimals by `decimal` (NULL: as in C). By the end of their names
 * numbers are Ms, Seconds, Share (0..1) or Bytes. Memory of ctx. */
typedef const char *finding_decimal(void *argument, double number, int digits);
const char *finding_text(struct ctx *ctx, const struct finding *finding, const char *text, finding_decimal *decimal, void *argument);

/* Adds one; numbers belongs to the list then. */
struct finding *finding_add(struct findings *findings, enum finding_kind kind, enum severity severity, double cost, struct json_object *numbers);
/* Alerts and warnings before notes, the dearest first. */
void findings_sort(struct findings *findings);
/* Whether it is of the route "GET /path" (NULL: of any), or of a statement that the route runs. */
bool finding_concerns(const struct profile *profile, const struct finding *finding, const char *route);

/* What the rules compare figures with, from the configuration. */
struct profile_settings {
	bool cache_servers;           /* memcached is configured */
	bool replicas;                /* some of the database are */
	int64_t local_entries, local_life_ms, pool_size, threads, worker_max, worker_threads;
};
struct profile_settings profile_settings(void);

void profile_find_routes(const struct profile *profile, const struct profile_settings *settings, struct findings *findings);
void profile_find_cache(const struct profile *profile, const struct profile_settings *settings, struct findings *findings);
void profile_find_programs(const struct profile *profile, const struct profile_settings *settings, struct findings *findings);
void profile_find_queues(const struct operate_queue queues[JOB_QUEUES], const struct profile_settings *settings, struct findings *findings);

/* --- PostgreSQL --- */

struct profile_index {
	const char *table, *name, *definition; /* CREATE INDEX …, as PostgreSQL says it */
	const char *keys, *predicate;          /* columns and their classes; condition, or "" */
	bool unique, constraint, valid;
	int64_t scans, bytes;
};

struct profile_table {
	const char *name;
	int64_t rows, dead, changed;           /* changed: since it was last analysed */
	int64_t bytes, expected;               /* of the heap; what its rows should take, 0: unknown */
	double planned;                        /* rows that the planner knows of; -1: never looked */
	double scale;                          /* autovacuum_vacuum_scale_factor that holds for it */
};

struct profile_server {
	int64_t shared_buffers, effective_cache_size, work_mem, database; /* bytes */
	double random_page_cost, hash_mem_multiplier;
	int max_connections, reserved, backends;
	int64_t hits, reads;                   /* of shared_buffers, blocks */
	double age;                            /* seconds that the statistics are of */
	bool here;                             /* runs on this machine, so that the two below are its own */
	int64_t memory;                        /* bytes; 0: unknown */
	bool spinning;                         /* a disk turns */
};

/* An index that a migration makes and none takes away. */
struct profile_made_index {
	const char *name, *table, *columns, *migration, *statement; /* columns: "org_id, live, …" */
};
int profile_made_indexes(struct ctx *ctx, struct profile_made_index **made_out);

void profile_find_tables(const struct profile_table *tables, int count, struct findings *findings);
void profile_find_server(const struct profile_server *server, const struct profile *profile, const struct profile_settings *settings,
	struct findings *findings);

/* --- plans --- */

struct profile_plan {
	struct profile_statement statement; /* of the wished route, or the sum over all */
	struct json_object *plan;     /* EXPLAIN's "Plan", without parameters, of ctx; NULL: it could not be had */
	const char *why;              /* then, TR() */
	const char *reason;           /* what PostgreSQL said to it; NULL: nothing, or that it took too long */
};
/* What the catalogue says of a table. */
struct profile_columns { const char *table; double rows; const char *const *columns; int column_count; };

/* --- all of it --- */

struct profile_report {
	struct profile *profile;
	struct findings findings;     /* sorted */
	struct profile_plan *plans;
	int plan_count;
	const char *database_fault;   /* why PostgreSQL told nothing; NULL: it did */
	const char *database_reason;  /* and what it said, for who runs the house: it may name hosts and paths */
};
struct profile_wish {
	const char *route;            /* "GET /path": only its statements; NULL: all */
	int plans;                    /* the dearest so many statements are explained */
	const char *statement;        /* this one is explained; NULL: none besides */
};
/* The figures and everything found in them, in PostgreSQL and in memcached. Explains by generic plans, in transactions that are rolled back;
 * nothing is executed, and each is bounded by a second. It is the primary that is asked, since each server counts for itself. A database that
 * does not answer is no error: what the metrics tell stands, and why is logged. */
void profile_report(struct ctx *ctx, struct pool *pool, struct profile *profile, const struct profile_wish *wish, struct profile_report *report_out);
/* As `stoa profile --json` and GET /api/v1/ops/profile print it; route NULL: all. Owned by the caller. */
struct json_object *profile_json(struct ctx *ctx, const struct profile_report *report, const char *route);
/* A plan as lines of text, "Seq Scan on job (rows 1000, cost 0..25)"; memory of ctx. */
const char *profile_plan_text(struct ctx *ctx, struct json_object *plan);

#endif
