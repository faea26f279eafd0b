#include "cli.h"

#include "job/job.h"
#include "job/policies.h"
#include "sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MOST 1000

struct jobs_options {
	const char *state, *kind, *queue, *limit;
	bool all;
};

/* Text of jobs comes from anywhere: nothing in it may steer a terminal. */
static const char *shown(struct cli *cli, const char *text)
{
	char *copy = arena_strdup(&cli->ctx.arena, text ? text : "");

	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < 32 || *at == 127)
			*at = '?';
	return copy;
}

static const char *queue_name(const PGresult *rows, int row)
{
	return JOB_DEPTH_TARGET[pg_number(rows, row, "queue", JOB_DEFAULT)].queue;
}

static enum err queue_read(struct cli *cli, const char *name, enum job_queue *queue_out)
{
	*queue_out = job_queue_parse(name);
	return *queue_out < JOB_QUEUES ? OK : fail(&cli->ctx, ERR_INVALID, "--queue must be high, default or low");
}

static enum err limit_read(struct cli *cli, const char *text, long *limit_out)
{
	char *end;

	errno = 0;
	*limit_out = text ? strtol(text, &end, 10) : 50;
	if (text && (errno || end == text || *end || *limit_out < 1 || *limit_out > LIMIT_MOST))
		return fail(&cli->ctx, ERR_INVALID, "--limit must be a number from 1 to %d", LIMIT_MOST);
	return OK;
}

static enum err pauses_list(struct cli *cli)
{
	PGresult *rows;

	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_JOB_PAUSES, NULL, &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		fprintf(cli->out, "paused: %s since %s\n", shown(cli, pg_text(rows, row, "name")), pg_text(rows, row, "created_at"));
	return OK;
}

static enum err jobs_list(struct cli *cli, const struct jobs_options *options)
{
	static const char *const STATES[] = {"waiting", "running", "done", "dead", "cancelled"};
	const char *queue_number = NULL;
	enum job_queue queue;
	size_t known = 0;
	long limit;
	PGresult *rows;

	while (options->state && known < sizeof STATES / sizeof *STATES && strcmp(options->state, STATES[known]))
		known++;
	if (known == sizeof STATES / sizeof *STATES)
		return fail(&cli->ctx, ERR_INVALID, "--state must be waiting, running, done, dead or cancelled");
	TRY(limit_read(cli, options->limit, &limit));
	if (options->queue) {
		TRY(queue_read(cli, options->queue, &queue));
		queue_number = pg_int(&cli->ctx, queue);
	}
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_JOB_LIST, PARAMS(options->state, options->kind, queue_number,
		pg_int(&cli->ctx, limit)), &rows));
	TRY(pauses_list(cli));
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *progress = pg_text(rows, row, "progress"), *message = pg_text(rows, row, "message");

		fprintf(cli->out, "%s %-9s %-7s %-20s %s/%s %s%s%s%s%s\n", pg_text(rows, row, "id"), pg_text(rows, row, "state"),
			queue_name(rows, row), shown(cli, pg_text(rows, row, "kind")), pg_text(rows, row, "attempt"), pg_text(rows, row, "attempts"),
			pg_text(rows, row, "run_at"), progress ? ", " : "", progress ? progress : "", progress ? " %" : "",
			message ? arena_printf(&cli->ctx.arena, ", \"%s\"", shown(cli, message)) : "");
	}
	return OK;
}

static enum err jobs_show(struct cli *cli, const char *id)
{
	PGresult *rows = NULL;

	if (id_valid(id))
		TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_JOB_SHOW, PARAMS(id), &rows));
	if (!rows || !PQntuples(rows))
		return fail(&cli->ctx, ERR_NOT_FOUND, "There is no job \"%.40s\"", id);
	for (int column = 0; column < PQnfields(rows); column++) {
		const char *name = PQfname(rows, column), *value = pg_text(rows, 0, name);

		if (value)
			fprintf(cli->out, "%-13s %s\n", name, strcmp(name, "queue") ? shown(cli, value) : queue_name(rows, 0));
	}
	return OK;
}

static enum err jobs_retry(struct cli *cli, struct lease *lease, const char *id, const struct jobs_options *options)
{
	int64_t count;

	if (id) {
		TRY(job_replay(&cli->ctx, lease, id));
		fprintf(cli->out, "%s waits\n", id);
		return OK;
	}
	TRY(job_replay_all(&cli->ctx, lease, NULL, options->kind, &count));
	fprintf(cli->out, "%" PRId64 " jobs wait again\n", count);
	return OK;
}

static enum err jobs_cancel(struct cli *cli, struct lease *lease, const char *id, const struct jobs_options *options)
{
	bool running;

	(void)options;
	TRY(job_cancel(&cli->ctx, lease, id, &running));
	fprintf(cli->out, running ? "%s runs and was told to stop\n" : "%s is cancelled\n", id);
	return OK;
}

static enum err jobs_pause(struct cli *cli, struct lease *lease, const char *id, const struct jobs_options *options)
{
	enum job_queue queue = JOB_DEFAULT;

	(void)id;
	if (options->queue)
		TRY(queue_read(cli, options->queue, &queue));
	TRY(job_pause(&cli->ctx, lease, options->kind, queue));
	fprintf(cli->out, "%s is paused; what runs goes on\n", options->kind ? options->kind : options->queue);
	return OK;
}

static enum err jobs_resume(struct cli *cli, struct lease *lease, const char *id, const struct jobs_options *options)
{
	enum job_queue queue = JOB_DEFAULT;

	(void)id;
	if (options->queue)
		TRY(queue_read(cli, options->queue, &queue));
	TRY(job_resume(&cli->ctx, lease, options->kind, queue));
	fprintf(cli->out, "%s goes on\n", options->kind ? options->kind : options->queue);
	return OK;
}

static int finish(struct cli *cli, enum err err)
{
	return err == OK ? 0 : cli_fail(cli);
}

static int change(struct cli *cli, enum err (*verb)(struct cli *, struct lease *, const char *, const struct jobs_options *),
	const char *id, const struct jobs_options *options)
{
	struct lease lease = {0};
	enum err err = lease_take(&cli->ctx, cli->house.pool, &lease);

	if (err == OK)
		err = verb(cli, &lease, id, options);
	lease_return(&lease);
	return finish(cli, err);
}

static int jobs_run(struct cli *cli, int argc, char **argv)
{
	struct jobs_options options = {.state = cli_option(&argc, argv, "--state"), .kind = cli_option(&argc, argv, "--kind"),
		.queue = cli_option(&argc, argv, "--queue"), .limit = cli_option(&argc, argv, "--limit"), .all = cli_flag(&argc, argv, "--all")};
	const char *verb = argc > 1 ? argv[1] : "", *id = argc > 2 ? argv[2] : NULL;
	bool filtered = options.state || options.limit || options.kind || options.queue, one = argc == 3;
	bool either = argc == 2 && !options.kind != !options.queue && !options.state && !options.limit && !options.all;

	if (argc == 2 && !strcmp(verb, "list") && !options.all)
		return finish(cli, jobs_list(cli, &options));
	if (one && !strcmp(verb, "show") && !filtered && !options.all)
		return finish(cli, jobs_show(cli, id));
	if (one && !strcmp(verb, "retry") && !filtered && !options.all)
		return change(cli, jobs_retry, id, &options);
	if (argc == 2 && !strcmp(verb, "retry") && options.all && !options.state && !options.limit && !options.queue)
		return change(cli, jobs_retry, NULL, &options);
	if (one && !strcmp(verb, "cancel") && !filtered && !options.all)
		return change(cli, jobs_cancel, id, &options);
	if (either && !strcmp(verb, "pause"))
		return change(cli, jobs_pause, NULL, &options);
	if (either && !strcmp(verb, "resume"))
		return change(cli, jobs_resume, NULL, &options);
	return cli_usage(&COMMAND_JOBS);
}

const struct command COMMAND_JOBS = {
	.name = "jobs",
	.usage = "jobs list [--state waiting|running|done|dead|cancelled] [--kind KIND] [--queue high|default|low] [--limit N]\n"
		"            jobs show ID\n"
		"            jobs retry ID|--all [--kind KIND]\n"
		"            jobs cancel ID\n"
		"            jobs pause --kind KIND|--queue QUEUE\n"
		"            jobs resume --kind KIND|--queue QUEUE",
	.doc = "the queue: look, try dead jobs again, cancel, hold back a kind or a queue",
	.needs = NEED_HOUSE,
	.run = jobs_run,
};
