#include "cli.h"

#include "mc/cache.h"
#include "measure/measure.h"

#include <string.h>

static void said(void *argument, const char *org_id, int64_t sessions)
{
	struct cli *cli = argument;

	fprintf(cli->out, "%s: %lld sessions\n", org_id, (long long)sessions);
	fflush(cli->out);
	cache_invalidate(&cli->ctx, cli->house.cache, measure_tag(&cli->ctx, org_id, true));
	cache_invalidate(&cli->ctx, cli->house.cache, measure_tag(&cli->ctx, org_id, false));
}

static int measure_run(struct cli *cli, int argc, char **argv)
{
	const char *org = cli_option(&argc, argv, "--org"), *org_id = NULL;
	enum err err;

	if (argc != 2 || strcmp(argv[1], "rebuild"))
		return cli_usage(&COMMAND_MEASURE);
	err = org ? cli_organisation(cli, org, &org_id) : OK;
	if (err == OK)
		err = measure_rebuild(&cli->ctx, cli->house.pool, org_id, said, cli);
	return err == OK ? 0 : cli_fail(cli);
}

const struct command COMMAND_MEASURE = {
	.name = "measure",
	.usage = "measure rebuild [--org ORG]",
	.doc = "judges every session again and makes the sums of figures anew; without --org, of all; workers may go on meanwhile",
	.needs = NEED_HOUSE,
	.run = measure_run,
};
