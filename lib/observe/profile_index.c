#include "observe/profile_parts.h"

#include "pg/migrate.h"

#include <ctype.h>
#include <string.h>

#define DAY_S 86400.0
#define UNUSED_DAYS 7          /* a report of the week has come by then */
#define UNUSED_BYTES (1 << 20)

struct made {
	struct ctx *ctx;
	struct profile_made_index *rows;
	int count;
};

/* Until ";", without comments, every run of white space a space. */
static const char *command_text(struct ctx *ctx, const char *at)
{
	struct buffer out = {0};
	for (; *at && *at != ';'; at++) {
		if (at[0] == '-' && at[1] == '-' && !*(at += strcspn(at, "\n")))
			break;
		bool space = isspace((unsigned char)*at);
		if (!space || (out.length && out.data[out.length - 1] != ' '))
			buffer_char(&out, space ? ' ' : *at);
	}
	size_t length = out.length && out.data[out.length - 1] == ' ' ? out.length - 1 : out.length;
	const char *text = arena_memdup(&ctx->arena, out.length ? out.data : "", length);
	buffer_free(&out);
	return text;
}

/* The word at *at, and behind it. */
static const char *word_take(struct ctx *ctx, const char **at)
{
	const char *word = *at + strspn(*at, " ,");
	size_t length = strcspn(word, " ,(");
	*at = word + length;
	return arena_memdup(&ctx->arena, word, length);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What stands in the first parentheses. */
static const char *columns_take(struct ctx *ctx, const char *at)
{
	int depth = 0;
	at += strcspn(at, "(");
	for (const char *end = at; *end; end++) {
		depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
		if (!depth)
			return arena_memdup(&ctx->arena, at + 1, (size_t)(end - at) - 1);
	}
	return "";
}

static void made_add(struct made *made, const char *command, const char *migration)
{
	struct ctx *ctx = made->ctx;
	bool unique = begins(command, "create unique index ");
	const char *at = command + strlen(unique ? "create unique index " : "create index "), *rest = at;
	struct profile_made_index *row = &made->rows[made->count++];
	row->migration = migration;
	row->statement = arena_printf(&ctx->arena, "create %sindex concurrently %s;", unique ? "unique " : "", rest);
	row->name = word_take(ctx, &at);
	word_take(ctx, &at); /* on */
	row->table = word_take(ctx, &at);
	row->columns = columns_take(ctx, at);
}

/* By name, or all of a table. */
static void made_drop(struct made *made, const char *name, const char *table)
{
	int kept = 0;
	for (int i = 0; i < made->count; i++)
		if (!(name && !strcmp(made->rows[i].name, name)) && !(table && !strcmp(made->rows[i].table, table)))
			made->rows[kept++] = made->rows[i];
	made->count = kept;
}

static void drop_read(struct made *made, const char *command, bool tables)
{
	const char *at = command + strlen(tables ? "drop table" : "drop index");
	while (*at) {
		const char *word = word_take(made->ctx, &at);
		if (*word)
			made_drop(made, tables ? NULL : word, tables ? word : NULL);
		else if (*at == '(')
			break;
	}
}

/* Commands of a migration begin a line; what stands in functions does not. */
static void migration_read(struct made *made, const struct migration *migration)
{
	for (const char *line = migration->text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (begins(line, "create index ") || begins(line, "create unique index "))
			made_add(made, command_text(made->ctx, line), migration->name);
		else if (begins(line, "drop index ") || begins(line, "drop table "))
			drop_read(made, command_text(made->ctx, line), begins(line, "drop table "));
	}
}

int profile_made_indexes(struct ctx *ctx, struct profile_made_index **made_out)
{
	struct made made = {.ctx = ctx};
	size_t most = 0;
	for (const struct migration *at = MIGRATIONS; at->number; at++)
		for (const char *text = at->text; (text = strstr(text, " index ")); text++)
			most++;
	made.rows = arena_array(&ctx->arena, most + 1, sizeof *made.rows);
	for (const struct migration *at = MIGRATIONS; at->number; at++)
		migration_read(&made, at);
	*made_out = made.rows;
	return made.count;
}

/* --- findings --- */

static const struct profile_made_index *made_find(const struct profile_facts *facts, const char *name)
{
	for (int i = 0; i < facts->made_count; i++)
		if (!strcmp(facts->made[i].name, name))
			return &facts->made[i];
	return NULL;
}

static struct json_object *index_numbers(const struct profile_facts *facts, const struct profile_index *index)
{
	const struct profile_made_index *made = made_find(facts, index->name);
	struct json_object *numbers = json_object_new_object();
	json_object_object_add(numbers, "index", json_object_new_string(index->name));
	json_object_object_add(numbers, "table", json_object_new_string(index->table));
	json_object_object_add(numbers, "bytes", json_object_new_int64(index->bytes));
	json_object_object_add(numbers, "definition", json_object_new_string(index->definition));
	json_object_object_add(numbers, "migration", made ? json_object_new_string(made->migration) : NULL);
	return numbers;
}

static void find_unused(const struct profile_facts *facts, const struct profile_index *index, bool replicas, struct findings *findings)
{
	double age = facts->server.age;
	if (index->scans || index->unique || index->constraint || !index->valid || index->bytes < UNUSED_BYTES || age < UNUSED_DAYS * DAY_S)
		return;
	struct json_object *numbers = index_numbers(facts, index);
	json_object_object_add(numbers, "days", json_object_new_int64((int64_t)(age / DAY_S)));
	json_object_object_add(numbers, "replicas", replicas ? json_object_new_string("yes") : NULL);
	finding_add(findings, FINDING_UNUSED_INDEX, SEVERITY_NOTE, 0, numbers);
}

/* Whether a does nothing that b does not: the same keys, so that the one with the later name goes, or fewer of them. */
static bool is_covered(const struct profile_index *a, const struct profile_index *b)
{
	size_t length = strlen(a->keys);
	if (a->unique || a->constraint || !b->valid || strcmp(a->table, b->table) != 0 || strcmp(a->predicate, b->predicate) != 0 ||
		strncmp(a->keys, b->keys, length) != 0)
		return false;
	if (!b->keys[length])
		return b->unique || b->constraint || strcmp(a->name, b->name) > 0;
	return b->keys[length] == ',';
}

static void find_duplicate(const struct profile_facts *facts, const struct profile_index *index, struct findings *findings)
{
	for (int i = 0; i < facts->index_count; i++)
		if (index != &facts->indexes[i] && is_covered(index, &facts->indexes[i])) {
			struct json_object *numbers = index_numbers(facts, index);
			json_object_object_add(numbers, "other", json_object_new_string(facts->indexes[i].name));
			finding_add(findings, FINDING_DUPLICATE_INDEX, SEVERITY_NOTE, 0, numbers);
			return;
		}
}

static bool has_table(const struct profile_facts *facts, const char *name)
{
	for (int i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, name))
			return true;
	return false;
}

bool profile_has_index(const struct profile_facts *facts, const char *name)
{
	for (int i = 0; i < facts->index_count; i++)
		if (!strcmp(facts->indexes[i].name, name))
			return true;
	return false;
}

void profile_find_indexes(const struct profile_facts *facts, const struct profile_settings *settings, struct findings *findings)
{
	for (int i = 0; i < facts->index_count; i++) {
		const struct profile_index *index = &facts->indexes[i];
		if (!index->valid)
			finding_add(findings, FINDING_INVALID_INDEX, SEVERITY_WARN, 0, index_numbers(facts, index));
		find_unused(facts, index, settings->replicas, findings);
		find_duplicate(facts, index, findings);
	}
	for (int i = 0; i < facts->made_count; i++) {
		const struct profile_made_index *made = &facts->made[i];
		if (!has_table(facts, made->table) || profile_has_index(facts, made->name))
			continue;
		struct json_object *numbers = json_object_new_object();
		json_object_object_add(numbers, "index", json_object_new_string(made->name));
		json_object_object_add(numbers, "table", json_object_new_string(made->table));
		json_object_object_add(numbers, "columns", json_object_new_string(made->columns));
		json_object_object_add(numbers, "migration", json_object_new_string(made->migration));
		json_object_object_add(numbers, "create", json_object_new_string(made->statement));
		finding_add(findings, FINDING_LOST_INDEX, SEVERITY_WARN, 0, numbers);
	}
}
