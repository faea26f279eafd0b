#include "observe/profile_parts.h"

#include "base/log.h"
#include "sql.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_LEAST 1000        /* a smaller table is read as fast without an index */
#define FOUND_SHARE 0.1        /* of its rows, below which an index pays */
#define MEAN_LEAST_S 0.001     /* of a statement */
#define OUTER_LEAST 10000      /* rows for each of which a loop scans */
#define ROW_HEAD 24            /* bytes that a row in a sort takes besides its columns */
#define COLUMNS_MOST 32
#define DEPTH_MOST 64

/* --- explaining --- */

static const struct statement *statement_named(const char *name)
{
	for (const struct statement *const *at = SQL_ALL; *at; at++)
		if (!strcmp((*at)->name, name))
			return *at;
	return NULL;
}

static const char *execute_text(struct ctx *ctx, int params)
{
	struct buffer text = {0};
	buffer_text(&text, "explain (format json) execute stoa_profile");
	for (int i = 0; i < params; i++)
		buffer_text(&text, i ? ", null" : "(null");
	if (params)
		buffer_char(&text, ')');
	const char *kept = arena_memdup(&ctx->arena, text.data, text.length);
	buffer_free(&text);
	return kept;
}

static enum err plan_ask(struct lease *lease, const struct statement *statement, PGresult **rows_out)
{
	struct ctx *ctx = lease->ctx;
	/* Generic, as the pool's prepared statements end up; nothing may be written or locked while it is asked. */
	TRY(pg_run_text(lease, "set transaction read only; set local statement_timeout = '1s'; set local lock_timeout = '200ms'; "
		"set local plan_cache_mode = force_generic_plan; savepoint stoa_profile", 0, NULL, NULL));
	TRY(pg_run_text(lease, arena_printf(&ctx->arena, "prepare stoa_profile as\n%s", statement->text), 0, NULL, NULL));
	return pg_run_text(lease, execute_text(ctx, statement->params), 0, NULL, rows_out);
}

/* PREPARE is not undone by a rollback, and behind a pooler only this transaction is sure to meet it again. However late it is, it goes: the
 * next one of the connection takes the same name. */
static void plan_forget(struct lease *lease)
{
	struct ctx *ctx = lease->ctx;
	int64_t deadline_us = ctx->deadline_us;
	ctx->deadline_us = 0;
	if (pg_run_text(lease, "rollback to stoa_profile; deallocate stoa_profile", 0, NULL, NULL) != OK)
		ctx_forgive(ctx);
	pg_rollback(lease);
	ctx->deadline_us = deadline_us;
}

/* "[{"Plan": {…}}]" */
static enum err plan_read(struct ctx *ctx, const PGresult *rows, struct json_object **plan_out)
{
	/* A node is an object in a list: more levels than json-c takes by itself. */
	struct json_tokener *tokener = json_tokener_new_ex(2 * DEPTH_MOST + 8);
	if (!tokener)
		abort();
	struct json_object *list = json_own(ctx, json_tokener_parse_ex(tokener, PQgetvalue(rows, 0, 0), -1));
	json_tokener_free(tokener);
	if (!json_object_is_type(list, json_type_array) || !json_object_object_get_ex(json_object_array_get_idx(list, 0), "Plan", plan_out))
		return fail(ctx, ERR_INTERNAL, "The answer to EXPLAIN is no plan");
	return OK;
}

static void refused(struct ctx *ctx, struct profile_plan *plan, enum err err)
{
	/* "text: 55P03 canceling …" */
	const char *said = *ctx->fault.internal ? strstr(ctx->fault.internal, ": ") : NULL;
	said = said ? said + 2 : ctx->fault.detail;
	LOG(LOG_WARN, "profile.explain", LOG_T("statement", plan->statement.name), LOG_T("reason", said));
	plan->why = err == ERR_TIMEOUT ? TR("PostgreSQL did not explain it in time") : TR("PostgreSQL did not explain it");
	plan->reason = err == ERR_TIMEOUT ? NULL : arena_strdup(&ctx->arena, said);
	ctx_forgive(ctx);
}

static void explain_one(struct lease *lease, struct profile_plan *plan)
{
	struct ctx *ctx = lease->ctx;
	const struct statement *statement = statement_named(plan->statement.name);
	PGresult *rows = NULL;
	if (!statement) {
		plan->why = TR("No statement of this program has that name");
		return;
	}
	enum err err = pg_begin(lease);
	bool begun = err == OK;
	if (err == OK)
		err = plan_ask(lease, statement, &rows);
	if (err == OK)
		err = plan_read(ctx, rows, &plan->plan);
	if (err != OK)
		refused(ctx, plan, err);
	if (begun)
		plan_forget(lease);
}

static bool is_named(const struct profile_report *report, const char *name)
{
	for (int i = 0; i < report->plan_count; i++)
		if (!strcmp(report->plans[i].statement.name, name))
			return true;
	return false;
}

static void plan_add(struct profile_report *report, const struct profile_statement *statement, const struct profile_wish *wish)
{
	bool named = wish->statement && !strcmp(statement->name, wish->statement);
	if (named || (report->plan_count < wish->plans && profile_statement_is_file(statement->name)))
		report->plans[report->plan_count++] = (struct profile_plan){.statement = *statement};
}

void profile_explain(struct lease *lease, const struct profile *profile, const struct profile_wish *wish, struct profile_report *report)
{
	const struct profile_route *route = wish->route ? profile_route_find(profile, wish->route) : NULL;
	report->plans = arena_array(&lease->ctx->arena, (size_t)profile->statement_count + 1, sizeof *report->plans);
	for (const struct profile_statement *statement = route ? route->dearest : NULL; statement; statement = statement->next)
		plan_add(report, statement, wish);
	for (int i = 0; !wish->route && i < profile->sum_count; i++)
		plan_add(report, &profile->sums[i], wish);
	if (wish->statement && !is_named(report, wish->statement)) {
		struct profile_statement unseen = {0};
		snprintf(unseen.name, sizeof unseen.name, "%s", wish->statement);
		plan_add(report, &unseen, wish);
	}
	for (int i = 0; i < report->plan_count; i++)
		explain_one(lease, &report->plans[i]);
}

/* --- what a plan tells --- */

struct looking {
	const struct profile_plan *plan;
	const struct profile_facts *facts;
	struct findings *findings;
	/* One of each a statement is enough: the next shows when it is mended. */
	bool index_found, loop_found;
	double sorted, sort_memory; /* bytes at once, and the work_mem that they take: of what takes most */
};

static double number_of(struct json_object *node, const char *name)
{
	struct json_object *value;
	return json_object_object_get_ex(node, name, &value) ? json_object_get_double(value) : 0;
}

static const char *text_of(struct json_object *node, const char *name)
{
	return json_text(node, name, "");
}

static struct json_object *numbers_of(const struct looking *looking)
{
	const struct profile_statement *statement = &looking->plan->statement;
	struct ctx *ctx = looking->findings->ctx;
	struct json_object *numbers = json_object_new_object();
	json_object_object_add(numbers, "statement", json_object_new_string(statement->name));
	json_object_object_add(numbers, "route", json_object_new_string(arena_printf(&ctx->arena, "%s%s%s", statement->method,
		*statement->method ? " " : "", statement->route)));
	json_object_object_add(numbers, "file", json_object_new_string(profile_statement_file(ctx, statement->name)));
	json_object_object_add(numbers, "count", json_object_new_int64((int64_t)statement->count));
	json_object_object_add(numbers, "eachMs", json_object_new_double(1000 * statement->seconds / (double)statement->count));
	json_object_object_add(numbers, "totalSeconds", json_object_new_double(statement->seconds));
	return numbers;
}

static const struct profile_columns *table_of(const struct looking *looking, const char *name)
{
	for (int i = 0; i < looking->facts->table_count; i++)
		if (!strcmp(looking->facts->columns[i].table, name))
			return &looking->facts->columns[i];
	return NULL;
}

/* A word of text, bounded by what is no part of a name; NULL: none. */
static const char *word_find(const char *text, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = text; (at = strstr(at, word)); at++) {
		bool begins = at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '_' && at[-1] != '$');
		if (begins && !isalnum((unsigned char)at[length]) && at[length] != '_')
			return at;
	}
	return NULL;
}

/* Whether a condition asks for one value of the column: "(a.b = $1)", "((b)::text = $1)", "b = any"; or is the column itself. */
static bool is_equality(const char *condition, const char *column)
{
	const char *at = word_find(condition, column) + strlen(column);
	while (*at == ')' || *at == ':' || (isalpha((unsigned char)*at) && at[-1] == ':'))
		at += *at == ':' || *at == ')' ? 1 : (ptrdiff_t)strspn(at, "abcdefghijklmnopqrstuvwxyz_ ");
	at += strspn(at, " ");
	return *at == '=' || *at == '\0' || !strncmp(at, "AND", 3);
}

struct columns {
	const char *names[COLUMNS_MOST];
	int count;
};

static void columns_add(struct columns *columns, const char *name)
{
	if (columns->count < COLUMNS_MOST)
		columns->names[columns->count++] = name;
}

/* Those that an index for the condition begins with: equalities, the organisation's first, then one range. */
static void columns_of(const struct profile_columns *table, const char *condition, struct columns *columns)
{
	const char *range = NULL;
	if (word_find(condition, "org_id"))
		columns_add(columns, "org_id");
	for (int i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i];
		if (!strcmp(name, "org_id") || !word_find(condition, name))
			continue;
		if (is_equality(condition, name))
			columns_add(columns, name);
		else if (!range)
			range = name;
	}
	if (range)
		columns_add(columns, range);
}

static bool has_column(const struct columns *columns, const char *spec)
{
	for (int i = 0; i < columns->count; i++)
		if (word_find(spec, columns->names[i]))
			return true;
	return false;
}

/* How many of the first columns of a list, as of an index, the condition names. */
static int columns_met(struct ctx *ctx, const char *list, const struct columns *columns)
{
	int met = 0, depth = 0;
	const char *from = list;
	for (const char *at = from;; at++) {
		depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
		if (*at && (*at != ',' || depth))
			continue;
		if (!has_column(columns, arena_memdup(&ctx->arena, from, (size_t)(at - from))))
			return met;
		met++;
		if (!*at)
			return met;
		from = at + 1;
	}
}

/* An index that is there begins with all of these columns: the planner knows it, and reads the table nevertheless. */
static bool is_served(const struct looking *looking, const char *table, const struct columns *columns)
{
	for (int i = 0; i < looking->facts->index_count; i++) {
		const struct profile_index *index = &looking->facts->indexes[i];
		if (!strcmp(index->table, table) && index->valid && !*index->predicate &&
			columns_met(looking->findings->ctx, index->keys, columns) == columns->count)
			return true;
	}
	return false;
}

/* The index of a migration that serves most of the condition, more of it than what is looked up by `known` already, and is not there; NULL:
 * none. */
static const struct profile_made_index *lost_find(const struct looking *looking, const char *table, const struct columns *columns,
	const struct columns *known)
{
	const struct profile_facts *facts = looking->facts;
	const struct profile_made_index *best = NULL;
	int most = columns->count > 1 ? 1 : 0;
	for (int i = 0; i < facts->made_count; i++) {
		if (strcmp(facts->made[i].table, table) != 0 || profile_has_index(facts, facts->made[i].name))
			continue;
		int met = columns_met(looking->findings->ctx, facts->made[i].columns, columns);
		if (met > most && met > columns_met(looking->findings->ctx, facts->made[i].columns, known)) {
			most = met;
			best = &facts->made[i];
		}
	}
	return best;
}

static const char *create_text(struct ctx *ctx, const char *table, const struct columns *columns)
{
	const char *list = "", *name = table;
	for (int i = 0; i < columns->count; i++) {
		list = arena_printf(&ctx->arena, "%s%s%s", list, i ? ", " : "", columns->names[i]);
		if (strcmp(columns->names[i], "org_id") != 0 && strcmp(columns->names[i], "live") != 0)
			name = arena_printf(&ctx->arena, "%s_%s", name, columns->names[i]);
	}
	return arena_printf(&ctx->arena, "create index %.63s on %s (%s);", name, table, list);
}

static void index_add(struct looking *looking, struct json_object *node, const struct profile_columns *table, const struct columns *columns,
	const struct profile_made_index *lost)
{
	const struct profile_statement *statement = &looking->plan->statement;
	struct ctx *ctx = looking->findings->ctx;
	double found = fmax(number_of(node, "Plan Rows"), 1), saved = statement->seconds * fmax(1 - found / table->rows, 0);
	struct json_object *numbers = numbers_of(looking);
	json_object_object_add(numbers, "table", json_object_new_string(table->table));
	json_object_object_add(numbers, "rows", json_object_new_int64((int64_t)table->rows));
	json_object_object_add(numbers, "found", json_object_new_int64((int64_t)found));
	json_object_object_add(numbers, "filter", json_object_new_string(text_of(node, "Filter")));
	json_object_object_add(numbers, "by", *text_of(node, "Index Name") ? json_object_new_string(text_of(node, "Index Name")) : NULL);
	json_object_object_add(numbers, "migration", lost ? json_object_new_string(lost->migration) : NULL);
	json_object_object_add(numbers, "index", lost ? json_object_new_string(lost->name) : NULL);
	json_object_object_add(numbers, "create", json_object_new_string(lost ? lost->statement : create_text(ctx, table->table, columns)));
	json_object_object_add(numbers, "gainSeconds", json_object_new_double(saved));
	finding_add(looking->findings, FINDING_MISSING_INDEX, lost ? SEVERITY_ALERT : SEVERITY_WARN, saved, numbers);
	looking->index_found = true;
}

/* A whole table read for few rows; or an index that leaves a filter to do, where a better one is lost. */
static void look_scan(struct looking *looking, struct json_object *node)
{
	const char *filter = text_of(node, "Filter"), *type = text_of(node, "Node Type");
	const struct profile_columns *table = table_of(looking, text_of(node, "Relation Name"));
	struct columns columns = {0}, looked_up = {0};
	if (!table || !*filter || table->rows < ROWS_LEAST || looking->index_found)
		return;
	const char *known = *text_of(node, "Index Cond") ? text_of(node, "Index Cond") : text_of(node, "Recheck Cond");
	columns_of(table, arena_printf(&looking->findings->ctx->arena, "%s AND %s", known, filter), &columns);
	columns_of(table, known, &looked_up);
	if (!columns.count)
		return;
	const struct profile_made_index *lost = lost_find(looking, table->table, &columns, &looked_up);
	/* An index serves no filter that a parameter switches off. */
	bool whole = !strcmp(type, "Seq Scan") && !strstr(filter, " OR ") && number_of(node, "Plan Rows") <= FOUND_SHARE * table->rows;
	if (lost || (whole && !is_served(looking, table->table, &columns)))
		index_add(looking, node, table, &columns, lost);
}

/* PostgreSQL's manual, "Resource Consumption": a sort may take work_mem, a hash table hash_mem_multiplier times of it. */
static void look_sort(struct looking *looking, struct json_object *node, bool hashes)
{
	const struct profile_server *server = &looking->facts->server;
	double bytes = number_of(node, "Plan Rows") * (number_of(node, "Plan Width") + ROW_HEAD);
	double memory = hashes ? bytes / fmax(server->hash_mem_multiplier, 1) : bytes;
	if (!server->work_mem || memory <= (double)server->work_mem || memory <= looking->sort_memory)
		return;
	looking->sorted = bytes;
	looking->sort_memory = memory;
}

static void sort_add(struct looking *looking)
{
	double saved = looking->plan->statement.seconds / 3;
	struct json_object *numbers = numbers_of(looking);
	json_object_object_add(numbers, "bytes", json_object_new_int64((int64_t)looking->sorted));
	json_object_object_add(numbers, "workMemBytes", json_object_new_int64(looking->facts->server.work_mem));
	json_object_object_add(numbers, "suggestedBytes", json_object_new_int64((int64_t)(ceil(1.5 * looking->sort_memory / (1 << 20)) * (1 << 20))));
	json_object_object_add(numbers, "gainSeconds", json_object_new_double(saved));
	finding_add(looking->findings, FINDING_SORT, SEVERITY_NOTE, saved, numbers);
}

static void look_loop(struct looking *looking, struct json_object *plans)
{
	if (looking->loop_found || !json_object_is_type(plans, json_type_array) || json_object_array_length(plans) < 2)
		return;
	struct json_object *outer = json_object_array_get_idx(plans, 0), *inner = json_object_array_get_idx(plans, 1);
	const char *table = text_of(inner, "Relation Name");
	double saved = looking->plan->statement.seconds / 2;
	if (number_of(outer, "Plan Rows") < OUTER_LEAST || strcmp(text_of(inner, "Node Type"), "Seq Scan") != 0)
		return;
	struct json_object *numbers = numbers_of(looking);
	json_object_object_add(numbers, "table", json_object_new_string(table));
	json_object_object_add(numbers, "rows", json_object_new_int64((int64_t)number_of(outer, "Plan Rows")));
	json_object_object_add(numbers, "gainSeconds", json_object_new_double(saved));
	finding_add(looking->findings, FINDING_NESTED_LOOP, SEVERITY_WARN, saved, numbers);
	looking->loop_found = true;
}

/* Hands the bound of a LIMIT on to what is below it, so that a sort there keeps no more rows (ExecSetTupleBound()). */
static bool hands_bound(const char *type, bool bounded)
{
	static const char *const PASSING[] = {"Result", "Subquery Scan", "Append", "Merge Append", "Gather", "Gather Merge"};
	for (size_t i = 0; bounded && i < sizeof PASSING / sizeof *PASSING; i++)
		if (!strcmp(type, PASSING[i]))
			return true;
	return !strcmp(type, "Limit");
}

static void look(struct looking *looking, struct json_object *node, bool bounded, int depth)
{
	const char *type = text_of(node, "Node Type");
	bool aggregates = !strcmp(type, "Aggregate") && !strcmp(text_of(node, "Strategy"), "Hashed");
	struct json_object *plans = NULL;
	json_object_object_get_ex(node, "Plans", &plans);
	if (strstr(type, "Scan"))
		look_scan(looking, node);
	else if (!strcmp(type, "Sort") && !bounded)
		look_sort(looking, node, false);
	else if (!strcmp(type, "Hash") || aggregates)
		look_sort(looking, node, true);
	else if (!strcmp(type, "Nested Loop"))
		look_loop(looking, plans);
	bounded = hands_bound(type, bounded);
	for (size_t i = 0; json_object_is_type(plans, json_type_array) && depth < DEPTH_MOST && i < json_object_array_length(plans); i++)
		look(looking, json_object_array_get_idx(plans, i), bounded, depth + 1);
}

void profile_find_plan(const struct profile_plan *plan, const struct profile_facts *facts, struct findings *findings)
{
	struct looking looking = {.plan = plan, .facts = facts, .findings = findings};
	if (!plan->plan || !plan->statement.count || plan->statement.seconds < MEAN_LEAST_S * (double)plan->statement.count)
		return;
	look(&looking, plan->plan, false, 0);
	if (looking.sort_memory > 0)
		sort_add(&looking);
}

/* --- a plan as text --- */

static void lines_add(struct buffer *out, struct json_object *node, int depth)
{
	static const char *const DETAILS[] = {"Index Cond", "Recheck Cond", "Filter", "Hash Cond", "Join Filter"};
	const char *table = text_of(node, "Relation Name"), *index = text_of(node, "Index Name");
	struct json_object *plans = NULL;
	buffer_printf(out, "%*s%s%s%s%s%s (rows %.0f, cost %.2f..%.2f)\n", 2 * depth, "", text_of(node, "Node Type"), *index ? " using " : "", index,
		*table ? " on " : "", table, number_of(node, "Plan Rows"), number_of(node, "Startup Cost"), number_of(node, "Total Cost"));
	for (size_t i = 0; i < sizeof DETAILS / sizeof *DETAILS; i++)
		if (*text_of(node, DETAILS[i]))
			buffer_printf(out, "%*s%s: %s\n", 2 * depth + 4, "", DETAILS[i], text_of(node, DETAILS[i]));
	json_object_object_get_ex(node, "Plans", &plans);
	for (size_t i = 0; json_object_is_type(plans, json_type_array) && depth < DEPTH_MOST && i < json_object_array_length(plans); i++)
		lines_add(out, json_object_array_get_idx(plans, i), depth + 1);
}

const char *profile_plan_text(struct ctx *ctx, struct json_object *plan)
{
	struct buffer out = {0};
	lines_add(&out, plan, 0);
	const char *text = arena_memdup(&ctx->arena, out.data, out.length);
	buffer_free(&out);
	return text;
}
