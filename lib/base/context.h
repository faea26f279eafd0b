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

struct ctx {
	struct arena arena;
	char id[ID_TEXT];        /* request or job id */
	char trace[33];          /* W3C trace id, 32 hex digits, or empty */
	int64_t deadline_us;     /* monotonic, 0 = none */
	struct fault fault;
	uint32_t queries;        /* statements run */
	uint32_t cancelled;      /* of those, ended by the deadline */
	uint32_t cache_hits;
	uint32_t cache_misses;
	int64_t pool_wait_us;    /* time spent waiting for a database connection */
};

void ctx_init(struct ctx *ctx);
/* Releases what the unit of work held and starts the next one with a fresh id. */
void ctx_reset(struct ctx *ctx);
void ctx_free(struct ctx *ctx);

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
