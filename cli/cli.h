/* The admin's command: `stoa <subcommand> …`. One file a subcommand; cli/main.c lists them. */
#ifndef STOA_CLI_CLI_H
#define STOA_CLI_CLI_H

#include "pg/pg.h"
#include "who/who.h"

#include <stdio.h>

struct cli {
	struct ctx ctx;      /* reset by main when the subcommand ends */
	struct house house;  /* NULLs unless the subcommand needs NEED_HOUSE */
	const char *config;  /* --config FILE, or NULL */
	FILE *out;
};

enum command_needs {
	NEED_NOTHING, /* not even configuration */
	NEED_CONF,    /* configuration is loaded */
	NEED_HOUSE    /* also: house key read, pool and cache opened (no connection is made yet) */
};

struct command {
	const char *name;
	const char *usage; /* lines as `stoa help <name>` prints them, without the leading "stoa " */
	const char *doc;   /* one line */
	enum command_needs needs;
	/* argv[0] is the subcommand's name. Exit status: 0 done, 1 failed (cli_fail), 2 used wrongly (cli_usage). */
	int (*run)(struct cli *cli, int argc, char **argv);
};

extern const struct command COMMAND_MIGRATE, COMMAND_USER, COMMAND_KEY, COMMAND_ROUTES, COMMAND_OPENAPI, COMMAND_CONFIG, COMMAND_DOCTOR,
	COMMAND_SLO, COMMAND_JOBS, COMMAND_EVENTS, COMMAND_MAIL, COMMAND_STRIPE, COMMAND_MEASURE, COMMAND_BENCH,
	COMMAND_BROWNOUT, COMMAND_CAPACITY, COMMAND_PROFILE, COMMAND_PROMETHEUS;

/* Prints the fault recorded in cli->ctx on standard error, with what only the log would show; answers 1. */
int cli_fail(struct cli *cli);
/* Prints the usage on standard error; answers 2. */
int cli_usage(const struct command *command);

/* The value after `name` in argv ("--role owner" or "--role=owner"), or NULL. Both are taken out of argv, so that what is left can be
 * checked for leftovers. */
const char *cli_option(int *argc, char **argv, const char *name);
/* True, and taken out, when argv has the flag. */
bool cli_flag(int *argc, char **argv, const char *name);
/* Reads one line from standard input without echoing it; ctx memory, NULL at its end. For passwords: they do not belong into argv. */
const char *cli_secret(struct cli *cli, const char *prompt);

/* The organisation by id or name; name NULL: the only one there is. ERR_NOT_FOUND; ERR_INVALID: several. org_id_out: ctx memory. */
enum err cli_organisation(struct cli *cli, const char *name, const char **org_id_out);

struct family;
extern const struct family *const FAMILIES[]; /* of all responders, NULL-ended */

#endif
