/* What is kept for how long: one table for the house. Periods of an organisation's own are swept by the job "house.cleanup", once a day;
 * those of the house stand in its configuration and are swept by whoever writes the rows. Every table that belongs to an organisation
 * stands in KEEP_TABLES, with its period or with the reason why it has none (tests/house/privacy_dbtest.c). */
#ifndef STOA_WHO_KEEP_H
#define STOA_WHO_KEEP_H

#include "pg/pg.h"

struct keep_rule {
	const char *name;               /* "words" */
	const char *what, *fate;        /* English texts of the house */
	int days, least, most;          /* unless the organisation says otherwise, and how far it may go */
	const struct statement *sweep;  /* $1 days, $2 rows; NULL: swept elsewhere */
	const char *conf;               /* the house's setting that says the days, "event.keep"; NULL: the organisation's own */
};
extern const struct keep_rule KEEP_RULES[]; /* ends with {0} */

struct keep_table {
	const char *table;
	const char *rule;   /* its name, or NULL */
	const char *reason; /* without a rule: why; an English text of the house */
};
extern const struct keep_table KEEP_TABLES[]; /* ends with {0} */

/* NULL: there is no such rule. */
const struct keep_rule *keep_rule(const char *name);

/* The days of an organisation's rules, in the order of KEEP_RULES. */
#define KEEP_RULES_MOST 16
enum err keep_days(struct ctx *ctx, struct pool *pool, const char *org_id, int days_out[KEEP_RULES_MOST]);
/* In lease's transaction. ERR_INVALID (field: the name): no rule of the organisation's own, or outside its bounds. */
enum err keep_put(struct ctx *ctx, struct lease *lease, const char *org_id, const char *name, int64_t days);

#endif
