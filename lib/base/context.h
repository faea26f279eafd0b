/* Context: one unit of work. A request has one and so does a job, so lower layers never know HTTP. */
#ifndef STOA_BASE_CONTEXT_H
#define STOA_BASE_CONTEXT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"

#include <stdint.h>

/* What went wrong, set by fail(); the first one stays. */
struct fault {
	enum err err;
	char detail[256];      /* for the client: no SQL, path or secret */
	char internal[512];    /* for the log only */
	char field[64];        /* the input field at fault, or empty */
	int retry_after_s;     /* seconds for Retry-After, or 0 */
	const char *file;
	int line;
};

/* Where the time of a unit of work goes that is not its own computing, besides the wait for a connection (pool_wait_us). The parts exclude
 * each other: a query inside of a look-up counts as a query. */
enum ctx_part {
	SPENT_WHO,      /* finding out who asks, and whether they may */
	SPENT_QUERY,    /* statements under way */
	SPENT_CACHE,    /* look-ups, without loading */
	SPENT_OUTBOUND, /* calls to other services */
	SPENT_RENDER,   /* making the reply's text */
	SPENT_OWN,      /* computing inside one of the others, such as a look-up's loading */
	SPENT_COUNT
};

struct ctx_statement {
	const char *name; /* outlives the unit of work, and is the same pointer each time */
	uint32_t count;
	int64_t us;
};

/* Different statements told apart; what comes later is summed under CTX_OTHER, the last one. */
#define CTX_OTHER "other"
#define CTX_STATEMENTS 13

/* Which copies of the database may answer plain reads, and did (pg/pg.h, "Replicas"). Moments are cache stamps (mc/cache.h). */
struct reads {
	int64_t since;       /* a replica that has everything from before this moment may answer; 0: only the primary */
	int64_t as_of;       /* what was read may lack what was committed after this moment; 0: it does not */
	uint32_t by;         /* who reads: the same get the same replica, while it serves */
	uint32_t replica, primary; /* plain reads by who answered them */
	bool wrote;          /* a statement was sent that may have changed something */
	const char *org_id;  /* the organisation of who signed in, where it is not the caller's; or NULL */
};

struct ctx {
	struct arena arena;
	char id[ID_TEXT];        /* request or job id */
	char trace[33];          /* W3C trace id, 32 hex digits, or empty */
	int64_t deadline_us;     /* monotonic, 0 = none */
	struct fault fault;
	uint32_t queries;        /* statements run */
	uint32_t cache_hits;
	uint32_t cache_misses;
	int64_t pool_wait_us;    /* time spent waiting for a database connection */
	int pool_most_ms;        /* longest wait for one, where that is less than the pool's; 0: as the pool's */
	int64_t part_us[SPENT_COUNT];
	int64_t parts_us;        /* their sum */
	int64_t seen_us;         /* monotonic: when a part ended last */
	size_t result_bytes;     /* of the database's answers, which stay until the end */
	struct ctx_statement statements[CTX_STATEMENTS]; /* up to the first without a name */
	struct reads reads;
};

void ctx_init(struct ctx *ctx);
/* Releases what the unit of work held and starts the next one with a fresh id. */
void ctx_reset(struct ctx *ctx);
void ctx_free(struct ctx *ctx);

/* A stretch of time that belongs to a part, without the stretches inside it. */
struct span { int64_t start_us, known_us; };
struct span span_begin(const struct ctx *ctx);
/* Answers how long it was, with the stretches inside. */
int64_t span_end(struct ctx *ctx, const struct span *span, enum ctx_part part);
void ctx_spent(struct ctx *ctx, enum ctx_part part, int64_t us);
/* Everything that is known: parts and the wait. */
static inline int64_t ctx_known_us(const struct ctx *ctx)
{
	return ctx->parts_us + ctx->pool_wait_us;
}
/* A statement took so long; that does not count as a part. A statement that serves several units of work at once counts in each. */
void ctx_statement(struct ctx *ctx, const char *name, int64_t us);
/* Adds what another one has used, one that did a part of the work: parts, statements, counts and bytes. */
void ctx_add(struct ctx *ctx, const struct ctx *part);

/* Milliseconds until the deadline, never below 0; `most` when there is no deadline or it is further away. */
int ctx_left_ms(const struct ctx *ctx, int most);

/* Records the fault (unless one is recorded) and returns err. */
enum err ctx_fail(struct ctx *ctx, enum err err, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* As ctx_fail(), and names the input field. */
enum err ctx_fail_field(struct ctx *ctx, enum err err, const char *file, int line, const char *field,
	const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Adds what only the log may show (a server's message, a path) to the recorded fault. */
void ctx_explain(struct ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the fault: for callers with a documented fallback. */
void ctx_forgive(struct ctx *ctx);

#define fail(ctx, err, ...) ctx_fail((ctx), (err), __FILE__, __LINE__, __VA_ARGS__)
#define fail_field(ctx, err, field, ...) ctx_fail_field((ctx), (err), __FILE__, __LINE__, (field), __VA_ARGS__)

#endif
