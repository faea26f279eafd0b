#include "cli.h"

#include "metric/metric.h"
#include "observe/history.h"
#include "web/budget.h"
#include "web/slo.h"

#include <inttypes.h>

struct report {
	FILE *out;
	int routes, missed; /* lines, and those that are not as they should be */
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

static void budget_line(void *argument, const struct budget_use *use)
{
	struct report *report = argument;
	bool over = use->peak >= use->most;
	report->routes++;
	report->missed += over;
	fprintf(report->out, "%-6s %-44s %-14s %12" PRId64 " %12" PRId64 " %9" PRIu64 "  %s\n", use->method, use->route, budget_text(use->budget), use->peak,
		use->most, use->exceeded, over ? "OVER" : "kept");
}

static int budgets_print(struct cli *cli, struct report *report)
{
	fprintf(cli->out, "%-6s %-44s %-14s %12s %12s %9s\n", "method", "route", "budget", "most used", "budget", "exceeded");
	budget_each(budget_line, report);
	fprintf(cli->out, "%d budgets, %d exceeded\n", report->routes, report->missed);
	return 0;
}

static void burn_line(struct report *report, const struct history_burn *burn)
{
	const char *alert = burn->left > 0 ? "well" : "SPENT";
	bool fires = false;
	for (int i = BURN_ALERTS; i-- > 0;)
		if (burn->fires[i]) {
			alert = BURN_ALERT[i].name;
			fires = true;
		}
	report->routes++;
	report->missed += fires || burn->left <= 0;
	fprintf(report->out, "%-18s %9" PRId64 " %9.3f %% %9.3f %% %9.1f %% %9.2f %9.2f %9.2f  %s\n", burn->key, burn->windows[WINDOW_30D].all,
		100 * burn->availability, 100 * burn->target->objective, 100 * burn->left, burn->windows[WINDOW_1H].rate, burn->windows[WINDOW_6H].rate,
		burn->windows[WINDOW_3D].rate, alert);
}

static int burn_print(struct cli *cli, struct report *report)
{
	struct history_burn *burns;
	struct pool *pool = pool_open(1);
	int64_t age_s = -1;
	int count;
	enum err err = history_age(&cli->ctx, pool, &age_s);
	if (err == OK)
		err = history_burns(&cli->ctx, pool, "class", &burns, &count);
	if (err == OK) {
		fprintf(cli->out, "%-18s %9s %11s %11s %11s %9s %9s %9s\n", "class", "requests", "good", "objective", "left", "burn 1h", "6h", "3d");
		for (int i = 0; i < count; i++)
			burn_line(report, &burns[i]);
		fprintf(cli->out, "%d classes, %d burn their budget or have used it up\n", report->routes, report->missed);
		if (age_s > HISTORY_STALE_S)
			fprintf(cli->out, "OLD: the last sample was taken %" PRId64 " s ago: no worker runs, or it has no metrics.file\n", age_s);
		report->missed += age_s > HISTORY_STALE_S;
	}
	pool_close(pool);
	return err == OK ? 0 : cli_fail(cli);
}

static int routes_print(struct cli *cli, struct report *report)
{
	fprintf(cli->out, "%-6s %-44s %-10s %9s %9s %9s %9s %10s %10s\n", "method", "route", "class", "requests", "p50 ms", "p95 ms", "p99 ms",
		"good", "objective");
	slo_each(line, report);
	fprintf(cli->out, "%d routes, %d below their targets\n", report->routes, report->missed);
	return 0;
}

static int slo_run(struct cli *cli, int argc, char **argv)
{
	bool check = cli_flag(&argc, argv, "--check"), burn = cli_flag(&argc, argv, "--burn"), budgets = cli_flag(&argc, argv, "--budgets");
	struct report report = {.out = cli->out};
	char message[256] = "";
	if (argc > 1 || (burn && budgets))
		return cli_usage(&COMMAND_SLO);
	int status;
	if (burn) {
		status = burn_print(cli, &report);
	} else if (!metric_open(message) || !*conf_string("metrics.file")) {
		fprintf(stderr, "stoa: metrics.file cannot be read: %s\n", *message ? message : "none is configured");
		metric_close();
		return 1;
	} else {
		status = (budgets ? budgets_print : routes_print)(cli, &report);
		metric_close();
	}
	return status ? status : check && report.missed ? 1 : 0;
}

const struct command COMMAND_SLO = {
	.name = "slo",
	.usage = "slo [--check]\n"
		"            slo --burn [--check]\n"
		"            slo --budgets [--check]",
	.doc = "compare what each route has taken with the targets of its class; --burn: error budgets of 30 days; --budgets: the most that a request of "
		"each route has used; --check fails when one is missed, or when nobody writes the history",
	.needs = NEED_CONF,
	.run = slo_run,
};
