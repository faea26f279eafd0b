#include "pg/connection.h"
#include "pg/monitor.h"

#include "base/failpoint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool begins_with_word(const char *text, const char *word)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (strncmp(text, "--", 2))
			break;
		text += strcspn(text, "\n");
	}
	size_t length = strlen(word);
	return !strncasecmp(text, word, length) && !isalnum((unsigned char)text[length]) && text[length] != '_';
}

bool command_repeatable(const struct command *command)
{
	const char *text = command->statement ? command->statement->text : command->text;
	return begins_with_word(text, "select") || begins_with_word(text, "begin") || begins_with_word(text, "listen");
}

static const char *state_of(const PGresult *result)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	return state ? state : "";
}

/* The server ended the session: its last words may come as an error before the socket closes. */
static bool is_lost(const struct answer *answer)
{
	const char *state = state_of(answer->result);
	return answer->lost || !strncmp(state, "57P", 3) || !strncmp(state, "08", 2);
}

static bool is_stale(const struct answer *answer)
{
	const char *state = state_of(answer->result);
	return !strcmp(state, "26000") || !strcmp(state, "0A000");
}

static const char *client_text(enum err err)
{
	switch (err) {
	case ERR_CONFLICT: return "This conflicts with what is stored";
	case ERR_INVALID: return "A value is not acceptable";
	case ERR_TIMEOUT: return "The database took too long";
	case ERR_UNAVAILABLE: return "The database cannot be reached for the moment";
	case ERR_UNCERTAIN: return "The connection to the database was lost; the change may have been made";
	default: return "The database refused a statement";
	}
}

enum err command_report(struct lease *lease, const struct command *command, const PGresult *result, enum err err)
{
	struct ctx *ctx = lease->ctx;
	const char *constraint = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;
	const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	if (!message)
		message = lease->connection->raw ? PQerrorMessage(lease->connection->raw) : "";
	snprintf(lease->connection->constraint, sizeof lease->connection->constraint, "%s", constraint ? constraint : "");
	fail(ctx, err, "%s", client_text(err));
	if ((err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) && ctx->fault.err == err)
		ctx->fault.retry_after_s = 1;
	ctx_explain(ctx, "%s: %s %.*s %s", command_name(command), state_of(result),
		(int)strcspn(message, "\n"), message, constraint ? constraint : "");
	return err;
}

static enum err err_of(const struct lease *lease, const struct command *command, const struct answer *answer)
{
	bool unknown = !lease->in_transaction && answer->executing && !command_repeatable(command);
	if (answer->silent)
		return unknown ? ERR_UNCERTAIN : ERR_TIMEOUT;
	if (is_lost(answer))
		return unknown ? ERR_UNCERTAIN : ERR_UNAVAILABLE;
	if (is_stale(answer) && lease->in_transaction)
		return ERR_UNAVAILABLE;
	return sqlstate_err(state_of(answer->result));
}

static bool is_success(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

static void release_result(void *handle)
{
	PQclear(handle);
}

void result_keep(struct ctx *ctx, PGresult *result)
{
	ctx->result_bytes += PQresultMemorySize(result);
	arena_defer(&ctx->arena, release_result, result);
}

static struct answer ask(struct lease *lease, const struct command *command)
{
	struct ctx *ctx = lease->ctx;
	ctx->queries++;
	struct span span = span_begin(ctx);
	struct answer answer = connection_ask(lease->connection, command);
	monitor_took(ctx, command, span_end(ctx, &span, SPENT_QUERY));
	return answer;
}

static bool is_plain_read(const struct command *command)
{
	return command->statement && command->statement->reads;
}

static bool answered(struct lease *lease, const struct command *command, const struct answer *answer, PGresult **result_out)
{
	struct reads *reads = &lease->ctx->reads;
	if (!is_success(answer->result) || answer->lost || answer->silent)
		return false;
	if (is_plain_read(command))
		++*(lease->connection->gone ? &reads->replica : &reads->primary);
	result_keep(lease->ctx, answer->result);
	*result_out = answer->result;
	return true;
}

static bool writes(const struct command *command)
{
	return command->statement ? !command->statement->reads : !command_repeatable(command);
}

/* False: the primary is to be asked. */
static bool run_at_replica(struct lease *lease, const struct command *command, PGresult **result_out)
{
	struct ctx *ctx = lease->ctx;
	if (lease_freshen(lease) != OK) {
		ctx_forgive(ctx);
		return false;
	}
	struct answer answer = ask(lease, command);
	if (answered(lease, command, &answer, result_out))
		return true;
	monitor_failed(&answer);
	lease->connection->worn |= is_stale(&answer) || is_lost(&answer);
	/* What takes too long there does so everywhere. */
	bool late = !strcmp(state_of(answer.result), "57014") || (ctx->deadline_us && !ctx_left_ms(ctx, 1));
	if (late)
		command_report(lease, command, answer.result, ERR_TIMEOUT);
	PQclear(answer.result);
	return late;
}

static enum err run(struct lease *lease, struct command *command, PGresult **result_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *unwanted;
	if (!result_out)
		result_out = &unwanted;
	*result_out = NULL;
	if (!lease->connection) /* it could not move to the primary */
		return fail(ctx, ERR_UNAVAILABLE, "%s", client_text(ERR_UNAVAILABLE));
	command->deadline_us = ctx->deadline_us;
	if (ctx->deadline_us && !ctx_left_ms(ctx, 1))
		return command_report(lease, command, NULL, ERR_TIMEOUT);
	if (writes(command)) {
		ctx->reads.wrote = true;
		ctx->reads.since = 0; /* what ctx reads from here on may be what it wrote */
	}
	if (lease->primary) {
		if (ctx->reads.since && is_plain_read(command) && run_at_replica(lease, command, result_out))
			return *result_out ? OK : ERR_TIMEOUT;
		TRY(lease_take_home(lease));
	}
	for (bool again = false;; again = true) {
		/* What may be repeated finds out by itself that the server is gone, and saves the system call of asking. */
		bool try_it = !again && lease->connection->raw && !lease->connection->worn && command_repeatable(command);
		if (!lease->in_transaction && !try_it)
			TRY(lease_freshen(lease));
		else if (lease->connection->worn || !lease->connection->raw)
			return command_report(lease, command, NULL, ERR_UNAVAILABLE);
		struct answer answer = ask(lease, command);
		if (answered(lease, command, &answer, result_out))
			return OK;
		monitor_failed(&answer);
		bool stale = is_stale(&answer);
		bool moved = !strcmp(state_of(answer.result), "25006"); /* the primary: nothing was done */
		if (stale || moved || is_lost(&answer))
			lease->connection->worn = true;
		bool safe = stale || moved || (is_lost(&answer) && (!answer.executing || command_repeatable(command)));
		enum err err = OK;
		if (again || lease->in_transaction || !safe)
			err = command_report(lease, command, answer.result, err_of(lease, command, &answer));
		PQclear(answer.result);
		if (err != OK)
			return err;
	}
}

enum err pg_run(struct lease *lease, const struct statement *statement, const char *const *params, PGresult **result_out)
{
	for (int more = FAIL_POINT_REPEATS(statement->name); more > 0; more--)
		TRY(run(lease, &(struct command){.statement = statement, .params = params}, NULL));
	return run(lease, &(struct command){.statement = statement, .params = params}, result_out);
}

enum err pg_run_text(struct lease *lease, const char *text, int count, const char *const *params, PGresult **result_out)
{
	return run(lease, &(struct command){.text = text, .count = count, .params = params}, result_out);
}

enum err pg_copy(struct lease *lease, const char *text, const char *data, size_t bytes)
{
	return run(lease, &(struct command){.text = text, .copy = data, .copy_bytes = bytes}, NULL);
}

enum err pg_query(struct ctx *ctx, struct pool *pool, const struct statement *statement, const char *const *params,
	PGresult **result_out)
{
	struct lease lease;
	TRY(lease_take(ctx, pool, &lease));
	enum err err = pg_run(&lease, statement, params, result_out);
	lease_return(&lease);
	return err;
}

enum err pg_begin(struct lease *lease)
{
	TRY(pg_run_text(lease, "begin", 0, NULL, NULL));
	lease->in_transaction = true;
	return OK;
}

enum err pg_begin_unhurried(struct lease *lease)
{
	TRY(pg_begin(lease));
	lease->connection->patience_ms = 0;
	return pg_run_text(lease, "set local statement_timeout = 0", 0, NULL, NULL);
}

enum err pg_commit(struct lease *lease)
{
	static const struct command COMMIT = {.text = "commit"};
	struct connection *connection = lease->connection;
	/* Known to be lost before COMMIT is sent: the server has rolled back. */
	if (!connection_alive(connection)) {
		connection->worn = true;
		lease->in_transaction = false;
		return command_report(lease, &COMMIT, NULL, ERR_UNAVAILABLE);
	}
	lease->ctx->queries++;
	struct span span = span_begin(lease->ctx);
	struct answer answer = connection_ask(connection, &COMMIT);
	monitor_took(lease->ctx, &COMMIT, span_end(lease->ctx, &span, SPENT_QUERY));
	enum err err = OK;
	if (answer.silent || is_lost(&answer)) {
		connection->worn = true;
		err = ERR_UNCERTAIN;
	} else if (!is_success(answer.result)) {
		err = sqlstate_err(state_of(answer.result));
	} else if (strcmp(PQcmdStatus(answer.result), "COMMIT")) {
		err = ERR_INTERNAL; /* a statement had failed, so this was a rollback */
	}
	if (err != OK) {
		monitor_failed(&answer);
		command_report(lease, &COMMIT, answer.result, err);
	}
	PQclear(answer.result);
	lease->in_transaction = false;
	return err;
}

void pg_rollback(struct lease *lease)
{
	lease->in_transaction = false;
	if (lease->connection && !connection_settle(lease->connection))
		lease->connection->worn = true;
}

const char *pg_constraint(const struct lease *lease)
{
	return lease->connection ? lease->connection->constraint : "";
}

PGconn *pg_raw(struct lease *lease)
{
	return lease->connection->raw;
}
