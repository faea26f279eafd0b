#include "config.h"

#include "bench_runs.h"

#include <stdlib.h>
#include <string.h>

bool runs_number_take(int *argc, char **argv, const char *name, double least, double most, double fallback, double *number_out)
{
	const char *text = cli_option(argc, argv, name);
	char *end;
	*number_out = fallback;
	if (!text)
		return true;
	*number_out = strtod(text, &end);
	if (end != text && !strcmp(*end == ' ' ? end + 1 : end, *end ? "%" : "") && *number_out >= least && *number_out <= most)
		return true;
	fprintf(stderr, "stoa: %s must be a number from %g to %g\n", name, least, most);
	return false;
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

enum err runs_measure(struct cli *cli, const struct runs_options *options, char *const *files, int file_count, int warm_up, int runs,
	struct side *sides, int side_count)
{
	struct arena *arena = &cli->ctx.arena;
	for (int side = 0; side < side_count; side++)
		sides[side].results = arena_array(arena, (size_t)(file_count * runs), sizeof *sides[side].results);
	for (int run = -warm_up; run < runs; run++)
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
	return OK;
}
