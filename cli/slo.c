#include "cli.h"

#include "metric/metric.h"
#include "web/slo.h"

#include <inttypes.h>

struct report {
	FILE *out;
	int routes, missed;
};

static void line(void *argument, const struct slo *slo)
{
	struct report *report = argument;
	report->routes++;
	report->missed += !slo->met;
	fprintf(report->out, "%-6s %-44s %-10s %9" PRIu64 " %9.1f %9.1f %9.1f %8.3f %% %8.3f %%  %s\n", slo->method, slo->route,
		slo->target->text, slo->count, (double)slo->p50_us / 1000, (double)slo->p95_us / 1000, (double)slo->p99_us / 1000,
		100 * slo->share, 100 * slo->target->objective, slo->met ? "met" : "MISSED");
}

static int slo_run(struct cli *cli, int argc, char **argv)
{
	bool check = cli_flag(&argc, argv, "--check");
	char message[256] = "";
	if (argc > 1)
		return cli_usage(&COMMAND_SLO);
	if (!metric_open(message) || !*conf_string("metrics.file")) {
		fprintf(stderr, "stoa: metrics.file cannot be read: %s\n", *message ? message : "none is configured");
		metric_close();
		return 1;
	}
	struct report report = {.out = cli->out};
	fprintf(cli->out, "%-6s %-44s %-10s %9s %9s %9s %9s %10s %10s\n", "method", "route", "class", "requests", "p50 ms", "p95 ms", "p99 ms",
		"in goal", "objective");
	slo_each(line, &report);
	fprintf(cli->out, "%d routes, %d below their targets\n", report.routes, report.missed);
	metric_close();
	return check && report.missed ? 1 : 0;
}

const struct command COMMAND_SLO = {
	.name = "slo",
	.usage = "slo [--check]",
	.doc = "compare what each route has taken with the targets of its class; --check fails when one is missed",
	.needs = NEED_CONF,
	.run = slo_run,
};
