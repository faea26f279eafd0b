/* Migrations: sql/schema/NNNN_name.sql, embedded, forward only, under an advisory lock, with checksums. */
#ifndef STOA_PG_MIGRATE_H
#define STOA_PG_MIGRATE_H

#include "pg/pg.h"

#include <stdio.h>

struct migration {
	int number;       /* NNNN */
	const char *name;
	const char *text;
};

extern const struct migration MIGRATIONS[]; /* ends with number 0, generated */

/* Applies what is missing, each in a transaction of its own, and reports each on `out` (may be NULL). ERR_CONFLICT: an
 * applied migration's checksum differs from ours, or the database is newer than this program: nothing is changed.
 * With plan set, prints what would be done and changes nothing. Two runs at once: the second waits. */
enum err migrate_run(struct ctx *ctx, struct pool *pool, bool plan, FILE *out);
/* Numbers of the newest applied and the newest known migration. */
enum err migrate_state(struct ctx *ctx, struct pool *pool, int *applied_out, int *known_out);

#endif
