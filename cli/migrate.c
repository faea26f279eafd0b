#include "cli.h"

#include "pg/migrate.h"
#include "who/secret.h"

static int migrate_run_command(struct cli *cli, int argc, char **argv)
{
	bool plan = cli_flag(&argc, argv, "--plan"), init = cli_flag(&argc, argv, "--init");
	char message[256] = "";
	if (argc > 1 || (plan && init))
		return cli_usage(&COMMAND_MIGRATE);
	if (init && !secret_create(conf_string("secret.key_file"), message)) {
		fprintf(stderr, "stoa: %s\n", message);
		return 1;
	}
	struct pool *pool = pool_open(1);
	enum err err = migrate_run(&cli->ctx, pool, plan, cli->out);
	int status = err == OK ? 0 : cli_fail(cli);
	ctx_reset(&cli->ctx);
	pool_close(pool);
	return status;
}

const struct command COMMAND_MIGRATE = {
	.name = "migrate",
	.usage = "migrate [--plan | --init]",
	.doc = "bring the database to this version; --plan only says how; --init also writes the house key when there is none",
	.needs = NEED_CONF,
	.run = migrate_run_command,
};
