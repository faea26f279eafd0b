#define _GNU_SOURCE /* pipe2, sigabbrev_np */

#include "job/supervisor.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "job/gauge.h"
#include "metric/metric.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_US 1000000
#define FAILURES_FORGIVEN 2
#define RETRY_US 250000
#define RETRY_MOST_US 10000000

struct child {
	pid_t pid;
	bool gauge;      /* it measures, and runs no jobs */
	bool settled;
	bool draining;   /* told to end */
	int64_t started_us;
	int generation;  /* of the configuration */
};

struct supervisor {
	const struct supervisor_set *set;
	struct supervisor_policy policy;
	struct supervisor_state state;
	sigset_t old_mask;
	int signal_fd;
	bool stopping, at_once;
	struct child *children;  /* in the order of their starts */
	int count, room;
	int generation;
	int failures;            /* that died before they settled, in a row */
	int64_t retry_us;        /* no child is started before */
	int gauge_fd;            /* -1: there is none */
	int64_t gauge_retry_us;
};

static bool policy_read(const struct supervisor_set *set, struct supervisor_policy *policy_out, char message_out[256])
{
	*policy_out = (struct supervisor_policy){
		.min = set->min ? set->min : (int)conf_int("worker.min"),
		.max = set->max ? set->max : (int)conf_int("worker.max"),
		.threads = set->threads ? set->threads : (int)conf_int("worker.threads"),
		.age_us = conf_ms("worker.scale_age") * INT64_C(1000),
		.up_us = conf_ms("worker.scale_up_after") * INT64_C(1000),
		.down_us = conf_ms("worker.scale_down_after") * INT64_C(1000),
	};
	if (policy_out->min <= policy_out->max)
		return true;
	snprintf(message_out, 256, "worker.min is %d and worker.max %d: there are no fewer than min and no more than max", policy_out->min,
		policy_out->max);
	return false;
}

/* In a new process: what belongs to the parent alone is closed, and signals are as they were. */
static void part(struct supervisor *supervisor)
{
	signal(SIGCHLD, SIG_DFL);
	close(supervisor->signal_fd);
	if (supervisor->gauge_fd >= 0)
		close(supervisor->gauge_fd);
}

/* As fork(). What the parent has not written yet is not written twice. */
static pid_t branch(struct supervisor *supervisor)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		LOG(LOG_ERROR, "worker.cannot-fork", LOG_N("errno", errno));
	if (!pid)
		part(supervisor);
	return pid;
}

static void child_add(struct supervisor *supervisor, struct child child)
{
	if (supervisor->count == supervisor->room) {
		supervisor->room = supervisor->room * 2 + 8;
		supervisor->children = realloc(supervisor->children, (size_t)supervisor->room * sizeof *supervisor->children);
		if (!supervisor->children)
			abort();
	}
	supervisor->children[supervisor->count++] = child;
}

/* The parent's signals stay blocked until they are read, so that none is lost. */
static _Noreturn void child_main(struct supervisor *supervisor, pid_t parent)
{
	struct signals signals = {.patient = true};
	sigset_t mask = supervisor->old_mask;
	FAIL_POINT("supervisor.child", "before");
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	if (!signals_open(&signals)) {
		LOG(LOG_ERROR, "worker.no-signals", LOG_N("errno", errno));
		_exit(1);
	}
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	int status = supervisor->set->child(supervisor->set->argument, signals.stop_fd);
	signals_close(&signals);
	free(supervisor->children);
	exit(status);
}

static _Noreturn void gauge_main(struct supervisor *supervisor, int fd)
{
	static const int DEAF[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
	for (size_t i = 0; i < sizeof DEAF / sizeof *DEAF; i++)
		signal(DEAF[i], SIG_IGN);
	prctl(PR_SET_NAME, "stoa-gauge");
	sigprocmask(SIG_SETMASK, &supervisor->old_mask, NULL);
	gauge_run(supervisor->set->kinds, fd);
	free(supervisor->children);
	exit(0);
}

static void gauge_start(struct supervisor *supervisor, int64_t now_us)
{
	int pair[2];
	if (supervisor->gauge_fd >= 0 || now_us < supervisor->gauge_retry_us)
		return;
	supervisor->gauge_retry_us = now_us + SETTLE_US;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return;
	pid_t pid = branch(supervisor);
	if (!pid) {
		close(pair[0]);
		gauge_main(supervisor, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return;
	}
	child_add(supervisor, (struct child){.pid = pid, .gauge = true, .started_us = now_us});
	supervisor->gauge_fd = pair[0];
}

/* It ends by itself, after what it has to do. */
static void gauge_dismiss(struct supervisor *supervisor)
{
	if (supervisor->gauge_fd >= 0)
		close(supervisor->gauge_fd);
	supervisor->gauge_fd = -1;
}

static void child_start(struct supervisor *supervisor, int64_t now_us)
{
	FAIL_POINT("supervisor.fork", "before");
	pid_t parent = getpid(), pid = branch(supervisor);
	if (!pid)
		child_main(supervisor, parent);
	if (pid < 0) {
		supervisor->retry_us = now_us + SETTLE_US;
		return;
	}
	child_add(supervisor, (struct child){.pid = pid, .started_us = now_us, .generation = supervisor->generation});
	FAIL_POINT("supervisor.fork", "after");
	LOG(LOG_INFO, "worker.child-started", LOG_N("pid", pid), LOG_N("wanted", supervisor->state.wanted));
}

static void child_drain(struct child *child)
{
	child->draining = true;
	kill(child->pid, SIGTERM);
}

static void failures_count(struct supervisor *supervisor, const struct child *child, int64_t now_us)
{
	int64_t wait_us = RETRY_US;
	if (child->draining || child->settled)
		return;
	supervisor->failures++;
	for (int i = FAILURES_FORGIVEN + 1; i < supervisor->failures && wait_us < RETRY_MOST_US; i++)
		wait_us *= 2;
	if (supervisor->failures > FAILURES_FORGIVEN)
		supervisor->retry_us = now_us + (wait_us < RETRY_MOST_US ? wait_us : RETRY_MOST_US);
}

static struct counter *restarts(void)
{
	return metric_counter("stoa_worker_restarts_total", "", "Processes of the worker that died and were replaced");
}

static void child_ended(struct supervisor *supervisor, const struct child *child, int status, int64_t now_us)
{
	bool well = child->draining && WIFEXITED(status) && !WEXITSTATUS(status);
	if (child->gauge)
		return;
	LOG(well ? LOG_INFO : LOG_WARN, well ? "worker.child-ended" : "worker.child-died", LOG_N("pid", child->pid),
		LOG_T("signal", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL),
		LOG_N("status", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)),
		LOG_R("lived_s", (double)(now_us - child->started_us) / 1000000));
	failures_count(supervisor, child, now_us);
	if (well)
		return;
	FAIL_POINT("supervisor.reap", "before");
	if (supervisor->gauge_fd >= 0)
		send(supervisor->gauge_fd, &child->pid, sizeof child->pid, MSG_NOSIGNAL | MSG_DONTWAIT);
	FAIL_POINT("supervisor.reap", "after");
	if (!child->draining)
		counter_add(restarts(), 1);
}

/* By their ids: the caller may have other children. */
static void reap(struct supervisor *supervisor, int64_t now_us)
{
	int kept = 0;
	for (int i = 0; i < supervisor->count; i++) {
		struct child child = supervisor->children[i];
		int status = 0;
		if (waitpid(child.pid, &status, WNOHANG))
			child_ended(supervisor, &child, status, now_us);
		else
			supervisor->children[kept++] = child;
	}
	supervisor->count = kept;
}

static void settle(struct supervisor *supervisor, int64_t now_us)
{
	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		if (child->gauge || child->settled || now_us < child->started_us + SETTLE_US)
			continue;
		child->settled = true;
		supervisor->failures = 0;
		supervisor->retry_us = 0;
	}
}

struct tally {
	int workers;   /* processes that run jobs */
	int old;       /* of these, those of an older configuration, not told to end */
	int fresh;     /* the others that were not told to end */
	int unsettled; /* of the fresh */
};

static struct tally count(const struct supervisor *supervisor)
{
	struct tally tally = {0};
	for (int i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];
		bool stays = !child->gauge && !child->draining, fresh = child->generation == supervisor->generation;
		tally.workers += !child->gauge;
		tally.old += stays && !fresh;
		tally.fresh += stays && fresh;
		tally.unsettled += stays && fresh && !child->settled;
	}
	return tally;
}

/* The oldest of the old ones, or the youngest of the fresh. */
static void drain_one(struct supervisor *supervisor, bool old)
{
	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[old ? i : supervisor->count - 1 - i];
		if (!child->gauge && !child->draining && old == (child->generation != supervisor->generation)) {
			child_drain(child);
			return;
		}
	}
}

/* Takes the steps that can be taken now towards as many children as are wanted, all of the present configuration. */
static void arrange(struct supervisor *supervisor, int64_t now_us)
{
	for (;;) {
		struct tally tally = count(supervisor);
		int excess = tally.old + tally.fresh - supervisor->state.wanted;
		bool replaces = tally.old && !tally.unsettled;
		if (excess < 0 || (replaces && !excess)) {
			if (now_us < supervisor->retry_us)
				return;
			child_start(supervisor, now_us);
		} else if (excess && (replaces || !tally.old)) {
			drain_one(supervisor, tally.old);
		} else {
			return;
		}
	}
}

static void decide(struct supervisor *supervisor, const struct supervisor_measure *measure, int64_t now_us)
{
	int before = supervisor->state.wanted;
	supervisor->state = supervisor_decide(&supervisor->policy, &supervisor->state, measure, now_us);
	if (before && before != supervisor->state.wanted)
		LOG(LOG_INFO, "worker.scaled", LOG_N("from", before), LOG_N("to", supervisor->state.wanted), LOG_N("high", measure->due[JOB_HIGH]),
			LOG_N("default", measure->due[JOB_DEFAULT]), LOG_N("low", measure->due[JOB_LOW]),
			LOG_R("oldest_s", (double)measure->oldest_us / 1000000), LOG_N("running", measure->running));
}

static bool reload_here(struct supervisor *supervisor, char message_out[256])
{
	const struct supervisor_set *set = supervisor->set;
	return (!set->reload || set->reload(set->argument, message_out)) && policy_read(set, &supervisor->policy, message_out);
}

static _Noreturn void reload_try(struct supervisor *supervisor, int fd)
{
	char message[256] = "";
	sigprocmask(SIG_SETMASK, &supervisor->old_mask, NULL);
	bool good = reload_here(supervisor, message);
	if (!good && write(fd, message, strlen(message)) < 0)
		_exit(2);
	_exit(good ? 0 : 1);
}

/* In a process of its own: what was read in part is of no use to anybody. */
static bool reload_works(struct supervisor *supervisor, char message_out[256])
{
	int pair[2], status;
	ssize_t got;
	size_t length = 0;
	if (pipe2(pair, O_CLOEXEC)) {
		snprintf(message_out, 256, "no pipe: %s", strerror(errno));
		return false;
	}
	pid_t pid = branch(supervisor);
	if (!pid)
		reload_try(supervisor, pair[1]);
	close(pair[1]);
	while (pid > 0 && length < 255 && (got = read(pair[0], message_out + length, 255 - length)) > 0)
		length += (size_t)got;
	message_out[length] = 0;
	close(pair[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void reload(struct supervisor *supervisor, int64_t now_us)
{
	char message[256] = "";
	bool good = reload_works(supervisor, message) && reload_here(supervisor, message);
	log_reopen();
	for (int i = 0; i < supervisor->count; i++)
		if (!supervisor->children[i].gauge)
			kill(supervisor->children[i].pid, SIGHUP);
	LOG(good ? LOG_INFO : LOG_ERROR, good ? "worker.reloads" : "worker.cannot-reload", LOG_T("message", good ? NULL : message));
	if (!good)
		return;
	supervisor->generation++;
	supervisor->gauge_retry_us = 0;
	gauge_dismiss(supervisor);
	decide(supervisor, &(struct supervisor_measure){0}, now_us);
}

static void stop(struct supervisor *supervisor)
{
	supervisor->at_once = supervisor->stopping;
	supervisor->stopping = true;
	LOG(LOG_INFO, "worker.supervisor-stopping", LOG_N("children", count(supervisor).workers));
	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		if (supervisor->at_once)
			kill(child->pid, SIGKILL);
		else if (!child->gauge && !child->draining)
			child_drain(child);
	}
}

static void signals_take(struct supervisor *supervisor, int64_t now_us)
{
	struct signalfd_siginfo info;
	while (read(supervisor->signal_fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP && !supervisor->stopping)
			reload(supervisor, now_us);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop(supervisor);
	}
}

static void measures_take(struct supervisor *supervisor, int64_t now_us)
{
	struct supervisor_measure measure;
	ssize_t got;
	if (supervisor->gauge_fd < 0)
		return;
	while ((got = recv(supervisor->gauge_fd, &measure, sizeof measure, MSG_DONTWAIT)) == sizeof measure)
		if (!supervisor->stopping)
			decide(supervisor, &measure, now_us);
	if (!got || (got < 0 && errno != EAGAIN && errno != EINTR))
		gauge_dismiss(supervisor);
}

static void show(const struct supervisor *supervisor)
{
	gauge_set(metric_gauge("stoa_worker_children", "", "Processes of the worker that run jobs"), count(supervisor).workers);
	gauge_set(metric_gauge("stoa_worker_children_wanted", "", "Processes of the worker that the queues need"),
		supervisor->stopping ? 0 : supervisor->state.wanted);
}

/* When there is something to do although nothing happens. */
static int wait_ms(const struct supervisor *supervisor, int64_t now_us)
{
	int64_t next_us = INT64_MAX;
	for (int i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];
		if (!child->gauge && !child->settled && child->started_us + SETTLE_US < next_us)
			next_us = child->started_us + SETTLE_US;
	}
	if (!supervisor->stopping && supervisor->gauge_fd < 0 && supervisor->gauge_retry_us < next_us)
		next_us = supervisor->gauge_retry_us;
	if (!supervisor->stopping && supervisor->retry_us > now_us && supervisor->retry_us < next_us)
		next_us = supervisor->retry_us;
	if (next_us == INT64_MAX)
		return -1;
	return next_us <= now_us ? 0 : (int)((next_us - now_us) / 1000) + 1;
}

static void turn(struct supervisor *supervisor)
{
	int64_t now_us = clock_mono_us();
	if (!supervisor->stopping) {
		gauge_start(supervisor, now_us);
		arrange(supervisor, now_us);
	} else if (!count(supervisor).workers) {
		gauge_dismiss(supervisor);
	}
	show(supervisor);
	struct pollfd at[] = {{.fd = supervisor->signal_fd, .events = POLLIN}, {.fd = supervisor->gauge_fd, .events = POLLIN}};
	poll(at, 2, wait_ms(supervisor, now_us));
	now_us = clock_mono_us();
	signals_take(supervisor, now_us);
	measures_take(supervisor, now_us);
	reap(supervisor, now_us);
	settle(supervisor, now_us);
}

static bool signals_watch(struct supervisor *supervisor)
{
	static const int WATCHED[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof WATCHED / sizeof *WATCHED; i++)
		sigaddset(&set, WATCHED[i]);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the children's statuses away */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, &supervisor->old_mask);
	supervisor->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signal_fd >= 0;
}

int supervisor_run(const struct supervisor_set *set)
{
	struct supervisor supervisor = {.set = set, .gauge_fd = -1, .generation = 1};
	char message[256];
	if (!policy_read(set, &supervisor.policy, message) || !signals_watch(&supervisor)) {
		LOG(LOG_ERROR, "worker.failed", LOG_T("message", supervisor.signal_fd < 0 ? strerror(errno) : message));
		return 1;
	}
	decide(&supervisor, &(struct supervisor_measure){0}, clock_mono_us());
	restarts(); /* so that it is there from the start */
	LOG(LOG_INFO, "worker.supervisor-started", LOG_N("min", supervisor.policy.min), LOG_N("max", supervisor.policy.max));
	while (!supervisor.stopping || supervisor.count)
		turn(&supervisor);
	show(&supervisor);
	gauge_dismiss(&supervisor);
	close(supervisor.signal_fd);
	sigprocmask(SIG_SETMASK, &supervisor.old_mask, NULL);
	free(supervisor.children);
	return supervisor.at_once ? 1 : 0;
}
