#include "cli.h"

#include "billing/billing.h"
#include "sql.h"

#include <string.h>

struct stripe_options {
	const char *organisation, *mode;
};

static enum err mode_read(struct cli *cli, const struct stripe_options *options, bool *live_out)
{
	*live_out = options->mode && !strcmp(options->mode, "live");
	if (!options->mode || (!*live_out && strcmp(options->mode, "test")))
		return fail(&cli->ctx, ERR_INVALID, "--mode must be live or test");
	return OK;
}

static void line(struct cli *cli, const PGresult *row, const char *column, const char *name)
{
	const char *text = pg_text(row, 0, column);

	fprintf(cli->out, "%-18s %s\n", name, text ? text : "-");
}

static enum err stripe_status(struct cli *cli, const char *org_id, bool live)
{
	PGresult *row;

	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_RETENTION_STRIPE_GET, PARAMS(org_id, pg_bool(live)), &row));
	fprintf(cli->out, "%-18s %s\n", "connected", pg_true(row, 0, "connected") ? "yes" : "no");
	line(cli, row, "account", "account");
	line(cli, row, "endpointPath", "endpoint");
	fprintf(cli->out, "%-18s %s\n", "endpoint's secret", pg_true(row, 0, "secretSet") ? "yes" : "no");
	line(cli, row, "lastEventAt", "last event");
	line(cli, row, "eventsWaiting", "events waiting");
	line(cli, row, "eventsFailed", "events failed");
	line(cli, row, "caughtUpAt", "caught up");
	line(cli, row, "importState", "import");
	line(cli, row, "importCounts", "imported");
	line(cli, row, "importMessage", "import's trouble");
	line(cli, row, "missing", "missing scopes");
	return OK;
}

static enum err stripe_start(struct cli *cli, const char *org_id, bool live,
	enum err (*start)(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT]))
{
	char id[ID_TEXT] = "";
	struct lease lease;
	enum err err;

	TRY(lease_take(&cli->ctx, cli->house.pool, &lease));
	err = pg_begin(&lease);
	if (err == OK)
		err = start(&cli->ctx, &lease, org_id, live, id);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	TRY(err);
	fprintf(cli->out, "job %s\n", id);
	return OK;
}

static enum err run_verb(struct cli *cli, const char *verb, const struct stripe_options *options)
{
	const char *org_id;
	bool live;

	TRY(mode_read(cli, options, &live));
	TRY(cli_organisation(cli, options->organisation, &org_id));
	if (!strcmp(verb, "status"))
		return stripe_status(cli, org_id, live);
	return stripe_start(cli, org_id, live, !strcmp(verb, "import") ? billing_import_start : !strcmp(verb, "check") ? billing_check_start :
		billing_catch_up_start);
}

static int stripe_run(struct cli *cli, int argc, char **argv)
{
	static const char *const VERBS[] = {"status", "import", "catch-up", "check"};
	struct stripe_options options = {cli_option(&argc, argv, "--organisation"), cli_option(&argc, argv, "--mode")};

	for (size_t i = 0; argc == 2 && i < sizeof VERBS / sizeof *VERBS; i++)
		if (!strcmp(argv[1], VERBS[i]))
			return run_verb(cli, argv[1], &options) == OK ? 0 : cli_fail(cli);
	return cli_usage(&COMMAND_STRIPE);
}

const struct command COMMAND_STRIPE = {
	.name = "stripe",
	.usage = "stripe status --mode live|test [--organisation NAME|ID]\n"
		"            stripe import|catch-up|check --mode live|test [--organisation NAME|ID]",
	.doc = "how a connection to Stripe stands; reads from it anew",
	.needs = NEED_HOUSE,
	.run = stripe_run,
};
