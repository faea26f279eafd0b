#include "measure/measure.h"

#include "sql.h"

#include <string.h>

static const struct statement *const STATEMENTS[MEASURE_FIGURE_COUNT] = {
#define X(name, statement) [name] = &SQL_MEASURE_##statement,
	MEASURE_FIGURES(X)
#undef X
};

const struct statement *measure_statement(enum measure_figure figure)
{
	return STATEMENTS[figure];
}

static const char *filters_text(struct ctx *ctx, const struct measure_scope *scope)
{
	const struct { const char *name, *value; } filters[] = {{"flow", scope->flow}, {"segment", scope->segment}, {"plan", scope->plan},
		{"language", scope->language}, {"policy", scope->policy}, {"experiment", scope->experiment}, {"variant", scope->variant}};
	struct json_object *all = json_own(ctx, json_object_new_object());

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		if (filters[i].value)
			json_object_object_add(all, filters[i].name, json_object_new_string(filters[i].value));
	return json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN);
}

const char *const *measure_params(struct ctx *ctx, const struct measure_scope *scope)
{
	const char **params = arena_array(&ctx->arena, 6, sizeof *params);

	params[0] = scope->org_id;
	params[1] = pg_bool(scope->live);
	params[2] = scope->from;
	params[3] = scope->to;
	params[4] = filters_text(ctx, scope);
	params[5] = scope->currency;
	return params;
}

enum err measure_read(struct lease *lease, enum measure_figure figure, const struct measure_scope *scope, PGresult **rows_out)
{
	return pg_run(lease, STATEMENTS[figure], measure_params(lease->ctx, scope), rows_out);
}

enum err measure_variants(struct lease *lease, const char *org_id, bool live, const char *experiment_id, int count,
	struct measure_variant *variants_out)
{
	PGresult *rows;

	memset(variants_out, 0, (size_t)count * sizeof *variants_out);
	TRY(pg_run(lease, &SQL_MEASURE_VARIANTS, PARAMS(org_id, pg_bool(live), experiment_id), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		int64_t variant = pg_number(rows, row, "variant", -1);

		if (variant < 0 || variant >= count)
			continue;
		variants_out[variant] = (struct measure_variant){.sessions = pg_number(rows, row, "sessions", 0),
			.cancels = pg_number(rows, row, "cancels", 0), .judged = pg_number(rows, row, "judged", 0), .lost = pg_number(rows, row, "lost", 0)};
	}
	return OK;
}

const char *measure_tag(struct ctx *ctx, const char *org_id, bool live)
{
	return arena_printf(&ctx->arena, "figures:%s:%d", org_id, live);
}
