/* Private to lib/web: what the requests of a route have used, as series and against its budgets. */
#ifndef STOA_WEB_USAGE_H
#define STOA_WEB_USAGE_H

#include "metric/work.h"
#include "web/budget.h"
#include "web/site.h"

#include <stdatomic.h>

struct usage {
	struct work_series work;
	int64_t most[BUDGETS];
	_Atomic int64_t peak[BUDGETS];    /* that this process knows of */
	_Atomic int64_t unusual[BUDGETS]; /* what is worth a look: a new peak, or over the budget */
	_Atomic int64_t logged_us;
};

/* Zeroes it: for a route whose strings outlive it. */
void usage_open(struct usage *usage, const struct route *route, const char *method);

/* The calling thread begins with a request: whether its processor time is looked at, which costs system calls, is decided here. */
void usage_begin(struct req *req);
/* The calling thread leaves it to others; takes it over from others, which have left it or whose time is not to count. */
void usage_leave(struct req *req);
void usage_take(struct req *req);

/* An answered request: counts and logs it. */
void usage_measure(struct req *req, const struct rep *rep, struct site *site);
/* Its reply is sent or given up. */
void usage_sent(struct req *req);

void budget_look(struct usage *usage, const struct req *req, const struct rep *rep);

/* Processor time of the calling thread, or 0 where this request's is not looked at. */
int64_t usage_cpu_us(const struct req *req);

#endif
