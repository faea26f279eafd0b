/* How a scenario is read: what scenario.c and steps.c share. */
#ifndef STOA_CLI_BENCH_READING_H
#define STOA_CLI_BENCH_READING_H

#include "cli/bench/scenario.h"
#include "cli/bench/tree.h"

#define SCENARIO_FILES 8
#define VARIABLES_MOST 256 /* of one scenario */

struct reading {
	struct ctx *ctx;
	const struct scenario_options *options;
	struct scenario *scenario;
	struct tree *files[SCENARIO_FILES]; /* included ones first */
	int file_count;
	struct header *headers;             /* of every request */
	int header_count;
	int known;                          /* variables that a text may name: all, or those before the one that is being read */
};

/* Adds a variable, or answers the one of that name. */
int reading_declare(struct reading *reading, const char *name, enum variable_kind kind);
/* The variable of that name, or -1. */
int reading_find(const struct reading *reading, const char *name, size_t length);

/* A text with names in it. escape: how its own text is written, and a {{name}}. */
enum err read_pattern(struct reading *reading, const struct tree *tree, const char *what, enum escape escape, struct pattern *pattern_out);
/* One or two times. */
enum err read_range(struct reading *reading, const struct tree *tree, const char *what, struct range *range_out);
/* A mapping of names and texts, added to what is there. */
enum err read_headers(struct reading *reading, const struct tree *tree, struct header **headers, int *count);
enum err read_steps(struct reading *reading, const struct tree *tree, const char *what, struct steps *steps_out);
/* Declares what the steps capture. */
enum err declare_captures(struct reading *reading, const struct tree *steps);

#endif
