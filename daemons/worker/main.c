/* stoa-worker: runs the jobs of all domains. */
#include "config.h"

#include "base/log.h"
#include "billing/billing.h"
#include "consumer/consumer.h"
#include "identity/identity.h"
#include "job/schedule.h"
#include "job/supervisor.h"
#include "mail/outbox.h"
#include "measure/measure.h"
#include "metric/metric.h"
#include "observe/history.h"
#include "outreach/outreach.h"
#include "retention/retention.h"
#include "sql.h"
#include "web/brownout.h"
#include "web/web.h"
#include "webhook/webhook.h"
#include "who/secret.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 64

static const struct job_kind *const DOMAINS[] = {RETENTION_JOBS, BILLING_JOBS, IDENTITY_JOBS, WEBHOOK_JOBS, MAIL_JOBS, CONSUMER_JOBS, OUTREACH_JOBS, MEASURE_JOBS};
static const struct schedule *const SCHEDULES[] = {BILLING_SCHEDULES, IDENTITY_SCHEDULES, WEBHOOK_SCHEDULES, MAIL_SCHEDULES, CONSUMER_SCHEDULES, OUTREACH_SCHEDULES,
	MEASURE_SCHEDULES};

static const char HELP[] =
	"usage: stoa-worker [--config FILE] [--threads N] [--min N] [--max N]\n"
	"       stoa-worker [--config FILE] [--threads N] [--max-runtime SECONDS] [--drain]\n"
	"\n"
	"Runs the jobs of the house until SIGTERM or SIGINT, and then finishes those that are running; a second signal ends\n"
	"it at once. A supervisor keeps between min and max processes by the depth of the queues and replaces those that die.\n"
	"On SIGHUP it reads the configuration anew, replaces the processes one by one, and opens the log file again; a\n"
	"configuration with a fault is reported and changes nothing.\n"
	"\n"
	"  --config FILE          read this configuration\n"
	"  --threads N            jobs that a process runs at once (default: worker.threads)\n"
	"  --min N, --max N       fewest and most processes (default: worker.min, worker.max)\n"
	"  --max-runtime SECONDS  one process, without a supervisor, which takes nothing new after so long; for cron. While\n"
	"                         another one runs on this machine (worker.name) it ends at once with status 0\n"
	"  --drain                one process, without a supervisor, which ends when no job is due\n"
	"  --version              print the version\n"
	"  --help                 print this\n";

struct options {
	const char *config;
	int threads;
	int min, max;
	int max_runtime_s;
	bool drain;
};

/* Without a supervisor. */
static bool alone(const struct options *options)
{
	return options->drain || options->max_runtime_s;
}

static int number_option(const char *name, const char *text, int most)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 1 || value > most) {
		fprintf(stderr, "stoa-worker: --%s must be a number from 1 to %d\n", name, most);
		exit(2);
	}
	return (int)value;
}

static struct options options_read(int argc, char **argv)
{
	static const struct option LONG[] = {{"config", required_argument, NULL, 'c'}, {"threads", required_argument, NULL, 't'},
		{"min", required_argument, NULL, 'l'}, {"max", required_argument, NULL, 'u'}, {"max-runtime", required_argument, NULL, 'm'}, {"drain", no_argument, NULL, 'd'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'}, {0}};
	struct options options = {0};
	for (int option; (option = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
		switch (option) {
		case 'c': options.config = optarg; break;
		case 't': options.threads = number_option("threads", optarg, 256); break;
		case 'l': options.min = number_option("min", optarg, 256); break;
		case 'u': options.max = number_option("max", optarg, 256); break;
		case 'm': options.max_runtime_s = number_option("max-runtime", optarg, 31536000); break;
		case 'd': options.drain = true; break;
		case 'v': puts("stoa-worker " PACKAGE_VERSION); exit(0);
		case 'h': fputs(HELP, stdout); exit(0);
		default: fputs(HELP, stderr); exit(2);
		}
	}
	if (optind < argc || (alone(&options) && (options.min || options.max))) {
		fputs(HELP, stderr);
		exit(2);
	}
	return options;
}

static bool open_log(char message_out[256])
{
	enum log_level level;
	if (!log_level_parse(conf_string("worker.log_level"), &level)) {
		snprintf(message_out, 256, "worker.log_level must be error, warn, info or debug");
		return false;
	}
	if (!log_open("stoa-worker", conf_string("worker.log_file"), level)) {
		snprintf(message_out, 256, "worker.log_file: %s", strerror(errno));
		return false;
	}
	return true;
}

static bool settings_open(const char *config, char message_out[256])
{
	char message[256];
	if (!conf_load(config, message_out) || !open_log(message_out) || !secret_open(message_out))
		return false;
	metric_close();
	metric_open(message); /* says itself what is wrong */
	brownout_open();
	return true;
}

static void collect_kinds(struct job_kind kinds[KINDS])
{
	int count = 0;
	for (size_t i = 0; i < sizeof DOMAINS / sizeof *DOMAINS; i++) {
		for (const struct job_kind *kind = DOMAINS[i]; kind->policy && count < KINDS - 1; kind++)
			kinds[count++] = *kind;
	}
	kinds[count] = (struct job_kind){0};
}

static void collect_schedules(struct schedule schedules[KINDS])
{
	int count = 0;
	for (size_t i = 0; i < sizeof SCHEDULES / sizeof *SCHEDULES; i++) {
		for (const struct schedule *schedule = SCHEDULES[i]; schedule->name && count < KINDS - 1; schedule++)
			schedules[count++] = *schedule;
	}
	schedules[count] = (struct schedule){0};
}

struct program {
	const struct options *options;
	struct job_kind kinds[KINDS];
	struct schedule schedules[KINDS];
};

static bool analytics_off(void)
{
	return brownout_is(PART_ANALYTICS);
}

static int work(void *argument, int stop_fd)
{
	const struct program *program = argument;
	const struct options *options = program->options;
	char message[256];
	struct ctx ctx;
	struct cache *cache = cache_open(message);
	if (!cache) {
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", message));
		return 1;
	}
	int threads = options->threads ? options->threads : (int)conf_int("worker.threads");
	struct pool *pool = pool_open(threads);
	struct net *net = net_open();
	struct job_house house = {.net = net, .cache = cache, .analytics_off = analytics_off};
	ctx_init(&ctx);
	enum err err = worker_run(&ctx, &(struct worker_set){
		.kinds = program->kinds,
		.schedules = program->schedules,
		.pool = pool,
		.house = &house,
		.threads = threads,
		.max_runtime_s = options->max_runtime_s,
		.stop_fd = stop_fd,
		.drain = options->drain,
		.each_minute = history_sample,
		.supervised = !alone(options),
	});
	if (err != OK)
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", ctx.fault.detail));
	ctx_free(&ctx);
	net_close(net);
	pool_close(pool);
	cache_close(cache);
	return err == OK ? 0 : 1;
}

static bool reload(void *argument, char message_out[256])
{
	const struct program *program = argument;
	return settings_open(program->options->config, message_out);
}

/* The machine's lock, held by the lease's connection. When that is lost, another worker may begin: two do no harm. */
static enum err machine_lock(struct ctx *ctx, struct pool *pool, struct lease *lease, bool *ours_out)
{
	char machine[WORKER_NAME];
	PGresult *rows;
	worker_machine(machine);
	TRY(lease_take(ctx, pool, lease));
	TRY(pg_run(lease, &SQL_WORKER_LOCK, PARAMS(machine), &rows));
	*ours_out = pg_true(rows, 0, "ours");
	if (!*ours_out)
		LOG(LOG_INFO, "worker.runs-already", LOG_T("name", machine),
			LOG_T("message", "another worker with --max-runtime runs on this machine; this one ends"));
	return OK;
}

static int work_locked(struct program *program, int stop_fd)
{
	struct ctx ctx;
	struct lease lease = {0};
	struct pool *pool = pool_open(1);
	bool ours = false;
	ctx_init(&ctx);
	enum err err = machine_lock(&ctx, pool, &lease, &ours);
	int status = err == OK ? 0 : 1;
	if (err != OK)
		LOG(LOG_ERROR, "worker.failed", LOG_T("detail", ctx.fault.detail), LOG_T("message", ctx.fault.internal));
	if (ours)
		status = work(program, stop_fd);
	lease_return(&lease);
	pool_close(pool);
	ctx_free(&ctx);
	return status;
}

static int run_alone(struct program *program)
{
	struct signals signals = {0};
	if (!signals_open(&signals)) {
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", strerror(errno)));
		return 1;
	}
	int status = program->options->max_runtime_s ? work_locked(program, signals.stop_fd) : work(program, signals.stop_fd);
	signals_close(&signals);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = options_read(argc, argv);
	struct program program = {.options = &options};
	char message[256];
	serve_conf();
	conf_add(IDENTITY_CONF);
	if (!settings_open(options.config, message)) {
		fprintf(stderr, "stoa-worker: %s\n", message);
		return 1;
	}
	collect_kinds(program.kinds);
	collect_schedules(program.schedules);
	int status = alone(&options) ? run_alone(&program) : supervisor_run(&(struct supervisor_set){
		.kinds = program.kinds,
		.threads = options.threads,
		.min = options.min,
		.max = options.max,
		.child = work,
		.reload = reload,
		.argument = &program,
	});
	metric_close();
	return status;
}
