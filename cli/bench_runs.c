#include "config.h"

#include "bench_runs.h"

#include "cli/bench/statistics.h"

#include <stdlib.h>
#include <string.h>

static bool number_take(int *argc, char **argv, const char *name, const char *unit, double least, double most, double fallback, double *number_out)
{
	const char *text = cli_option(argc, argv, name);
	char *end;
	*number_out = fallback;
	if (!text)
		return true;
	*number_out = strtod(text, &end);
	end += end != text && *unit && *end == ' ';
	if (end != text && (!*end || !strcmp(end, unit)) && *number_out >= least && *number_out <= most)
		return true;
	fprintf(stderr, "stoa: %s must be a number from %g to %g\n", name, least, most);
	return false;
}

bool runs_number_take(int *argc, char **argv, const char *name, double least, double most, double fallback, double *number_out)
{
	return number_take(argc, argv, name, "", least, most, fallback, number_out);
}

bool runs_percent_take(int *argc, char **argv, const char *name, double least, double most, double fallback, double *number_out)
{
	return number_take(argc, argv, name, "%", least, most, fallback, number_out);
}

static bool count_take(int *argc, char **argv, const char *name, int least, int fallback, int *count_out)
{
	double number;
	if (!runs_number_take(argc, argv, name, least, RUNS_MOST, fallback, &number))
		return false;
	*count_out = (int)number;
	if (*count_out == number)
		return true;
	fprintf(stderr, "stoa: %s must be a whole number\n", name);
	return false;
}

bool runs_counts_take(int *argc, char **argv, int fallback, int *runs_out, int *warm_up_out)
{
	return count_take(argc, argv, "--runs", 1, fallback, runs_out) && count_take(argc, argv, "--warm-up", 0, 1, warm_up_out);
}

bool runs_options_take(int *argc, char **argv, struct runs_options *options_out)
{
	int count = 0;
	*options_out = (struct runs_options){.anywhere = cli_flag(argc, argv, "--i-own-this-host"), .unix_path = cli_option(argc, argv, "--unix")};
	for (const char *set; (set = cli_option(argc, argv, "--set"));) {
		if (count == RUNS_SET_MOST) {
			fprintf(stderr, "stoa: more than %d --set\n", RUNS_SET_MOST);
			return false;
		}
		options_out->set[count++] = set;
	}
	options_out->scenario.set = options_out->set;
	return runs_number_take(argc, argv, "--time-scale", 1e-4, 1000, 1, &options_out->scenario.time_scale) &&
		runs_number_take(argc, argv, "--rate-scale", 1e-4, 1000, 1, &options_out->scenario.rate_scale);
}

enum err runs_once(struct cli *cli, const struct runs_options *options, const char *file, const char *url, FILE *progress,
	const volatile sig_atomic_t *stop, struct result *result_out)
{
	struct ctx *ctx = &cli->ctx;
	struct scenario scenario;
	struct engine_options engine = {.url = url, .families = FAMILIES, .time_scale = options->scenario.time_scale,
		.rate_scale = options->scenario.rate_scale, .version = PACKAGE_VERSION, .progress = progress, .stop = stop};
	TRY(target_host_find(ctx, url, options->unix_path, options->anywhere, &engine.host));
	TRY(scenario_load(ctx, file, &options->scenario, &scenario));
	return engine_run(ctx, &scenario, &engine, result_out);
}

static enum err runs_check(struct ctx *ctx, const struct runs_options *options, char *const *files, int file_count, const struct side *sides, int side_count)
{
	struct target_host host;
	struct scenario scenario;
	for (int file = 0; file < file_count; file++)
		TRY(scenario_load(ctx, files[file], &options->scenario, &scenario));
	for (int side = 0; side < side_count; side++)
		TRY(target_host_find(ctx, sides[side].url, options->unix_path, options->anywhere, &host));
	return OK;
}

enum err runs_measure(struct cli *cli, const struct runs_options *options, char *const *files, int file_count, int warm_up, int runs,
	struct side *sides, int side_count)
{
	struct arena *arena = &cli->ctx.arena;
	TRY(runs_check(&cli->ctx, options, files, file_count, sides, side_count));
	for (int side = 0; side < side_count; side++) {
		sides[side].results = arena_array(arena, (size_t)(file_count * runs), sizeof *sides[side].results);
		sides[side].room = runs;
	}
	for (int run = -warm_up; run < runs; run++) {
		for (int file = 0; file < file_count; file++)
			for (int turn = 0; turn < side_count; turn++) {
				struct side *side = &sides[(turn + run + warm_up) % side_count];
				struct result *result = arena_alloc(arena, sizeof *result);
				if (run < 0)
					fprintf(stderr, "%s: warming up %s\n", files[file], side->label);
				else
					fprintf(stderr, "%s: run %d of %d of %s\n", files[file], run + 1, runs, side->label);
				TRY(runs_once(cli, options, files[file], side->url, NULL, NULL, result));
				if (run >= 0)
					side->results[file * runs + run] = result;
			}
		for (int side = 0; side < side_count; side++)
			sides[side].runs = run + 1 > 0 ? run + 1 : 0;
	}
	return OK;
}
