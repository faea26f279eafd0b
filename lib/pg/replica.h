/* What the pool and the pipeline ask of the watch over replicas (pg/pg.h, "Replicas"). Private to lib/pg. */
#ifndef STOA_PG_REPLICA_H
#define STOA_PG_REPLICA_H

#include "pg/pg.h"

struct replicas;

/* NULL: none are named. Its threads look from now on. size: connections to each, at most. */
struct replicas *replicas_open(struct pool_moments moments, int size);
void replicas_close(struct replicas *replicas);
int replicas_count(const struct replicas *replicas); /* 0 for NULL */
struct pool *replicas_pool(const struct replicas *replicas, int index);
/* The replica that may answer the plain reads of ctx, whose reads.as_of then says so; -1: only the primary may. */
int replicas_pick(struct replicas *replicas, struct ctx *ctx);

#endif
