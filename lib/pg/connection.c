#define _GNU_SOURCE /* asprintf */

#include "pg/connection.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/turn.h"
#include "pg/cancel.h"
#include "pg/monitor.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The server gives up first, so that its answer says why. */
#define PATIENCE_GRACE_MS 2000
/* How soon those who wait for a replica find out that it is gone. */
#define GONE_LOOK_MS 50

const struct conf_row PG_CONF[] = {
	{"db.url", CONF_STRING, "", true, 0, 0, "libpq connection string or URI; empty = libpq's own environment"},
	{"db.pool_size", CONF_INT, "8", false, 1, 1000, "connections of a process, at most"},
	{"db.pool_wait", CONF_DURATION, "250ms", false, 1, 60000, "longest wait for a free connection"},
	{"db.prepare", CONF_BOOL, "yes", false, 0, 0,
		"prepare statements; off behind a pgbouncer before 1.21, where the role must set timezone to UTC"},
	{"db.connect_timeout", CONF_DURATION, "2s", false, 10, 60000, "longest wait for a new connection"},
	{"db.statement_timeout", CONF_DURATION, "5s", false, 0, 3600000, "the server ends a statement that runs longer; 0 = never"},
	{"db.replicas", CONF_STRING, "", true, 0, 0,
		"streaming replicas for reads that bear lag, separated by ';' without spaces around it: libpq strings, URIs, or hosts (db2:5433) as db.url else"},
	{"db.replica_lag", CONF_DURATION, "1s", false, 50, 60000, "a replica that is further behind is not asked (001: target below 1 s)"},
	{"db.replica_skew", CONF_DURATION, "1s", false, 0, 60000,
		"most by which the machines' clocks differ: for so long after an organisation's write its reads stay at the primary"},
	{"db.lifetime", CONF_DURATION, "1h", false, 1000, 604800000, "a connection is replaced after that"},
	CONF_END,
};

static const char *part_of(const PQconninfoOption *parts, const char *keyword)
{
	for (const PQconninfoOption *part = parts; part && part->keyword; part++)
		if (!strcmp(part->keyword, keyword))
			return part->val;
	return NULL;
}

static char *keep(struct connection_plan *plan, const char *text)
{
	int i = 0;
	while (plan->texts[i])
		i++;
	plan->texts[i] = strdup(text);
	if (!plan->texts[i])
		abort();
	return plan->texts[i];
}

/* The next of a list with commas; NULL behind the last. An empty one is as libpq would have it. */
static const char *next_of(char **list)
{
	char *item = *list, *comma = item ? strchr(item, ',') : NULL;
	if (comma)
		*comma = '\0';
	*list = comma ? comma + 1 : NULL;
	return item && *item ? item : NULL;
}

static int commas(const char *text)
{
	int count = 0;
	for (; text && (text = strchr(text, ',')); text++)
		count++;
	return count;
}

/* The url without its servers, which hosts[] has: where one of them has no address or port, libpq would take the url's. */
static void servers_forget(struct connection_plan *plan, const PQconninfoOption *parts)
{
	struct buffer out = {0};
	for (const PQconninfoOption *part = parts; part && part->keyword; part++) {
		if (!part->val || !strcmp(part->keyword, "host") || !strcmp(part->keyword, "hostaddr") || !strcmp(part->keyword, "port"))
			continue;
		buffer_printf(&out, "%s='", part->keyword);
		for (const char *at = part->val; *at; at++) {
			if (*at == '\'' || *at == '\\')
				buffer_char(&out, '\\');
			buffer_char(&out, *at);
		}
		buffer_text(&out, "' ");
	}
	if (parts)
		plan->url = keep(plan, out.data ? out.data : "");
	buffer_free(&out);
}

static void hosts_of_url(struct connection_plan *plan)
{
	PQconninfoOption *parts = PQconninfoParse(plan->url, NULL);
	const char *texts[] = {part_of(parts, "host"), part_of(parts, "hostaddr"), part_of(parts, "port")};
	int count = 1 + (commas(texts[1]) > commas(texts[0]) ? commas(texts[1]) : commas(texts[0]));
	plan->host_count = count < HOSTS_MOST ? count : HOSTS_MOST;
	char *lists[3];
	for (int i = 0; i < 3; i++)
		lists[i] = texts[i] ? keep(plan, texts[i]) : NULL;
	bool one_port = !commas(texts[2]);
	const char *port = one_port ? next_of(&lists[2]) : NULL;
	for (int i = 0; i < plan->host_count; i++)
		plan->hosts[i] = (struct host){next_of(&lists[0]), next_of(&lists[1]), one_port ? port : next_of(&lists[2])};
	/* Of several servers the one that takes writes; a single one is what the url says it is. */
	if (count > 1 && !part_of(parts, "target_session_attrs"))
		plan->session = "read-write";
	servers_forget(plan, parts);
	PQconninfoFree(parts);
}

/* "db2", "db2:5433", "[::1]:5433", "/run/postgresql" */
static void hosts_of_list(struct connection_plan *plan, const char *replica)
{
	char *list = keep(plan, replica);
	PQconninfoOption *parts = PQconninfoParse(plan->url, NULL);
	const char *ports = part_of(parts, "port"), *usual = ports && !commas(ports) ? keep(plan, ports) : NULL;
	servers_forget(plan, parts);
	PQconninfoFree(parts);
	while (list && plan->host_count < HOSTS_MOST) {
		char *item = list;
		const char *name = next_of(&list);
		if (!name)
			continue;
		char *port = strrchr(item, ':'), *bracket = *item == '[' ? strchr(item, ']') : NULL;
		if (port && port > bracket)
			*port++ = '\0';
		if (bracket)
			*bracket = '\0';
		plan->hosts[plan->host_count++] = (struct host){bracket ? name + 1 : name, NULL, port && *port ? port : usual};
	}
}

static char *options_of_url(const char *url)
{
	PQconninfoOption *parts = PQconninfoParse(url, NULL);
	const char *options = part_of(parts, "options");
	char *copy = options ? strdup(options) : NULL;
	PQconninfoFree(parts);
	return copy;
}

void connection_plan_make(struct connection_plan *plan, const char *replica)
{
	int timeout = conf_ms("db.statement_timeout");
	*plan = (struct connection_plan){
		.url = conf_string("db.url"),
		.connect_ms = conf_ms("db.connect_timeout"),
		.patience_ms = timeout ? timeout + PATIENCE_GRACE_MS : 0,
		.lifetime_ms = conf_ms("db.lifetime"),
		.prepare = conf_bool("db.prepare"),
	};
	if (replica && !strchr(replica, '=') && !strstr(replica, "://")) {
		hosts_of_list(plan, replica);
	} else {
		plan->url = replica ? keep(plan, replica) : plan->url;
		hosts_of_url(plan);
	}
	if (replica)
		plan->session = "any";
	if (!plan->prepare)
		return; /* an old pgbouncer refuses the parameter "options" */
	char *given = options_of_url(plan->url);
	/* No statement of ours runs for long enough that compiling it would pay. */
	if (asprintf(&plan->options, "-c jit=off %s -c TimeZone=UTC -c DateStyle=ISO -c statement_timeout=%d", given ? given : "", timeout) < 0)
		abort();
	free(given);
}

void connection_plan_free(struct connection_plan *plan)
{
	for (size_t i = 0; i < sizeof plan->texts / sizeof *plan->texts; i++)
		free(plan->texts[i]);
	free(plan->options);
	*plan = (struct connection_plan){0};
}

void connection_plan_name(const struct connection_plan *plan, char *out, size_t room)
{
	size_t length = 0;
	*out = '\0';
	for (int i = 0; i < plan->host_count && length < room; i++) {
		const struct host *host = &plan->hosts[i];
		const char *name = host->name ? host->name : host->address ? host->address : "default";
		length += (size_t)snprintf(out + length, room - length, "%s%s%s%s", i ? "," : "", name, host->port ? ":" : "",
			host->port ? host->port : "");
	}
}

void connection_make(struct connection *connection)
{
	connection->prepared = calloc((size_t)SQL_COUNT / 64 + 1, sizeof *connection->prepared);
	if (!connection->prepared)
		abort();
}

void connection_unmake(struct connection *connection)
{
	connection_close(connection);
	free(connection->prepared);
}

static void notice(void *argument, const PGresult *result)
{
	(void)argument;
	LOG(LOG_DEBUG, "db.notice", LOG_T("severity", PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED)),
		LOG_T("sqlstate", PQresultErrorField(result, PG_DIAG_SQLSTATE)),
		LOG_T("message", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}

static bool handshake(PGconn *raw, int timeout_ms)
{
	int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	while (PQstatus(raw) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
		int64_t left_us = deadline_us - clock_mono_us();
		if (left_us <= 0 || !turn_poll(PQsocket(raw), next == PGRES_POLLING_READING ? POLLIN : POLLOUT, (int)(left_us / 1000) + 1))
			return false;
		next = PQconnectPoll(raw);
	}
	return PQstatus(raw) == CONNECTION_OK;
}

static bool is_parameter(PGconn *raw, const char *name, const char *prefix)
{
	const char *value = PQparameterStatus(raw, name);
	return value && !strncmp(value, prefix, strlen(prefix));
}

static void first_line(char out[256], const char *text)
{
	snprintf(out, 256, "%.*s", (int)strcspn(text, "\n"), text);
}

static bool host_open(struct connection *connection, const struct connection_plan *plan, const struct host *host, int connect_ms,
	char message_out[256])
{
	/* What stands before dbname may be set in the url; what follows it may not. */
	const char *names[12] = {"fallback_application_name", "tcp_user_timeout", "keepalives_idle", "dbname", "client_encoding"};
	const char *values[12] = {"stoa", "10000", "30", plan->url, "UTF8"};
	const struct { const char *name, *value; } more[] = {{"options", plan->options}, {"target_session_attrs", plan->session},
		{"host", host->name}, {"hostaddr", host->address}, {"port", host->port}};
	for (size_t i = 0, at = 5; i < sizeof more / sizeof *more; i++)
		if (more[i].value) {
			names[at] = more[i].name;
			values[at++] = more[i].value;
		}
	PGconn *raw = PQconnectStartParams(names, values, 1);
	if (raw)
		PQsetNoticeReceiver(raw, notice, NULL);
	bool done = raw && handshake(raw, connect_ms);
	if (raw && !done && PQstatus(raw) != CONNECTION_BAD) {
		snprintf(message_out, 256, "no connection to %s, port %s within %d ms", PQhost(raw), PQport(raw), connect_ms);
	} else if (!done) {
		first_line(message_out, raw ? PQerrorMessage(raw) : "no memory for a connection");
	} else if ((!is_parameter(raw, "TimeZone", "UTC") && !is_parameter(raw, "TimeZone", "Etc/UTC"))
		|| !is_parameter(raw, "DateStyle", "ISO")) {
		done = false;
		first_line(message_out, "the connection's TimeZone is not UTC or its DateStyle not ISO: set them for the role");
	}
	if (done)
		connection->raw = raw;
	else
		PQfinish(raw);
	return done;
}

bool connection_open(struct connection *connection, struct connection_plan *plan, char message_out[256])
{
	return connection_open_within(connection, plan, plan->connect_ms, message_out);
}

bool connection_open_within(struct connection *connection, struct connection_plan *plan, int most_ms, char message_out[256])
{
	/* One by one: libpq would wait for the first without end. */
	int first = atomic_load_explicit(&plan->host_last, memory_order_relaxed), at = first;
	bool done = false;
	for (int i = 0; i < plan->host_count && !done; i++) {
		at = (first + i) % plan->host_count;
		done = host_open(connection, plan, &plan->hosts[at], most_ms / plan->host_count + 1, message_out);
	}
	monitor_connected(done);
	if (!done)
		return false;
	atomic_store_explicit(&plan->host_last, at, memory_order_relaxed);
	connection->opened_us = clock_mono_us();
	connection->worn = false;
	connection->prepare = plan->prepare;
	connection->patience_ms = plan->patience_ms;
	memset(connection->prepared, 0, ((size_t)SQL_COUNT / 64 + 1) * sizeof *connection->prepared);
	/* Spread, so that connections born together do not die together. */
	int64_t life_us = (int64_t)plan->lifetime_ms * 1000;
	connection->retire_us = connection->opened_us + life_us - life_us / 10 * randombytes_uniform(1000) / 1000;
	return true;
}

void connection_close(struct connection *connection)
{
	if (connection->raw)
		monitor_closed(clock_mono_us() - connection->opened_us);
	PQfinish(connection->raw);
	connection->raw = NULL;
}

bool connection_alive(struct connection *connection)
{
	PGconn *raw = connection->raw;
	if (!raw || connection->worn || PQstatus(raw) != CONNECTION_OK)
		return false;
	for (;;) {
		char byte;
		ssize_t got = recv(PQsocket(raw), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		/* A changed parameter or the server's last words: libpq must read them before the end can be seen. */
		if (got == 0 || !PQconsumeInput(raw))
			return false;
		PQisBusy(raw);
	}
}

static bool is_error(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

static bool feed(PGconn *raw, const struct command *command)
{
	return command->copy && PQputCopyData(raw, command->copy, (int)command->copy_bytes) == 1 && PQputCopyEnd(raw, NULL) == 1;
}

static bool is_gone(const struct connection *connection)
{
	return connection->gone && atomic_load_explicit(connection->gone, memory_order_relaxed);
}

/* Something to read within the time; at a replica only while it is known to live. */
static bool readable(const struct connection *connection, int most_ms)
{
	int fd = PQsocket(connection->raw);
	if (!connection->gone)
		return turn_poll(fd, POLLIN, most_ms);
	for (int waited_ms = 0; !is_gone(connection) && (most_ms <= 0 || waited_ms < most_ms); waited_ms += GONE_LOOK_MS) {
		int left_ms = most_ms - waited_ms;
		if (turn_poll(fd, POLLIN, most_ms > 0 && left_ms < GONE_LOOK_MS ? left_ms : GONE_LOOK_MS))
			return true;
	}
	return false;
}

/* Waits for more from the server. False: it is silent. */
static bool more_comes(struct connection *connection, int64_t deadline_us)
{
	int most_ms = connection->patience_ms;
	if (deadline_us && !connection->cancelled) {
		int64_t left_ms = (deadline_us - clock_mono_us() + 999) / 1000;
		bool first = !most_ms || left_ms < most_ms;
		if (left_ms > 0 && readable(connection, first ? (int)left_ms : most_ms))
			return true;
		connection->cancelled = first && !is_gone(connection) && cancel_sent(connection->raw, CANCEL_GRACE_MS);
		if (!connection->cancelled)
			return false;
	}
	return readable(connection, connection->cancelled ? CANCEL_GRACE_MS : most_ms);
}

/* The last result of what was sent, or the first error, as PQexec() would have it, but not waiting for ever. */
static PGresult *collect(struct connection *connection, const struct command *command, struct answer *answer)
{
	PGconn *raw = connection->raw;
	PGresult *kept = NULL;
	connection->cancelled = false;
	for (;;) {
		while (PQisBusy(raw)) {
			if (!more_comes(connection, command->deadline_us)) {
				answer->silent = true;
				return kept;
			}
			if (!PQconsumeInput(raw))
				break;
		}
		PGresult *next = PQgetResult(raw);
		if (!next)
			return kept;
		if (kept && is_error(kept)) {
			PQclear(next);
		} else {
			PQclear(kept);
			kept = next;
		}
		ExecStatusType status = PQresultStatus(kept);
		if (status == PGRES_COPY_IN && feed(raw, command))
			continue;
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
			answer->lost = true; /* no other statement of ours copies */
			return kept;
		}
	}
}

static bool is_prepared(const struct connection *connection, int number)
{
	return connection->prepared[number / 64] >> (number % 64) & 1;
}

static bool prepare(struct connection *connection, const struct command *command, struct answer *answer)
{
	const struct statement *statement = command->statement;
	if (is_prepared(connection, statement->number))
		return true;
	if (PQsendPrepare(connection->raw, statement->name, statement->text, statement->params, NULL))
		answer->result = collect(connection, command, answer);
	if (!answer->result || is_error(answer->result) || answer->silent)
		return false;
	PQclear(answer->result);
	answer->result = NULL;
	connection->prepared[statement->number / 64] |= UINT64_C(1) << (statement->number % 64);
	return true;
}

static bool send_command(struct connection *connection, const struct command *command, struct answer *answer)
{
	PGconn *raw = connection->raw;
	const struct statement *statement = command->statement;
	if (statement && connection->prepare) {
		if (!prepare(connection, command, answer))
			return false;
		answer->executing = true;
		return PQsendQueryPrepared(raw, statement->name, statement->params, command->params, NULL, NULL, 0);
	}
	answer->executing = true;
	if (statement)
		return PQsendQueryParams(raw, statement->text, statement->params, NULL, command->params, NULL, NULL, 0);
	if (command->count)
		return PQsendQueryParams(raw, command->text, command->count, NULL, command->params, NULL, NULL, 0);
	return PQsendQuery(raw, command->text);
}

#ifdef STOA_FAIL_POINTS
static void pass_point(const struct connection *connection, const struct command *command, const char *moment)
{
	if (!command->statement)
		fail_point_commit(command->text, moment);
	else
		fail_point_statement(command->statement->name, PQtransactionStatus(connection->raw) == PQTRANS_INTRANS, moment);
}
#define PASS_POINT(moment) pass_point(connection, command, moment)
#else
#define PASS_POINT(moment) ((void)0)
#endif

struct answer connection_ask(struct connection *connection, const struct command *command)
{
	struct answer answer = {0};
	PASS_POINT("before");
	if (send_command(connection, command, &answer)) {
		PASS_POINT("sent");
		answer.result = collect(connection, command, &answer);
		PASS_POINT("after");
	}
	if (PQstatus(connection->raw) != CONNECTION_OK)
		answer.lost = true;
	if (answer.lost || answer.silent)
		connection->worn = true;
	return answer;
}

bool connection_prepared(struct connection *connection, const struct statement *statement)
{
	struct answer answer = {0};
	bool done = connection->prepare && prepare(connection, &(struct command){.statement = statement}, &answer);
	PQclear(answer.result);
	if (answer.silent || PQstatus(connection->raw) != CONNECTION_OK)
		connection->worn = true;
	return done && !answer.silent;
}

bool connection_pipeline_begin(struct connection *connection)
{
	return PQenterPipelineMode(connection->raw) == 1;
}

bool connection_pipeline_add(struct connection *connection, const struct statement *statement, const char *const *params)
{
	return PQsendQueryPrepared(connection->raw, statement->name, statement->params, params, NULL, NULL, 0) == 1;
}

bool connection_pipeline_send(struct connection *connection)
{
	return PQpipelineSync(connection->raw) == 1;
}

static PGresult *result_wait(struct connection *connection, int64_t deadline_us, bool *silent_out)
{
	while (PQisBusy(connection->raw)) {
		if (!more_comes(connection, deadline_us)) {
			*silent_out = connection->worn = true;
			return NULL;
		}
		if (!PQconsumeInput(connection->raw))
			break;
	}
	return PQgetResult(connection->raw);
}

PGresult *connection_pipeline_next(struct connection *connection, int64_t deadline_us, bool *silent_out)
{
	connection->cancelled = false;
	PGresult *result = result_wait(connection, deadline_us, silent_out);
	if (result && PQresultStatus(result) == PGRES_TUPLES_OK) {
		PQclear(PQgetResult(connection->raw)); /* NULL, which ends the statement */
		return result;
	}
	PQclear(result);
	return NULL;
}

void connection_pipeline_end(struct connection *connection)
{
	bool ended = false, silent = false;
	while (!ended && !connection->worn && PQstatus(connection->raw) == CONNECTION_OK) {
		PGresult *result = result_wait(connection, 0, &silent);
		ended = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		PQclear(result);
	}
	if (!ended || !PQexitPipelineMode(connection->raw))
		connection->worn = true;
}

bool connection_settle(struct connection *connection)
{
	if (!connection->raw || connection->worn)
		return false;
	switch (PQtransactionStatus(connection->raw)) {
	case PQTRANS_IDLE:
		return true;
	case PQTRANS_INTRANS:
	case PQTRANS_INERROR: {
		struct answer answer = connection_ask(connection, &(struct command){.text = "rollback"});
		PQclear(answer.result);
		return !connection->worn && PQtransactionStatus(connection->raw) == PQTRANS_IDLE;
	}
	default:
		return false;
	}
}
