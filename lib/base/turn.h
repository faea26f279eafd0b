/* Turn: of the threads that serve one source, one at a time takes work from it (Leader/Followers; Schmidt, Stal, Rohnert, Buschmann:
 * Pattern-Oriented Software Architecture 2, 2000).
 *
 * The thread that has the turn keeps it while it serves what it took, so that short work changes neither threads nor processors. Before
 * a wait that may be long it passes the turn to the follower that came last, whose memory is warm, and lines up again when it has
 * served. A thread has one turn at most. Everything that waits for something outside the process, or works for long, calls turn_pass()
 * or waits by turn_poll(); threads without a turn may, too.
 *
 * What forgets to is caught by turn_move(), called now and then by a thread that watches. */
#ifndef STOA_BASE_TURN_H
#define STOA_BASE_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct follower;

struct turn {
	pthread_mutex_t lock;
	struct follower *followers;        /* the last to come first */
	struct follower *_Atomic holder;
	_Atomic unsigned taken;            /* how often */
	unsigned seen;
	_Atomic bool over;
	/* Called, with the lock, when the turn was passed and nobody follows: all are at work. NULL: nobody wants to know. Set before threads. */
	void (*emptied)(void *argument);
	void *argument;
};

void turn_init(struct turn *turn);
/* Nobody waits for it any more. */
void turn_free(struct turn *turn);

/* Waits for the turn; returns at once to who has it still, and to everybody once it is over. */
void turn_take(struct turn *turn);
/* Somebody has it. */
bool turn_held(struct turn *turn);
/* Gives up the calling thread's turn, if it has one. */
void turn_pass(void);
/* Takes the turn from who has neither taken nor passed it since the last call, for a follower. */
void turn_move(struct turn *turn);
/* Lets everybody through, for good. */
void turn_end(struct turn *turn);

/* Waits for `events` (poll) on `fd`: for a moment with the turn, then without. `most_ms` <= 0: for ever. False: nothing came. */
bool turn_poll(int fd, short events, int most_ms);

#endif
