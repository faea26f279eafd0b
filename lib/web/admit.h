/* Admission: who works next when there are more requests than places, and who is refused. Private to lib/web; no clock, no locks and no sockets
 * in here (web/door.c has them), so that it can be tested by rows.
 *
 * Places: a request of order n (web/target.h) is begun only while those of order n and above hold fewer than their share, so that the
 * figures of one can never take all that the others need. SHED_LAST and below are not limited.
 *
 * The line: the lowest order first. How long one may wait, and who goes first among equals, follows Facebook's version of CoDel (Maurer:
 * Fail at Scale, ACM Queue 13(8), 2015; Nichols and Jacobson: RFC 8289): while the line has been empty within the last QUEUE_INTERVAL_US
 * what waits is a burst, which is served in its order; when it has not, the delay stands, and then the newest goes first, since
 * its client is the most likely to be there still, and the others are refused after the target already, so that the line stays short.
 * Orders up to SHED_LAST keep the whole patience. No level from which on everything is refused: a line that is never emptied by
 * refusals always has work for a thread that comes free, so the goodput stays. The target is what WeChat found to tell
 * overload from bursts (Zhou et al.: Overload Control for Scaling WeChat Microservices, SoCC 2018: 20 ms in the queue). */
#ifndef STOA_WEB_ADMIT_H
#define STOA_WEB_ADMIT_H

#include "web/target.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define QUEUE_INTERVAL_US 100000

struct places {
	int limit[SHED_ORDERS];
	atomic_int held[SHED_ORDERS];
	void (*freed)(void *argument); /* after places_leave(): somebody in line may begin; NULL: nobody waits */
	void *argument;
};

/* Of `most` places order n may have most - most * (n - 1) / 8, rounded down, but one at least. most 0: no limits. */
void places_make(struct places *places, int most);
bool places_free(const struct places *places, int order);
/* Takes one, unless there is none. Orders up to SHED_LAST are not counted. */
bool places_enter(struct places *places, int order);
void places_leave(struct places *places, int order);

/* One in line, embedded in what waits. */
struct waiting {
	struct waiting *older, *newer; /* of the same order */
	int order;
	int64_t since_us;
};

struct queue {
	struct { struct waiting *oldest, *newest; } orders[SHED_ORDERS];
	int count, most;
	int64_t patience_us, target_us;
	int64_t empty_us; /* when it was empty last */
};

void queue_make(struct queue *queue, int most, int64_t patience_us, int64_t target_us, int64_t now_us);
/* Puts one in line. What finds no room because of it: the oldest of a higher order, or of its own while the delay stands, or itself; NULL:
 * all have room. */
struct waiting *queue_put(struct queue *queue, struct waiting *waiting, int order, int64_t now_us);
/* Who is next of those orders (bit 1 << order) that may begin, or NULL. */
struct waiting *queue_take(struct queue *queue, unsigned orders, int64_t now_us);
/* One that has waited for too long, or NULL. */
struct waiting *queue_late(struct queue *queue, int64_t now_us);
/* When queue_late() has one, if nobody is taken before; INT64_MAX: the line is empty. */
int64_t queue_due_us(const struct queue *queue, int64_t now_us);

#endif
