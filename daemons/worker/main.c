/* stoa-worker: runs the jobs of all domains. */
#include "config.h"

#include "base/log.h"
#include "consumer/consumer.h"
#include "identity/identity.h"
#include "job/schedule.h"
#include "mail/outbox.h"
#include "metric/metric.h"
#include "retention/retention.h"
#include "web/web.h"
#include "webhook/webhook.h"
#include "who/secret.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define KINDS 64

static const struct job_kind *const DOMAINS[] = {RETENTION_JOBS, IDENTITY_JOBS, WEBHOOK_JOBS, MAIL_JOBS, CONSUMER_JOBS};
static const struct schedule *const SCHEDULES[] = {IDENTITY_SCHEDULES, WEBHOOK_SCHEDULES, MAIL_SCHEDULES, CONSUMER_SCHEDULES};

static const char HELP[] =
	"usage: stoa-worker [--config FILE] [--threads N] [--max-runtime SECONDS] [--drain]\n"
	"\n"
	"Runs the jobs of the house until SIGTERM or SIGINT, and then finishes those that are running; a second signal ends\n"
	"it at once. SIGHUP opens the log file again.\n"
	"\n"
	"  --config FILE          read this configuration\n"
	"  --threads N            jobs that run at once (default: worker.threads)\n"
	"  --max-runtime SECONDS  take nothing new after so long; for cron\n"
	"  --drain                end when no job is due\n"
	"  --version              print the version\n"
	"  --help                 print this\n";

struct options {
	const char *config;
	int threads;
	int max_runtime_s;
	bool drain;
};

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
		{"max-runtime", required_argument, NULL, 'm'}, {"drain", no_argument, NULL, 'd'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'}, {0}};
	struct options options = {0};
	for (int option; (option = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
		switch (option) {
		case 'c': options.config = optarg; break;
		case 't': options.threads = number_option("threads", optarg, 256); break;
		case 'm': options.max_runtime_s = number_option("max-runtime", optarg, 31536000); break;
		case 'd': options.drain = true; break;
		case 'v': puts("stoa-worker " PACKAGE_VERSION); exit(0);
		case 'h': fputs(HELP, stdout); exit(0);
		default: fputs(HELP, stderr); exit(2);
		}
	}
	if (optind < argc) {
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
	serve_conf();
	conf_add(IDENTITY_CONF);
	return conf_load(config, message_out) && open_log(message_out) && secret_open(message_out);
}

/* Signals are blocked everywhere and read here, so that no job is interrupted. */
struct signals {
	pthread_t thread;
	int fd;      /* signalfd */
	int stop_fd; /* eventfd, readable from the first SIGTERM or SIGINT on */
};

static void *signals_main(void *argument)
{
	struct signals *signals = argument;
	struct signalfd_siginfo info;
	bool stopping = false;
	for (;;) {
		ssize_t got = read(signals->fd, &info, sizeof info);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != sizeof info)
			return NULL;
		if (info.ssi_signo == SIGHUP) {
			log_reopen();
			continue;
		}
		if (stopping)
			_exit(1); /* leases see to it that nothing is lost */
		stopping = true;
		eventfd_write(signals->stop_fd, 1);
	}
}

static bool signals_open(struct signals *signals)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC);
	signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return signals->fd >= 0 && signals->stop_fd >= 0 && !pthread_create(&signals->thread, NULL, signals_main, signals);
}

static void signals_close(struct signals *signals)
{
	pthread_cancel(signals->thread);
	pthread_join(signals->thread, NULL);
	close(signals->fd);
	close(signals->stop_fd);
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

static int work(const struct options *options, int stop_fd)
{
	char message[256];
	struct job_kind kinds[KINDS];
	struct schedule schedules[KINDS];
	struct ctx ctx;
	collect_kinds(kinds);
	collect_schedules(schedules);
	if (!metric_open(message))
		LOG(LOG_WARN, "metrics.private", LOG_T("message", message));
	struct cache *cache = cache_open(message);
	if (!cache) {
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", message));
		metric_close();
		return 1;
	}
	int threads = options->threads ? options->threads : (int)conf_int("worker.threads");
	struct pool *pool = pool_open(threads);
	struct net *net = net_open();
	struct job_house house = {.net = net, .cache = cache};
	ctx_init(&ctx);
	enum err err = worker_run(&ctx, &(struct worker_set){
		.kinds = kinds,
		.schedules = schedules,
		.pool = pool,
		.house = &house,
		.threads = threads,
		.max_runtime_s = options->max_runtime_s,
		.stop_fd = stop_fd,
		.drain = options->drain,
	});
	if (err != OK)
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", ctx.fault.detail));
	ctx_free(&ctx);
	net_close(net);
	pool_close(pool);
	cache_close(cache);
	metric_close();
	return err == OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = options_read(argc, argv);
	struct signals signals;
	char message[256];
	if (!settings_open(options.config, message)) {
		fprintf(stderr, "stoa-worker: %s\n", message);
		return 1;
	}
	if (!signals_open(&signals)) {
		fprintf(stderr, "stoa-worker: signals cannot be read: %s\n", strerror(errno));
		return 1;
	}
	int status = work(&options, signals.stop_fd);
	signals_close(&signals);
	return status;
}
