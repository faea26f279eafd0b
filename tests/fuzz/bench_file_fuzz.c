/* What `stoa bench` keeps in files: histories and results. What is accepted can be written and read again, compared and shown. */
#include "cli/bench/compare.h"
#include "cli/bench/report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_history(struct ctx *ctx, const char *text, size_t bytes)
{
	struct history history, again;
	struct compared compared;
	struct buffer lines = {0}, page = {0};

	if (history_read(ctx, text, bytes, &history) != OK) {
		ctx_forgive(ctx);
		return;
	}
	for (int i = 0; i < history.count; i++)
		record_line(&history.records[i], &lines);
	if (history_read(ctx, lines.data ? lines.data : "", lines.length, &again) != OK || again.count != history.count)
		abort();
	for (int i = 0; i < history.count; i++)
		if (again.records[i].runs != history.records[i].runs || strcmp(again.records[i].label, history.records[i].label) ||
			again.records[i].route_count != history.records[i].route_count)
			abort();
	if (history.count > 1 && compare_records(ctx, &history.records[0], &history.records[1], &(struct compare_rule){0.95, 0.05, 0.001}, &compared) != OK)
		ctx_forgive(ctx);
	history_html(ctx, &history, &page);
	buffer_free(&lines);
	buffer_free(&page);
}

static void check_result(struct ctx *ctx, const char *text, size_t bytes)
{
	struct result result;
	struct buffer page = {0};

	if (result_read(ctx, text, bytes, &result) == OK)
		report_html(ctx, &result, &page);
	buffer_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx ctx;

	ctx_init(&ctx);
	check_history(&ctx, (const char *)data, size);
	check_result(&ctx, (const char *)data, size);
	ctx_free(&ctx);
	return 0;
}
