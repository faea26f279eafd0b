#include "deploy.h"

#include "config.h"

#include "text/template.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM "SYSTEM"
#define POD_POOL 4 /* of a responder in a pod; pgbouncer joins them */
#define THREADS_MOST 1024 /* bounds of web.threads, db.pool_size and db.replicas */
#define POOL_MOST 1000
#define REPLICAS_MOST 16
#define MIB 1048576.0
#define SHARED_BYTES (8 * MIB) /* metrics, limits and the cache's stamps */

static void add_number(struct json_object *view, const char *name, double value)
{
	json_object_object_add(view, name, json_object_new_int64((int64_t)ceil(value)));
}

static void add_text(struct json_object *view, const char *name, const char *text)
{
	json_object_object_add(view, name, json_object_new_string(text));
}

static void add_flag(struct json_object *view, const char *name, bool flag)
{
	json_object_object_add(view, name, json_object_new_boolean(flag));
}

/* "--SERVER=cache1:11211 …", "replica1;…": names that whoever installs puts into DNS or /etc/hosts. */
static const char *numbered(struct ctx *ctx, const char *before, const char *after, const char *between, int first, int count)
{
	const char *text = "";
	for (int i = 0; i < count; i++)
		text = arena_printf(&ctx->arena, "%s%s%s%d%s", text, i ? between : "", before, first + i, after);
	return text;
}

static void add_systems(struct ctx *ctx, struct json_object *view, const struct capacity_plan *plan)
{
	struct json_object *systems;
	double threads = 0, pool = 0, processes = 0, fcgid = 0;
	json_object_object_get_ex(view, "systems", &systems);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		struct json_object *row = json_object_array_get_idx(systems, (size_t)system);
		double here = capacity_system_value(plan, CAPACITY_PROCESSES, system);
		/* systemd starts one process a family, with the threads of all. */
		add_number(row, "threadsAll", fmin(THREADS_MOST, here * capacity_system_value(plan, CAPACITY_THREADS, system)));
		add_number(row, "poolAll", fmin(POOL_MOST, here * capacity_system_value(plan, CAPACITY_POOL, system)));
		add_text(row, "rateText", capacity_text(ctx, AS_NUMBER, capacity_system_value(plan, CAPACITY_RATE, system)));
		add_text(row, "inFlightText", capacity_text(ctx, AS_NUMBER, capacity_system_value(plan, CAPACITY_IN_FLIGHT, system)));
		threads = fmax(threads, capacity_system_value(plan, CAPACITY_THREADS, system));
		pool = fmax(pool, capacity_system_value(plan, CAPACITY_POOL, system));
		processes = fmax(processes, here);
		fcgid += capacity_system_value(plan, CAPACITY_FCGID, system);
	}
	add_number(view, "largestThreads", threads);
	add_number(view, "largestPool", pool);
	add_number(view, "processesMost", processes);
	add_flag(view, "severalProcesses", processes > 1);
	/* Those that are on their way out count, too. */
	add_number(view, "fcgidMost", 1.2 * fcgid);
}

static void add_nodes(struct ctx *ctx, struct json_object *view, const struct capacity_plan *plan)
{
	int web = (int)capacity_value(plan, CAPACITY_WEB_MACHINES), replicas = (int)fmin(REPLICAS_MOST, capacity_value(plan, CAPACITY_REPLICAS));
	int caches = (int)capacity_value(plan, CAPACITY_CACHE_NODES);
	struct json_object *nodes = json_object_new_array();
	for (int n = 1; n <= web; n++) {
		struct json_object *node = json_object_new_object();
		add_number(node, "n", n);
		add_text(node, "address", arena_printf(&ctx->arena, "web%d", n));
		json_object_array_add(nodes, node);
	}
	json_object_object_add(view, "webNodes", nodes);
	add_flag(view, "together", !capacity_value(plan, CAPACITY_DATABASE_MACHINES));
	add_flag(view, "hasReplicas", replicas > 0);
	add_text(view, "replicaUrls", numbered(ctx, "replica", ":5432", ";", 1, replicas));
	add_text(view, "cacheServers", caches == 1 ? "--SERVER=127.0.0.1:11211" : numbered(ctx, "--SERVER=cache", ":11211", " ", 1, caches));
	add_number(view, "replicasNamed", replicas);
	if (capacity_value(plan, CAPACITY_REPLICAS) > replicas)
		add_number(view, "replicasLeft", capacity_value(plan, CAPACITY_REPLICAS) - replicas);
	add_number(view, "walSenders", fmax(10, 2 * replicas + 4));
	add_number(view, "serverConnections", capacity_value(plan, CAPACITY_FRONT_CONNECTIONS));
	add_number(view, "cacheConnections", fmax(1024, 2 * capacity_value(plan, CAPACITY_CONNECTIONS)));
	add_number(view, "pgbouncerReserve", fmax(2, capacity_value(plan, CAPACITY_POOLED) / 4));
	add_number(view, "apacheProcesses", capacity_value(plan, CAPACITY_APACHE_WORKERS) / 32);
	add_number(view, "apacheProcessesMost", capacity_value(plan, CAPACITY_APACHE_WORKERS) / 16);
	add_number(view, "apacheSpare", 2 * capacity_value(plan, CAPACITY_APACHE_WORKERS));
	add_number(view, "apacheFactor", fmax(16, capacity_value(plan, CAPACITY_FRONT_CONNECTIONS) / capacity_value(plan, CAPACITY_APACHE_WORKERS)));
	add_number(view, "memoryMiB", plan->model.memory / MIB);
	/* 003 §6: memory below 75 %. */
	add_number(view, "memoryHighMiB", fmax(256, capacity_value(plan, CAPACITY_WEB_MEMORY) / MIB / 0.75));
}

static void add_pods(struct ctx *ctx, struct json_object *view, const struct capacity_plan *plan)
{
	double pods = capacity_value(plan, CAPACITY_PODS_MAX), cache = capacity_value(plan, CAPACITY_CACHE_BYTES) / 2 / MIB;
	add_number(view, "podPool", POD_POOL);
	/* Two pgbouncers, of each web pod its worker's (a thread, 2, and the gauge), of each worker's pod two processes' and the gauge, and 10 to spare. */
	add_number(view, "podConnections", 2 * capacity_value(plan, CAPACITY_POOLED) + pods * 4 +
		capacity_value(plan, CAPACITY_WORKER_PODS_MAX) * (2 * (capacity_value(plan, CAPACITY_WORKER_THREADS) + 2) + 1) + 10);
	add_number(view, "podReplicaConnections", pods * CAPACITY_SYSTEMS * (POD_POOL + 1) + 10);
	add_number(view, "podClients", 2 * pods * CAPACITY_SYSTEMS * POD_POOL);
	add_number(view, "podPoolEach", capacity_value(plan, CAPACITY_POOLED));
	add_text(view, "podRateText", capacity_text(ctx, AS_NUMBER, capacity_value(plan, CAPACITY_POD_RATE)));
	add_number(view, "podCacheNodes", 3);
	add_text(view, "podCacheServers", numbered(ctx, "--SERVER=stoa-memcached-", ".stoa-memcached:11211", " ", 0, 3));
	add_number(view, "podCacheMiB", fmax(64, cache));
	add_number(view, "podCacheLimitMiB", fmax(64, cache) + 64);
	/* Two that work, their supervisor, its gauge, and the files that they share. */
	add_number(view, "workerPodMemoryMiB", 64 * ceil((4 * plan->costs.worker_bytes + SHARED_BYTES) / 0.75 / MIB / 64));
}

static struct json_object *view_make(struct ctx *ctx, const struct capacity_plan *plan)
{
	struct json_object *view = json_own(ctx, capacity_values(plan));
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
		if (CAPACITY_KINDS[id].unit == AS_BYTES)
			add_number(view, arena_printf(&ctx->arena, "%sMiB", CAPACITY_KINDS[id].name), capacity_value(plan, id) / MIB);
	add_text(view, "version", PACKAGE_VERSION);
	add_text(view, "libexec", DEPLOY_LIBEXEC);
	add_text(view, "sysconf", DEPLOY_SYSCONF);
	add_systems(ctx, view, plan);
	add_nodes(ctx, view, plan);
	add_pods(ctx, view, plan);
	return view;
}

static enum err folders_make(struct ctx *ctx, char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		bool made = !mkdir(path, 0755) || errno == EEXIST;
		if (!made)
			return fail(ctx, ERR_INVALID, "%s cannot be made: %s", path, strerror(errno));
		*at = '/';
	}
	return OK;
}

static enum err file_write(struct cli *cli, const char *folder, const char *name, const struct buffer *text)
{
	char *path = arena_printf(&cli->ctx.arena, "%s/%s", folder, name);
	TRY(folders_make(&cli->ctx, path));
	FILE *file = fopen(path, "we");
	bool written = file && fwrite(text->data, 1, text->length, file) == text->length;
	written = file && !fclose(file) && written;
	if (!written)
		return fail(&cli->ctx, ERR_INVALID, "%s cannot be written: %s", path, strerror(errno));
	fprintf(cli->out, "%s\n", path);
	return OK;
}

static enum err one_write(struct cli *cli, const struct deploy_file *file, const char *folder, const char *name, struct json_object *view)
{
	struct buffer text = {0};
	enum err err = template_render_text(&cli->ctx, NULL, file->text, strlen(file->text), view, &text);
	if (err == OK)
		err = file_write(cli, folder, name, &text);
	buffer_free(&text);
	return err;
}

enum err deploy_write(struct cli *cli, const struct capacity_plan *plan, const char *folder)
{
	struct json_object *view = view_make(&cli->ctx, plan), *systems;
	json_object_object_get_ex(view, "systems", &systems);
	for (const struct deploy_file *file = DEPLOY_FILES; file->path; file++) {
		const char *at = strstr(file->path, SYSTEM);
		for (size_t system = 0; at && system < CAPACITY_SYSTEMS; system++) {
			struct json_object *row = json_object_array_get_idx(systems, system);
			json_object_object_add(view, "system", json_object_get(row));
			TRY(one_write(cli, file, folder, arena_printf(&cli->ctx.arena, "%.*s%s%s", (int)(at - file->path), file->path, json_text(row, "name", ""),
				at + strlen(SYSTEM)), view));
		}
		if (!at)
			TRY(one_write(cli, file, folder, file->path, view));
	}
	return OK;
}
