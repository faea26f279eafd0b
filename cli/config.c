#include "cli.h"

#include "conf/conf.h"

static int config_run(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return cli_usage(&COMMAND_CONFIG);
	conf_print(cli->out);
	return 0;
}

const struct command COMMAND_CONFIG = {
	.name = "config",
	.usage = "config",
	.doc = "print every setting with its value and where that comes from; secrets are hidden",
	.needs = NEED_CONF,
	.run = config_run,
};
