/* HTML pages of results and histories, which stand alone: no scripts, no other files; charts are SVG, and what each shows stands in a table
 * beside it; light and dark by prefers-color-scheme. */
#ifndef STOA_CLI_BENCH_REPORT_H
#define STOA_CLI_BENCH_REPORT_H

#include "base/buffer.h"
#include "cli/bench/record.h"
#include "cli/bench/result.h"
#include "web/target.h"

/* Memory of ctx for what is worked out on the way. */
void report_html(struct ctx *ctx, const struct result *result, struct buffer *out);
/* One chart a scenario, route and quantile: the medians of the records in their order, with intervals. */
void history_html(struct ctx *ctx, const struct history *history, struct buffer *out);
/* Such a page into a file. ERR_INTERNAL: it cannot be written, with the reason. */
enum err report_save(struct ctx *ctx, const char *path, const struct result *result);
enum err history_save(struct ctx *ctx, const char *path, const struct history *history);
/* The targets of a class by its name, or NULL. */
const struct target *report_target(const char *class);

#endif
