#include "pg/monitor.h"

#include "metric/metric.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *severity;
	int64_t least_us;
	enum log_level level;
} SLOW[] = {
#define X(severity, ms, level, source) {severity, INT64_C(1000) * (ms), level},
	SLOW_LIST(X)
#undef X
};

#define SLOW_COUNT (sizeof SLOW / sizeof *SLOW)

#define SLOW_HELP "Statements that took too long, by severity: warn from 100 ms, error from 500 ms, critical from 1 s."
static struct metric_fixed slow_totals[] = {
#define X(severity, ...) {.name = "stoa_db_slow_queries_total", .labels = "severity=\"" severity "\"", .help = SLOW_HELP},
	SLOW_LIST(X)
#undef X
};

#define DURATION(type) {.name = "stoa_db_query_duration_seconds", .labels = "type=\"" type "\"", .help = "Time from sending a statement to its last row."}
static struct metric_fixed durations[TYPE_COUNT] = {
	[TYPE_SELECT] = DURATION("select"), [TYPE_INSERT] = DURATION("insert"), [TYPE_UPDATE] = DURATION("update"),
	[TYPE_DELETE] = DURATION("delete"), [TYPE_OTHER] = DURATION("other")};

/* Types of the statements in SQL_ALL, plus one; 0 = not known yet. */
#define REMEMBERED 4096
static _Atomic unsigned char types[REMEMBERED];

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The next word outside comments and quotes; NULL at the end. */
static const char *word_next(const char *text, size_t *length_out)
{
	while (*text) {
		if (!strncmp(text, "--", 2)) {
			text += strcspn(text, "\n");
		} else if (*text == '\'' || *text == '"') {
			text += 1 + strcspn(text + 1, (char[]){*text, '\0'});
			text += *text != '\0';
		} else if (is_word(*text)) {
			for (*length_out = 0; is_word(text[*length_out]); ++*length_out)
				;
			return text;
		} else {
			text++;
		}
	}
	return NULL;
}

static bool word_is(const char *word, size_t length, const char *wanted)
{
	return strlen(wanted) == length && !strncasecmp(word, wanted, length);
}

enum statement_type statement_type(const char *text)
{
	static const struct { const char *word; enum statement_type type; } WRITES[] = {
		{"insert", TYPE_INSERT}, {"update", TYPE_UPDATE}, {"delete", TYPE_DELETE}, {"copy", TYPE_INSERT}};
	size_t length, before_length = 0;
	const char *word = word_next(text, &length), *before = NULL;
	if (!word)
		return TYPE_OTHER;
	bool with = word_is(word, length, "with"), select = word_is(word, length, "select") || word_is(word, length, "values");
	for (; word; before = word, before_length = length, word = word_next(word + length, &length)) {
		/* "for update" locks, "on conflict do update" belongs to an insert that came before. */
		if (before && (word_is(before, before_length, "for") || word_is(before, before_length, "do")))
			continue;
		for (size_t i = 0; i < sizeof WRITES / sizeof *WRITES; i++)
			if (word_is(word, length, WRITES[i].word))
				return WRITES[i].type;
		if (!with)
			break;
	}
	return select || with ? TYPE_SELECT : TYPE_OTHER;
}

static enum statement_type type_of(const struct command *command)
{
	const struct statement *statement = command->statement;
	if (!statement)
		return !strcmp(command->text, "begin") || !strcmp(command->text, "commit") ? TYPE_OTHER : statement_type(command->text);
	if (statement->number < 0 || statement->number >= REMEMBERED)
		return statement_type(statement->text);
	unsigned char known = atomic_load_explicit(&types[statement->number], memory_order_relaxed);
	if (!known) {
		known = (unsigned char)(statement_type(statement->text) + 1);
		atomic_store_explicit(&types[statement->number], known, memory_order_relaxed);
	}
	return (enum statement_type)(known - 1);
}

static const char NAMELESS[] = "text";

const char *command_name(const struct command *command)
{
	static const char *const WORDS[] = {"begin", "commit", "rollback", "copy", "listen"};
	if (command->statement)
		return command->statement->name;
	if (!strcmp(command->text, WORDS[0]))
		return WORDS[0];
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strncasecmp(command->text, WORDS[i], strlen(WORDS[i])) && !is_word(command->text[strlen(WORDS[i])]))
			return WORDS[i];
	return NAMELESS;
}

void monitor_took(struct ctx *ctx, const struct command *command, int64_t us)
{
	const char *name = command_name(command);
	size_t i = 0;
	ctx_statement(ctx, name, us);
	histogram_observe(fixed_histogram(&durations[type_of(command)]), us);
	if (us < SLOW[SLOW_COUNT - 1].least_us || name == NAMELESS)
		return;
	while (us < SLOW[i].least_us)
		i++;
	counter_add(fixed_counter(&slow_totals[i]), 1);
	LOG(SLOW[i].level, "db.slow", LOG_T("id", ctx->id), LOG_T("statement", name), LOG_N("duration_us", us));
}

void monitor_open(void)
{
	for (size_t i = 0; i < SLOW_COUNT; i++)
		counter_add(fixed_counter(&slow_totals[i]), 0);
}

void monitor_connected(bool connected)
{
	static struct metric_fixed totals[] = {
		{.name = "stoa_db_connects_total", .labels = "result=\"failed\"", .help = "Attempts to connect to the database."},
		{.name = "stoa_db_connects_total", .labels = "result=\"connected\"", .help = "Attempts to connect to the database."}};
	counter_add(fixed_counter(&totals[connected]), 1);
}

void monitor_closed(int64_t age_us)
{
	summary_add(metric_summary("stoa_db_connection_lifetime_seconds", "", "How old database connections were when they were closed."), age_us);
}

void monitor_failed(const struct answer *answer)
{
	const char *state = answer->result ? PQresultErrorField(answer->result, PG_DIAG_SQLSTATE) : NULL;
	char labels[32];
	if (state && strlen(state) == 5)
		snprintf(labels, sizeof labels, "class=\"%.2s\"", state);
	else
		snprintf(labels, sizeof labels, "class=\"%s\"", answer->silent ? "silent" : "lost");
	counter_add(metric_counter("stoa_db_errors_total", labels, "Statements that failed, by class of SQLSTATE, or lost or silent."), 1);
}
