#include "base/context.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void ctx_begin(struct ctx *ctx, struct arena arena)
{
	memset(ctx, 0, sizeof *ctx);
	ctx->arena = arena;
	id_new(ctx->id);
}

void ctx_init(struct ctx *ctx)
{
	struct arena arena;

	arena_init(&arena);
	ctx_begin(ctx, arena);
}

void ctx_reset(struct ctx *ctx)
{
	arena_reset(&ctx->arena);
	ctx_begin(ctx, ctx->arena);
}

void ctx_free(struct ctx *ctx)
{
	arena_free(&ctx->arena);
}

void ctx_spent(struct ctx *ctx, enum ctx_part part, int64_t us)
{
	ctx->part_us[part] += us;
	ctx->parts_us += us;
}

struct span span_begin(const struct ctx *ctx)
{
	return (struct span){.start_us = clock_mono_us(), .known_us = ctx_known_us(ctx)};
}

int64_t span_end(struct ctx *ctx, const struct span *span, enum ctx_part part)
{
	int64_t took_us, own_us;

	ctx->seen_us = clock_mono_us();
	took_us = ctx->seen_us - span->start_us;
	own_us = took_us - (ctx_known_us(ctx) - span->known_us);
	if (own_us > 0)
		ctx_spent(ctx, part, own_us);
	return took_us;
}

static void statement_add(struct ctx *ctx, const char *name, uint32_t count, int64_t us)
{
	struct ctx_statement *at = ctx->statements, *last = at + CTX_STATEMENTS - 1;

	while (at < last && at->name && at->name != name)
		at++;
	at->name = at < last ? name : CTX_OTHER;
	at->count += count;
	at->us += us;
}

void ctx_statement(struct ctx *ctx, const char *name, int64_t us)
{
	statement_add(ctx, name, 1, us);
}

void ctx_add(struct ctx *ctx, const struct ctx *part)
{
	ctx->queries += part->queries;
	ctx->cache_hits += part->cache_hits;
	ctx->cache_misses += part->cache_misses;
	ctx->pool_wait_us += part->pool_wait_us;
	ctx->result_bytes += part->result_bytes;
	ctx->reads.replica += part->reads.replica;
	ctx->reads.primary += part->reads.primary;
	ctx->reads.wrote |= part->reads.wrote;
	for (int i = 0; i < SPENT_COUNT; i++)
		ctx_spent(ctx, i, part->part_us[i]);
	for (int i = 0; i < CTX_STATEMENTS && part->statements[i].name; i++)
		statement_add(ctx, part->statements[i].name, part->statements[i].count, part->statements[i].us);
}

int ctx_left_ms(const struct ctx *ctx, int most)
{
	int64_t left_ms;

	if (!ctx->deadline_us)
		return most;
	left_ms = (ctx->deadline_us - clock_mono_us()) / 1000;
	if (left_ms < 0)
		return 0;
	return left_ms < most ? (int)left_ms : most;
}

static void fault_record(struct ctx *ctx, enum err err, const char *file, int line, const char *field,
	const char *format, va_list args) __attribute__((format(printf, 6, 0)));
static void fault_record(struct ctx *ctx, enum err err, const char *file, int line, const char *field,
	const char *format, va_list args)
{
	struct fault *fault = &ctx->fault;

	if (fault->err != OK)
		return;
	fault->err = err;
	fault->file = file;
	fault->line = line;
	snprintf(fault->field, sizeof fault->field, "%s", field);
	vsnprintf(fault->detail, sizeof fault->detail, format, args);
}

enum err ctx_fail(struct ctx *ctx, enum err err, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_record(ctx, err, file, line, "", format, args);
	va_end(args);
	return err;
}

enum err ctx_fail_field(struct ctx *ctx, enum err err, const char *file, int line, const char *field,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_record(ctx, err, file, line, field, format, args);
	va_end(args);
	return err;
}

void ctx_explain(struct ctx *ctx, const char *format, ...)
{
	char *internal = ctx->fault.internal;
	size_t room = sizeof ctx->fault.internal;
	size_t used = strlen(internal);
	va_list args;

	if (used)
		used += (size_t)snprintf(internal + used, room - used, "; ");
	if (used >= room)
		return;
	va_start(args, format);
	vsnprintf(internal + used, room - used, format, args);
	va_end(args);
}

void ctx_forgive(struct ctx *ctx)
{
	memset(&ctx->fault, 0, sizeof ctx->fault);
}
