#include "identity/identity.h"

static enum err in_transaction(struct ctx *ctx, struct lease *lease, change_work *work, void *argument)
{
	TRY(pg_begin(lease));
	TRY(work(ctx, lease, argument));
	return pg_commit(lease);
}

enum err change_run(struct ctx *ctx, struct pool *pool, change_work *work, void *argument)
{
	struct lease lease = {0};
	enum err err;

	TRY(lease_take(ctx, pool, &lease));
	err = in_transaction(ctx, &lease, work, argument);
	lease_return(&lease);
	return err;
}
