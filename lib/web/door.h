/* The door: takes over accepting when all threads are at work (web/admit.h says who then works next, and who is refused). Private to lib/web.
 *
 * Asleep while a thread is free, so that what is not overloaded pays nothing. Awake, it accepts at once, reads parameters without waiting
 * for anybody, finds the route and puts the request in line; a thread that comes free serves the line before it accepts. Who must go is
 * answered 503 with Retry-After from here. Requests of order 0 (probes, scrapes) have a thread of their own in need. */
#ifndef STOA_WEB_DOOR_H
#define STOA_WEB_DOOR_H

#include "web/exchange.h"

/* Before the listener's threads; its turn is made. */
struct door *door_open(struct listener *listener);
/* False: its threads cannot be started. */
bool door_start(struct door *door);
/* Accepts no more; what is half read has DRAIN_MS to come in. What is in line is for the threads. Both take NULL. */
void door_close(struct door *door);
/* After the threads have ended. */
void door_free(struct door *door);

/* Something may have to be done: all are at work, or one has accepted many without a pause. NULL is allowed. */
void door_ring(struct door *door);
/* Puts one in line that finds no place. It is the door's now. */
void door_put(struct door *door, struct exchange *exchange);
/* Who is next and may begin, with its place taken, or NULL. */
struct exchange *door_take(struct door *door);
/* Readable when who waits for a connection should look at the line instead. */
int door_work(const struct door *door);
void door_work_seen(struct door *door);
int door_waiting(struct door *door); /* in line */

#endif
