#include "web/admit.h"

#include <limits.h>
#include <stddef.h>

void places_make(struct places *places, int most)
{
	for (int order = 0; order < SHED_ORDERS; order++) {
		int limit = most - (most * (order - SHED_LAST) + 7) / 8;
		places->limit[order] = !most || order <= SHED_LAST ? INT_MAX : limit < 1 ? 1 : limit;
		atomic_init(&places->held[order], 0);
	}
}

bool places_free(const struct places *places, int order)
{
	int held = 0;
	for (int at = order; order > SHED_LAST && at < SHED_ORDERS; at++)
		held += atomic_load_explicit(&places->held[at], memory_order_relaxed);
	return held < places->limit[order];
}

bool places_enter(struct places *places, int order)
{
	if (order <= SHED_LAST)
		return true;
	if (!places_free(places, order))
		return false;
	atomic_fetch_add_explicit(&places->held[order], 1, memory_order_relaxed);
	return true;
}

void places_leave(struct places *places, int order)
{
	if (order <= SHED_LAST)
		return;
	/* In one order with the line's count and the look for work of who is idle. */
	atomic_fetch_sub(&places->held[order], 1);
	if (places->freed)
		places->freed(places->argument);
}

void queue_make(struct queue *queue, int most, int64_t patience_us, int64_t target_us, int64_t now_us)
{
	*queue = (struct queue){.most = most, .patience_us = patience_us, .target_us = target_us, .empty_us = now_us};
}

static void leave(struct queue *queue, struct waiting *waiting, int64_t now_us)
{
	if (waiting->older)
		waiting->older->newer = waiting->newer;
	else
		queue->orders[waiting->order].oldest = waiting->newer;
	if (waiting->newer)
		waiting->newer->older = waiting->older;
	else
		queue->orders[waiting->order].newest = waiting->older;
	if (!--queue->count)
		queue->empty_us = now_us;
}

static bool stands(const struct queue *queue, int64_t now_us)
{
	return queue->count && now_us - queue->empty_us > QUEUE_INTERVAL_US;
}

static int64_t patience_of(const struct queue *queue, int order, int64_t now_us)
{
	return order > SHED_LAST && stands(queue, now_us) ? queue->target_us : queue->patience_us;
}

struct waiting *queue_put(struct queue *queue, struct waiting *waiting, int order, int64_t now_us)
{
	struct waiting *out = NULL;
	if (!queue->count)
		queue->empty_us = now_us;
	if (queue->count == queue->most) {
		int highest = SHED_ORDERS - 1;
		while (!queue->orders[highest].oldest)
			highest--;
		if (highest < order || (highest == order && !stands(queue, now_us)))
			return waiting;
		out = queue->orders[highest].oldest;
		leave(queue, out, now_us);
	}
	*waiting = (struct waiting){.older = queue->orders[order].newest, .order = order, .since_us = now_us};
	if (waiting->older)
		waiting->older->newer = waiting;
	else
		queue->orders[order].oldest = waiting;
	queue->orders[order].newest = waiting;
	queue->count++;
	return out;
}

struct waiting *queue_take(struct queue *queue, unsigned orders, int64_t now_us)
{
	for (int order = 0; order < SHED_ORDERS; order++) {
		struct waiting *next = stands(queue, now_us) ? queue->orders[order].newest : queue->orders[order].oldest;
		if (!next || !(orders >> order & 1))
			continue;
		leave(queue, next, now_us);
		return next;
	}
	return NULL;
}

struct waiting *queue_late(struct queue *queue, int64_t now_us)
{
	for (int order = SHED_ORDERS - 1; order >= 0; order--) {
		struct waiting *oldest = queue->orders[order].oldest;
		if (!oldest || now_us - oldest->since_us <= patience_of(queue, order, now_us))
			continue;
		leave(queue, oldest, now_us);
		return oldest;
	}
	return NULL;
}

int64_t queue_due_us(const struct queue *queue, int64_t now_us)
{
	int64_t due_us = INT64_MAX, turns_us = queue->empty_us + QUEUE_INTERVAL_US + 1;
	for (int order = 0; order < SHED_ORDERS; order++) {
		const struct waiting *oldest = queue->orders[order].oldest;
		if (!oldest)
			continue;
		int64_t at_us = oldest->since_us + patience_of(queue, order, now_us) + 1;
		/* The patience ends when the delay stands. */
		if (order > SHED_LAST && turns_us > now_us) {
			int64_t short_us = oldest->since_us + queue->target_us + 1;
			if (short_us < turns_us)
				short_us = turns_us;
			at_us = short_us < at_us ? short_us : at_us;
		}
		due_us = at_us < due_us ? at_us : due_us;
	}
	return due_us;
}
