/* PostgreSQL: pool, lease, statements, transactions (design, "SQL" and "Core types").
 *
 * A statement is one file below sql/, embedded at build time as `const struct statement SQL_<FAMILY>_<NAME>`
 * (generated sql.h). It is prepared on first use of a connection; [db] prepare=off sends it unprepared, for an old
 * pgbouncer. Parameters are text or NULL. A PGresult belongs to ctx. */
#ifndef STOA_PG_PG_H
#define STOA_PG_PG_H

#include "base/buffer.h"
#include "base/context.h"
#include "conf/conf.h"

#include <libpq-fe.h>

struct statement {
	const char *name; /* "retention_session_get": family and file name */
	const char *text;
	int params;       /* highest $n */
	int number;       /* position in SQL_ALL */
	bool reads;       /* it only reads, and locks nothing: a replica can answer it */
};

extern const struct statement *const SQL_ALL[]; /* NULL-ended, generated */
extern const int SQL_COUNT;

/* [db] url, pool_size, pool_wait (250ms), prepare, connect_timeout (2s), statement_timeout (5s), lifetime (1h), replicas, replica_lag,
 * replica_skew. A url with several hosts is the one of them that takes writes (target_session_attrs): it is found anew when it moves. */
extern const struct conf_row PG_CONF[];

struct pool;
struct connection;

/* A connection for as long as it is needed; returned before any outbound call. A zeroed lease holds nothing. */
struct lease {
	struct ctx *ctx;
	struct pool *pool;
	struct connection *connection;
	bool in_transaction;
	struct pool *primary; /* of a lease at a replica; else NULL */
};

/* Opens lazily: no connection is made here. `size` 0 takes db.pool_size. Any thread may take leases. */
struct pool *pool_open(int size);
void pool_close(struct pool *pool);
/* For metrics: connections open, in use, and threads waiting. */
void pool_count(struct pool *pool, int *open_out, int *used_out, int *waiting_out);
/* The same as stoa_pool_connections{program,state=size|open|used|waiting}: to be called once a second or so. */
void pool_publish(struct pool *pool, const char *program);

/* Replicas (db.replicas). A ctx whose reads.since is a moment gets leases at a replica that is proven to have everything that was
 * committed before it, and is at most db.replica_lag behind; where none is, and for all other ctx, leases are at the primary. Only
 * statements that read are asked there: all leases of a ctx move to the primary, for the rest of what it does, with the first that is not (or
 * BEGIN), and when the replica fails, where the statement is asked again.
 *
 * The proof is by position: a moment is taken, the primary asked how far its log is on disk, and a replica that has replayed that far has
 * everything from before the moment; as other machines' clocks may be behind this one's, db.replica_skew earlier counts. Positions are
 * compared within one history only (sql/watch): a replica that follows an old primary is left out, and so is one that was promoted; each
 * comes back by itself. A replica that is silent for 300 ms is left out, and who waits for it is answered by the primary.
 *
 * Who sets reads.since makes what is promised: read-your-writes by who/written.h. */
struct pool_moments {
	int64_t (*next)(void *argument); /* a moment after all that came before, on this machine: cache_stamp() */
	void *argument;
};
/* Watches the replicas that db.replicas names, from threads, until the pool is closed. False: it names none. Before leases are taken. */
bool pool_replicate(struct pool *pool, struct pool_moments moments);
bool pool_replicated(const struct pool *pool);

struct pool_replica {
	const char *name; /* its hosts */
	bool looked;      /* false: no look at it has ended yet */
	bool primary;     /* it takes writes, so it is not asked as a replica */
	const char *why;  /* it is not asked; NULL: it is */
	int64_t lag_us;   /* how far it was behind */
	char message[256]; /* why it does not answer, or "" */
};
/* How they are; how many, at most `most`. */
int pool_replica_states(const struct pool *pool, struct pool_replica *out, int most);

/* Waits in line at most db.pool_wait, then ERR_UNAVAILABLE with Retry-After 1; also when PostgreSQL cannot be reached
 * (attempts are spaced by backoff with jitter, so that a restart is not stormed; between them the answer comes at
 * once). The lease must be returned; ctx_reset() returns one that was forgotten, rolling back. */
enum err lease_take(struct ctx *ctx, struct pool *pool, struct lease *lease_out);
/* Rolls an open transaction back. Harmless on an empty lease. */
void lease_return(struct lease *lease);

/* Transactions. pg_commit() answers ERR_UNCERTAIN when the connection is lost during COMMIT: never repeat blindly. A
 * transaction that lost its connection earlier has been rolled back: ERR_UNAVAILABLE. */
enum err pg_begin(struct lease *lease);
/* The same for an admin's work: its statements may take longer than db.statement_timeout, though not longer than ctx's deadline. */
enum err pg_begin_unhurried(struct lease *lease);
enum err pg_commit(struct lease *lease);
void pg_rollback(struct lease *lease);

/* Runs one statement. Outside a transaction a connection that is dead is replaced before the statement is sent, and on a
 * fresh one it is sent once more after 26000 and 0A000 (prepared statement gone or stale) and when the connection was
 * lost while it was prepared or was a plain `select` (which therefore must not write); any other statement whose
 * answer was lost is ERR_UNCERTAIN. Errors by SQLSTATE, see pg/sqlstate.c:
 * 23505 ERR_CONFLICT, 23503/23514/22xxx/23502 ERR_INVALID, 40001/40P01 ERR_CONFLICT, 57014 ERR_TIMEOUT,
 * 08xxx/57P0x/53xxx ERR_UNAVAILABLE, else ERR_INTERNAL; the constraint's name is kept in pg_constraint().
 * When ctx's deadline passes the server is told to end the statement: ERR_TIMEOUT with Retry-After, and the connection is of use again.
 * After it nothing more is sent; only COMMIT and ROLLBACK have no deadline.
 * No answer at all within db.statement_timeout and 2 s, or to the cancelling within half a second: ERR_TIMEOUT, or ERR_UNCERTAIN as above,
 * and the connection is replaced. result_out may be NULL. */
enum err pg_run(struct lease *lease, const struct statement *statement, const char *const *params, PGresult **result_out);
/* As pg_run() for text that is not a file: BEGIN, LISTEN, migrations. May hold several commands when params is 0. */
enum err pg_run_text(struct lease *lease, const char *text, int count, const char *const *params, PGresult **result_out);
/* Runs "copy … from stdin" (text format) with these bytes, which fit a socket's buffer (64 KiB): all rows or none. Errors as pg_run();
 * nothing is prepared, and a constraint that one row breaks fails them all. */
enum err pg_copy(struct lease *lease, const char *text, const char *data, size_t bytes);
/* Takes a lease, runs, returns the lease. */
enum err pg_query(struct ctx *ctx, struct pool *pool, const struct statement *statement, const char *const *params,
	PGresult **result_out);

/* The constraint that the last failed statement of this lease broke, or "". */
const char *pg_constraint(const struct lease *lease);
/* The raw connection, for LISTEN and describing statements. */
PGconn *pg_raw(struct lease *lease);

#define PARAMS(...) ((const char *const[]){__VA_ARGS__})
/* Numbers as parameters, in memory of ctx. */
const char *pg_int(struct ctx *ctx, int64_t value);
const char *pg_bool(bool value); /* "t" or "f" */
/* bytea as \x… text */
const char *pg_bytes(struct ctx *ctx, const void *data, size_t bytes);
/* A text[] literal. */
const char *pg_array(struct ctx *ctx, const char *const *items, int count);

/* Reading results: NULL for SQL null. */
const char *pg_text(const PGresult *result, int row, const char *column);
int64_t pg_number(const PGresult *result, int row, const char *column, int64_t fallback);
bool pg_true(const PGresult *result, int row, const char *column);
/* Decodes a bytea column; ctx memory; false on null. */
bool pg_data(struct ctx *ctx, const PGresult *result, int row, const char *column, const uint8_t **data_out, size_t *bytes_out);

#endif
