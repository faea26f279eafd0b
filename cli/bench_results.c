#include "config.h"

#include "bench.h"
#include "bench_runs.h"

#include "cli/bench/compare.h"
#include "cli/bench/report.h"

#include <string.h>

static int wrong(const char *why)
{
	fprintf(stderr, "stoa: %s\n", why);
	return cli_usage(&COMMAND_BENCH);
}

int bench_report(struct cli *cli, int argc, char **argv)
{
	const char *html = cli_option(&argc, argv, "--html");
	struct result result;
	if (argc != 2)
		return wrong("report takes one file");
	if (result_load(&cli->ctx, argv[1], &result) != OK)
		return cli_fail(cli);
	result_print(&result, cli->out);
	return !html || report_save(&cli->ctx, html, &result) == OK ? 0 : cli_fail(cli);
}

int bench_history(struct cli *cli, int argc, char **argv)
{
	const char *html = cli_option(&argc, argv, "--html");
	struct history history;
	if (argc != 2 || !html)
		return wrong("history takes one file and --html");
	return history_load(&cli->ctx, argv[1], &history) == OK && history_save(&cli->ctx, html, &history) == OK ? 0 : cli_fail(cli);
}

/* Adds the records of every file to the history, if err is OK; what cannot be added goes to standard output, so that nothing measured is lost. */
static enum err records_keep(struct cli *cli, enum err err, const char *into, const struct record *records, int count)
{
	for (int i = 0; i < count; i++) {
		struct buffer line = {0};
		if (err == OK)
			err = history_add(&cli->ctx, into, &records[i]);
		if (err == OK)
			continue;
		record_line(&records[i], &line);
		fputs(line.data, cli->out);
		buffer_free(&line);
	}
	return err;
}

static struct record *records_of(struct ctx *ctx, const struct side *side, int file_count)
{
	struct record *records = arena_array(&ctx->arena, (size_t)file_count, sizeof *records);
	for (int file = 0; file < file_count; file++)
		records[file] = record_of(ctx, side->label, side->results + file * side->room, side->runs);
	return records;
}

int bench_record(struct cli *cli, int argc, char **argv)
{
	struct runs_options options;
	struct side side = {.url = cli_option(&argc, argv, "--url"), .label = cli_option(&argc, argv, "--label")};
	const char *into = cli_option(&argc, argv, "--into");
	int runs, warm_up;
	if (!runs_options_take(&argc, argv, &options) || !runs_counts_take(&argc, argv, 5, &runs, &warm_up))
		return 2;
	if (argc < 2 || !side.url || !side.label || !into)
		return wrong("record takes files, --url, --label and --into");
	if (history_ready(&cli->ctx, into) != OK)
		return cli_fail(cli);
	enum err err = runs_measure(cli, &options, argv + 1, argc - 1, warm_up, runs, &side, 1), kept = OK;
	if (side.runs)
		kept = records_keep(cli, OK, into, records_of(&cli->ctx, &side, argc - 1), argc - 1);
	if (side.runs && kept == OK)
		fprintf(cli->out, "%d record%s of %d run%s added to %s as %s\n", argc - 1, argc == 2 ? "" : "s", side.runs, side.runs == 1 ? "" : "s", into,
			side.label);
	return err == OK && kept == OK ? 0 : cli_fail(cli);
}

/* A regression outweighs what cannot be told. */
static int worse(int status, int other)
{
	return status == 1 || other == 1 ? 1 : status > other ? status : other;
}

/* -1: they cannot be compared. */
static int compare_pair(struct cli *cli, const struct record *base, const struct record *fresh, const struct compare_rule *rule)
{
	struct compared compared;
	if (compare_records(&cli->ctx, base, fresh, rule, &compared) != OK)
		return -1;
	compare_print(&cli->ctx, base, fresh, rule, &compared, cli->out);
	return compare_status(&compared);
}

/* The first record of its scenario. */
static bool scenario_begins(struct ctx *ctx, const struct history *history, int at)
{
	for (int i = 0; i < at; i++)
		if (!strcmp(record_scenario(ctx, &history->records[i]), record_scenario(ctx, &history->records[at])))
			return false;
	return true;
}

static int compare_stored(struct cli *cli, const char *path, const char *base_label, const char *fresh_label, const struct compare_rule *rule)
{
	struct ctx *ctx = &cli->ctx;
	struct history history;
	struct record base, fresh;
	int status = 0, pairs = 0;
	if (history_load(ctx, path, &history) != OK)
		return cli_fail(cli);
	for (int i = 0; i < history.count; i++) {
		const char *scenario = record_scenario(ctx, &history.records[i]);
		if (!scenario_begins(ctx, &history, i))
			continue;
		if (history_find(ctx, &history, base_label, scenario, &base) != OK || history_find(ctx, &history, fresh_label, scenario, &fresh) != OK)
			return cli_fail(cli);
		if (!base.runs != !fresh.runs)
			fprintf(cli->out, "%s was recorded as %s only\n", scenario, base.runs ? base_label : fresh_label);
		if (!base.runs || !fresh.runs)
			continue;
		int now = compare_pair(cli, &base, &fresh, rule);
		if (now < 0)
			return cli_fail(cli);
		status = worse(status, now);
		pairs++;
	}
	if (pairs)
		return status;
	(void)fail(ctx, ERR_NOT_FOUND, "%.80s has no scenario that was recorded both as %.60s and as %.60s", path, base_label, fresh_label);
	return cli_fail(cli);
}

static int compare_live(struct cli *cli, int argc, char **argv, const struct compare_rule *rule)
{
	struct runs_options options;
	int runs, warm_up;
	const char *into = cli_option(&argc, argv, "--into");
	struct side sides[2] = {{.url = cli_option(&argc, argv, "--base-url"), .label = cli_option(&argc, argv, "--base")},
		{.url = cli_option(&argc, argv, "--new-url"), .label = cli_option(&argc, argv, "--new")}};
	if (!runs_options_take(&argc, argv, &options) || !runs_counts_take(&argc, argv, 7, &runs, &warm_up))
		return 2;
	if (argc < 2 || !sides[0].url || !sides[1].url)
		return wrong("compare takes files, --base-url and --new-url, or --records and two labels");
	if (options.unix_path)
		return wrong("compare asks two servers, and --unix names one");
	for (int i = 0; i < 2; i++)
		sides[i].label = sides[i].label ? sides[i].label : sides[i].url;
	if (into && !strcmp(sides[0].label, sides[1].label))
		return wrong("what is kept of two sides needs two labels: --base and --new");
	int count = argc - 1, status = 0;
	if (into && history_ready(&cli->ctx, into) != OK)
		return cli_fail(cli);
	struct record *records[2] = {0};
	enum err err = runs_measure(cli, &options, argv + 1, count, warm_up, runs, sides, 2), kept = OK;
	for (int i = 0; i < 2 && sides[i].runs; i++) {
		records[i] = records_of(&cli->ctx, &sides[i], count);
		if (into)
			kept = records_keep(cli, kept, into, records[i], count);
	}
	for (int file = 0; file < count && sides[1].runs; file++) {
		int now = compare_pair(cli, &records[0][file], &records[1][file], rule);
		if (now < 0)
			return cli_fail(cli);
		status = worse(status, now);
	}
	return err == OK && kept == OK ? status : cli_fail(cli);
}

int bench_compare(struct cli *cli, int argc, char **argv)
{
	double least, level;
	if (!runs_percent_take(&argc, argv, "--least", 0, 1000, 100 * COMPARE_LEAST, &least) ||
		!runs_percent_take(&argc, argv, "--level", 50, 99.99, 100 * COMPARE_LEVEL, &level))
		return 2;
	struct compare_rule rule = {level / 100, least / 100, COMPARE_LEAST_ERRORS};
	const char *path = cli_option(&argc, argv, "--records");
	if (!path)
		return compare_live(cli, argc, argv, &rule);
	return argc == 3 ? compare_stored(cli, path, argv[1], argv[2], &rule) : wrong("compare --records takes two labels");
}
