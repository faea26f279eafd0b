/* Private to lib/webhook. */
#ifndef STOA_WEBHOOK_PARTS_H
#define STOA_WEBHOOK_PARTS_H

#include "net/net.h"
#include "webhook/webhook.h"

#include <libpq-fe.h>

/* The job of a delivery; memory of ctx. */
struct job_new delivery_job(struct ctx *ctx, const char *org_id, const char *id);
/* Enqueues it. queued_out (may be NULL): false when one is waiting or running. */
enum err delivery_enqueue(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, bool *queued_out);

/* The log of an exchange: JSON objects of headers and texts that PostgreSQL takes, cut to WEBHOOK_LOG_BYTES. Memory of ctx. */
const char *log_request_headers(struct ctx *ctx, const struct call *call);
const char *log_response_headers(struct ctx *ctx, const struct call *call);
const char *log_text(struct ctx *ctx, const char *text, size_t bytes);

/* The handlers. */
enum err webhook_fan_run(struct ctx *ctx, struct job *job);
enum err webhook_deliver_run(struct ctx *ctx, struct job *job);
enum err webhook_sweep_run(struct ctx *ctx, struct job *job);

/* Disables an endpoint in lease's open transaction, unless it is: event, line of audit, and a mail to each owner. reason: "failing" or
 * "gone". */
enum err endpoint_disable(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, const char *reason);

#endif
