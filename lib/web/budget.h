/* What a request may use, in one table with its source. Routes are held to it in the tests, which run every one of them
 * (tests/house/isolation_dbtest.c), and watched in production: the largest use is kept by route, going over is counted, and logged once a
 * minute by route at most ("budget.exceeded").
 *
 * A route that cannot keep the house's budget names its own in its row (struct route's budget), with the reason. Pages and files have one by
 * their shape, since document 001 speaks of the API. */
#ifndef STOA_WEB_BUDGET_H
#define STOA_WEB_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* budget, text, most, source. The documents say "less than": what is used stays below. */
#define BUDGET_LIST(X) \
	X(BUDGET_BYTES, "bytes", 102400, "001 Performance Budget: API Response Size < 100 KB") \
	X(BUDGET_QUERIES, "queries", 5, "001 Performance Budget: Database Query Count < 5 per request") \
	X(BUDGET_LOOKUPS, "cache_lookups", 10, "001 Performance Budget: Cache Lookups < 10 per request") \
	X(BUDGET_MEMORY, "memory", 52428800, "001 Performance Budget: Memory per Request < 50 MB")

/* 003 §1 Widget: Flow JSON size under 10 KB, compressed. */
#define BUDGET_FLOW_COMPRESSED 10240

enum budget_of {
#define X(name, ...) name,
	BUDGET_LIST(X)
#undef X
	BUDGETS
};

/* A route's own. 0 = the house's. */
struct budget {
	int64_t most[BUDGETS];
	const char *why;
};

/* What routes that change something share: "one transaction" is begin, what it locks, the change, its line of audit, its event, jobs, commit. */
extern const struct budget BUDGET_CHANGE, BUDGET_RULED, BUDGET_REGISTER;

struct route;
struct req;
struct rep;

const char *budget_text(enum budget_of budget);
const char *budget_source(enum budget_of budget);
/* What the route must stay below: its own, else that of its shape, else the house's. */
int64_t budget_most(const struct route *route, enum budget_of budget);
/* The reason of a budget that is not the house's, or NULL. */
const char *budget_why(const struct route *route);
/* What an answered request has used. Memory: what its arena, the database's answers and the reply hold. */
void budget_used(const struct req *req, const struct rep *rep, int64_t used_out[BUDGETS]);

/* By route and budget, of every responder that writes this metrics file (metric_open() first). */
struct budget_use {
	char method[8], route[128];
	enum budget_of budget;
	int64_t peak, most; /* the most that a request has used; what it should stay below */
	uint64_t exceeded;  /* requests that did not */
};
void budget_each(void (*each)(void *argument, const struct budget_use *use), void *argument);

#endif
