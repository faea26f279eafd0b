/* The result of one run of `stoa bench run`: what engine.h fills, terminal and HTML reports show, `compare` reads back.
 *
 * Everything a result points to belongs to the ctx that made it. Seconds are real seconds of the run (not scaled by timeScale);
 * latencies count from the time a request was meant to leave. */
#ifndef STOA_CLI_BENCH_RESULT_H
#define STOA_CLI_BENCH_RESULT_H

#include "base/buffer.h"
#include "base/context.h"
#include "cli/bench/histogram.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a request does not count as done, and how often: a status that the step did not expect ("503"), or "timeout" (no answer in time),
 * "connect" (no connection), "cut" (closed or reset before the answer was whole), "malformed" (not HTTP, or beyond the limits of http.h),
 * "capture" (the answer lacks what the step takes from it), "busy" (every session was, for half of the timeout; never sent). */
struct result_error {
	const char *what;
	uint64_t count;
};

struct result_route {
	const char *method;           /* "" in the total */
	const char *route;            /* the template of Stoa's route table, or the path's without its query when none matches; "" in the total */
	const char *class;            /* of web/target.h, or "" */
	uint64_t requests;            /* meant to be sent, errors among them */
	struct result_error *errors;  /* by name */
	int error_count;
	/* Of requests answered as expected, and of those that ended as "timeout" or "busy", which count with the timeout. An answer that was not
	 * expected is an error and no time: a refusal is quick. Never NULL. */
	struct timings *timings;
	int64_t first_p95_us;         /* p95 of the time to the first byte, of requests answered as expected; 0: none was */
	bool met;                     /* the class's targets and the scenario's thresholds */
	const char **why;             /* what was missed, a sentence each */
	int why_count;
};

enum phase_kind { PHASE_RAMP, PHASE_HOLD, PHASE_SPIKE };

struct result_phase {
	const char *name;
	enum phase_kind kind;
	double from_s, to_s;          /* since the start */
	bool users;                   /* from and to are users, not requests a second */
	double from, to;              /* equal unless the phase ramps; as run, scaled by rateScale */
};

struct result_journey {
	const char *name;
	double weight;                /* as written */
	uint64_t started, finished, failed; /* those under way at the end are neither */
};

struct result_second {
	int second;                   /* since the start */
	uint64_t intended;            /* meant to leave in this second; sent in it, of what follows in a journey and of users */
	uint64_t sent, answered, errors; /* in this second; answered: also when not as expected */
	int64_t p50_us, p95_us, p99_us; /* of what was answered in this second */
	int in_flight;                /* at its end */
	int sessions;                 /* under way at its end */
	uint64_t good;                /* answered as expected */
};

struct result {
	const char *version, *scenario, *document, *target; /* document: where the scenario comes from, or "" */
	int64_t started_us;           /* wall clock */
	double seconds;               /* until all was answered */
	double measured_s;            /* of the phases that are measured, as far as they were run */
	double time_scale, rate_scale;
	bool interrupted;             /* before the last phase was over; what was under way then was waited for */
	struct { int cores; double load; const char *kernel; } machine; /* load: of the last minute, at the start */
	struct { double cpu_s; double requests_per_cpu_s; } cost;       /* of the generator itself */
	struct { int64_t p99_us, max_us; } late; /* how much later than something was due it came to it: the machine's doing, and part of latencies */
	/* Measured requests that were answered with 429 or 503, and when that was, counted as latency is. */
	struct { uint64_t count, bare; int64_t p50_us, p95_us, p99_us, max_us; } refusals; /* bare: without Retry-After */
	struct result_phase *phases;
	int phase_count;
	struct result_route *routes;  /* by route, then method */
	int route_count;
	struct result_route total;
	struct result_journey *journeys;
	int journey_count;
	struct result_second *timeline;
	int second_count;
	const char **missing;         /* what the document asks for and is not there to be asked */
	int missing_count;
	bool met;
	const char **broken;          /* "GET /api/v1/… p95 412.0 ms over 200 ms (read)" */
	int broken_count;
};

uint64_t result_errors(const struct result_route *route); /* sum */
bool result_refusal(int status);                          /* 429 or 503: the server says that it has too much to do */
double result_rate(const struct result *result);          /* measured requests a second */
const char *result_phase_kind(enum phase_kind kind); /* "ramp", "hold", "spike" */

/* Appends the JSON text of the result, percentiles included. */
void result_write(const struct result *result, struct buffer *out);
/* Reads such a text. ERR_BAD_INPUT: none, or not one of ours, with what is missing. Percentiles are those of the buckets. What a result of
 * before does not have is 0, and measured_s all of its seconds. */
enum err result_read(struct ctx *ctx, const char *text, size_t bytes, struct result *result_out);
/* From and to a file; ERR_NOT_FOUND, ERR_INTERNAL name it. */
enum err result_load(struct ctx *ctx, const char *path, struct result *result_out);
enum err result_save(struct ctx *ctx, const char *path, const struct result *result);
/* The whole of a file; ctx memory. ERR_NOT_FOUND, ERR_TOO_LARGE above BUFFER_LIMIT. */
enum err result_slurp(struct ctx *ctx, const char *path, const char **text_out, size_t *bytes_out);

#endif
