/* Runs of scenarios: what `run`, `record` and `compare` share. */
#ifndef STOA_CLI_BENCH_RUNS_H
#define STOA_CLI_BENCH_RUNS_H

#include "cli/bench/engine.h"
#include "cli/bench/record.h"
#include "cli.h"

#define RUNS_SET_MOST 64

/* Of the command line: --set NAME=VALUE (any number), --time-scale, --rate-scale, --unix PATH, --i-own-this-host. */
struct runs_options {
	const char *set[RUNS_SET_MOST + 1];
	struct scenario_options scenario; /* its set is this one's */
	const char *unix_path;
	bool anywhere;
};

/* Takes them out of argv. False: one is malformed, which is said on standard error. */
bool runs_options_take(int *argc, char **argv, struct runs_options *options_out);
/* A number from least to most; fallback when the option is not there. False: as above. */
bool runs_number_take(int *argc, char **argv, const char *name, double least, double most, double fallback, double *number_out);
/* The same, with or without " %" behind it. */
bool runs_percent_take(int *argc, char **argv, const char *name, double least, double most, double fallback, double *number_out);
/* --runs and --warm-up, whole. */
bool runs_counts_take(int *argc, char **argv, int fallback, int *runs_out, int *warm_up_out);

/* Reads the file's scenario and runs it. progress and stop: as struct engine_options'. */
enum err runs_once(struct cli *cli, const struct runs_options *options, const char *file, const char *url, FILE *progress,
	const volatile sig_atomic_t *stop, struct result *result_out);

/* One build under measurement. */
struct side {
	const char *label, *url;
	const struct result **results; /* of each file, run by run: results[file * room + run] */
	int room, runs;                /* runs: those that all files and all sides have had */
};

/* Runs every file `warm_up` times for nothing and `runs` times for the results, against each side: in alternation, so that what changes
 * meanwhile on the machine hits all alike, each side first in every second round. Says on standard error what it does. Files and URLs are read
 * before anything is asked. An error ends it; what was whole by then is there. */
enum err runs_measure(struct cli *cli, const struct runs_options *options, char *const *files, int file_count, int warm_up, int runs,
	struct side *sides, int side_count);

#endif
