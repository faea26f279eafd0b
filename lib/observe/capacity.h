/* Capacity: what a number of users needs, from the measured cost of a request and the user model of document 001.
 *
 * Laws: the utilisation law U = X·S and Little's law L = X·R, with X requests a second, S the seconds that one holds a thing and R those that
 * it stays; no more than cores / D requests a second get through, with D the processor seconds of one, which is where the knee lies (Denning
 * and Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing Surveys 10/3, 1978; Lazowska and others, "Quantitative
 * System Performance", 1984, chapters 3 and 5). Threads and connections are the servers of an M/M/c queue: Erlang's C formula tells who waits
 * (Kleinrock, "Queueing Systems" I, 1975, 3.5). Arrivals within a second are taken as Poisson's; bursts are the headroom's business.
 *
 * Every figure carries its formula, the numbers in it and the source of its rule. */
#ifndef STOA_OBSERVE_CAPACITY_H
#define STOA_OBSERVE_CAPACITY_H

#include "base/context.h"
#include "text/json.h"
#include "web/web.h"

/* The systems: one responder each. */
enum capacity_system { CAPACITY_AUTH, CAPACITY_WIDGET, CAPACITY_RETENTION, CAPACITY_STRIPE, CAPACITY_OPS, CAPACITY_PAGES, CAPACITY_SYSTEMS };
const char *capacity_system_name(enum capacity_system system);
/* By the beginning of its path, as the web servers tell requests apart. */
enum capacity_system capacity_system_of(const char *route);

/* --- the user model --- */

/* member, name on the command line and in queries, fallback, least, most, what it is, source */
#define CAPACITY_MODEL(X) \
	X(users, "users", 10000, 1, 10000000, TR("Users"), "001 Concurrent Users") \
	X(active, "active", 0.3, 0.001, 1, TR("Share of them that is active in a day"), "001 Concurrency Calculation") \
	X(peak, "peak", 0.2, 0.001, 1, TR("Share of those that is there at once at the peak"), "001 Concurrency Calculation") \
	X(headroom, "headroom", 1.25, 1, 10, TR("Headroom"), "001 Concurrency Calculation, Peak vs Average") \
	X(requests, "requests", 0.05, 0.0001, 100, TR("Requests a second and user, on average"), "001 Request Throughput: 5,000/s of 100,000 users") \
	X(burst, "burst", 4, 1, 20, TR("Peak over average"), "001 Peak vs Average: 3-5x, its example 4") \
	X(jobs, "jobs", 0.1, 0, 1000, TR("Jobs a minute and user, on average"), "001 Request Throughput: 10,000 a minute of 100,000 users") \
	X(front, "front", 1, 0.1, 10, TR("Cost of the web server, as many times lighttpd's"), "bench/capacity.mjs: Apache with mod_proxy_fcgi 2.3, with mod_fcgid 2.7") \
	X(cores, "cores", 0, 1, 1024, TR("Cores of a machine"), "this machine's unless given") \
	X(memory, "memory", 0, 536870912, 17592186044416, TR("Memory of a machine"), "this machine's unless given")

struct capacity_model {
#define X(member, ...) double member;
	CAPACITY_MODEL(X)
#undef X
};

struct capacity_input {
	const char *name, *title, *source; /* title: English, TR() */
	double fallback, least, most;
	size_t offset;                     /* of a double in struct capacity_model */
};
extern const struct capacity_input CAPACITY_INPUTS[]; /* ends with a NULL name */

/* The documents' model on this machine. */
void capacity_model_default(struct capacity_model *model_out);
/* Takes "100000", "0.3", "8g" (memory; k, m, g, t) for an input of that name. ERR_INVALID names the input and its bounds. */
enum err capacity_model_set(struct ctx *ctx, struct capacity_model *model, const char *name, const char *text);

/* --- measured cost --- */

struct capacity_cost {     /* of a request of one system; seconds */
	double requests;       /* weight in the mix of requests */
	double cpu_s;          /* processor, in the responder */
	double front_s;        /* processor, in the web server: lighttpd */
	double database_s;     /* processor, in PostgreSQL */
	double reads;          /* share of that which replicas can answer (target_bears_lag() of web/target.h) */
	double held_s;         /* its statements take; a connection is held for no longer, where others share it for less */
	double took_s;         /* in the responder */
	double process_bytes;  /* resident, of a responder without threads */
	double thread_bytes;   /* and of a thread of it */
	bool measured;         /* here; else shipped, as memory and web server always are */
};

struct capacity_costs {
	struct capacity_cost system[CAPACITY_SYSTEMS];
	double job_cpu_s, job_took_s;
	double worker_bytes;     /* resident, of a process of the worker */
	double connection_bytes; /* of a PostgreSQL process that serves a connection */
	double cache_bytes;      /* in memcached, of somebody who was active today */
	bool jobs_measured;
	char from[256];          /* where they come from, a sentence */
};

/* The table that Stoa ships: measured by bench/capacity.mjs; `from` has date and machine. */
void capacity_costs_shipped(struct capacity_costs *costs_out);
/* What this installation's metrics file tells (metric_open() first) in place of what is shipped: processor time, statements and time of each
 * system of which CAPACITY_SAMPLES requests had their processor time taken, which is one in WORK_CPU_EVERY (metric/work.h); jobs, when
 * CAPACITY_ENOUGH have ended; and the mix, when as many requests did not go to ops. Of that the shipped
 * share stays, because probes and scrapes come by the clock, not by the user. PostgreSQL's processor time is the share of the statements'
 * time that the shipped table has: where statements wait for one another that is too much. False: of no system. */
#define CAPACITY_ENOUGH 100
#define CAPACITY_SAMPLES 30
bool capacity_costs_measured(struct capacity_costs *costs);
/* Another mix: weights of the systems become the requests of these routes. Add each, from all zero. */
void capacity_mix_clear(struct capacity_costs *costs);
void capacity_mix_add(struct capacity_costs *costs, const char *route, double requests);

/* --- queues --- */

/* Erlang's C: the probability that one who comes to `servers` servers, of which `load` are busy on average, waits; 1 from load >= servers on. */
double capacity_wait_probability(int servers, double load);
/* The fewest servers for which use stays at `use` at most and a wait is longer than wait_s with a probability of `share` at most, when one
 * is served in service_s on average. */
int capacity_servers(double load, double service_s, double use, double wait_s, double share);

/* --- figures --- */

enum capacity_group { GROUP_USERS, GROUP_LOAD, GROUP_PER_SYSTEM, GROUP_WORKER, GROUP_MACHINES, GROUP_POSTGRESQL, GROUP_MEMCACHED, GROUP_FRONT,
	GROUP_KUBERNETES, CAPACITY_GROUPS };
enum capacity_unit { AS_COUNT, AS_RATE, AS_PART, AS_CORES, AS_BYTES, AS_NUMBER };

/* figure, name, group, unit, title, formula, source. In the group per system there is one of each system. */
#define CAPACITY_FIGURES(X) \
	X(DAILY, "dailyActive", GROUP_USERS, AS_COUNT, TR("Active in a day"), "⌊users × active⌋", "001 Concurrency Calculation") \
	X(CONCURRENT, "peakConcurrent", GROUP_USERS, AS_COUNT, TR("There at once at the peak"), "⌊dailyActive × peak⌋", \
		"001 Concurrency Calculation") \
	X(DESIGN, "designUsers", GROUP_USERS, AS_COUNT, TR("There at once, with headroom"), "⌊peakConcurrent × headroom⌋", \
		"001 Concurrency Calculation") \
	X(AVERAGE_RATE, "averageRate", GROUP_LOAD, AS_RATE, TR("Requests a second, on average"), "users × requests", \
		"001 Request Throughput") \
	X(PEAK_RATE, "peakRate", GROUP_LOAD, AS_RATE, TR("Requests a second, at the peak"), "averageRate × burst", "001 Peak vs Average") \
	X(DESIGN_RATE, "designRate", GROUP_LOAD, AS_RATE, TR("Requests a second, to be built for"), "peakRate × headroom", \
		"001 Peak vs Average") \
	X(PEOPLE_RATE, "peopleRate", GROUP_LOAD, AS_RATE, TR("For comparison: what those people click"), "designUsers / think", \
		"001 Locust example: 1-3 s between requests; Little's law") \
	X(JOB_RATE, "jobRate", GROUP_LOAD, AS_RATE, TR("Jobs a second, to be built for"), "users × jobs / 60 × burst × headroom", \
		"001 Request Throughput") \
	X(SHARE, "share", GROUP_PER_SYSTEM, AS_PART, TR("Share of the requests"), "requests(system) / requests", "measured") \
	X(RATE, "rate", GROUP_PER_SYSTEM, AS_RATE, TR("Requests a second"), "designRate × share", "measured") \
	X(BUSY, "busyCores", GROUP_PER_SYSTEM, AS_CORES, TR("Busy cores"), "rate × (cpu + front + database)", "utilisation law") \
	X(IN_FLIGHT, "inFlight", GROUP_PER_SYSTEM, AS_NUMBER, TR("Requests at once on a machine"), "rate / webMachines × took", \
		"Little's law") \
	X(PROCESSES, "processes", GROUP_PER_SYSTEM, AS_COUNT, TR("Processes on a machine"), "⌈connections / 20⌉", \
		"003 §3: 10-20 connections a service") \
	X(THREADS, "threads", GROUP_PER_SYSTEM, AS_COUNT, TR("Threads of a process"), \
		"⌈Erlang C(rate × took; 70 %, wait > 10 ms below 1 %) / processes⌉", "001 pool: use < 70 %, wait < 10 ms; 003 §2: 100 requests at once") \
	X(POOL, "pool", GROUP_PER_SYSTEM, AS_COUNT, TR("Connections of a process"), \
		"⌈Erlang C(rate × held; 70 %, wait > 10 ms below 1 %) / processes⌉", "001 pool: use < 70 %, wait < 10 ms; 003 §3") \
	X(FCGID, "fcgidProcesses", GROUP_PER_SYSTEM, AS_COUNT, TR("Processes on a machine under mod_fcgid"), \
		"⌈1.5 × inFlight⌉, at least what is shipped", "one request a process; apache/stoa-fcgid.conf") \
	X(KNEE, "knee", GROUP_PER_SYSTEM, AS_RATE, TR("Knee of one machine that does all"), "cores / (cpu + front + database)", \
		"asymptotic bound, Lazowska 5") \
	X(WORKER_BUSY, "workerBusy", GROUP_WORKER, AS_NUMBER, TR("Jobs at once"), "jobRate × jobTook", "Little's law") \
	X(WORKER_MIN, "workerMin", GROUP_WORKER, AS_COUNT, TR("Processes of a machine's worker, at least"), \
		"⌈workerBusy / burst / headroom / 0.7 / threads / webMachines⌉", "001 Auto-Scaling Policy: min 2") \
	X(WORKER_MAX, "workerMax", GROUP_WORKER, AS_COUNT, TR("Processes of a machine's worker, at most"), \
		"⌈workerBusy / 0.7 / threads / webMachines⌉", "Little's law at 70 %; at least twice the fewest") \
	X(WORKER_THREADS, "workerThreads", GROUP_WORKER, AS_COUNT, TR("Threads of such a process"), "worker.threads", "configuration") \
	X(WEB_CORES, "webCores", GROUP_MACHINES, AS_CORES, TR("Cores for responders, web servers and workers"), \
		"(Σ rate × (cpu + front) + jobRate × jobCpu) / 0.7", "001, 002, 003 §6: processor below 70 %") \
	X(DATABASE_CORES, "databaseCores", GROUP_MACHINES, AS_CORES, TR("Cores for PostgreSQL"), "Σ rate × database / 0.6", \
		"001 Database: CPU below 60 %") \
	X(PRIMARY_CORES, "primaryCores", GROUP_MACHINES, AS_CORES, TR("Of these, cores that only the primary can give"), \
		"Σ rate × database × (1 − reads) / 0.6", "replicas answer plain reads of classes that bear lag: lib/web/reads.c") \
	X(NORMAL_USE, "normalUse", GROUP_MACHINES, AS_PART, TR("Processor in use on average"), \
		"(busy cores / burst / headroom) / ((machines − 1) × cores + primaryMachine)", "003 §6: below 60 % on normal load") \
	X(WEB_MEMORY, "webMemory", GROUP_MACHINES, AS_BYTES, TR("Memory of responders and workers on a machine"), \
		"Σ processes × (process + threads × thread) + workerMax × worker + (auth + pages) processes × cores × 19 MiB", \
		"measured; a password's hash takes 19 MiB, [secret] hashes_at_once") \
	X(WEB_MACHINES, "webMachines", GROUP_MACHINES, AS_COUNT, TR("Web machines"), \
		"1 if all of it fits on one, else ⌈webCores / cores⌉, at least 2", "utilisation law; memory below 75 % (003 §6); at most 256 workers each") \
	X(DATABASE_MACHINES, "databaseMachines", GROUP_MACHINES, AS_COUNT, TR("Machines for PostgreSQL"), \
		"0 if all of it fits on one, else 1 + replicas", "") \
	X(PRIMARY_MACHINE, "primaryMachine", GROUP_MACHINES, AS_COUNT, TR("Cores of the primary's machine"), "max(cores, ⌈primaryCores⌉)", \
		"writes cannot be shared out") \
	X(REPLICAS, "replicas", GROUP_MACHINES, AS_COUNT, TR("Read replicas"), \
		"0 if the primary's machine does it all, else ⌈(databaseCores − primaryCores) / cores⌉", "003 §3: 3-5 read replicas at scale") \
	X(MACHINES, "machines", GROUP_MACHINES, AS_COUNT, TR("Machines in all"), "webMachines + databaseMachines", "") \
	X(CONNECTIONS, "connections", GROUP_POSTGRESQL, AS_COUNT, TR("Connections of all pools"), \
		"webMachines × (Σ processes × (pool + watch) + workerMax × (workerThreads + 2) + 1)", \
		"001 Pool Configuration; with replicas each process watches the primary, and each worker's supervisor counts the queue") \
	X(FCGID_CONNECTIONS, "fcgidConnections", GROUP_POSTGRESQL, AS_COUNT, TR("The same under mod_fcgid"), \
		"webMachines × (Σ fcgidProcesses × (1 + watch) + workerMax × (workerThreads + 2) + 1)", "a connection each process") \
	X(MAX_CONNECTIONS, "maxConnections", GROUP_POSTGRESQL, AS_COUNT, TR("max_connections"), "max(2 × connections, fcgidConnections + 10), by tens", \
		"001 Pool Configuration: twice the total; PostgreSQL keeps 3 back, and admins want some") \
	X(POOLED, "pgbouncerPool", GROUP_POSTGRESQL, AS_COUNT, TR("Connections behind pgbouncer"), \
		"Erlang C(Σ rate × held; 70 %, wait > 10 ms below 1 %), at least 10", "001 pool; 003 §3; workers go to PostgreSQL itself") \
	X(SHARED_BUFFERS, "sharedBuffers", GROUP_POSTGRESQL, AS_BYTES, TR("shared_buffers"), "databaseMemory / 4", \
		"PostgreSQL 15, 20.4.1: 25 % of the memory") \
	X(CACHE_SIZE, "effectiveCacheSize", GROUP_POSTGRESQL, AS_BYTES, TR("effective_cache_size"), "databaseMemory × 3 / 4", \
		"PostgreSQL 15, 20.7.2: what both caches hold") \
	X(WORK_MEM, "workMem", GROUP_POSTGRESQL, AS_BYTES, TR("work_mem"), "databaseMemory / 4 / maxConnections, 4 to 64 MiB", \
		"PostgreSQL 15, 20.4.1: each sort of each connection may take it") \
	X(MAINTENANCE, "maintenanceWorkMem", GROUP_POSTGRESQL, AS_BYTES, TR("maintenance_work_mem"), "databaseMemory / 16, at most 2 GiB", \
		"PostgreSQL 15, 20.4.1") \
	X(WAL_SIZE, "maxWalSize", GROUP_POSTGRESQL, AS_BYTES, TR("max_wal_size"), "databaseMemory / 4, 1 to 16 GiB", \
		"PostgreSQL 15, 20.5.2 and 30.5: checkpoints by time, not by size") \
	X(CACHE_BYTES, "cacheMemory", GROUP_MEMCACHED, AS_BYTES, TR("Memory of all memcached"), "dailyActive × cacheBytes / 0.75, at least 64 MiB", \
		"001 Cache: memory below 75 %") \
	X(CACHE_NODES, "cacheNodes", GROUP_MEMCACHED, AS_COUNT, TR("memcached nodes"), "1 on one machine, else 3", \
		"a ring that loses a third with a node") \
	X(CACHE_NODE_BYTES, "cacheNodeMemory", GROUP_MEMCACHED, AS_BYTES, TR("Memory of a node"), "cacheMemory / (cacheNodes − 1), or all of it", \
		"what is left holds it all") \
	X(FRONT_CONNECTIONS, "frontConnections", GROUP_FRONT, AS_COUNT, TR("Connections of a web server"), \
		"⌈designUsers / webMachines⌉ + 2 × Σ inFlight, at least 512", "a kept connection each") \
	X(FRONT_FILES, "frontFiles", GROUP_FRONT, AS_COUNT, TR("Open files of a web server"), "2 × frontConnections + 256", \
		"client and responder each take one") \
	X(APACHE_WORKERS, "apacheWorkers", GROUP_FRONT, AS_COUNT, TR("Apache: MaxRequestWorkers"), \
		"4 × Σ inFlight by 32, at least 128", "mpm_event; a slow client holds one longer, and what waits for one costs nothing") \
	X(BALANCER, "balancerConnections", GROUP_FRONT, AS_COUNT, TR("Connections of the balancer"), "webMachines × frontConnections", "") \
	X(POD_RATE, "podRate", GROUP_KUBERNETES, AS_RATE, TR("Requests a second of a pod with one core"), "0.7 / (Σ share × (cpu + front))", \
		"utilisation law at 70 %") \
	X(POD_IN_FLIGHT, "podInFlight", GROUP_KUBERNETES, AS_COUNT, TR("Requests at once of such a pod"), "⌈podRate × Σ share × took⌉", "Little's law") \
	X(POD_BYTES, "podMemory", GROUP_KUBERNETES, AS_BYTES, TR("Memory of such a pod"), "(Σ (process + 16 × thread) + 2 × 19 MiB + 16 MiB) / 0.75, by 64 MiB", \
		"003 §6: memory below 75 %; two hashes of passwords; web server and shared files") \
	X(PODS_MIN, "podsMin", GROUP_KUBERNETES, AS_COUNT, TR("Pods, at least"), "⌈averageRate / podRate⌉, at least 3", "002 minReplicas 3") \
	X(PODS_MAX, "podsMax", GROUP_KUBERNETES, AS_COUNT, TR("Pods, at most"), "⌈designRate / podRate⌉, at least 20", "001, 002: 20") \
	X(WORKER_PODS_MIN, "workerPodsMin", GROUP_KUBERNETES, AS_COUNT, TR("Pods of workers, at least"), \
		"⌈workerBusy / burst / headroom / 0.7 / (2 × workerThreads)⌉, at least 2", "001 Auto-Scaling Policy") \
	X(WORKER_PODS_MAX, "workerPodsMax", GROUP_KUBERNETES, AS_COUNT, TR("Pods of workers, at most"), \
		"⌈workerBusy / 0.7 / (2 × workerThreads)⌉, at least 16", "001 Auto-Scaling Policy")

enum capacity_id {
#define X(id, ...) CAPACITY_##id,
	CAPACITY_FIGURES(X)
#undef X
	CAPACITY_IDS
};

struct capacity_kind {
	const char *name;
	enum capacity_group group;
	enum capacity_unit unit;
	const char *title, *formula, *source; /* title: English, TR() */
};
extern const struct capacity_kind CAPACITY_KINDS[CAPACITY_IDS];
const char *capacity_group_name(enum capacity_group group);  /* "postgresql" */
const char *capacity_group_title(enum capacity_group group); /* English, TR() */

struct capacity_figure {
	double value;
	char worked[160]; /* the formula with its numbers */
};

struct capacity_plan {
	struct capacity_model model;
	struct capacity_costs costs;
	struct capacity_figure figures[CAPACITY_IDS][CAPACITY_SYSTEMS]; /* those that are not of a system: the first */
};

/* Fills plan from its model and costs. */
void capacity_plan_make(struct capacity_plan *plan);
double capacity_value(const struct capacity_plan *plan, enum capacity_id id); /* of those that are not of a system */
double capacity_system_value(const struct capacity_plan *plan, enum capacity_id id, enum capacity_system system);
/* Requests a second of this mix at which the processors of one machine that does all are busy; front: the web server's cost, as many times lighttpd's;
 * generator_s: processor seconds that one who asks from the same machine takes for a request, 0 for none. */
double capacity_knee(const struct capacity_costs *costs, double front, double cores, double generator_s);
/* The users of document 001's phases, 0 at the end. */
extern const int CAPACITY_PHASES[];

/* What GET /capacity and GET /api/v1/ops/capacity are asked: texts for capacity_model_set(), NULL or "": as it is. */
struct capacity_query {
#define X(member, ...) const char *member;
	CAPACITY_MODEL(X)
#undef X
};
extern const struct field CAPACITY_QUERY_FIELDS[];
/* The plan of a query with this installation's costs, or those shipped; memory of ctx. ERR_INVALID as capacity_model_set(): the plan is then
 * that of the inputs before it. */
enum err capacity_ask(struct ctx *ctx, const struct capacity_query *query, struct capacity_plan **plan_out);

/* "6,000", "2.5 GiB", "71.4 %"; memory of ctx. */
const char *capacity_text(struct ctx *ctx, enum capacity_unit unit, double value);
/* As `stoa capacity --json` and GET /api/v1/ops/capacity answer; the caller's. */
struct json_object *capacity_json(const struct capacity_plan *plan);
/* {"dailyActive": 30000, …, "systems": [{"name": "auth", "threads": 16, …}, …], "model": {"users": 100000, …}}: figures by name, for
 * templates; the caller's. */
struct json_object *capacity_values(const struct capacity_plan *plan);

#endif
