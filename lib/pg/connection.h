/* One connection: what pool, statements and migrations share. Private to lib/pg. */
#ifndef STOA_PG_CONNECTION_H
#define STOA_PG_CONNECTION_H

#include "pg/pg.h"

#define CANCEL_GRACE_MS 250

/* One server of a plan; NULL: as the url says, or libpq without it. */
struct host {
	const char *name, *address, *port;
};

#define HOSTS_MOST 16

/* How connections are made: [db], read once when the pool opens. */
struct connection_plan {
	const char *url;
	const char *session;    /* target_session_attrs; NULL: as the url says */
	struct host hosts[HOSTS_MOST]; /* tried in turn, beginning with the one that answered last */
	int host_count;
	_Atomic int host_last;
	char *texts[6];         /* owned: what hosts and url point into */
	char *options;          /* owned: server options, with those of the url in front; NULL = none are sent */
	int connect_ms;         /* longest wait for a connection */
	int patience_ms;        /* longest silence after a statement was sent; 0 = for ever */
	int lifetime_ms;
	bool prepare;
};

struct hold;

struct connection {
	PGconn *raw;             /* NULL: closed */
	struct connection *next; /* in the pool's idle or closed list */
	struct hold *hold;       /* the lease that has it */
	int64_t opened_us;       /* monotonic */
	int64_t retire_us;       /* replaced when it comes back after that */
	int patience_ms;
	const _Atomic bool *gone; /* of a replica: it does not answer, so nobody waits for it any more; or NULL */
	bool prepare;
	bool worn;               /* to be closed instead of used again */
	bool cancelled;          /* the server was told to end what runs now */
	char constraint[64];
	uint64_t *prepared;      /* bit statement->number: prepared here */
};

/* replica NULL: the primary, db.url. Else a libpq string or URI, or the hosts of one ("db2", "db2:5433,db3"), which is as db.url else. */
void connection_plan_make(struct connection_plan *plan, const char *replica);
void connection_plan_free(struct connection_plan *plan);
/* The hosts, for a label. */
void connection_plan_name(const struct connection_plan *plan, char *out, size_t room);

/* A closed one, for connection_open(), and back. */
void connection_make(struct connection *connection);
void connection_unmake(struct connection *connection);
/* False: message_out (256 bytes) has libpq's reason. Each host gets its share of most_ms, or of the plan's connect_ms. */
bool connection_open_within(struct connection *connection, struct connection_plan *plan, int most_ms, char message_out[256]);
bool connection_open(struct connection *connection, struct connection_plan *plan, char message_out[256]);
void connection_close(struct connection *connection);

/* The pool of a replica: connecting takes connect_ms at most, and gone says when nobody is to wait for it. */
struct pool *pool_open_at(const char *replica, int size, int connect_ms, const _Atomic bool *gone);
struct replicas *pool_replicas(const struct pool *pool); /* NULL: none */
/* As lease_take(), from this very pool. */
enum err lease_take_here(struct ctx *ctx, struct pool *pool, struct lease *lease_out);
/* The lease of a replica becomes one of the primary, for the rest of what ctx does. */
enum err lease_take_home(struct lease *lease);
/* Whether the server is still there, as far as this end can know without asking it. One system call. */
bool connection_alive(struct connection *connection);

/* What is sent: a statement or text, with parameters. */
struct command {
	const struct statement *statement; /* or NULL */
	const char *text;
	int count;
	const char *const *params;
	const char *copy;                  /* rows for COPY … FROM STDIN, or NULL */
	size_t copy_bytes;
	int64_t deadline_us;               /* monotonic: the server is told to end it then; 0 = never */
};

struct answer {
	PGresult *result;  /* or NULL */
	bool executing;    /* the server may have begun: preparing was over */
	bool lost;         /* the connection went away */
	bool silent;       /* no answer within the connection's patience */
};

/* Sends and waits for the last result. A lost or silent connection is marked worn. A statement whose deadline passes is cancelled, and the
 * connection then says so: its answer is the server's 57014, or silence when that does not come in CANCEL_GRACE_MS. */
struct answer connection_ask(struct connection *connection, const struct command *command);

/* The steps of a pipeline (pg/pipeline.h). Prepared: the statement is, or is now. */
bool connection_prepared(struct connection *connection, const struct statement *statement);
bool connection_pipeline_begin(struct connection *connection);
/* Sends nothing yet. */
bool connection_pipeline_add(struct connection *connection, const struct statement *statement, const char *const *params);
bool connection_pipeline_send(struct connection *connection);
/* The rows of the next statement, or NULL: it failed or, with *silent_out, nothing came within the connection's patience. Cancels as
 * connection_ask() does. */
PGresult *connection_pipeline_next(struct connection *connection, int64_t deadline_us, bool *silent_out);
/* Passes over what is left. */
void connection_pipeline_end(struct connection *connection);
/* Ends whatever transaction is open; false: the connection is of no more use. */
bool connection_settle(struct connection *connection);

/* Makes a lease's connection usable outside a transaction: opens it when it is closed, replaces it when it is dead. */
enum err lease_freshen(struct lease *lease);

/* Running it twice has the effect of running it once. */
bool command_repeatable(const struct command *command);
/* Records err in the lease's ctx, with what the server said (result may be NULL), and returns it. */
enum err command_report(struct lease *lease, const struct command *command, const PGresult *result, enum err err);
/* Gives a result to ctx. */
void result_keep(struct ctx *ctx, PGresult *result);

/* The error of an SQLSTATE; five zeros or "" are not expected. */
enum err sqlstate_err(const char *state);

#endif
