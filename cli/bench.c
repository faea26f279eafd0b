#include "bench.h"

#include <string.h>

static const struct bench_command COMMANDS[] = {{"run", bench_run}, {0}};

static int bench_command(struct cli *cli, int argc, char **argv)
{
	for (const struct bench_command *command = COMMANDS; argc > 1 && command->name; command++)
		if (!strcmp(command->name, argv[1]))
			return command->run(cli, argc - 1, argv + 1);
	return cli_usage(&COMMAND_BENCH);
}

const struct command COMMAND_BENCH = {
	"bench",
	"bench run FILE.yaml --url http://127.0.0.1:PORT [--unix PATH] [--set NAME=VALUE]… [--time-scale X] [--rate-scale X]\n"
	"                 [--json FILE] [--i-own-this-host] [--quiet]\n"
	"           asks as the scenario says and reports; cli/bench/scenario.h says what may stand in it. 1: a threshold is broken",
	"load a running site, and measure what it takes", NEED_NOTHING, bench_command};
