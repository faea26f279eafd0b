#include "config.h"

#include "cli.h"

#include "base/log.h"
#include "web/web.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct command *const COMMANDS[] = {&COMMAND_MIGRATE, &COMMAND_USER, &COMMAND_KEY, &COMMAND_ROUTES, &COMMAND_OPENAPI,
	&COMMAND_CONFIG, &COMMAND_DOCTOR, &COMMAND_SLO, &COMMAND_JOBS, &COMMAND_EVENTS, &COMMAND_MAIL, &COMMAND_STRIPE, &COMMAND_MEASURE, &COMMAND_BENCH,
	&COMMAND_BROWNOUT, &COMMAND_CAPACITY, &COMMAND_PROFILE,
	&COMMAND_PROMETHEUS, NULL};

int cli_fail(struct cli *cli)
{
	const struct fault *fault = &cli->ctx.fault;
	fflush(cli->out);
	fprintf(stderr, "stoa: %s%s%s%s%s\n", fault->detail[0] ? fault->detail : error_title(fault->err), fault->field[0] ? " (field " : "",
		fault->field, fault->field[0] ? ")" : "", fault->internal[0] ? ":" : "");
	if (fault->internal[0])
		fprintf(stderr, "\t%s\n", fault->internal);
	return 1;
}

int cli_usage(const struct command *command)
{
	fprintf(stderr, "usage: stoa %s\n", command->usage);
	return 2;
}

static void take_out(int *argc, char **argv, int at, int count)
{
	memmove(argv + at, argv + at + count, (size_t)(*argc - at - count + 1) * sizeof *argv);
	*argc -= count;
}

const char *cli_option(int *argc, char **argv, const char *name)
{
	size_t length = strlen(name);
	for (int i = 1; i < *argc; i++) {
		char *text = argv[i];
		if (strncmp(text, name, length))
			continue;
		if (text[length] == '=') {
			take_out(argc, argv, i, 1);
			return text + length + 1;
		}
		if (!text[length] && i + 1 < *argc) {
			const char *value = argv[i + 1];
			take_out(argc, argv, i, 2);
			return value;
		}
	}
	return NULL;
}

bool cli_flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], name)) {
			take_out(argc, argv, i, 1);
			return true;
		}
	return false;
}

const char *cli_secret(struct cli *cli, const char *prompt)
{
	struct termios before, silent;
	bool terminal = !tcgetattr(STDIN_FILENO, &before);
	if (terminal) {
		fprintf(stderr, "%s: ", prompt);
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	char line[1024];
	char *got = fgets(line, sizeof line, stdin);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return got ? arena_memdup(&cli->ctx.arena, line, strcspn(line, "\r\n")) : NULL;
}

static int help(FILE *out, const char *name)
{
	for (int i = 0; COMMANDS[i]; i++)
		if (name && !strcmp(COMMANDS[i]->name, name)) {
			fprintf(out, "usage: stoa %s\n\n%s\n", COMMANDS[i]->usage, COMMANDS[i]->doc);
			return 0;
		}
	fprintf(out, "usage: stoa [--config FILE] COMMAND …\n\nThe admin's command of a Stoa installation.\n\n");
	for (int i = 0; COMMANDS[i]; i++)
		fprintf(out, "  %-10s %s\n", COMMANDS[i]->name, COMMANDS[i]->doc);
	fprintf(out, "  %-10s %s\n", "help", "explain a command: stoa help COMMAND");
	fprintf(out, "\nFILE defaults to $STOA_CONFIG, then %s/stoa/stoa.conf.\n", STOA_SYSCONFDIR);
	return name ? 2 : 0;
}

static bool house_open(struct cli *cli, char message_out[256])
{
	if (!secret_open(message_out))
		return false;
	cli->house.cache = cache_open(message_out);
	cli->house.pool = cli->house.cache ? pool_open(2) : NULL;
	return cli->house.pool != NULL;
}

static int run(const struct command *command, struct cli *cli, int argc, char **argv)
{
	char message[256] = "";
	if (command->needs >= NEED_CONF) {
		serve_conf();
		if (!conf_load(cli->config, message)) {
			fprintf(stderr, "stoa: %s\n", message);
			return 1;
		}
	}
	if (command->needs >= NEED_HOUSE && !house_open(cli, message)) {
		fprintf(stderr, "stoa: %s\n", message);
		return 1;
	}
	return command->run(cli, argc, argv);
}

int main(int argc, char **argv)
{
	struct cli cli = {.out = stdout};
	log_open("stoa", NULL, LOG_ERROR);
	if (argc > 2 && !strcmp(argv[1], "--config")) {
		cli.config = argv[2];
		take_out(&argc, argv, 1, 2);
	}
	if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))
		return help(argc < 2 ? stderr : stdout, argc > 2 ? argv[2] : NULL) || argc < 2 ? 2 : 0;
	if (!strcmp(argv[1], "--version")) {
		printf("stoa %s\n", PACKAGE_VERSION);
		return 0;
	}
	for (int i = 0; COMMANDS[i]; i++) {
		if (strcmp(argv[1], COMMANDS[i]->name))
			continue;
		ctx_init(&cli.ctx);
		int status = run(COMMANDS[i], &cli, argc - 1, argv + 1);
		ctx_free(&cli.ctx);
		if (cli.house.pool)
			pool_close(cli.house.pool);
		if (cli.house.cache)
			cache_close(cli.house.cache);
		if (fflush(stdout) || ferror(stdout)) {
			perror("stoa: standard output");
			return 1;
		}
		return status;
	}
	fprintf(stderr, "stoa: no command \"%s\"\n\n", argv[1]);
	help(stderr, NULL);
	return 2;
}
