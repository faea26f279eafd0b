/* One connection: what pool, statements and migrations share. Private to lib/pg. */
#ifndef STOA_PG_CONNECTION_H
#define STOA_PG_CONNECTION_H

#include "pg/pg.h"

#define CANCEL_GRACE_MS 250

/* How connections are made: [db], read once when the pool opens. */
struct connection_plan {
	const char *url;
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
	bool prepare;
	bool worn;               /* to be closed instead of used again */
	bool cancelled;          /* the server was told to end what runs now */
	char constraint[64];
	uint64_t *prepared;      /* bit statement->number: prepared here */
};

void connection_plan_make(struct connection_plan *plan);
void connection_plan_free(struct connection_plan *plan);

/* False: message_out (256 bytes) has libpq's reason. */
bool connection_open(struct connection *connection, const struct connection_plan *plan, char message_out[256]);
void connection_close(struct connection *connection);
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
