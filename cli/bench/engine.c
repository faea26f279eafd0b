#define _GNU_SOURCE /* epoll_pwait2 */

#include "cli/bench/run.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PREPARING_MOST 16      /* sessions at once */
#define AFTER_FAILURE_US 1000000 /* a user whose journey failed waits at least so long */
#define RENEW_AGAIN_US 10000000 /* after which `once` is tried again when it failed */
#define RAMP_STEP_US 10000     /* how often the number of users is looked at while it changes */
#define EVENTS 256

/* Timers: a heap by wake_us. */

static void heap_put(struct run *run, int at, struct session *session)
{
	run->heap[at] = session;
	session->heap_at = at;
}

static void heap_settle(struct run *run, int at, struct session *session)
{
	while (at && run->heap[(at - 1) / 2]->wake_us > session->wake_us) {
		heap_put(run, at, run->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (int child; (child = 2 * at + 1) < run->heap_count; at = child) {
		if (child + 1 < run->heap_count && run->heap[child + 1]->wake_us < run->heap[child]->wake_us)
			child++;
		if (run->heap[child]->wake_us >= session->wake_us)
			break;
		heap_put(run, at, run->heap[child]);
	}
	heap_put(run, at, session);
}

void timer_set(struct run *run, struct session *session, int64_t wake_us)
{
	session->wake_us = wake_us;
	heap_settle(run, session->heap_at < 0 ? run->heap_count++ : session->heap_at, session);
}

void timer_clear(struct run *run, struct session *session)
{
	int at = session->heap_at;
	if (at < 0)
		return;
	session->heap_at = -1;
	struct session *last = run->heap[--run->heap_count];
	if (last != session)
		heap_settle(run, at, last);
}

/* Phases. */

static int64_t phase_start(const struct run *run, int phase)
{
	int64_t at_us = run->start_us;
	for (int i = 0; i < phase; i++)
		at_us += run->scenario->phases[i].us;
	return at_us;
}

static const struct phase *phase_at(const struct run *run, int64_t at_us, int64_t *into_us)
{
	const struct scenario *scenario = run->scenario;
	int i = 0;
	*into_us = at_us - run->start_us;
	for (; i < scenario->phase_count - 1 && *into_us >= scenario->phases[i].us; i++)
		*into_us -= scenario->phases[i].us;
	return &scenario->phases[i];
}

bool run_measures(const struct run *run, int64_t intended_us)
{
	int64_t into_us;
	return phase_at(run, intended_us, &into_us)->measure;
}

/* Users wanted now. */
static int level(const struct run *run, int64_t now_us)
{
	int64_t into_us;
	const struct phase *phase = phase_at(run, now_us, &into_us);
	if (!phase->users || run->mode != RUN_ON)
		return 0;
	double share = (double)into_us / (double)phase->us;
	return (int)(phase->from + (phase->to - phase->from) * (share > 1 ? 1 : share) + 0.5);
}

/* Sessions. */

void session_free(struct run *run, struct session *session)
{
	run->users -= session->user;
	session->user = session->counted = false;
	session->steps = NULL;
	session->state = SESSION_FREE;
	session->next = NULL;
	if (session == run->renewer)
		return;
	if (run->free_last)
		run->free_last->next = session;
	else
		run->free_first = session;
	run->free_last = session;
}

static struct session *session_take(struct run *run)
{
	struct session *session = run->free_first;
	run->free_first = session->next;
	if (!run->free_first)
		run->free_last = NULL;
	return session;
}

static int draw_journey(struct run *run)
{
	double at = draw_share(&run->draw) * run->weights;
	int i = 0;
	while (i < run->scenario->journey_count - 1 && (at -= run->scenario->journeys[i].weight) >= 0)
		i++;
	return i;
}

static void journey_begin(struct run *run, struct session *session, int journey, int64_t intended_us)
{
	run->journeys[journey].started++;
	session_begin(run, session, &run->scenario->journeys[journey].steps, journey, intended_us);
}

static void user_rest(struct run *run, struct session *session, int64_t us)
{
	session->steps = NULL;
	session->state = SESSION_THINKING;
	timer_set(run, session, clock_mono_us() + us);
}

/* What it has captured is every session's. */
static void share(struct run *run, const struct session *from)
{
	for (int i = 0; i <= run->session_count; i++) {
		struct session *session = &run->sessions[i];
		if (session == from)
			continue;
		for (int at = 0; at < run->scenario->variable_count; at++)
			if (run->scenario->variables[at].kind == VARIABLE_CAPTURED && from->values[at].text)
				value_set(&session->values[at], from->values[at].text, from->values[at].length);
		for (int at = 0; at < from->cookie_count; at++)
			cookie_put(session, from->cookies[at][0].text, from->cookies[at][0].length, from->cookies[at][1].text, from->cookies[at][1].length);
	}
}

/* The renewer's rest is over, or it has been through `once`. */
static void renewal(struct run *run, bool failed)
{
	struct session *session = run->renewer;
	if (!session->steps) {
		session_begin(run, session, &run->scenario->once, -1, session->wake_us);
		return;
	}
	if (!failed)
		share(run, session);
	user_rest(run, session, failed ? RENEW_AGAIN_US : run->scenario->renew_us);
}

void session_done(struct run *run, struct session *session, bool failed)
{
	bool rested = !session->steps;
	if (session == run->renewer) {
		renewal(run, failed);
		return;
	}
	if (session->journey >= 0 && !rested)
		*(failed ? &run->journeys[session->journey].failed : &run->journeys[session->journey].finished) += 1;
	if (run->mode == RUN_PREPARING && !session->user)
		run->preparing--;
	if (!session->user || run->users > level(run, clock_mono_us())) {
		session_free(run, session);
		return;
	}
	if (rested) {
		journey_begin(run, session, draw_journey(run), session->wake_us);
		return;
	}
	const struct range *think = &run->scenario->think;
	int64_t us = draw_between(&run->draw, think->least, think->most);
	if (failed && us < AFTER_FAILURE_US)
		us = AFTER_FAILURE_US;
	user_rest(run, session, us);
}

static void users_due(struct run *run, int64_t now_us)
{
	int wanted = level(run, now_us);
	while (run->users < wanted && run->free_first) {
		struct session *session = session_take(run);
		session->user = true;
		session->journey = -1;
		run->users++;
		user_rest(run, session, draw_between(&run->draw, 0, run->scenario->think.most));
	}
}

/* Arrivals. */

/* Microseconds into the phase at which `wanted` requests have come; infinite when they never do. */
static double arrival_us(const struct phase *phase, double wanted)
{
	double a = phase->from / 1e6, c = (phase->to - phase->from) / 2e6 / (double)phase->us;
	if (wanted <= 0)
		return phase->from > 0 || phase->to > 0 ? 0 : INFINITY;
	double root = a * a + 4 * c * wanted;
	double below = root < 0 ? 0 : a + sqrt(root);
	return below > 0 ? 2 * wanted / below : INFINITY;
}

static void arrival_draw(struct run *run)
{
	run->next.journey = draw_journey(run);
	double random = run->scenario->random ? -log(1 - draw_share(&run->draw)) : 1;
	run->next.wanted += random * run->scenario->journeys[run->next.journey].steps.requests;
}

/* When the next journey is due; INT64_MAX: none is. */
static int64_t arrival_next(struct run *run)
{
	while (run->next.phase < run->scenario->phase_count) {
		const struct phase *phase = &run->scenario->phases[run->next.phase];
		double us = phase->users ? INFINITY : arrival_us(phase, run->next.wanted);
		if (us < (double)phase->us - 0.5)
			return phase_start(run, run->next.phase) + (int64_t)(us + 0.5);
		if (!phase->users)
			run->next.wanted -= (phase->from + phase->to) / 2 * (double)phase->us / 1e6;
		run->next.wanted = run->next.wanted < 0 ? 0 : run->next.wanted;
		run->next.phase++;
	}
	return INT64_MAX;
}

static void backlog_add(struct run *run, struct arrival arrival)
{
	if (run->backlog_count == run->backlog_room) {
		size_t room = run->backlog_room ? 2 * run->backlog_room : 1024;
		struct arrival *more = calloc(room, sizeof *more);
		if (!more)
			abort();
		for (size_t i = 0; i < run->backlog_count; i++)
			more[i] = run->backlog[(run->backlog_first + i) % run->backlog_room];
		free(run->backlog);
		run->backlog = more;
		run->backlog_room = room;
		run->backlog_first = 0;
	}
	run->backlog[(run->backlog_first + run->backlog_count++) % run->backlog_room] = arrival;
}

/* Until when an arrival waits for a session: what begins has half of its time left, or a server that is asked for too much would be asked only
 * for what nobody waits for any more. */
static int64_t backlog_until(const struct run *run, const struct arrival *arrival)
{
	return arrival->intended_us + run->scenario->timeout_us / 2;
}

static void backlog_expire(struct run *run, const struct arrival *arrival)
{
	const struct steps *steps = &run->scenario->journeys[arrival->journey].steps;
	int first = 0;
	while (steps->items[first].pause)
		first++;
	run->journeys[arrival->journey].started++;
	run->journeys[arrival->journey].failed++;
	run_count_busy(run, steps->items[first].row, arrival->intended_us);
}

/* Adds what is due until then. */
static void arrivals_add(struct run *run, int64_t until_us)
{
	for (int64_t at_us; run->mode == RUN_ON && (at_us = arrival_next(run)) <= until_us; arrival_draw(run)) {
		run->second.intended++;
		backlog_add(run, (struct arrival){at_us, run->next.journey});
	}
}

static void arrivals_due(struct run *run, int64_t now_us)
{
	arrivals_add(run, now_us);
	while (run->backlog_count) {
		const struct arrival *arrival = &run->backlog[run->backlog_first];
		bool late = now_us >= backlog_until(run, arrival);
		if (!late && !run->free_first)
			return;
		struct arrival due = *arrival;
		run->backlog_first = (run->backlog_first + 1) % run->backlog_room;
		run->backlog_count--;
		if (late)
			backlog_expire(run, &due);
		else {
			struct session *session = session_take(run);
			session->counted = true;
			journey_begin(run, session, due.journey, due.intended_us);
		}
	}
}

/* The loop. */

static int64_t second_over(const struct run *run)
{
	return run->start_us + (int64_t)(run->second.second + 1) * 1000000;
}

/* Ends the seconds that are over: what was meant for one is counted there, however late this generator is. */
static void seconds_due(struct run *run, int64_t now_us)
{
	while (run->mode != RUN_PREPARING && now_us >= second_over(run)) {
		arrivals_add(run, second_over(run) - 1);
		second_end(run);
	}
}

static void timers_due(struct run *run, int64_t now_us)
{
	while (run->heap_count && run->heap[0]->wake_us <= now_us)
		session_wake(run, run->heap[0]);
}

static void await(struct run *run, int64_t until_us)
{
	struct epoll_event events[EVENTS];
	int64_t left_us = until_us - clock_mono_us();
	left_us = left_us < 0 ? 0 : left_us > 1000000 ? 1000000 : left_us;
	struct timespec left = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
	int count = epoll_pwait2(run->epoll, events, EVENTS, &left, NULL);
	if (count > 0)
		seconds_due(run, clock_mono_us());
	for (int i = 0; i < count; i++)
		session_event(run, events[i].data.ptr, events[i].events);
}

static int64_t until_us(struct run *run, int64_t now_us)
{
	int64_t into_us, at_us = second_over(run);
	if (run->mode == RUN_ON) {
		const struct phase *phase = phase_at(run, now_us, &into_us);
		int64_t arrival = arrival_next(run), phase_over = now_us - into_us + phase->us;
		if (phase_over < at_us)
			at_us = phase_over;
		if (phase->users && phase->from != phase->to && now_us + RAMP_STEP_US < at_us)
			at_us = now_us + RAMP_STEP_US;
		if (arrival < at_us)
			at_us = arrival;
	}
	if (run->backlog_count && backlog_until(run, &run->backlog[run->backlog_first]) < at_us)
		at_us = backlog_until(run, &run->backlog[run->backlog_first]);
	return run->heap_count && run->heap[0]->wake_us < at_us ? run->heap[0]->wake_us : at_us;
}

static bool stopped(const struct run *run)
{
	return run->options->stop && *run->options->stop;
}

static void run_phases(struct run *run)
{
	run->start_us = clock_mono_us();
	run->end_us = phase_start(run, run->scenario->phase_count);
	run->second = (struct result_second){0};
	run->mode = RUN_ON;
	arrival_draw(run);
	run->next.wanted = run->scenario->random ? run->next.wanted : 0;
	if (run->scenario->renew_us)
		user_rest(run, run->renewer, run->scenario->renew_us);
	int64_t next_us = INT64_MAX;
	while (run->mode == RUN_ON || run->in_flight || run->backlog_count) {
		int64_t now_us = clock_mono_us();
		if (now_us >= next_us)
			timings_add(run->late, now_us - next_us);
		seconds_due(run, now_us);
		timers_due(run, now_us);
		arrivals_due(run, now_us);
		users_due(run, now_us);
		if (run->mode == RUN_ON && (now_us >= run->end_us || stopped(run))) {
			run->interrupted = now_us < run->end_us;
			run->end_us = run->interrupted ? now_us : run->end_us;
			run->mode = RUN_CLOSING;
		} else {
			next_us = until_us(run, now_us);
			await(run, next_us);
		}
	}
	run->over_us = clock_mono_us();
	if (run->second.intended || run->second.answered || run->second.errors)
		second_end(run);
}

/* Runs steps of once or setup in the sessions from..to, some at a time. */
static enum err prepare(struct run *run, const struct steps *steps, int from, int to)
{
	run->mode = RUN_PREPARING;
	run->free_first = run->free_last = NULL;
	while ((from < to || run->preparing) && !*run->trouble && !stopped(run)) {
		while (from < to && run->preparing < PREPARING_MOST) {
			run->preparing++;
			session_begin(run, &run->sessions[from++], steps, -1, clock_mono_us());
		}
		timers_due(run, clock_mono_us());
		if (run->preparing)
			await(run, run->heap_count ? run->heap[0]->wake_us : INT64_MAX);
	}
	return *run->trouble ? fail(run->ctx, ERR_UPSTREAM, "before the run: %s", run->trouble) : OK;
}

static enum err prepare_all(struct run *run)
{
	struct scenario *scenario = run->scenario;
	if (scenario->once.count)
		TRY(prepare(run, &scenario->once, 0, 1));
	share(run, &run->sessions[0]);
	if (scenario->setup.count)
		TRY(prepare(run, &scenario->setup, 0, run->session_count));
	for (int i = 0; i < scenario->journey_count; i++) {
		TRY(rows_open(run, &scenario->journeys[i].steps));
		run->journeys[i] = (struct result_journey){.name = scenario->journeys[i].name, .weight = scenario->journeys[i].weight};
		run->weights += scenario->journeys[i].weight;
	}
	run->free_first = run->free_last = NULL;
	for (int i = 0; i < run->session_count; i++)
		session_free(run, &run->sessions[i]);
	return OK;
}

static enum err descriptors(struct ctx *ctx, int sessions)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)sessions + 64;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return OK;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit))
		return fail(ctx, ERR_UNAVAILABLE, "%d users need %d connections, and only %ld files may be open (ulimit -n)", sessions, sessions,
			(long)limit.rlim_max);
	return OK;
}

static void *zeroed(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);
	if (!memory)
		abort();
	return memory;
}

static double cpu_s(void)
{
	struct timespec used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void run_open(struct run *run)
{
	ctx_init(&run->parsing);
	run->session_count = run->scenario->users;
	run->sessions = zeroed((size_t)run->session_count + 1, sizeof *run->sessions);
	run->renewer = &run->sessions[run->session_count];
	run->heap = zeroed((size_t)run->session_count + 1, sizeof(struct session *));
	run->journeys = zeroed((size_t)run->scenario->journey_count, sizeof *run->journeys);
	run->second_timings = zeroed(1, sizeof *run->second_timings);
	run->refused = zeroed(1, sizeof *run->refused);
	run->late = zeroed(1, sizeof *run->late);
	draw_open(&run->draw, run->scenario);
	for (int i = 0; i <= run->session_count; i++)
		session_open(run, &run->sessions[i]);
	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	/* A send is as late as the kernel lets a timer be. */
	prctl(PR_SET_TIMERSLACK, 1UL);
}

static void run_close(struct run *run)
{
	prctl(PR_SET_TIMERSLACK, 0UL);
	for (int i = 0; i <= run->session_count; i++)
		session_close(run, &run->sessions[i]);
	for (int i = 0; i < run->row_count; i++)
		free(run->rows[i]);
	if (run->epoll >= 0)
		close(run->epoll);
	draw_close(&run->draw);
	buffer_free(&run->seconds);
	ctx_free(&run->parsing);
	free(run->rows);
	free(run->backlog);
	free(run->second_timings);
	free(run->refused);
	free(run->late);
	free(run->journeys);
	free(run->heap);
	free(run->sessions);
}

enum err engine_run(struct ctx *ctx, struct scenario *scenario, const struct engine_options *options, struct result *result_out)
{
	TRY(descriptors(ctx, scenario->users));
	struct run *run = zeroed(1, sizeof *run);
	*result_out = (struct result){.started_us = clock_wall_us()};
	double load[1] = {0};
	result_out->machine.load = getloadavg(load, 1) == 1 ? load[0] : 0;
	run->ctx = ctx;
	run->scenario = scenario;
	run->options = options;
	run_open(run);
	/* Linux has it since 5.11. */
	bool waits = run->epoll >= 0 && !epoll_pwait2(run->epoll, &(struct epoll_event){0}, 1, &(struct timespec){0}, NULL);
	enum err err = !waits ? fail(ctx, ERR_UNAVAILABLE, "no epoll instance: %s", strerror(errno)) : prepare_all(run);
	if (err == OK) {
		double before = cpu_s();
		result_out->started_us = clock_wall_us();
		run->interrupted = stopped(run);
		if (!run->interrupted)
			run_phases(run);
		gather(run, cpu_s() - before, result_out);
		result_judge(ctx, &scenario->thresholds, result_out);
	}
	run_close(run);
	free(run);
	return err;
}
