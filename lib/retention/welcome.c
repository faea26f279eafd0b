#include "retention/retention.h"
#include "sql.h"

static const struct { const char *language, *name; } STARTERS[] = {
	{"en", "Starter (English)"},
	{"de", "Starter (Deutsch)"},
	{"fr", "Starter (français)"},
	{"es", "Starter (español)"},
};

static enum err starter_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, const char *language,
	const char *name)
{
	char id[ID_TEXT];
	PGresult *result;
	const char *steps = json_object_to_json_string_ext(flow_starter(ctx, language), JSON_C_TO_STRING_PLAIN);

	id_new(id);
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_INSERT,
		PARAMS(org_id, id, name, language, NULL, NULL, NULL, "50", "host", steps, account_id), &result));
	return pg_run(lease, &SQL_RETENTION_FLOW_STATUS, PARAMS(org_id, id, "active"), &result);
}

enum err flow_starters_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id)
{
	for (size_t i = 0; i < sizeof STARTERS / sizeof *STARTERS; i++)
		TRY(starter_add(ctx, lease, org_id, account_id, STARTERS[i].language, STARTERS[i].name));
	return OK;
}
