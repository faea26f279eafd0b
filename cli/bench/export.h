/* A scenario as a script of another load tool: Artillery, Locust or k6, for people who use those.
 *
 * The journeys, what is captured, made and expected, the phases and the targets of the classes are the same; what a tool cannot do is said at the
 * head of the script. A phase's rate counts requests, theirs count journeys: it is divided by the mean requests of a journey. Names that come from
 * outside (`set`) come from the environment: "signing-key" is BENCH_SIGNING_KEY. What all scripts of a tool share is a module of its own beside
 * them: bench/export/{artillery/stoa.cjs,locust/stoa.py,k6/stoa.js}, which the program carries. */
#ifndef STOA_CLI_BENCH_EXPORT_H
#define STOA_CLI_BENCH_EXPORT_H

#include "base/buffer.h"
#include "cli/bench/scenario.h"
#include "web/web.h"

#define EXPORT_MODULE "stoa" /* of the modules, without suffix: no script's name */

enum export_format { EXPORT_ARTILLERY, EXPORT_LOCUST, EXPORT_K6 };

struct export_file {
	const char *name, *suffix; /* "003-normal", "js" */
	struct buffer text;        /* the caller frees it */
};

#define EXPORT_FILES 3

/* Fills files_out and answers how many there are: the module, the script, and Artillery's functions. source: the scenario's file, for the head;
 * name: of the script, without suffix. families: as struct engine_options'. */
int export_write(struct ctx *ctx, enum export_format format, const struct scenario *scenario, const char *source, const char *name,
	const struct family *const *families, struct export_file files_out[EXPORT_FILES]);

#endif
