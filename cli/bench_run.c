#include "config.h"

#include "bench.h"
#include "bench_runs.h"

#include "cli/bench/report.h"

#include <signal.h>
#include <unistd.h>

struct run_options {
	const char *file, *url, *json, *html;
	bool quiet;
	struct runs_options runs;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = signal;
}

/* False: used wrongly. */
static bool options_read(int argc, char **argv, struct run_options *options)
{
	bool good = runs_options_take(&argc, argv, &options->runs);
	options->url = cli_option(&argc, argv, "--url");
	options->json = cli_option(&argc, argv, "--json");
	options->html = cli_option(&argc, argv, "--html");
	options->quiet = cli_flag(&argc, argv, "--quiet");
	options->file = argc > 1 ? argv[1] : NULL;
	return good && argc == 2 && options->url && options->file[0] != '-';
}

static enum err run(struct cli *cli, const struct run_options *options, struct result *result_out)
{
	FILE *progress = !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL;
	/* A second Ctrl-C ends the program. */
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	enum err err = runs_once(cli, &options->runs, options->file, options->url, progress, &interrupted, result_out);
	if (progress)
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
	if (err == OK) {
		/* A file that cannot be written costs neither this nor the other one. */
		if (!options.quiet)
			result_print(&result, cli->out);
		if (options.json)
			err = result_save(&cli->ctx, options.json, &result);
		enum err page = options.html ? report_save(&cli->ctx, options.html, &result) : OK;
		err = err == OK ? page : err;
	}
	if (err != OK) {
		cli_fail(cli);
		return 2;
	}
	return result.met ? 0 : 1;
}
