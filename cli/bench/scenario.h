/* A scenario: who asks what, how often and for how long; read from a YAML file.
 *
 * A file is a mapping of these keys; one that is not here is refused with its line, and so is a name in braces that nothing sets.
 *
 *   include: common.yaml      another file, by its path from this one's folder, read first (8 deep at most). This file's keys replace its
 *                             keys, but for set, data, journeys and missing, which are added to its own
 *   name: 003-normal          what the run is called; needed
 *   document: "003 §7 …"      where its figures come from
 *   missing: ["Tasks: …"]     what the document asks for and is not there to be asked; printed with every report
 *   users: 100                sessions: users there are at most, each with a connection, cookies and captured values of its own
 *                             (1..100000, default 100; a phase of more users has as many)
 *   timeout: 10s              a request not answered this long after it should have been sent has failed (default 10s); a journey that finds
 *                             every session busy for half of it does not begin
 *   arrivals: even            even (default): equal distances; random: a Poisson process of the same rate
 *   think: [1s, 3s]           pause between two requests of a session that no think step stands between, and before a user begins again
 *                             (default none). Times are a number with ms, s, m or h; of two, any between is as likely
 *   cookies: true             keep and send cookies, by name alone (default false)
 *   headers: {Name: text}     of every request; a step's of the same name stands instead
 *   set: {key: null}          values from outside: `--set key=…`. null: must be given; else the default
 *   data: {name: …}           made values, drawn anew for each pass through a journey when first used:
 *     {sequence: [1, 1000]}     the next whole number, shared by all sessions, from the start again after the last
 *     {number: [1, 1000]}       any whole number, ends included
 *     {choose: [free, pro]}     one of these texts
 *     {text: 40} {text: [3, 40]}  words of lower-case letters, this many bytes
 *     {uuid: 4} {uuid: 7}       random, or by time
 *     {email: stoa.test}        a random address of this domain
 *     {now: s}                  the time: s or ms since 1970, or iso (RFC 3339, UTC)
 *     {day: [0, 30]}            a date, UTC, this many days ago
 *     {hmac: {key: …, text: …}} HMAC-SHA-256, lower-case hex
 *     a text                    put together from others
 *   once: [steps]             before the run, by one session; what it captures is every session's
 *   renew: 30m                once again and again so long after it during the run, in a session of its own, for what does not live as long as the
 *                             run (default: never). It is not measured, nor scaled; where it fails it is tried again after 10 s
 *   setup: [steps]            before the run, by every session. Neither is measured; their timeout is a minute; one that fails ends the run
 *   phases:                   in turn; needed
 *     - {name: ramp, for: 5m, rate: [0, 16.7]}   requests a second, open loop: journeys begin when they are due, whatever became of those before
 *     - {name: hold, for: 30m, users: 100}       that many sessions, each going through journey after journey
 *       of two numbers, the first becomes the second in a straight line (kind ramp). kind: spike names a sudden load (else hold).
 *       measure: false leaves the phase's requests out of routes and total
 *   journeys:                 which one begins is drawn by weight; needed
 *     - {name: cancel, weight: 3, steps: […]}    weight: default 1; a name again replaces what was included
 *   weights: {cancel: 3}      instead of those of the journeys; those not named are left out
 *   thresholds:               of the total, besides the classes' of each route:
 *     errors: 0.001             share of requests with an error
 *     faults: 0.001             the same without refusals (429 and 503)
 *     p50, p95, p99, p999, max: 500ms
 *     refused: 300ms            p99 of the refusals, each of which must have Retry-After
 *     classes: false            do not hold routes to their class (default true)
 *
 * A step is {think: 2s} or a request:
 *     get|head|post|put|patch|delete: /path      with {{name}}: percent-encoded
 *     headers: {Name: text}      (Content-Type: instead of that of the body below)
 *     json: …                   the body; {{name}} in texts is escaped; a text that is only {{{name}}} is put in without quotes
 *     form: {name: text}        the body, application/x-www-form-urlencoded
 *     body: text                the body as it is
 *     expect: 201, [200, 304]   statuses (default: 2xx and 3xx)
 *     capture: {name: …}        from an answer as expected:
 *       /json/pointer             (RFC 6901) a text, number or boolean of a JSON body
 *       {header: ETag}
 *       {after: 'name="csrf" value="', before: '"'}   the text between these, the first time in the body
 * {{{name}}} is put in as it is. What follows a request of a journey is meant to be sent when its answer has come, or when the think
 * time after that is over. A request that fails ends its journey. */
#ifndef STOA_CLI_BENCH_SCENARIO_H
#define STOA_CLI_BENCH_SCENARIO_H

#include "base/context.h"
#include "cli/bench/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum escape { ESCAPE_NONE, ESCAPE_URL, ESCAPE_JSON };

/* A text with names in it. */
struct piece {
	const char *text; /* NULL: a variable */
	size_t length;
	int variable;     /* into scenario.variables */
	enum escape escape;
};

struct pattern {
	struct piece *pieces;
	int count;
};

struct header {
	const char *name;
	struct pattern value;
};

struct range { /* of microseconds */
	int64_t least, most;
};

enum variable_kind {
	VARIABLE_SET, VARIABLE_CAPTURED, VARIABLE_SEQUENCE, VARIABLE_NUMBER, VARIABLE_CHOOSE, VARIABLE_TEXT, VARIABLE_UUID, VARIABLE_EMAIL, VARIABLE_NOW,
	VARIABLE_DAY, VARIABLE_HMAC, VARIABLE_PATTERN
};

enum now_form { NOW_S, NOW_MS, NOW_ISO };

struct variable {
	const char *name;
	enum variable_kind kind;
	int64_t least, most;      /* SEQUENCE, NUMBER, TEXT, DAY; UUID: version; NOW: enum now_form */
	const char **choices;     /* CHOOSE */
	int choice_count;
	const char *text;         /* SET: its value, NULL = not given; EMAIL: the domain */
	struct pattern key, made; /* HMAC: key and text; PATTERN: made */
};

enum capture_kind { CAPTURE_POINTER, CAPTURE_HEADER, CAPTURE_BETWEEN };

struct capture {
	enum capture_kind kind;
	int variable;
	const char *from, *before; /* pointer; name; the texts around */
};

#define STEP_EXPECT 8
struct step {
	bool pause;               /* nothing but think */
	struct range think;
	const char *method;       /* "GET" */
	struct pattern path;
	struct header *headers;   /* the scenario's first */
	int header_count;
	const char *media;        /* Content-Type of the body, or NULL */
	bool has_body;
	struct pattern body;
	int expect[STEP_EXPECT];
	int expect_count;         /* 0: 2xx and 3xx */
	struct capture *captures;
	int capture_count;
	int row;                  /* the engine's: into its rows */
};

struct steps {
	struct step *items;
	int count, requests;
};

struct journey {
	const char *name;
	double weight;
	struct steps steps;
};

struct phase {
	const char *name;
	enum phase_kind kind;
	int64_t us;               /* how long */
	bool users, measure;
	double from, to;
};

/* 0 or below: not asked. Shares 0..1, times in microseconds. */
struct thresholds {
	double errors, faults;    /* below 0: not asked */
	int64_t p50_us, p95_us, p99_us, p999_us, max_us, refused_us;
	bool classes;
};

struct scenario {
	const char *name, *document;
	const char **missing;
	int missing_count;
	int users;
	int64_t timeout_us, renew_us; /* renew: 0 = never */
	bool random, cookies;
	struct range think;
	struct variable *variables;
	int variable_count;
	struct steps once, setup;
	struct phase *phases;
	int phase_count;
	struct journey *journeys; /* of weight above 0 */
	int journey_count;
	struct thresholds thresholds;
};

struct scenario_options {
	const char *const *set;   /* "name=value", NULL-ended; NULL: none */
	double time_scale;        /* of the phases' length; think times are not scaled, so that users ask as often as they would */
	double rate_scale;        /* of rates and users */
	bool incomplete;          /* names that must be given may be missing: nothing will be run */
};

#define SCENARIO_BYTES 1048576 /* largest file */

/* Reads a scenario; memory of ctx. file names it in messages, and its folder is where includes are; folder NULL: none may be. ERR_BAD_INPUT:
 * not YAML, or "FILE:LINE: what". */
enum err scenario_read(struct ctx *ctx, const char *file, const char *folder, const char *text, size_t bytes,
	const struct scenario_options *options, struct scenario *scenario_out);
/* The same from its file. Also ERR_NOT_FOUND. */
enum err scenario_load(struct ctx *ctx, const char *path, const struct scenario_options *options, struct scenario *scenario_out);

#endif
