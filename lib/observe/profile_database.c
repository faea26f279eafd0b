#include "observe/profile.h"

#include "mc/servers.h"
#include "observe/profile_parts.h"
#include "sql.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEAD_LEAST 10000
#define BLOAT_TIMES 2
#define BLOAT_BYTES (8 << 20)
#define ROWS_LEAST 1000     /* fewer are read at once, whatever the planner thinks */
#define STALE_TIMES 10
#define HIT_SHARE 0.99      /* of blocks, in shared_buffers: PostgreSQL's common advice for such loads */
#define BLOCKS_LEAST 100000
#define MEGABYTE (1 << 20)
#define SERVERS_MOST 64

static double column_double(const PGresult *rows, int row, const char *column)
{
	const char *text = pg_text(rows, row, column);
	return text ? strtod(text, NULL) : 0;
}

static void add_text(struct json_object *numbers, const char *name, const char *value)
{
	json_object_object_add(numbers, name, json_object_new_string(value));
}

static void add_number(struct json_object *numbers, const char *name, double value)
{
	json_object_object_add(numbers, name, json_object_new_double(value));
}

static void add_count(struct json_object *numbers, const char *name, double value)
{
	json_object_object_add(numbers, name, json_object_new_int64((int64_t)value));
}

/* --- tables --- */

static struct json_object *table_numbers(const struct profile_table *table)
{
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "table", table->name);
	add_count(numbers, "rows", (double)table->rows);
	return numbers;
}

static void find_dead(const struct profile_table *table, struct findings *findings)
{
	/* Twice of what autovacuum waits for, so that one on its way is left alone. */
	double all = (double)(table->rows + table->dead);
	if (table->dead < DEAD_LEAST || (double)table->dead < 2 * table->scale * (double)table->rows)
		return;
	struct json_object *numbers = table_numbers(table);
	add_count(numbers, "dead", (double)table->dead);
	add_number(numbers, "scaleShare", table->scale);
	add_number(numbers, "share", (double)table->dead / all);
	add_number(numbers, "suggested", fmax(table->scale / 10, 0.01));
	finding_add(findings, FINDING_DEAD_ROWS, SEVERITY_WARN, 0, numbers);
}

static void find_bloat(const struct profile_table *table, struct findings *findings)
{
	int64_t wasted = table->bytes - table->expected;
	if (!table->expected || table->bytes < BLOAT_TIMES * table->expected || wasted < BLOAT_BYTES)
		return;
	struct json_object *numbers = table_numbers(table);
	add_count(numbers, "bytes", (double)table->bytes);
	add_count(numbers, "expectedBytes", (double)table->expected);
	add_count(numbers, "wastedBytes", (double)wasted);
	finding_add(findings, FINDING_BLOAT, SEVERITY_WARN, 0, numbers);
}

static void find_stale(const struct profile_table *table, struct findings *findings)
{
	double planned = fmax(table->planned, 0), rows = (double)table->rows;
	if (rows < ROWS_LEAST || (planned * STALE_TIMES > rows && planned < rows * STALE_TIMES && (double)table->changed < rows / 2))
		return;
	struct json_object *numbers = table_numbers(table);
	add_count(numbers, "planned", planned);
	add_count(numbers, "changed", (double)table->changed);
	finding_add(findings, FINDING_STALE, SEVERITY_WARN, 0, numbers);
}

void profile_find_tables(const struct profile_table *tables, int count, struct findings *findings)
{
	for (int i = 0; i < count; i++) {
		find_dead(&tables[i], findings);
		find_bloat(&tables[i], findings);
		find_stale(&tables[i], findings);
	}
}

/* --- the server --- */

static void find_connections(const struct profile_server *server, const struct profile *profile, const struct profile_settings *settings,
	struct findings *findings)
{
	const struct bound *bound = bound_of(BOUND_CONNECTIONS);
	/* A worker's process takes a connection a thread and two (worker.max), of which its own figures tell two only. */
	double pools = 0, workers = (double)(settings->worker_max * (settings->worker_threads + 2)), given = server->max_connections - server->reserved;
	for (int i = 0; i < profile->program_count; i++)
		if (strcmp(profile->programs[i].name, "worker") != 0)
			pools += (double)profile->programs[i].size;
	double wanted = pools + workers, share = given > 0 ? wanted / given : 0;
	if (!pools || share <= bound->alert)
		return;
	struct json_object *numbers = json_object_new_object();
	add_count(numbers, "wanted", wanted);
	add_count(numbers, "pools", pools);
	add_count(numbers, "workers", workers);
	add_count(numbers, "given", given);
	add_number(numbers, "share", share);
	add_count(numbers, "suggested", ceil(wanted / bound->target) + server->reserved);
	finding_add(findings, FINDING_CONNECTIONS, share > 1 ? SEVERITY_ALERT : SEVERITY_WARN, 0, numbers);
}

static struct json_object *memory_numbers(const struct profile_server *server, int64_t now, double suggested)
{
	struct json_object *numbers = json_object_new_object();
	add_count(numbers, "nowBytes", (double)now);
	add_count(numbers, "memoryBytes", (double)server->memory);
	add_count(numbers, "databaseBytes", (double)server->database);
	add_count(numbers, "suggestedBytes", floor(suggested / MEGABYTE) * MEGABYTE);
	return numbers;
}

/* PostgreSQL's documentation, "Resource Consumption": a quarter of the memory is a reasonable start; "Query Planning": effective_cache_size is
 * shared_buffers and what the system caches. */
static void find_memory(const struct profile_server *server, struct findings *findings)
{
	double blocks = (double)(server->hits + server->reads), share = blocks > 0 ? (double)server->hits / blocks : 1;
	double quarter = (double)server->memory / 4;
	if (blocks >= BLOCKS_LEAST && share < HIT_SHARE && (double)server->shared_buffers < fmin(quarter, (double)server->database) / 1.25) {
		struct json_object *numbers = memory_numbers(server, server->shared_buffers, fmin(quarter, fmax((double)server->database, 128.0 * MEGABYTE)));
		add_number(numbers, "share", share);
		add_count(numbers, "missed", (double)server->reads);
		finding_add(findings, FINDING_SHARED_BUFFERS, SEVERITY_WARN, 0, numbers);
	}
	if (server->database < server->shared_buffers)
		return;
	if ((double)server->effective_cache_size < quarter)
		finding_add(findings, FINDING_CACHE_SIZE, SEVERITY_NOTE, 0, memory_numbers(server, server->effective_cache_size, (double)server->memory / 2));
	if (server->random_page_cost >= 2 && !server->spinning) {
		struct json_object *numbers = json_object_new_object();
		add_number(numbers, "now", server->random_page_cost);
		finding_add(findings, FINDING_RANDOM_COST, SEVERITY_NOTE, 0, numbers);
	}
}

void profile_find_server(const struct profile_server *server, const struct profile *profile, const struct profile_settings *settings,
	struct findings *findings)
{
	find_connections(server, profile, settings, findings);
	if (server->here && server->memory > 0)
		find_memory(server, findings);
}

/* --- reading --- */

static bool any_disk_turns(void)
{
	glob_t found;
	bool turns = false;
	if (glob("/sys/block/*/queue/rotational", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !turns; i++) {
		FILE *file = strstr(found.gl_pathv[i], "/loop") ? NULL : fopen(found.gl_pathv[i], "re");
		turns = file && fgetc(file) == '1';
		if (file)
			fclose(file);
	}
	globfree(&found);
	return turns;
}

static enum err server_read(struct lease *lease, struct profile_server *server)
{
	PGresult *row;
	TRY(pg_run(lease, &SQL_PROFILE_SERVER, NULL, &row));
	*server = (struct profile_server){.shared_buffers = pg_number(row, 0, "shared_buffers", 0),
		.effective_cache_size = pg_number(row, 0, "effective_cache_size", 0), .work_mem = pg_number(row, 0, "work_mem", 0),
		.database = pg_number(row, 0, "database", 0), .random_page_cost = column_double(row, 0, "random_page_cost"),
		.hash_mem_multiplier = column_double(row, 0, "hash_mem_multiplier"),
		.max_connections = (int)pg_number(row, 0, "max_connections", 0), .reserved = (int)pg_number(row, 0, "reserved", 0),
		.backends = (int)pg_number(row, 0, "backends", 0), .hits = pg_number(row, 0, "hits", 0), .reads = pg_number(row, 0, "reads", 0),
		.age = (double)pg_number(row, 0, "age_s", 0), .here = pg_true(row, 0, "here")};
	if (server->here) {
		server->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
		server->spinning = any_disk_turns();
	}
	return OK;
}

static enum err indexes_read(struct lease *lease, struct profile_facts *facts)
{
	PGresult *rows;
	TRY(pg_run(lease, &SQL_PROFILE_INDEXES, NULL, &rows));
	facts->index_count = PQntuples(rows);
	facts->indexes = arena_array(&lease->ctx->arena, (size_t)facts->index_count + 1, sizeof *facts->indexes);
	for (int row = 0; row < facts->index_count; row++)
		facts->indexes[row] = (struct profile_index){.table = pg_text(rows, row, "table"), .name = pg_text(rows, row, "name"),
			.definition = pg_text(rows, row, "definition"), .keys = pg_text(rows, row, "keys"), .predicate = pg_text(rows, row, "predicate"),
			.unique = pg_true(rows, row, "unique"), .constraint = pg_true(rows, row, "constraint"), .valid = pg_true(rows, row, "valid"),
			.scans = pg_number(rows, row, "scans", 0), .bytes = pg_number(rows, row, "bytes", 0)};
	return OK;
}

static void columns_read(struct ctx *ctx, const char *json, struct profile_columns *columns)
{
	struct json_object *list = json ? json_own(ctx, json_tokener_parse(json)) : NULL;
	columns->column_count = list ? (int)json_object_array_length(list) : 0;
	const char **names = arena_array(&ctx->arena, (size_t)columns->column_count + 1, sizeof *names);
	for (int i = 0; i < columns->column_count; i++)
		names[i] = json_object_get_string(json_object_array_get_idx(list, (size_t)i));
	columns->columns = names;
}

static enum err tables_read(struct lease *lease, struct profile_facts *facts)
{
	PGresult *rows;
	struct arena *arena = &lease->ctx->arena;
	TRY(pg_run(lease, &SQL_PROFILE_TABLES, NULL, &rows));
	facts->table_count = PQntuples(rows);
	facts->tables = arena_array(arena, (size_t)facts->table_count + 1, sizeof *facts->tables);
	facts->columns = arena_array(arena, (size_t)facts->table_count + 1, sizeof *facts->columns);
	for (int row = 0; row < facts->table_count; row++) {
		struct profile_table *table = &facts->tables[row];
		*table = (struct profile_table){.name = pg_text(rows, row, "name"), .rows = pg_number(rows, row, "rows", 0),
			.dead = pg_number(rows, row, "dead", 0), .changed = pg_number(rows, row, "changed", 0), .bytes = pg_number(rows, row, "bytes", 0),
			.expected = pg_number(rows, row, "expected", 0), .planned = column_double(rows, row, "planned"),
			.scale = column_double(rows, row, "scale")};
		facts->columns[row] = (struct profile_columns){.table = table->name, .rows = fmax(table->planned, (double)table->rows)};
		columns_read(lease->ctx, pg_text(rows, row, "columns"), &facts->columns[row]);
	}
	return OK;
}

enum err profile_facts_read(struct lease *lease, struct profile_facts *facts)
{
	*facts = (struct profile_facts){0};
	TRY(server_read(lease, &facts->server));
	TRY(indexes_read(lease, facts));
	TRY(tables_read(lease, facts));
	facts->made_count = profile_made_indexes(lease->ctx, &facts->made);
	return OK;
}

void profile_find_facts(const struct profile_facts *facts, const struct profile *profile, const struct profile_settings *settings,
	struct findings *findings)
{
	profile_find_indexes(facts, settings, findings);
	profile_find_tables(facts->tables, facts->table_count, findings);
	profile_find_server(&facts->server, profile, settings, findings);
}

/* --- memcached --- */

void profile_find_evictions(const struct cache_server *servers, int count, struct findings *findings)
{
	const struct bound *bound = bound_of(BOUND_EVICTIONS);
	for (int i = 0; i < count; i++) {
		const struct cache_server *server = &servers[i];
		double minute = server->uptime_s ? 60 * (double)server->evictions / (double)server->uptime_s : 0;
		if (minute <= bound->target)
			continue;
		struct json_object *numbers = json_object_new_object();
		add_text(numbers, "server", server->name);
		add_number(numbers, "aMinute", minute);
		add_count(numbers, "evictions", (double)server->evictions);
		add_count(numbers, "limitBytes", (double)server->limit_bytes);
		add_number(numbers, "alert", bound->alert);
		add_text(numbers, "source", bound->source);
		add_count(numbers, "suggested", ceil(2 * (double)server->limit_bytes / MEGABYTE));
		finding_add(findings, FINDING_EVICTIONS, minute > bound->alert ? SEVERITY_ALERT : SEVERITY_WARN, 0, numbers);
	}
}

void profile_find_memcached(struct findings *findings)
{
	struct cache_server servers[SERVERS_MOST];
	profile_find_evictions(servers, cache_servers(servers, SERVERS_MOST), findings);
}
