/* Subcommands of `stoa bench`: cli/bench.c lists them. */
#ifndef STOA_CLI_BENCH_H
#define STOA_CLI_BENCH_H

#include "cli.h"

struct bench_command {
	const char *name;
	/* As struct command's: argv[0] is the subcommand's name. */
	int (*run)(struct cli *cli, int argc, char **argv);
};

int bench_run(struct cli *cli, int argc, char **argv); /* cli/bench_run.c */
/* cli/bench_results.c */
int bench_report(struct cli *cli, int argc, char **argv);
int bench_record(struct cli *cli, int argc, char **argv);
int bench_compare(struct cli *cli, int argc, char **argv);
int bench_history(struct cli *cli, int argc, char **argv);
int bench_export(struct cli *cli, int argc, char **argv); /* cli/bench_export.c */

#endif
