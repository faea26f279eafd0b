#include "bench.h"

#include <string.h>

static const struct bench_command COMMANDS[] = {{"run", bench_run}, {"report", bench_report}, {"record", bench_record},
	{"compare", bench_compare}, {"history", bench_history}, {"export", bench_export}, {0}};

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
	"                 [--json FILE] [--html FILE] [--i-own-this-host] [--quiet]\n"
	"           asks as the scenario says and reports; cli/bench/scenario.h says what may stand in it. 1: a threshold is broken; 2: no run or no report\n"
	"       stoa bench report RESULT.json [--html FILE]\n"
	"           the report again, and as a page with charts\n"
	"       stoa bench record FILE.yaml… --url URL --label NAME --into FILE.jsonl [--runs 5] [--warm-up 1]\n"
	"           runs them in alternation and adds what came of it to a history; --set and the rest as run has them\n"
	"       stoa bench compare --records FILE.jsonl BASE NEW [--least PERCENT] [--level PERCENT]\n"
	"       stoa bench compare FILE.yaml… --base-url URL --new-url URL [--runs 7] [--warm-up 1] [--least PERCENT] [--level PERCENT]\n"
	"                 [--into FILE.jsonl [--base NAME] [--new NAME]]\n"
	"           tells what is slower beyond noise, of two labels or of two servers in alternation, which is surer: what else changes on the\n"
	"           machine hits both. --set and the rest as run has them. 1: something is, or it failed; 2: too few runs to tell, or used wrongly\n"
	"       stoa bench history FILE.jsonl --html FILE\n"
	"           charts of a history\n"
	"       stoa bench export --artillery|--locust|--k6 FILE.yaml… --into FOLDER\n"
	"           the same for another tool; cli/bench/export.h says what differs",
	"load a running site, and measure what it takes", NEED_NOTHING, bench_command};
