#include "observe/capacity.h"

#include "observe/bound.h"

#include <math.h>
#include <string.h>

#define THINK_S 2.0            /* 001 Locust example: 1 to 3 s */
#define WAIT_SHARE 0.01
#define DATABASE_USE 0.60      /* 001 Database (RDS): CPU Utilization */
#define MEMORY_USE 0.75        /* 003 §6 Max memory usage; 001 Cache: Memory Utilization */
#define POOL_MOST 20           /* 003 §3 Connection Pooling */
#define POOL_LEAST 4
#define POOLED_LEAST 10        /* 003 §3 Connection Pooling */
#define THREADS_LEAST 16       /* web.threads' default: six responders answer the 100 requests at once of 003 §2 */
#define WORKER_THREADS 4       /* worker.threads' default */
#define WORKER_MORE 2          /* connections of a worker's process besides its threads' */
#define WORKERS_MOST 256       /* worker.max' bound */
#define THREADS_MOST 1024      /* web.threads' bound */
#define SERVERS_MOST 1e9
#define HASH_BYTES (19 * MIB)  /* who/secret.h */
#define SPARE_CONNECTIONS 10   /* superuser_reserved_connections, and admins */
#define POD_HASHES 2           /* of auth and of pages: hashes_at_once = 1 in a pod */
#define POD_MORE_BYTES (16 * MIB) /* lighttpd, and the files that processes share */
#define WORKERS_LEAST 2        /* 001 Auto-Scaling Policy */
#define FRONT_LEAST 512
#define APACHE_LEAST 128
#define APACHE_STEP 32
#define PODS_LEAST 3           /* 002 Auto-scaling Configuration */
#define PODS_MOST 20
#define WORKER_POD_PROCESSES 2
#define WORKER_PODS_MOST 16    /* 001 Auto-Scaling Policy */
#define MIB 1048576.0
#define GIB 1073741824.0

const struct capacity_kind CAPACITY_KINDS[CAPACITY_IDS] = {
#define X(id, name_, group_, unit_, title_, formula_, source_) \
	[CAPACITY_##id] = {.name = (name_), .group = (group_), .unit = (unit_), .title = (title_), .formula = (formula_), .source = (source_)},
	CAPACITY_FIGURES(X)
#undef X
};

const int CAPACITY_PHASES[] = {1000, 10000, 50000, 100000, 0};

/* As apache/stoa-fcgid.conf is shipped: what a small shop's bursts need. */
static const int FCGID_LEAST[CAPACITY_SYSTEMS] = {
	[CAPACITY_AUTH] = 12, [CAPACITY_WIDGET] = 32, [CAPACITY_RETENTION] = 12, [CAPACITY_STRIPE] = 8, [CAPACITY_OPS] = 4, [CAPACITY_PAGES] = 12};

double capacity_value(const struct capacity_plan *plan, enum capacity_id id)
{
	return plan->figures[id][0].value;
}

double capacity_system_value(const struct capacity_plan *plan, enum capacity_id id, enum capacity_system system)
{
	return plan->figures[id][system].value;
}

static void put_one(struct capacity_plan *plan, enum capacity_id id, int system, double value, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void put_one(struct capacity_plan *plan, enum capacity_id id, int system, double value, const char *format, ...)
{
	struct capacity_figure *figure = &plan->figures[id][system];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(figure->worked, sizeof figure->worked, format, arguments);
	va_end(arguments);
	figure->value = value;
}
#define put(plan, id, ...) put_one(plan, id, 0, __VA_ARGS__)

/* 0.3 × 100000 is a little less than 30000 in binary. */
static double whole_down(double number)
{
	return floor(number + 1e-9);
}

static double whole_up(double number)
{
	return ceil(number - 1e-9);
}

static double by(double number, double step)
{
	return step * whole_up(number / step);
}

static double within(double least, double value, double most)
{
	return fmin(fmax(least, value), most);
}

double capacity_wait_probability(int servers, double load)
{
	if (load <= 0)
		return 0;
	if (load >= servers)
		return 1;
	double blocked = 1;
	for (int n = 1; n <= servers; n++)
		blocked = load * blocked / (n + load * blocked);
	return blocked / (1 - load / servers * (1 - blocked));
}

int capacity_servers(double load, double service_s, double use, double wait_s, double share)
{
	double servers = fmin(fmax(1, whole_up(load / use)), SERVERS_MOST);
	/* Where next to nobody would wait for so long, whoever waits: spares a sum over all servers. */
	while (load > 0 && service_s > 0 && servers < SERVERS_MOST) {
		double long_share = exp(-(servers - load) * wait_s / service_s);
		if (long_share <= share || long_share * capacity_wait_probability((int)servers, load) <= share)
			break;
		servers++;
	}
	return (int)servers;
}

static int servers_for(double load, double service_s)
{
	return capacity_servers(load, service_s, bound_of(BOUND_POOL_USE)->target, bound_of(BOUND_POOL_WAIT)->target, WAIT_SHARE);
}

static double weight(const struct capacity_costs *costs, enum capacity_system system)
{
	double all = 0;
	for (int other = 0; other < CAPACITY_SYSTEMS; other++)
		all += costs->system[other].requests;
	return all > 0 ? costs->system[system].requests / all : 0;
}

static double processor(const struct capacity_cost *cost, double front)
{
	return cost->cpu_s + front * cost->front_s + cost->database_s;
}

double capacity_knee(const struct capacity_costs *costs, double front, double cores, double generator_s)
{
	double seconds = generator_s;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		seconds += weight(costs, system) * processor(&costs->system[system], front);
	return seconds > 0 ? cores / seconds : 0;
}

/* --- users and load --- */

static void plan_users(struct capacity_plan *plan)
{
	const struct capacity_model *model = &plan->model;
	double daily = whole_down(model->users * model->active), peak = whole_down(daily * model->peak);
	put(plan, CAPACITY_DAILY, daily, "⌊%.0f × %g⌋", model->users, model->active);
	put(plan, CAPACITY_CONCURRENT, peak, "⌊%.0f × %g⌋", daily, model->peak);
	put(plan, CAPACITY_DESIGN, whole_down(peak * model->headroom), "⌊%.0f × %g⌋", peak, model->headroom);
}

static void plan_load(struct capacity_plan *plan)
{
	const struct capacity_model *model = &plan->model;
	double average = model->users * model->requests, peak = average * model->burst, people = capacity_value(plan, CAPACITY_DESIGN);
	put(plan, CAPACITY_AVERAGE_RATE, average, "%.0f × %g", model->users, model->requests);
	put(plan, CAPACITY_PEAK_RATE, peak, "%g × %g", average, model->burst);
	put(plan, CAPACITY_DESIGN_RATE, peak * model->headroom, "%g × %g", peak, model->headroom);
	put(plan, CAPACITY_PEOPLE_RATE, people / THINK_S, "%.0f / %g s", people, THINK_S);
	put(plan, CAPACITY_JOB_RATE, model->users * model->jobs / 60 * model->burst * model->headroom, "%.0f × %g / 60 × %g × %g", model->users,
		model->jobs, model->burst, model->headroom);
}

/* --- one machine of several --- */

static double microseconds(double seconds)
{
	return round(seconds * 1e7) / 10;
}

static void plan_system(struct capacity_plan *plan, enum capacity_system system, double machines)
{
	const struct capacity_cost *cost = &plan->costs.system[system];
	double design = capacity_value(plan, CAPACITY_DESIGN_RATE), share = weight(&plan->costs, system), rate = design * share, here = rate / machines;
	double in_flight = here * cost->took_s, held = here * cost->held_s, front = plan->model.front, busy = processor(cost, front);
	double connections = fmax(POOL_LEAST, servers_for(held, cost->held_s)), processes = whole_up(connections / POOL_MOST);
	double pool = whole_up(connections / processes), threads = servers_for(in_flight, cost->took_s);
	put_one(plan, CAPACITY_SHARE, system, share, "%.4g", share);
	put_one(plan, CAPACITY_RATE, system, rate, "%g × %.4g", design, share);
	put_one(plan, CAPACITY_BUSY, system, rate * busy, "%.5g × (%g + %g + %g) µs", rate, microseconds(cost->cpu_s), microseconds(front * cost->front_s),
		microseconds(cost->database_s));
	put_one(plan, CAPACITY_IN_FLIGHT, system, in_flight, "%.5g / %.0f × %g µs", rate, machines, microseconds(cost->took_s));
	put_one(plan, CAPACITY_PROCESSES, system, processes, "⌈%.0f / %d⌉", connections, POOL_MOST);
	put_one(plan, CAPACITY_POOL, system, pool, "⌈max(%d, %d) / %.0f⌉; load %.3g", servers_for(held, cost->held_s), POOL_LEAST, processes, held);
	put_one(plan, CAPACITY_THREADS, system, within(fmax(THREADS_LEAST, pool + 1), whole_up(threads / processes), THREADS_MOST), "max(%d, %.0f + 1, ⌈%.0f / %.0f⌉); load %.3g",
		THREADS_LEAST, pool, threads, processes, in_flight);
	put_one(plan, CAPACITY_FCGID, system, fmax(FCGID_LEAST[system], whole_up(1.5 * in_flight)), "max(%d, ⌈1.5 × %.3g⌉)", FCGID_LEAST[system], in_flight);
	put_one(plan, CAPACITY_KNEE, system, busy > 0 ? plan->model.cores / busy : 0, "%g / (%g + %g + %g) µs", plan->model.cores,
		microseconds(cost->cpu_s), microseconds(front * cost->front_s), microseconds(cost->database_s));
}

static void plan_worker(struct capacity_plan *plan, double machines)
{
	double busy = capacity_value(plan, CAPACITY_JOB_RATE) * plan->costs.job_took_s, swing = plan->model.burst * plan->model.headroom;
	double use = bound_of(BOUND_POOL_USE)->target, least = whole_up(WORKERS_LEAST / machines);
	double min = fmax(least, whole_up(busy / swing / use / WORKER_THREADS / machines)), max = fmax(2 * least, whole_up(busy / use / WORKER_THREADS / machines));
	put(plan, CAPACITY_WORKER_BUSY, busy, "%.5g × %g ms", capacity_value(plan, CAPACITY_JOB_RATE), microseconds(plan->costs.job_took_s) / 1000);
	put(plan, CAPACITY_WORKER_MIN, min, "max(⌈%d / %.0f⌉, ⌈%.4g / %g / %g / %g / %d / %.0f⌉)", WORKERS_LEAST, machines, busy, plan->model.burst,
		plan->model.headroom, use, WORKER_THREADS, machines);
	put(plan, CAPACITY_WORKER_MAX, max, "max(%.0f, ⌈%.4g / %g / %d / %.0f⌉)", 2 * least, busy, use, WORKER_THREADS, machines);
	put(plan, CAPACITY_WORKER_THREADS, WORKER_THREADS, "%d", WORKER_THREADS);
}

static void plan_memory(struct capacity_plan *plan)
{
	double processes = 0, threads = 0, workers = capacity_value(plan, CAPACITY_WORKER_MAX) * plan->costs.worker_bytes;
	double hashes = (capacity_system_value(plan, CAPACITY_PROCESSES, CAPACITY_AUTH) + capacity_system_value(plan, CAPACITY_PROCESSES, CAPACITY_PAGES)) *
		plan->model.cores * HASH_BYTES;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		double here = plan->figures[CAPACITY_PROCESSES][system].value;
		processes += here * plan->costs.system[system].process_bytes;
		threads += here * plan->figures[CAPACITY_THREADS][system].value * plan->costs.system[system].thread_bytes;
	}
	put(plan, CAPACITY_WEB_MEMORY, processes + threads + workers + hashes, "processes %.1f + threads %.1f + workers %.1f + hashes %.0f MiB", processes / MIB,
		threads / MIB, workers / MIB, hashes / MIB);
}

/* What a machine runs, when `machines` share the requests. */
static void plan_machine(struct capacity_plan *plan, double machines)
{
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		plan_system(plan, system, machines);
	plan_worker(plan, machines);
	plan_memory(plan);
}

/* --- machines --- */

static void plan_cores(struct capacity_plan *plan)
{
	double web = 0, database = 0, writes = 0, use = bound_of(BOUND_CPU)->target, jobs = capacity_value(plan, CAPACITY_JOB_RATE);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		const struct capacity_cost *cost = &plan->costs.system[system];
		double rate = capacity_value(plan, CAPACITY_DESIGN_RATE) * weight(&plan->costs, system);
		web += rate * (cost->cpu_s + plan->model.front * cost->front_s);
		database += rate * cost->database_s;
		writes += rate * cost->database_s * (1 - cost->reads);
	}
	put(plan, CAPACITY_WEB_CORES, (web + jobs * plan->costs.job_cpu_s) / use, "(%.4g + %.4g × %g µs) / %g", web, jobs, microseconds(plan->costs.job_cpu_s), use);
	put(plan, CAPACITY_DATABASE_CORES, database / DATABASE_USE, "%.4g / %g", database, DATABASE_USE);
	put(plan, CAPACITY_PRIMARY_CORES, writes / DATABASE_USE, "%.4g / %g", writes, DATABASE_USE);
}

static void plan_cache(struct capacity_plan *plan, bool together)
{
	double daily = capacity_value(plan, CAPACITY_DAILY), bytes = fmax(64 * MIB, by(daily * plan->costs.cache_bytes / MEMORY_USE, MIB));
	double nodes = together ? 1 : 3;
	put(plan, CAPACITY_CACHE_BYTES, bytes, "max(64 MiB, %.0f × %.0f / %g)", daily, plan->costs.cache_bytes, MEMORY_USE);
	put(plan, CAPACITY_CACHE_NODES, nodes, "%s", together ? "one machine" : "several machines");
	put(plan, CAPACITY_CACHE_NODE_BYTES, by(bytes / fmax(1, nodes - 1), MIB), "%.0f MiB / %.0f", bytes / MIB, fmax(1, nodes - 1));
}

/* Connections of what runs on `machines`; watch: each responder's process also looks at the primary, to know how far behind replicas are. */
static void plan_connections(struct capacity_plan *plan, double machines, int watch)
{
	double pools = 0, fcgid = 0, workers = capacity_value(plan, CAPACITY_WORKER_MAX);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		pools += plan->figures[CAPACITY_PROCESSES][system].value * (plan->figures[CAPACITY_POOL][system].value + watch);
		fcgid += plan->figures[CAPACITY_FCGID][system].value * (1 + watch);
	}
	double worker = workers * (WORKER_THREADS + WORKER_MORE) + 1, connections = machines * (pools + worker), processes = machines * (fcgid + worker);
	put(plan, CAPACITY_CONNECTIONS, connections, "%.0f × (%.0f + %.0f × (%d + %d) + 1); watch %d", machines, pools, workers, WORKER_THREADS, WORKER_MORE, watch);
	put(plan, CAPACITY_FCGID_CONNECTIONS, processes, "%.0f × (%.0f + %.0f × (%d + %d) + 1)", machines, fcgid, workers, WORKER_THREADS, WORKER_MORE);
	put(plan, CAPACITY_MAX_CONNECTIONS, by(fmax(2 * connections, processes + SPARE_CONNECTIONS), 10), "max(2 × %.0f, %.0f + %d)", connections, processes,
		SPARE_CONNECTIONS);
}

static void plan_postgresql(struct capacity_plan *plan, double machines, bool together)
{
	double held = 0, requests = 0;
	double memory = together ? plan->model.memory / 2 : plan->model.memory;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		double rate = plan->figures[CAPACITY_RATE][system].value;
		held += rate * plan->costs.system[system].held_s;
		requests += rate;
	}
	plan_connections(plan, machines, capacity_value(plan, CAPACITY_REPLICAS) > 0);
	double most = capacity_value(plan, CAPACITY_MAX_CONNECTIONS);
	put(plan, CAPACITY_POOLED, fmax(POOLED_LEAST, servers_for(held, requests > 0 ? held / requests : 0)), "load %.3g, at least %d", held, POOLED_LEAST);
	put(plan, CAPACITY_SHARED_BUFFERS, by(memory / 4, MIB), "%.4g GiB / 4", memory / GIB);
	put(plan, CAPACITY_CACHE_SIZE, by(memory * 3 / 4, MIB), "%.4g GiB × 3 / 4", memory / GIB);
	put(plan, CAPACITY_WORK_MEM, within(4 * MIB, by(memory / 4 / most, MIB), 64 * MIB), "%.4g GiB / 4 / %.0f", memory / GIB, most);
	put(plan, CAPACITY_MAINTENANCE, by(fmin(memory / 16, 2 * GIB), MIB), "min(%.4g GiB / 16, 2 GiB)", memory / GIB);
	put(plan, CAPACITY_WAL_SIZE, within(GIB, by(memory / 4, MIB), 16 * GIB), "%.4g GiB / 4", memory / GIB);
}

/* Whether one machine has the processors and the memory for web, worker, database and cache. */
static bool fits_on_one(struct capacity_plan *plan)
{
	plan_machine(plan, 1);
	plan_cache(plan, true);
	plan_postgresql(plan, 1, true);
	double cores = capacity_value(plan, CAPACITY_WEB_CORES) + capacity_value(plan, CAPACITY_DATABASE_CORES);
	double memory = capacity_value(plan, CAPACITY_WEB_MEMORY) + capacity_value(plan, CAPACITY_CACHE_BYTES) + capacity_value(plan, CAPACITY_SHARED_BUFFERS) +
		capacity_value(plan, CAPACITY_CONNECTIONS) * plan->costs.connection_bytes;
	return cores <= plan->model.cores && memory <= MEMORY_USE * plan->model.memory && capacity_value(plan, CAPACITY_WORKER_MAX) <= WORKERS_MOST;
}

/* How many web machines have the processors, the memory and the places for workers. More of them help until each has the fewest threads. */
static double web_machines(struct capacity_plan *plan)
{
	double most = MEMORY_USE * plan->model.memory, cores = capacity_value(plan, CAPACITY_WEB_CORES);
	double workers = capacity_value(plan, CAPACITY_WORKER_BUSY) / bound_of(BOUND_POOL_USE)->target / WORKER_THREADS;
	double web = fmax(fmax(2, whole_up(cores / plan->model.cores)), whole_up(workers / WORKERS_MOST));
	for (double before = INFINITY, last = web;;) {
		plan_machine(plan, web);
		double memory = capacity_value(plan, CAPACITY_WEB_MEMORY);
		if (memory >= before)
			plan_machine(plan, web = last);
		if (memory <= most || memory >= before)
			return web;
		before = memory;
		last = web;
		web = fmax(web + 1, floor(web * memory / most));
	}
}

static void plan_replicas(struct capacity_plan *plan, bool together)
{
	double cores = plan->model.cores, all = capacity_value(plan, CAPACITY_DATABASE_CORES), primary = capacity_value(plan, CAPACITY_PRIMARY_CORES);
	double replicas = together || all <= cores + 1e-9 ? 0 : whole_up((all - primary) / cores);
	put(plan, CAPACITY_PRIMARY_MACHINE, fmax(cores, whole_up(primary)), "max(%.0f, ⌈%.3g⌉)", cores, primary);
	put(plan, CAPACITY_REPLICAS, replicas, together ? "one machine" : "%.3g of %.0f cores: ⌈(%.3g − %.3g) / %.0f⌉", all, cores, all, primary, cores);
}

static void plan_machines(struct capacity_plan *plan)
{
	const struct capacity_model *model = &plan->model;
	bool together = fits_on_one(plan);
	double cores = capacity_value(plan, CAPACITY_WEB_CORES), database = capacity_value(plan, CAPACITY_DATABASE_CORES);
	double web = together ? 1 : web_machines(plan);
	plan_replicas(plan, together);
	plan_cache(plan, together);
	plan_postgresql(plan, web, together);
	double replicas = capacity_value(plan, CAPACITY_REPLICAS), databases = together ? 0 : 1 + replicas, busy = cores * bound_of(BOUND_CPU)->target + database * DATABASE_USE;
	double all = together ? model->cores : (web + replicas) * model->cores + capacity_value(plan, CAPACITY_PRIMARY_MACHINE);
	put(plan, CAPACITY_WEB_MACHINES, web, together ? "%.3g + %.3g cores fit on one of %.0f" : "max(2, ⌈%.3g / %.0f⌉)", cores,
		together ? database : model->cores, model->cores);
	put(plan, CAPACITY_DATABASE_MACHINES, databases, together ? "on the same" : "1 + %.0f", replicas);
	put(plan, CAPACITY_MACHINES, web + databases, "%.0f + %.0f", web, databases);
	put(plan, CAPACITY_NORMAL_USE, busy / model->burst / model->headroom / all, "%.3g / %g / %g / %.0f", busy, model->burst, model->headroom, all);
}

/* --- in front, and in Kubernetes --- */

static void plan_front(struct capacity_plan *plan)
{
	double in_flight = 0, machines = capacity_value(plan, CAPACITY_WEB_MACHINES), people = capacity_value(plan, CAPACITY_DESIGN);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		in_flight += plan->figures[CAPACITY_IN_FLIGHT][system].value;
	double connections = fmax(FRONT_LEAST, whole_up(whole_up(people / machines) + 2 * in_flight));
	put(plan, CAPACITY_FRONT_CONNECTIONS, connections, "max(%d, ⌈⌈%.0f / %.0f⌉ + 2 × %.3g⌉)", FRONT_LEAST, people, machines, in_flight);
	put(plan, CAPACITY_FRONT_FILES, 2 * connections + 256, "2 × %.0f + 256", connections);
	put(plan, CAPACITY_APACHE_WORKERS, fmax(APACHE_LEAST, by(4 * in_flight, APACHE_STEP)), "max(%d, 4 × %.3g)", APACHE_LEAST, in_flight);
	put(plan, CAPACITY_BALANCER, machines * connections, "%.0f × %.0f", machines, connections);
}

static void plan_kubernetes(struct capacity_plan *plan)
{
	const struct capacity_costs *costs = &plan->costs;
	double seconds = 0, took = 0, bytes = 0, use = bound_of(BOUND_CPU)->target, busy = capacity_value(plan, CAPACITY_WORKER_BUSY);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		seconds += weight(costs, system) * (costs->system[system].cpu_s + costs->system[system].front_s);
		took += weight(costs, system) * costs->system[system].took_s;
		bytes += costs->system[system].process_bytes + THREADS_LEAST * costs->system[system].thread_bytes;
	}
	double rate = seconds > 0 ? use / seconds : 0, average = capacity_value(plan, CAPACITY_AVERAGE_RATE), design = capacity_value(plan, CAPACITY_DESIGN_RATE);
	double jobs = use * WORKER_POD_PROCESSES * WORKER_THREADS, swing = plan->model.burst * plan->model.headroom;
	put(plan, CAPACITY_POD_RATE, rate, "%g / %g µs", use, microseconds(seconds));
	put(plan, CAPACITY_POD_IN_FLIGHT, fmax(1, whole_up(rate * took)), "⌈%.4g × %g µs⌉", rate, microseconds(took));
	bytes += POD_HASHES * HASH_BYTES + POD_MORE_BYTES;
	put(plan, CAPACITY_POD_BYTES, by(bytes / MEMORY_USE, 64 * MIB), "%.1f MiB / %g", bytes / MIB, MEMORY_USE);
	put(plan, CAPACITY_PODS_MIN, fmax(PODS_LEAST, rate > 0 ? whole_up(average / rate) : 0), "max(%d, ⌈%g / %.4g⌉)", PODS_LEAST, average, rate);
	put(plan, CAPACITY_PODS_MAX, fmax(PODS_MOST, rate > 0 ? whole_up(design / rate) : 0), "max(%d, ⌈%g / %.4g⌉)", PODS_MOST, design, rate);
	put(plan, CAPACITY_WORKER_PODS_MIN, fmax(WORKERS_LEAST, whole_up(busy / swing / jobs)), "max(%d, ⌈%.4g / %g / %.3g⌉)", WORKERS_LEAST, busy, swing, jobs);
	put(plan, CAPACITY_WORKER_PODS_MAX, fmax(WORKER_PODS_MOST, whole_up(busy / jobs)), "max(%d, ⌈%.4g / %.3g⌉)", WORKER_PODS_MOST, busy, jobs);
}

void capacity_plan_make(struct capacity_plan *plan)
{
	memset(plan->figures, 0, sizeof plan->figures);
	plan_users(plan);
	plan_load(plan);
	plan_cores(plan);
	plan_machines(plan);
	plan_front(plan);
	plan_kubernetes(plan);
}
