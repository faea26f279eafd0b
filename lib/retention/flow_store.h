/* What changes flows, for the API and for the pages alike (fcgi/retention/flows.h says what each does, its conflicts and revisions). Each
 * is one transaction with its line of audit and its event, and forgets what is cached of the organisation's flows. */
#ifndef STOA_RETENTION_FLOW_STORE_H
#define STOA_RETENTION_FLOW_STORE_H

#include "job/house.h"
#include "retention/flow.h"
#include "who/audit.h"

/* by: who does it; its action, entity, before and after are filled in here. */
struct flow_change {
	struct ctx *ctx;
	const struct house *house;
	const struct audit *by;
};

/* revision: the draft's, as a parameter ("7"). ERR_PRECONDITION: it is another meanwhile; ERR_CONFLICT: archived. */
enum err flow_store_create(const struct flow_change *change, struct json_object *document, char id_out[ID_TEXT]);
enum err flow_store_save(const struct flow_change *change, const char *id, const char *revision, struct json_object *document);
enum err flow_store_publish(const struct flow_change *change, const char *id, const char *revision, bool activate);
enum err flow_store_restore(const struct flow_change *change, const char *id, const char *version, const char *revision);
/* from, until: RFC 3339 or NULL. */
enum err flow_store_activate(const struct flow_change *change, const char *id, const char *from, const char *until);
enum err flow_store_deactivate(const struct flow_change *change, const char *id);
enum err flow_store_archive(const struct flow_change *change, const char *id, bool archived);
enum err flow_store_delete(const struct flow_change *change, const char *id);
enum err flow_store_duplicate(const struct flow_change *change, const char *id, char id_out[ID_TEXT]);

/* {"document": document or null, "errors": [{line, column, name, message}], "review"} of a file or a pasted table; nothing is kept.
 * format: "json", "csv" or "table". */
enum err flow_import(struct ctx *ctx, struct lease *lease, const char *org_id, const char *format, const char *text, struct json_object **result_out);
/* A template's document; NULL: there is no such template. */
struct json_object *flow_template(struct ctx *ctx, const char *name, const char *language);

#endif
