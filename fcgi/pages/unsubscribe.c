#include "pages/page.h"

#include "mail/outbox.h"
#include "sql.h"
#include "text/language.h"

#include <string.h>

struct unsubscribe_input {
	const char *token, *one_click;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct unsubscribe_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 600, .doc = "from the mail"),
	FIELD_END};

static const struct field SET_INPUT[] = {
	INPUT(struct unsubscribe_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 600, .doc = "from the mail"),
	INPUT(struct unsubscribe_input, one_click, "List-Unsubscribe", IN_BODY, FIELD_TEXT, .least = 1, .most = 40,
		.doc = "One-Click, from a mail program (RFC 8058)"),
	FIELD_END};

/* The recipient's, where the address has an account; else what the browser asks for. */
static enum err language_find(struct req *req, const char *address, const char **language_out)
{
	PGresult *account = NULL;
	*language_out = language_accepted(req->header(req, "Accept-Language"));
	if (address)
		TRY(pg_query(&req->ctx, req->house.pool, &SQL_MAIL_LANGUAGE, PARAMS(address), &account));
	if (account && PQntuples(account))
		*language_out = language_of(pg_text(account, 0, "language"));
	return OK;
}

/* What people call a kind of mail; in a language's own words, as the page is in four. */
static const char *kind_text(const char *kind, size_t language)
{
	static const struct { const char *kind, *texts[4]; } KINDS[] = {
		{"digest", {"daily summary", "Tagesübersicht", "résumé quotidien", "resumen diario"}},
		{"outreach.payment", {"reminders of open payments", "Erinnerungen an offene Zahlungen", "rappels de paiement", "recordatorios de pago"}},
		{"outreach.retention", {"offers to stay", "Angebote zum Bleiben", "offres de fidélité", "ofertas para quedarse"}},
		{"outreach.reactivation", {"invitations to come back", "Einladungen zurückzukommen", "invitations à revenir", "invitaciones a volver"}}};
	for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
		if (!strcmp(KINDS[i].kind, kind))
			return KINDS[i].texts[language];
	return kind;
}

static enum err show(struct req *req, struct rep *rep, struct json_object *view, const char *address)
{
	static const struct { const char *language, *title, *skip; } WORDS[] = {{"en", "Unsubscribe", "Skip to content"},
		{"de", "Abmelden", "Zum Inhalt"}, {"fr", "Se désabonner", "Aller au contenu"}, {"es", "Darse de baja", "Ir al contenido"}};
	const char *language;
	size_t at = 0;
	TRY(language_find(req, address, &language));
	while (strcmp(WORDS[at].language, language))
		at++;
	page_text(view, "language", language);
	page_text(view, "skip", WORDS[at].skip);
	page_text(view, "what", kind_text(json_text(view, "kind", ""), at));
	const char *name = arena_printf(&req->ctx.arena, "unsubscribe.%s", language);
	return page_show(req, rep, name, WORDS[at].title, view);
}

/* What the token says goes into view; a token that is none leaves from_out->address NULL, and the page says so. */
static enum err token_read(struct req *req, struct rep *rep, struct json_object *view, struct mail_unsubscribe *from_out)
{
	const struct unsubscribe_input *in = req->input;
	enum err err = mail_unsubscribe_read(&req->ctx, in->token, from_out);
	if (err != OK) {
		from_out->address = NULL;
		json_object_object_add(view, "bad", json_object_new_boolean(true));
		return page_fault(req, rep, err, view);
	}
	page_text(view, "address", from_out->address);
	page_text(view, "kind", from_out->kind);
	return OK;
}

/* Changes nothing: programs that look through mail open links. */
static enum err unsubscribe_page(struct req *req, struct rep *rep)
{
	const struct unsubscribe_input *in = req->input;
	struct json_object *view = page_view(req);
	struct mail_unsubscribe from;
	TRY(token_read(req, rep, view, &from));
	page_text(view, "token", from.address ? in->token : NULL);
	return show(req, rep, view, from.address);
}

static enum err unsubscribe_set(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	struct mail_unsubscribe from;
	struct lease lease;
	TRY(token_read(req, rep, view, &from));
	if (!from.address)
		return show(req, rep, view, NULL);
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = mail_suppress(&lease, from.org_id, from.address, from.kind, "unsubscribe");
	lease_return(&lease);
	TRY(err);
	json_object_object_add(view, "done", json_object_new_boolean(true));
	return show(req, rep, view, from.address);
}

const struct route UNSUBSCRIBE_ROUTES[] = {
	{METHOD_GET, "/unsubscribe", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = PAGE_INPUT,
		.input_size = sizeof(struct unsubscribe_input), .run = unsubscribe_page, .shape = REPLY_PAGE,
		.doc = "The page that mails link to, with a button to get no more of their kind"},
	{METHOD_POST, "/unsubscribe", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = SET_INPUT,
		.input_size = sizeof(struct unsubscribe_input), .run = unsubscribe_set, .shape = REPLY_PAGE, .form = true, .one_click = true,
		.doc = "Ends mails of this kind to this address; the button's, or a mail program's (RFC 8058)"},
	ROUTE_END};
