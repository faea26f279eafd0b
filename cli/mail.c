#include "cli.h"

#include "mail/outbox.h"
#include "sql.h"

#include <string.h>

/* The suppression list: what complaints and bounces that arrive by other ways add, and how an address that was refused by mistake
 * (a relay that was set up wrongly) is let in again. */

struct mail_options {
	const char *address, *kind, *reason, *org;
	const char *org_id;
};

static enum err list(struct cli *cli, struct lease *lease, const struct mail_options *options)
{
	PGresult *rows;

	TRY(pg_run(lease, &SQL_MAIL_SUPPRESSED, PARAMS(options->org_id, options->address), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		fprintf(cli->out, "%s %-11s %s: %s\n", pg_text(rows, row, "created_at"), pg_text(rows, row, "reason"), pg_text(rows, row, "address"),
			strcmp(pg_text(rows, row, "kind"), MAIL_EVERY_KIND) ? pg_text(rows, row, "kind") : "every kind");
	return OK;
}

static enum err suppress(struct cli *cli, struct lease *lease, const struct mail_options *options)
{
	const char *reason = options->reason ? options->reason : "manual";

	TRY(mail_suppress(lease, options->org_id, options->address, options->kind, reason));
	fprintf(cli->out, "%s gets no mail (%s)\n", options->address, reason);
	return OK;
}

static enum err release(struct cli *cli, struct lease *lease, const struct mail_options *options)
{
	PGresult *rows;

	TRY(pg_run(lease, &SQL_MAIL_UNSUPPRESS, PARAMS(options->org_id, options->address, options->kind), &rows));
	if (!PQntuples(rows))
		return fail(&cli->ctx, ERR_NOT_FOUND, "The list does not have this address for this kind");
	fprintf(cli->out, "%s gets mail again\n", options->address);
	return OK;
}

static int run(struct cli *cli, enum err (*verb)(struct cli *, struct lease *, const struct mail_options *), struct mail_options *options)
{
	struct lease lease = {0};
	enum err err = options->org ? cli_organisation(cli, options->org, &options->org_id) : OK;

	if (err == OK)
		err = lease_take(&cli->ctx, cli->house.pool, &lease);
	if (err == OK)
		err = verb(cli, &lease, options);
	lease_return(&lease);
	return err == OK ? 0 : cli_fail(cli);
}

static int mail_run(struct cli *cli, int argc, char **argv)
{
	struct mail_options options = {.kind = cli_option(&argc, argv, "--kind"), .reason = cli_option(&argc, argv, "--reason"),
		.org = cli_option(&argc, argv, "--org"), .org_id = MAIL_HOUSE};
	const char *verb = argc > 1 ? argv[1] : "";

	options.address = argc > 2 ? argv[2] : NULL;
	if (argc <= 3 && !strcmp(verb, "suppressed") && !options.kind && !options.reason)
		return run(cli, list, &options);
	if (!options.kind)
		options.kind = MAIL_EVERY_KIND;
	if (argc == 3 && !strcmp(verb, "suppress"))
		return run(cli, suppress, &options);
	if (argc == 3 && !strcmp(verb, "release") && !options.reason)
		return run(cli, release, &options);
	return cli_usage(&COMMAND_MAIL);
}

const struct command COMMAND_MAIL = {
	.name = "mail",
	.usage = "mail suppressed [ADDRESS] [--org ORG]\n"
		"            mail suppress ADDRESS [--kind KIND] [--reason bounce|complaint|unsubscribe|manual] [--org ORG]\n"
		"            mail release ADDRESS [--kind KIND] [--org ORG]",
	.doc = "who gets no mail; without --org, of the whole house",
	.needs = NEED_HOUSE,
	.run = mail_run,
};
