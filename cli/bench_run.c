#include "config.h"

#include "bench.h"

#include "bench/engine.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SETS_MOST 64

struct run_options {
	const char *file, *url, *unix_path, *json;
	const char *sets[SETS_MOST + 1];
	bool anywhere, quiet;
	struct scenario_options scenario;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = signal;
}

static bool scale(const char *text, double *scale_out)
{
	char *end;
	*scale_out = 1;
	if (!text)
		return true;
	*scale_out = strtod(text, &end);
	return end != text && !*end && isfinite(*scale_out) && *scale_out > 0 && *scale_out <= 1000;
}

/* False: used wrongly. */
static bool options_read(int argc, char **argv, struct run_options *options)
{
	const char *set;
	int sets = 0;
	bool good = scale(cli_option(&argc, argv, "--time-scale"), &options->scenario.time_scale);
	good = scale(cli_option(&argc, argv, "--rate-scale"), &options->scenario.rate_scale) && good;
	options->url = cli_option(&argc, argv, "--url");
	options->unix_path = cli_option(&argc, argv, "--unix");
	options->json = cli_option(&argc, argv, "--json");
	while (sets < SETS_MOST && (set = cli_option(&argc, argv, "--set")))
		options->sets[sets++] = set;
	options->scenario.set = options->sets;
	options->anywhere = cli_flag(&argc, argv, "--i-own-this-host");
	options->quiet = cli_flag(&argc, argv, "--quiet");
	options->file = argc > 1 ? argv[1] : NULL;
	return good && argc == 2 && options->url && options->file[0] != '-';
}

static enum err run(struct cli *cli, const struct run_options *options, struct result *result_out)
{
	struct ctx *ctx = &cli->ctx;
	struct scenario scenario;
	struct engine_options engine = {.url = options->url, .families = FAMILIES, .time_scale = options->scenario.time_scale,
		.rate_scale = options->scenario.rate_scale, .version = PACKAGE_VERSION, .stop = &interrupted,
		.progress = !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL};
	TRY(target_host_find(ctx, options->url, options->unix_path, options->anywhere, &engine.host));
	TRY(scenario_load(ctx, options->file, &options->scenario, &scenario));
	/* A second Ctrl-C ends the program. */
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	enum err err = engine_run(ctx, &scenario, &engine, result_out);
	if (engine.progress)
		fprintf(stderr, "\n");
	return err;
}

int bench_run(struct cli *cli, int argc, char **argv)
{
	struct run_options options = {0};
	struct result result;
	if (!options_read(argc, argv, &options))
		return cli_usage(&COMMAND_BENCH);
	enum err err = run(cli, &options, &result);
	if (err == OK && options.json)
		err = result_save(&cli->ctx, options.json, &result);
	if (err != OK) {
		cli_fail(cli);
		return err == ERR_BAD_INPUT || err == ERR_FORBIDDEN || err == ERR_NOT_FOUND ? 2 : 1;
	}
	if (!options.quiet)
		result_print(&result, cli->out);
	return result.met ? 0 : 1;
}
