/* Runs a scenario against a server and measures what comes back.
 *
 * One thread, one epoll. Each session has one connection, kept alive; a connection that the server closed while it was idle is opened anew, and
 * a request that met exactly that is sent again once. In a phase of requests a second journeys begin when they are due, one after the other in
 * equal distances (or a Poisson process's): when every session is busy they wait for one, and that counts. A request's time runs from when it was
 * meant to leave, whatever held it up: a busy session, a connection to be made, this generator itself. One that has had no answer within
 * the timeout is an error, and its time counts; a journey that waited half of it for a session is not begun, and counts with all of it.
 *
 * A user of a phase of users first thinks for any part of the scenario's longest think time, so that users do not all begin at once; one whose
 * journey failed thinks for a second at least. One who is not wanted any more leaves after the request under way. After the last phase no more is asked, and what is under way is waited for. */
#ifndef STOA_CLI_BENCH_ENGINE_H
#define STOA_CLI_BENCH_ENGINE_H

#include "cli/bench/result.h"
#include "cli/bench/scenario.h"
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

/* Where requests go. */
struct target_host {
	struct sockaddr_storage address;
	socklen_t length;
	char authority[264]; /* for the Host header */
};

/* url: "http://host[:port]"; unix_path: a socket to connect to in its place, or NULL. ERR_BAD_INPUT: neither of that form, an unknown host.
 * ERR_FORBIDDEN: not a loopback address, and anywhere is false. */
enum err target_host_find(struct ctx *ctx, const char *url, const char *unix_path, bool anywhere, struct target_host *host_out);

struct engine_options {
	const char *url;                       /* for the result */
	struct target_host host;
	const struct family *const *families;  /* NULL-ended: their routes give rows and classes; NULL: none */
	double time_scale, rate_scale;         /* for the result: the scenario has them already */
	const char *version;
	FILE *progress;                        /* a line each second, or NULL */
	const volatile sig_atomic_t *stop;     /* nonzero: no more is asked, as after the last phase; NULL: it never is */
};

/* ERR_UPSTREAM: once or setup failed, with the step and what came back. ERR_UNAVAILABLE: this machine does not let it open so many connections. */
enum err engine_run(struct ctx *ctx, struct scenario *scenario, const struct engine_options *options, struct result *result_out);

/* Fills met, why and broken of a result by the classes' targets and the thresholds. A percentile is judged where a route has requests enough for
 * one to lie beyond it (p95: 20, p99: 100), the objective likewise; an error is not within the goal. The first byte's p95 is held to the class's
 * time for it. A class's largest time is shown, not judged: one of many thousands is chance. A run in which nothing was answered as expected is
 * missed without any threshold. */
void result_judge(struct ctx *ctx, const struct thresholds *thresholds, struct result *result);
/* The terminal's report. */
void result_print(const struct result *result, FILE *out);

#endif
