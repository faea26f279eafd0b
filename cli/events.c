#include "cli.h"

#include "consumer/consumer.h"
#include "sql.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MOST 1000

struct events_options {
	const char *type, *organisation, *limit, *from;
	bool again;
};

/* Text of events comes from anywhere: nothing in it may steer a terminal. */
static const char *shown(struct cli *cli, const PGresult *rows, int row, const char *column)
{
	const char *text = pg_text(rows, row, column);
	char *copy = arena_strdup(&cli->ctx.arena, text && *text ? text : "-");

	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < 32 || *at == 127)
			*at = '?';
	return copy;
}

static bool number_read(const char *text, int64_t *number_out)
{
	char *end;

	errno = 0;
	*number_out = strtoll(text, &end, 10);
	return !errno && isdigit((unsigned char)*text) && !*end;
}

static enum err events_list(struct cli *cli, const struct events_options *options)
{
	const char *org_id = NULL, *type = options->type;
	int64_t limit = 50;
	PGresult *rows;

	if (options->limit && (!number_read(options->limit, &limit) || limit < 1 || limit > LIMIT_MOST))
		return fail(&cli->ctx, ERR_INVALID, "--limit must be a number from 1 to %d", LIMIT_MOST);
	if (type && !event_filter_known(type))
		return fail(&cli->ctx, ERR_INVALID, "--type must be a group such as member.* or one of %s", event_types(&cli->ctx));
	if (options->organisation)
		TRY(cli_organisation(cli, options->organisation, &org_id));
	if (type && type[strlen(type) - 1] == '*')
		type = arena_printf(&cli->ctx.arena, "%.*s%%", (int)strlen(type) - 1, type);
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_EVENT_LIST, PARAMS(org_id, type, pg_int(&cli->ctx, limit)), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		fprintf(cli->out, "%8s %s %-22s %s %s %s by %s %s, organisation %s\n", pg_text(rows, row, "position"), pg_text(rows, row, "at"),
			pg_text(rows, row, "type"), pg_true(rows, row, "live") ? "live" : "test", pg_text(rows, row, "entity"),
			shown(cli, rows, row, "entity_id"), pg_text(rows, row, "actor_kind"), shown(cli, rows, row, "actor_id"), pg_text(rows, row, "org_id"));
	return OK;
}

static enum err events_consumers(struct cli *cli)
{
	PGresult *rows;

	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_EVENT_CONSUMERS, NULL, &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		const struct consumer *consumer = consumer_named(pg_text(rows, row, "name"));

		fprintf(cli->out, "%-10s at %s, %s behind, %s passed over, moved %s\n", pg_text(rows, row, "name"), pg_text(rows, row, "position"),
			pg_text(rows, row, "behind"), pg_text(rows, row, "skipped"), pg_text(rows, row, "updated_at"));
		if (pg_text(rows, row, "failing_at"))
			fprintf(cli->out, "           fails at %s since %s, %s times that count: %s, %s\n", pg_text(rows, row, "failing_at"),
				pg_text(rows, row, "failing_since"), pg_text(rows, row, "failures"), pg_text(rows, row, "code"), shown(cli, rows, row, "message"));
		if (consumer)
			fprintf(cli->out, "           %s\n           replay: %s\n", consumer->doc, consumer->replay);
	}
	return OK;
}

static enum err events_skipped(struct cli *cli, const char *name)
{
	PGresult *rows;

	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_EVENT_SKIPPED, PARAMS(name), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		fprintf(cli->out, "%-10s %s %s %s, organisation %s: %s, %s\n", pg_text(rows, row, "consumer"), pg_text(rows, row, "position"),
			pg_text(rows, row, "at"), pg_text(rows, row, "type"), pg_text(rows, row, "org_id"), pg_text(rows, row, "code"),
			shown(cli, rows, row, "message"));
	return OK;
}

/* The position behind which to read: a number names the first event to be read, a time the first of that time or later. */
static enum err from_read(struct cli *cli, const char *text, int64_t *position_out)
{
	PGresult *rows;

	if (number_read(text, position_out)) {
		*position_out -= *position_out > 0;
		return OK;
	}
	if (pg_query(&cli->ctx, cli->house.pool, &SQL_EVENT_POSITION_AT, PARAMS(text), &rows) == OK) {
		*position_out = pg_number(rows, 0, "position", 0);
		return OK;
	}
	if (cli->ctx.fault.err == ERR_INVALID) {
		ctx_forgive(&cli->ctx);
		fail(&cli->ctx, ERR_INVALID, "--from must be a position or a time such as 2026-11-21T08:00:00Z");
	}
	return cli->ctx.fault.err;
}

static enum err events_replay(struct cli *cli, const char *name, const struct events_options *options)
{
	const struct consumer *consumer = consumer_named(name);
	struct lease lease = {0};
	int64_t position, was;
	enum err err;

	if (!consumer)
		return fail(&cli->ctx, ERR_NOT_FOUND, "There is no consumer \"%.40s\"", name);
	TRY(from_read(cli, options->from, &position));
	TRY(lease_take(&cli->ctx, cli->house.pool, &lease));
	err = event_rewind(&cli->ctx, &lease, consumer, position, options->again, &was);
	lease_return(&lease);
	TRY(err);
	fprintf(cli->out, "%s was at %" PRId64 " and reads on behind %" PRId64 ": %s\n", name, was, position, consumer->replay);
	return OK;
}

static int finish(struct cli *cli, enum err err)
{
	return err == OK ? 0 : cli_fail(cli);
}

static int events_run(struct cli *cli, int argc, char **argv)
{
	struct events_options options = {.type = cli_option(&argc, argv, "--type"), .organisation = cli_option(&argc, argv, "--organisation"),
		.limit = cli_option(&argc, argv, "--limit"), .from = cli_option(&argc, argv, "--from"), .again = cli_flag(&argc, argv, "--again")};
	const char *verb = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : NULL;
	bool filtered = options.type || options.organisation || options.limit, moved = options.from || options.again;

	if (argc == 2 && !strcmp(verb, "list") && !moved)
		return finish(cli, events_list(cli, &options));
	if (argc == 2 && !strcmp(verb, "consumers") && !filtered && !moved)
		return finish(cli, events_consumers(cli));
	if ((argc == 2 || argc == 3) && !strcmp(verb, "skipped") && !filtered && !moved)
		return finish(cli, events_skipped(cli, name));
	if (argc == 3 && !strcmp(verb, "replay") && !filtered && options.from)
		return finish(cli, events_replay(cli, name, &options));
	return cli_usage(&COMMAND_EVENTS);
}

const struct command COMMAND_EVENTS = {
	.name = "events",
	.usage = "events list [--type TYPE|GROUP.*] [--organisation NAME|ID] [--limit N]\n"
		"            events consumers\n"
		"            events skipped [CONSUMER]\n"
		"            events replay CONSUMER --from POSITION|TIME [--again]",
	.doc = "what happened, how far its readers are, and reading again",
	.needs = NEED_HOUSE,
	.run = events_run,
};
