#define _GNU_SOURCE /* ppoll */

#include "base/turn.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>

/* About what a keyed read takes PostgreSQL on the same machine, and what a change of threads costs a few times over. */
#define MOMENT_NS 50000

struct follower {
	sem_t given;
	struct follower *next;
	struct turn *turn; /* that the thread took and has not passed; it may have been moved since */
	bool ready;
};

static __thread struct follower self;

void turn_init(struct turn *turn)
{
	*turn = (struct turn){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void turn_free(struct turn *turn)
{
	pthread_mutex_destroy(&turn->lock);
}

/* With the lock. */
static void hand_over(struct turn *turn)
{
	struct follower *next = turn->followers;
	if (next)
		turn->followers = next->next;
	atomic_store_explicit(&turn->holder, next, memory_order_relaxed);
	if (next)
		sem_post(&next->given);
	else if (turn->emptied)
		turn->emptied(turn->argument);
}

bool turn_held(struct turn *turn)
{
	return atomic_load_explicit(&turn->holder, memory_order_relaxed) != NULL;
}

void turn_take(struct turn *turn)
{
	if (atomic_load_explicit(&turn->holder, memory_order_relaxed) != &self && !atomic_load_explicit(&turn->over, memory_order_relaxed)) {
		if (!self.ready)
			self.ready = !sem_init(&self.given, 0, 0);
		pthread_mutex_lock(&turn->lock);
		bool waits = atomic_load_explicit(&turn->holder, memory_order_relaxed) && !turn->over;
		if (waits) {
			self.next = turn->followers;
			turn->followers = &self;
		} else {
			atomic_store_explicit(&turn->holder, &self, memory_order_relaxed);
		}
		pthread_mutex_unlock(&turn->lock);
		while (waits && sem_wait(&self.given) && errno == EINTR)
			;
	}
	self.turn = turn;
	atomic_fetch_add_explicit(&turn->taken, 1, memory_order_relaxed);
}

void turn_pass(void)
{
	struct turn *turn = self.turn;
	if (!turn)
		return;
	self.turn = NULL;
	pthread_mutex_lock(&turn->lock);
	if (atomic_load_explicit(&turn->holder, memory_order_relaxed) == &self)
		hand_over(turn);
	pthread_mutex_unlock(&turn->lock);
}

void turn_move(struct turn *turn)
{
	unsigned taken = atomic_load_explicit(&turn->taken, memory_order_relaxed);
	pthread_mutex_lock(&turn->lock);
	if (taken == turn->seen && turn->followers)
		hand_over(turn);
	turn->seen = taken;
	pthread_mutex_unlock(&turn->lock);
}

void turn_end(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	atomic_store_explicit(&turn->over, true, memory_order_relaxed);
	while (turn->followers)
		hand_over(turn);
	pthread_mutex_unlock(&turn->lock);
}

bool turn_poll(int fd, short events, int most_ms)
{
	struct pollfd at = {.fd = fd, .events = events};
	const struct timespec moment = {.tv_nsec = MOMENT_NS};
	if (self.turn && ppoll(&at, 1, &moment, NULL) > 0)
		return true;
	turn_pass();
	for (;;) {
		int ready = poll(&at, 1, most_ms > 0 ? most_ms : -1);
		if (ready >= 0 || errno != EINTR)
			return ready > 0;
	}
}
