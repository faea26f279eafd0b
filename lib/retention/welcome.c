#include "retention/flow.h"
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
	struct json_object *document = json_own(ctx, json_object_new_object()), *steps = flow_starter(ctx, language);
	struct flow_review review;
	const char *review_text;
	char id[ID_TEXT];

	id_new(id);
	json_object_object_add(document, "name", json_object_new_string(name));
	json_object_object_add(document, "language", json_object_new_string(language));
	json_object_object_add(document, "steps", json_object_get(steps));
	TRY(flow_review(ctx, NULL, org_id, document, &review));
	review_text = json_object_to_json_string_ext(review.json, JSON_C_TO_STRING_PLAIN);
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_INSERT, PARAMS(org_id, id, name, language,
		json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN), review_text, account_id), NULL));
	return pg_run(lease, &SQL_RETENTION_FLOW_PUBLISH,
		PARAMS(org_id, id, flow_languages(ctx, steps, language), account_id, pg_bool(true), review_text), NULL);
}

enum err flow_starters_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id)
{
	for (size_t i = 0; i < sizeof STARTERS / sizeof *STARTERS; i++)
		TRY(starter_add(ctx, lease, org_id, account_id, STARTERS[i].language, STARTERS[i].name));
	return OK;
}
