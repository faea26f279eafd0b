/* The turn: one at a time has it, it is kept, passed, moved and ended, and who waits for a descriptor has passed it. */
#include "base/clock.h"
#include "base/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#define THREADS 6
#define ROUNDS 2000

static struct turn turn;
static atomic_int inside, most, served;

static void *server(void *argument)
{
	(void)argument;
	for (int i = 0; i < ROUNDS; i++) {
		turn_take(&turn);
		int now = atomic_fetch_add(&inside, 1) + 1;
		if (now > atomic_load(&most))
			atomic_store(&most, now);
		atomic_fetch_sub(&inside, 1);
		if (i % 3 == 0)
			turn_pass();
		if (i % 7 == 0)
			sched_yield();
		atomic_fetch_add(&served, 1);
	}
	turn_pass();
	return NULL;
}

static void test_one_at_a_time(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	turn_init(&turn);
	inside = most = served = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, server, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(served, THREADS * ROUNDS);
	assert_int_equal(most, 1);
	turn_free(&turn);
}

struct follower_thread {
	pthread_t thread;
	atomic_int takes;
	int rounds;
};

static void *follow(void *argument)
{
	struct follower_thread *self = argument;
	for (int i = 0; i < self->rounds; i++) {
		turn_take(&turn);
		atomic_fetch_add(&self->takes, 1);
		turn_pass();
	}
	return NULL;
}

/* Until it waits in line: nothing else in the test changes `followers`. */
static void start(struct follower_thread *follower, int rounds)
{
	struct follower *before = turn.followers, *now = before;
	*follower = (struct follower_thread){.rounds = rounds};
	assert_int_equal(pthread_create(&follower->thread, NULL, follow, follower), 0);
	while (now == before) {
		usleep(100);
		pthread_mutex_lock(&turn.lock);
		now = turn.followers;
		pthread_mutex_unlock(&turn.lock);
	}
}

static void test_kept(void **state)
{
	(void)state;
	struct follower_thread follower;
	turn_init(&turn);
	turn_take(&turn);
	start(&follower, 1);
	for (int i = 0; i < 1000; i++)
		turn_take(&turn);
	assert_int_equal(follower.takes, 0);
	turn_pass();
	turn_pass(); /* there is none any more */
	pthread_join(follower.thread, NULL);
	assert_int_equal(follower.takes, 1);
	turn_take(&turn);
	turn_pass();
	turn_free(&turn);
}

static void test_moved(void **state)
{
	(void)state;
	struct follower_thread follower;
	turn_init(&turn);
	turn_take(&turn);
	start(&follower, 1);
	turn_move(&turn); /* the first look: it was taken since none */
	assert_int_equal(follower.takes, 0);
	turn_take(&turn);
	turn_move(&turn);
	assert_int_equal(follower.takes, 0);
	turn_move(&turn);
	pthread_join(follower.thread, NULL);
	assert_int_equal(follower.takes, 1);
	turn_pass(); /* it is not ours any more, and nobody else's is taken away */
	turn_take(&turn);
	turn_move(&turn);
	turn_move(&turn); /* nobody follows: it stays */
	turn_take(&turn);
	turn_pass();
	turn_free(&turn);
}

static void test_ended(void **state)
{
	(void)state;
	struct follower_thread followers[3];
	turn_init(&turn);
	turn_take(&turn);
	for (int i = 0; i < 3; i++)
		start(&followers[i], 5);
	turn_end(&turn);
	for (int i = 0; i < 3; i++) {
		pthread_join(followers[i].thread, NULL);
		assert_int_equal(followers[i].takes, 5);
	}
	turn_take(&turn);
	turn_pass();
	turn_free(&turn);
}

/* The follower gets the turn while its holder waits, and what it writes then ends the wait. */
static int ends[2];
static void *write_in_turn(void *argument)
{
	(void)argument;
	turn_take(&turn);
	assert_int_equal(write(ends[1], "x", 1), 1);
	turn_pass();
	return NULL;
}

static void test_poll(void **state)
{
	(void)state;
	pthread_t thread;
	assert_int_equal(pipe(ends), 0);
	turn_init(&turn);
	turn_take(&turn);
	assert_int_equal(pthread_create(&thread, NULL, write_in_turn, NULL), 0);
	assert_true(turn_poll(ends[0], POLLIN, 0));
	pthread_join(thread, NULL);
	/* What is there is told at once, and the turn kept. */
	turn_take(&turn);
	assert_true(turn_poll(ends[0], POLLIN, 60000));
	assert_ptr_not_equal(turn.holder, NULL);
	char byte;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_false(turn_poll(ends[0], POLLIN, 1));
	assert_ptr_equal(turn.holder, NULL);
	/* Without a turn it is a poll like others. */
	assert_false(turn_poll(ends[0], POLLIN, 1));
	close(ends[0]);
	close(ends[1]);
	turn_free(&turn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_kept), cmocka_unit_test(test_moved),
		cmocka_unit_test(test_ended), cmocka_unit_test(test_poll)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
