#include "pages/reach.h"

#include "event/event.h"
#include "identity/identity.h"
#include "outreach/outreach.h"
#include "sql.h"

#include <string.h>

struct wording_input {
	const char *kind, *language, *notice, *subject, *body, *button, *action;
};

#define WORDING_FIELDS \
	INPUT(struct wording_input, kind, "kind", IN_PATH, FIELD_ENUM, .required = true, .choices = OUTREACH_KINDS, .doc = "which mail"), \
	INPUT(struct wording_input, language, "language", IN_PATH, FIELD_ENUM, .required = true, .choices = "en|de|fr|es", .doc = "its language")
#define BODY(member, name, kind, ...) INPUT(struct wording_input, member, name, IN_BODY, kind, __VA_ARGS__)

static const struct field PAGE_INPUT[] = {
	WORDING_FIELDS, INPUT(struct wording_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "kept", .doc = "after a form"), FIELD_END};
static const struct field POST_INPUT[] = {
	WORDING_FIELDS,
	BODY(subject, "subject", FIELD_TEXT, .least = 0, .most = 1000, .doc = "what it is about"),
	BODY(body, "body", FIELD_LINES, .least = 0, .most = 20000, .doc = "what it says"),
	BODY(button, "button", FIELD_TEXT, .least = 0, .most = 1000, .doc = "what stands on its button"),
	BODY(action, "action", FIELD_ENUM, .required = true, .choices = "preview|keep|ours", .doc = "show it, keep it, or go back to our text"),
	FIELD_END};

struct wording {
	struct req *req;
	struct json_object *view;
	const struct outreach_words *sent; /* what a form sent; NULL: what holds */
};

static enum err wording_fill(struct lease *lease, const struct wording *wording)
{
	struct req *req = wording->req;
	const struct wording_input *in = req->input;
	struct outreach_words words;
	struct mail mail = {0};
	PGresult *policy;

	TRY(outreach_words_get(&req->ctx, lease, req->who.org_id, in->kind, in->language, &words));
	json_object_object_add(wording->view, "own", json_object_new_boolean(words.own));
	if (wording->sent)
		words = *wording->sent;
	page_text(wording->view, "subject", words.subject);
	page_text(wording->view, "body", words.body);
	page_text(wording->view, "button", words.button);
	TRY(pg_run(lease, &SQL_OUTREACH_POLICY_GET, PARAMS(req->who.org_id), &policy));
	TRY(outreach_preview(&req->ctx, &words, in->kind, in->language, pg_text(policy, 0, "sender_name"), &mail));
	page_text(wording->view, "mail_subject", mail.subject);
	page_text(wording->view, "mail_text", mail.text);
	return OK;
}

static enum err wording_show(struct req *req, struct rep *rep, struct json_object *view, const struct outreach_words *sent)
{
	const struct wording_input *in = req->input;
	struct lease lease;

	page_text(view, "kind", in->kind);
	page_text(view, "kind_word", reach_word(req, in->kind));
	page_text(view, "tongue", in->language);
	page_text(view, "variables", "{{" OUTREACH_VARIABLES "}}");
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = wording_fill(&lease, &(struct wording){req, view, sent});
	lease_return(&lease);
	TRY(err);
	json_object_object_add(view, "on_outreach", json_object_new_boolean(true));
	return page_show(req, rep, "wording", "Text of a mail", view);
}

static enum err wording_page(struct req *req, struct rep *rep)
{
	const struct wording_input *in = req->input;
	struct json_object *view = page_view(req);

	page_text(view, "notice", in->notice ? tr(req, "It is kept.") : NULL);
	return wording_show(req, rep, view, NULL);
}

static struct outreach_words sent_words(const struct wording_input *in)
{
	return (struct outreach_words){.subject = in->subject ? in->subject : "", .body = in->body ? in->body : "", .button = in->button ? in->button : ""};
}

static enum err keep_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct wording_input *in = req->input;
	bool own = !strcmp(in->action, "keep");
	struct audit audit = audit_of(req, "outreach.wording", "outreach_wording", arena_printf(&ctx->arena, "%s.%s", in->kind, in->language));

	if (own)
		TRY(pg_run(lease, &SQL_OUTREACH_WORDING_PUT, PARAMS(req->who.org_id, in->kind, in->language, in->subject, in->body, in->button), NULL));
	else
		TRY(pg_run(lease, &SQL_OUTREACH_WORDING_DELETE, PARAMS(req->who.org_id, in->kind, in->language), NULL));
	audit.after = audit_note(ctx, "text", own ? "own" : "ours", NULL);
	return event_audit(lease, &audit);
}

static enum err wording_post(struct req *req, struct rep *rep)
{
	const struct wording_input *in = req->input;
	struct outreach_words words = sent_words(in);
	bool ours = !strcmp(in->action, "ours");
	enum err err = ours ? OK : outreach_words_check(&req->ctx, &words);

	if (err == OK && strcmp(in->action, "preview"))
		err = change_run(&req->ctx, req->house.pool, keep_run, req);
	if (err == OK && strcmp(in->action, "preview"))
		return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/outreach/wordings/%s/%s?notice=kept", in->kind, in->language));
	struct json_object *view = page_view(req);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	return wording_show(req, rep, view, &words);
}

#define WORDING "/outreach/wordings/:kind/:language"

const struct route WORDING_ROUTES[] = {
	{METHOD_GET, WORDING, ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, .input = PAGE_INPUT,
		.input_size = sizeof(struct wording_input), .run = wording_page, .shape = REPLY_PAGE, .doc = "What a mail says in a language, with a preview"},
	{METHOD_POST, WORDING, ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, .input = POST_INPUT,
		.input_size = sizeof(struct wording_input), .run = wording_post, .shape = REPLY_PAGE, .form = true, .doc = "Shows, keeps or drops an own text"},
	ROUTE_END};
