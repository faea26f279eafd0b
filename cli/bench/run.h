/* A run under way: what engine.c, session.c and gather.c share. */
#ifndef STOA_CLI_BENCH_RUN_H
#define STOA_CLI_BENCH_RUN_H

#include "cli/bench/engine.h"
#include "cli/bench/http.h"
#include "cli/bench/values.h"

#define COOKIES_MOST 16
#define SCRATCH_BYTES 65536
#define PREPARING_US 60000000 /* the timeout of once and setup */

/* How a request ended: 0 as expected, a status that was not, or one of these. */
enum ending { END_GOOD, END_TIMEOUT = 600, END_CONNECT, END_CUT, END_MALFORMED, END_CAPTURE, END_BUSY, END_COUNT };

/* What is asked of one route. */
struct row {
	const char *method, *route, *class;
	uint64_t requests, endings[END_COUNT];
	struct timings timings, first; /* to the end of the answer; to its first byte */
};

enum session_state { SESSION_FREE, SESSION_THINKING, SESSION_CONNECTING, SESSION_TALKING };

struct session {
	enum session_state state;
	int fd;                    /* -1: none */
	bool user;                 /* of a phase of users */
	bool reused, again, heard; /* the connection had answered before; the request has been sent twice; some of the answer is there */
	const struct steps *steps; /* NULL between journeys */
	int step, journey;         /* the next step or the one under way; -1: once or setup */
	bool asked;                /* in this pass */
	bool counted;              /* its next request stands in the timeline as intended already */
	bool measured;
	int64_t intended_us;
	int64_t heard_us;          /* the first of the answer */
	int64_t wake_us;           /* of its timer */
	int heap_at;               /* -1: no timer */
	struct value *values;
	struct buffer out;
	size_t sent;
	struct answer answer;
	struct value cookies[COOKIES_MOST][2];
	int cookie_count;
	struct session *next;      /* free ones */
};

struct arrival {
	int64_t intended_us;
	int journey;
};

enum run_mode { RUN_PREPARING, RUN_ON, RUN_CLOSING };

struct run {
	struct ctx *ctx;
	struct ctx parsing;        /* of one answer */
	struct scenario *scenario;
	const struct engine_options *options;
	struct draw draw;
	int epoll;
	struct session *sessions;  /* and behind them the renewer, which goes through `once` again */
	int session_count;
	struct session *renewer;
	struct session **heap;     /* timers, the next first */
	int heap_count;
	struct session *free_first, *free_last;
	struct arrival *backlog;   /* a ring */
	size_t backlog_first, backlog_count, backlog_room;
	struct row **rows;
	int row_count, row_room;
	struct result_journey *journeys;
	double weights;
	enum run_mode mode;
	int preparing;             /* sessions at it */
	char trouble[256];         /* why preparing failed */
	int users;                 /* sessions that are users now */
	int in_flight;
	bool interrupted;
	int64_t start_us, end_us;  /* of the phases; when no more is asked */
	int64_t over_us;           /* when all was answered */
	struct {                   /* the next arrival */
		int phase;
		double wanted;         /* requests of the phase that come before it */
		int journey;
	} next;
	struct timings *second_timings, *refused, *late;
	uint64_t bare_refusals;    /* without Retry-After */
	struct result_second second;
	struct buffer seconds;
	char scratch[SCRATCH_BYTES];
};

/* session.c */
void session_open(struct run *run, struct session *session);
void session_close(struct run *run, struct session *session);
/* Begins these steps; the first request is meant to leave at intended_us. */
void session_begin(struct run *run, struct session *session, const struct steps *steps, int journey, int64_t intended_us);
/* Its time has come: a think time is over, or the answer is overdue. */
void session_wake(struct run *run, struct session *session);
void session_event(struct run *run, struct session *session, uint32_t events);
/* Keeps a cookie in place of the one of its name; beyond COOKIES_MOST none. */
void cookie_put(struct session *session, const char *name, size_t name_bytes, const char *value, size_t value_bytes);

/* engine.c */
void timer_set(struct run *run, struct session *session, int64_t wake_us);
void timer_clear(struct run *run, struct session *session);
void session_free(struct run *run, struct session *session);
/* A journey or preparing has come to its end; failed: before its last step. */
void session_done(struct run *run, struct session *session, bool failed);
bool run_measures(const struct run *run, int64_t intended_us);

/* gather.c */
enum err rows_open(struct run *run, struct steps *steps);
/* A request of the session's journey is over. */
void run_count(struct run *run, const struct session *session, int row, enum ending ending, int64_t now_us);
/* A journey did not begin: what it would have asked first was meant to leave then. */
void run_count_busy(struct run *run, int row, int64_t intended_us);
void second_end(struct run *run);
void gather(struct run *run, double cpu_s, struct result *result_out);

#endif
