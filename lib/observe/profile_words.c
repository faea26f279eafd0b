#include "observe/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In an English text {{{name}}} stands for a number of the finding; a section of its name for whether it has one. */
const struct finding_words FINDING_WORDS[FINDING_KINDS] = {
	[FINDING_WAITS] = {"handler-waits", TR("The handler waits"),
		TR("A request takes {{{meanMs}}}. {{{ownMs}}} of that pass in the handler itself, in which the processor works for at most {{{cpuMs}}}."),
		TR("Look for a sleep, a lock or a call that blocks in the handler of {{{route}}} (grep -rn '\"{{{path}}}\"' {{{folder}}}), and take it out or make it a job (lib/job). While all processors are busy it waits for them: then fewer requests or more processors help."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: its own time without the processor's.")},
	[FINDING_LOOP] = {"query-in-a-loop", TR("A query in a loop"),
		TR("{{{statement}}} runs {{{perRequest}}} times a request of {{{route}}}, {{{eachMs}}} each time."),
		TR("Ask once for all: \"= any($n)\" in {{{file}}}, and one call in the place of the loop in the handler (grep -rn '\"{{{path}}}\"' {{{folder}}})."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: every run but one.")},
	[FINDING_STATEMENTS] = {"many-statements", TR("Many statements a request"),
		TR("A request of {{{route}}} runs {{{perRequest}}} statements; its budget is below {{{budget}}} (document 001, \"Performance Budget\", or the route's own)."),
		TR("Join statements, or read what seldom changes through the cache; the dearest is {{{file}}}."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: the time of the statements past the budget, on average.")},
	[FINDING_POOL_PART] = {"waits-for-connection", TR("Requests wait for a connection"),
		TR("Requests of {{{route}}} wait {{{partMs}}} of their {{{meanMs}}} for a connection to PostgreSQL."),
		TR("More connections a process (db.pool_size, now {{{poolSize}}}) as far as max_connections allows; or shorter statements."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: the wait.")},
	[FINDING_ACCEPT] = {"waits-for-thread", TR("Requests wait for a thread"),
		TR("Requests of {{{route}}} wait {{{partMs}}} for a thread; {{{meanMs}}} pass in all."),
		TR("More threads (web.threads, now {{{threads}}}), or with mod_fcgid more processes (FcgidMaxProcesses); more processors when they are busy."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: the wait.")},
	[FINDING_OUTBOUND] = {"waits-for-others", TR("Requests wait for somebody else's server"),
		TR("Requests of {{{route}}} wait {{{partMs}}} of their {{{meanMs}}} for calls to other servers."),
		TR("Make the call in a job (lib/job) and answer at once, or shorten net.timeout; the handler is found by grep -rn '\"{{{path}}}\"' {{{folder}}}."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: the calls.")},
	[FINDING_RENDER] = {"rendering", TR("Rendering takes the time"),
		TR("Rendering takes {{{partMs}}} of the {{{meanMs}}} of a request of {{{route}}}."),
		TR("Show fewer rows at once, or look at the route's flame graph: stoa profile --flame FILE.svg."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: half of the rendering, which fewer rows save.")},
	[FINDING_WRITE] = {"sending", TR("Sending takes the time"),
		TR("Sending takes {{{partMs}}} of the {{{meanMs}}} of a request of {{{route}}}."),
		TR("Smaller replies (a lower limit, compression in the web server), or a web server that takes the reply in before its client does."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: the sending.")},
	[FINDING_PROCESSOR] = {"processor", TR("The processor's time"),
		TR("The processor works for {{{cpuMs}}} of the {{{meanMs}}} of a request of {{{route}}}."),
		TR("Find the functions that take it: stoa profile --flame FILE.svg under load. What does not change can be kept in the cache."),
		TR("{{{gainSeconds}}} of the route's {{{routeSeconds}}}: half of the processor's time, as a guess until the graph is there.")},
	[FINDING_SLOW_STATEMENT] = {"slow-statement", TR("A slow statement"),
		TR("{{{statement}}} takes {{{eachMs}}} on average, {{{count}}} times, most of it for {{{route}}}; the target is {{{targetMs}}} (document 001, \"Query Performance Targets\")."),
		TR("Read its plan (stoa profile --explain {{{statement}}}) and change {{{file}}}, or the indexes of its tables."),
		TR("{{{gainSeconds}}} of {{{totalSeconds}}}: what is above the target.")},
	[FINDING_COMMIT] = {"slow-commit", TR("Commits wait for the disk"),
		TR("A COMMIT takes {{{eachMs}}} on average, {{{count}}} times, most of it for {{{route}}}: PostgreSQL answers when its log is on disk."),
		TR("The log (pg_wal) on a disk that syncs faster: pg_test_fsync tells how fast one does. With synchronous replicas, nearer ones."),
		TR("{{{gainSeconds}}} of {{{totalSeconds}}}: what is above {{{targetMs}}} each time.")},
	[FINDING_MISSING_INDEX] = {"missing-index", TR("An index is missing"),
		TR("{{{statement}}} reads {{^by}}all of{{/by}}{{#by}}by {{{by}}} many of{{/by}} the {{{rows}}} rows of {{{table}}} to find {{{found}}}: {{{filter}}}. It takes {{{eachMs}}}, {{{count}}} times."),
		TR("{{#migration}}Make again what sql/schema/{{{migration}}}.sql makes and the database has not: {{/migration}}{{^migration}}In a new file of sql/schema: {{/migration}}{{{create}}}"),
		TR("{{{gainSeconds}}} of {{{totalSeconds}}}: rows that are read and thrown away.")},
	[FINDING_SORT] = {"sort-spills", TR("A sort does not fit into memory"),
		TR("{{{statement}}} sorts or hashes about {{{bytes}}} at once; work_mem is {{{workMemBytes}}}, so that it writes to disk."),
		TR("alter role … set work_mem = '{{{suggestedBytes}}}' for Stoa's role, or an index in the order that {{{file}}} asks for."),
		TR("{{{gainSeconds}}} of {{{totalSeconds}}}: a third, as a guess; EXPLAIN (ANALYZE, BUFFERS) tells.")},
	[FINDING_NESTED_LOOP] = {"nested-loop", TR("A nested loop over many rows"),
		TR("{{{statement}}} runs a scan of {{{table}}} for each of about {{{rows}}} rows."),
		TR("An index of {{{table}}} for the columns that are joined, or fewer rows before the join; the statement is {{{file}}}. First: analyze {{{table}}}."),
		TR("{{{gainSeconds}}} of {{{totalSeconds}}}: half, as a guess; EXPLAIN (ANALYZE) tells.")},
	[FINDING_HIT_RATE] = {"hit-rate", TR("The cache misses too often"),
		TR("{{{share}}} of {{{lookups}}} look-ups in \"{{{space}}}\" were hits; the target is {{{targetShare}}} ({{{source}}})."),
		TR("A longer life of the space (life_ms, found by grep -rn '\"{{{space}}}\"' lib fcgi) or fewer invalidations; when values are evicted, more memory (cache.local_bytes, memcached -m)."),
		TR("{{{gainSeconds}}}: {{{saved}}} loads fewer, each for a plain read.")},
	[FINDING_CACHE_OFF] = {"cache-off", TR("The cache is off"),
		TR("{{{share}}} of {{{lookups}}} look-ups in \"{{{space}}}\" were hits; the target is {{{targetShare}}} ({{{source}}}). cache.servers {{#servers}}is set{{/servers}}{{^servers}}is empty{{/servers}}, cache.local_entries is {{{localEntries}}}, cache.local_life is {{{localLifeMs}}}."),
		TR("Switch it on in stoa.conf: cache.servers = --SERVER=127.0.0.1:11211 (or the socket of memcached), cache.local_entries = 16384 and cache.local_life = 2s; then start the responders again."),
		TR("{{{gainSeconds}}}: {{{saved}}} loads fewer, each for a plain read or more.")},
	[FINDING_EVICTIONS] = {"evictions", TR("memcached throws values away"),
		TR("{{{server}}} evicts {{{aMinute}}} values a minute ({{{evictions}}} in all) with {{{limitBytes}}} of memory; the alert is at {{{alert}}} ({{{source}}})."),
		TR("More memory: memcached -m {{{suggested}}} (in /etc/memcached.conf), or shorter lives of what is seldom read again."),
		TR("Hits for what was thrown away; twice the memory halves that or better.")},
	[FINDING_POOL_WAIT] = {"pool-wait", TR("The pool is too small"),
		TR("{{{program}}}: {{{share}}} of {{{waits}}} requests that waited for a connection waited for longer than {{{boundMs}}}; of a hundred no more than five should ({{{source}}})."),
		TR("db.pool_size = {{{suggested}}} (now {{{poolSize}}}), as far as PostgreSQL's max_connections allows."),
		TR("The wait: none at all for those that find a free connection.")},
	[FINDING_POOL_USE] = {"pool-use", TR("The pool is nearly used up"),
		TR("{{{program}}} uses {{{used}}} of {{{size}}} connections ({{{share}}}); the target is below {{{targetShare}}} ({{{source}}})."),
		TR("db.pool_size = {{{suggested}}} (now {{{poolSize}}}), as far as PostgreSQL's max_connections allows; or another machine."),
		TR("Room for peaks, before requests wait.")},
	[FINDING_THREADS] = {"threads", TR("Requests queue before the threads"),
		TR("{{{program}}}: {{{queued}}} requests wait, {{{inFlight}}} are at work, and a process has {{{threads}}} threads."),
		TR("web.threads = {{{suggested}}} when the processors have time left, with db.pool_size at half of it; with mod_fcgid FcgidMaxProcesses; else another machine."),
		TR("The wait before the threads.")},
	[FINDING_SHED] = {"shed", TR("Requests were sent away"),
		TR("{{{program}}} answered {{{refused}}} requests with 503:{{#shed}} {{{shed}}}, because it had more than it could do in time;{{/shed}}{{#switchedOff}} {{{switchedOff}}}, because their part was switched off (stoa brownout);{{/switchedOff}} what they asked for is not done."),
		TR("See what takes the time first (the other findings); then more processors, processes or machines: stoa capacity."),
		TR("These requests.")},
	[FINDING_QUEUE] = {"queue-depth", TR("A queue is deeper than its target"),
		TR("{{{queue}}}: {{{due}}} jobs are due; below {{{target}}} is well, past {{{alert}}} is an alert (document 001, \"Queue Depth Targets\"). The oldest has waited for {{{oldestSeconds}}}."),
		TR("worker.max = {{{suggested}}} (now {{{max}}}), or worker.threads (now {{{threads}}}), or workers on another machine; then db connections for them."),
		TR("The depth falls as fast as processes are added, while PostgreSQL has time left.")},
	[FINDING_LOST_INDEX] = {"lost-index", TR("An index of a migration is not there"),
		TR("{{{index}}} on {{{table}}} ({{{columns}}}) is made by sql/schema/{{{migration}}}.sql, and the database does not have it."),
		"{{{create}}}", TR("Statements that were written for it do not read the whole table any more.")},
	[FINDING_INVALID_INDEX] = {"invalid-index", TR("An index is not valid"),
		TR("{{{index}}} on {{{table}}} was not finished: it costs every write and no read uses it."),
		"reindex index concurrently {{{index}}};", TR("Reads use it again.")},
	[FINDING_UNUSED_INDEX] = {"unused-index", TR("An index that nothing reads"),
		TR("{{{index}}} on {{{table}}} ({{{bytes}}}) was not read once in {{{days}}} days of statistics."),
		TR("When no statement of a rare report needs it{{#replicas}}, nor a replica, whose reads are counted there (pg_stat_user_indexes){{/replicas}}: {{#migration}}since sql/schema/{{{migration}}}.sql makes it, in a new file of sql/schema: drop index {{{index}}};{{/migration}}{{^migration}}drop index concurrently {{{index}}};{{/migration}}"),
		TR("{{{bytes}}} of disk and memory, and its share of every write to the table.")},
	[FINDING_DUPLICATE_INDEX] = {"duplicate-index", TR("Two indexes do the same"),
		TR("{{{index}}} on {{{table}}} ({{{bytes}}}) begins like {{{other}}}, which does its work too."),
		TR("{{#migration}}Since sql/schema/{{{migration}}}.sql makes it, in a new file of sql/schema: drop index {{{index}}};{{/migration}}{{^migration}}drop index concurrently {{{index}}};{{/migration}}"), TR("{{{bytes}}} of disk and memory, and its share of every write to the table.")},
	[FINDING_DEAD_ROWS] = {"dead-rows", TR("Dead rows pile up"),
		TR("{{{table}}} has {{{dead}}} dead rows beside {{{rows}}} live ones; autovacuum comes at {{{scaleShare}}} of the table."),
		TR("vacuum (analyze) {{{table}}}; and, when it comes back, alter table {{{table}}} set (autovacuum_vacuum_scale_factor = {{{suggested}}});"),
		TR("Scans pass over {{{share}}} fewer rows.")},
	[FINDING_BLOAT] = {"bloat", TR("A table is bloated"),
		TR("{{{table}}} takes {{{bytes}}}; its rows would fit into about {{{expectedBytes}}}."),
		TR("At a quiet time: vacuum full {{{table}}}; (it locks the table meanwhile), or pg_repack; then a lower autovacuum_vacuum_scale_factor for it."),
		TR("{{{wastedBytes}}} of disk and memory: its size less that of its rows.")},
	[FINDING_STALE] = {"stale-statistics", TR("The planner's statistics are old"),
		TR("{{{table}}} has {{{rows}}} rows; the planner was told of {{{planned}}}, and {{{changed}}} have changed since."),
		"analyze {{{table}}};", TR("Plans that fit the table's size.")},
	[FINDING_SHARED_BUFFERS] = {"shared-buffers", TR("PostgreSQL has little memory of its own"),
		TR("shared_buffers is {{{nowBytes}}} on a machine with {{{memoryBytes}}}; {{{share}}} of the blocks were found in it, and the database has {{{databaseBytes}}}."),
		TR("shared_buffers = '{{{suggestedBytes}}}' in postgresql.conf, and a restart: a quarter of the memory, or the size of the database."),
		TR("Blocks that are not asked of the system: up to {{{missed}}} of those read so far.")},
	[FINDING_CACHE_SIZE] = {"effective-cache-size", TR("The planner knows of little cache"),
		TR("effective_cache_size is {{{nowBytes}}} on a machine with {{{memoryBytes}}}, so that the planner takes indexes for dearer than they are."),
		TR("effective_cache_size = '{{{suggestedBytes}}}' in postgresql.conf and select pg_reload_conf(): half of the memory."),
		TR("Index scans where the planner reads whole tables; nothing is allocated.")},
	[FINDING_RANDOM_COST] = {"random-page-cost", TR("The planner takes the disk for a turning one"),
		TR("random_page_cost is {{{now}}}; no disk of this machine turns, and the database is larger than shared_buffers."),
		TR("random_page_cost = 1.1 in postgresql.conf and select pg_reload_conf();"), TR("Index scans where the planner reads whole tables.")},
	[FINDING_CONNECTIONS] = {"connections", TR("Not enough connections for all pools"),
		TR("The pools of this machine may ask for {{{wanted}}} connections: {{{pools}}} for responders and {{{workers}}} for workers. PostgreSQL gives {{{given}}} ({{{share}}})."),
		TR("max_connections = {{{suggested}}} in postgresql.conf, or smaller pools (db.pool_size, worker.max), or pgbouncer between (stoa capacity)."),
		TR("Peaks that do not end in errors.")},
};

static const char *const SEVERITIES[] = {TR("note"), TR("warning"), TR("alert")};

const char *severity_text(enum severity severity)
{
	return SEVERITIES[severity];
}

/* --- numbers --- */

static const char *decimal_plain(void *argument, double number, int digits)
{
	return arena_printf(argument, "%.*f", digits, number);
}

static const char *bytes_text(struct ctx *ctx, double bytes, finding_decimal *decimal, void *argument)
{
	static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB"};
	int unit = 0;
	/* As PostgreSQL reads it in a setting: without a space, whole, so that a small number keeps the smaller unit. */
	for (; unit < 4 && (bytes >= 10240 || (bytes >= 1024 && bytes / 1024 == round(bytes / 1024))); unit++)
		bytes /= 1024;
	return arena_printf(&ctx->arena, "%s%s", decimal(argument, round(bytes), 0), UNITS[unit]);
}

static bool ends(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);
	return length >= tail && !strcasecmp(name + length - tail, suffix);
}

static int digits_of(double number)
{
	return number >= 100 || number == round(number) ? 0 : number >= 1 ? 1 : 2;
}

static const char *number_text(struct ctx *ctx, const char *name, struct json_object *value, finding_decimal *decimal, void *argument)
{
	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return json_object_get_string(value);
	double number = json_object_get_double(value);
	if (ends(name, "Ms"))
		return number >= 1000 ? arena_printf(&ctx->arena, "%s s", decimal(argument, number / 1000, 1)) :
			arena_printf(&ctx->arena, "%s ms", decimal(argument, number, digits_of(number)));
	if (ends(name, "Seconds"))
		return number < 1 ? arena_printf(&ctx->arena, "%s ms", decimal(argument, number * 1000, digits_of(number * 1000))) :
			arena_printf(&ctx->arena, "%s s", decimal(argument, number, 1));
	if (ends(name, "share"))
		return arena_printf(&ctx->arena, "%s %%", decimal(argument, 100 * number, 100 * number == round(100 * number) ? 0 : 1));
	if (ends(name, "bytes"))
		return bytes_text(ctx, number, decimal, argument);
	return decimal(argument, number, digits_of(number));
}

const char *finding_text(struct ctx *ctx, const struct finding *finding, const char *text, finding_decimal *decimal, void *argument)
{
	struct json_object *view = json_own(ctx, json_object_new_object());
	struct buffer out = {0};
	if (!decimal) {
		decimal = decimal_plain;
		argument = &ctx->arena;
	}
	json_object_object_foreach(finding->numbers, name, value)
		if (value)
			json_object_object_add(view, name, json_object_new_string(number_text(ctx, name, value, decimal, argument)));
	/* The words are our own: they parse. */
	if (template_render_text(ctx, NULL, text, strlen(text), view, &out) != OK)
		ctx_forgive(ctx);
	const char *said = arena_memdup(&ctx->arena, out.length ? out.data : "", out.length);
	buffer_free(&out);
	return said;
}

/* --- lists --- */

struct finding *finding_add(struct findings *findings, enum finding_kind kind, enum severity severity, double cost, struct json_object *numbers)
{
	if (findings->count == findings->room) {
		struct finding *more = arena_array(&findings->ctx->arena, findings->room ? 2 * (size_t)findings->room : 16, sizeof *more);
		if (findings->count)
			memcpy(more, findings->rows, (size_t)findings->count * sizeof *more);
		findings->rows = more;
		findings->room = findings->room ? 2 * findings->room : 16;
	}
	struct finding *finding = &findings->rows[findings->count++];
	*finding = (struct finding){.kind = kind, .severity = severity, .cost = cost, .numbers = json_own(findings->ctx, numbers)};
	finding->route = json_text(numbers, "route", NULL);
	finding->statement = json_text(numbers, "statement", NULL);
	finding->table = json_text(numbers, "table", NULL);
	return finding;
}

static int finding_order(const void *one, const void *other)
{
	const struct finding *a = one, *b = other;
	if ((a->severity == SEVERITY_NOTE) != (b->severity == SEVERITY_NOTE))
		return a->severity == SEVERITY_NOTE ? 1 : -1;
	if (a->cost != b->cost)
		return a->cost < b->cost ? 1 : -1;
	return a->severity != b->severity ? (int)b->severity - (int)a->severity : (int)a->kind - (int)b->kind;
}

void findings_sort(struct findings *findings)
{
	if (findings->count)
		qsort(findings->rows, (size_t)findings->count, sizeof *findings->rows, finding_order);
}

bool finding_concerns(const struct profile *profile, const struct finding *finding, const char *route)
{
	if (!route || (finding->route && !strcmp(finding->route, route)))
		return true;
	const struct profile_route *asked = finding->statement ? profile_route_find(profile, route) : NULL;
	for (const struct profile_statement *statement = asked ? asked->dearest : NULL; statement; statement = statement->next)
		if (!strcmp(statement->name, finding->statement))
			return true;
	return false;
}
