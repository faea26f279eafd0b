#include "pages/reach.h"

#include "base/clock.h"

#include <string.h>

#define OID_BOOL 16
#define OID_TIME 1184

struct reach reach_of(struct req *req, const char *mode)
{
	char *now = arena_alloc(&req->ctx.arena, CLOCK_TEXT);

	clock_format(clock_wall_us(), now);
	return (struct reach){.req = req, .org_id = req->who.org_id, .live = pg_bool(!mode || !strcmp(mode, "live")),
		.names = pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT)), .mode = mode ? mode : "live", .now = now};
}

const char *reach_link(struct req *req, const char *path, ...)
{
	struct buffer out = {0};
	const char *name, *value;
	char mark = '?';
	va_list args;

	buffer_text(&out, path);
	va_start(args, path);
	while ((name = va_arg(args, const char *))) {
		if (!(value = va_arg(args, const char *)) || !*value)
			continue;
		buffer_printf(&out, "%c%s=", mark, name);
		buffer_url(&out, value, strlen(value));
		mark = '&';
	}
	va_end(args);
	const char *link = arena_memdup(&req->ctx.arena, out.data, out.length);
	buffer_free(&out);
	return link;
}

void reach_choice(struct json_object *list, const char *value, const char *label, const char *link, bool chosen)
{
	struct json_object *item = json_object_new_object();

	page_text(item, "value", value);
	page_text(item, "label", label);
	page_text(item, "link", link);
	json_object_object_add(item, "chosen", json_object_new_boolean(chosen));
	json_object_array_add(list, item);
}

void reach_modes(const struct reach *reach, struct json_object *view, const char *path)
{
	static const struct { const char *mode, *label; } MODES[] = {{"live", TR("Live")}, {"test", TR("Test")}};
	struct json_object *modes = json_object_new_array();

	json_object_object_add(view, "modes", modes);
	for (int i = 0; i < 2; i++)
		reach_choice(modes, MODES[i].mode, tr(reach->req, MODES[i].label), reach_link(reach->req, path, "mode", MODES[i].mode, NULL),
			!strcmp(reach->mode, MODES[i].mode));
	page_text(view, "mode", reach->mode);
}

static const struct { const char *code, *word; } WORDS[] = {
	/* alerts */
	{"renewal_reminder", TR("Renews")}, {"expiring_soon", TR("Ends soon")}, {"expired", TR("Has ended")},
	{"auto_retention_triggered", TR("Offer sent")}, {"urgent", TR("urgent")}, {"high", TR("high")}, {"medium", TR("medium")}, {"low", TR("low")},
	{"renewal", TR("renewal")}, {"cancellation", TR("cancellation")}, {"trial", TR("end of the trial")},
	/* subscriptions */
	{"trialing", TR("on trial")}, {"active", TR("active")}, {"past_due", TR("past due")}, {"unpaid", TR("unpaid")}, {"paused", TR("paused")},
	{"canceled", TR("ended")}, {"incomplete", TR("incomplete")}, {"incomplete_expired", TR("never begun")},
	{"day", TR("daily")}, {"week", TR("weekly")}, {"month", TR("monthly")}, {"year", TR("yearly")},
	/* mails */
	{"payment", TR("Failed payments")}, {"retention", TR("Offers before the end")}, {"reactivation", TR("Reactivation")},
	{"payment.failed", TR("Payment failed")}, {"payment.reminder", TR("Payment reminder")}, {"payment.last", TR("Last payment reminder")},
	{"retention.offer", TR("Offer before the end")}, {"reactivation.first", TR("Reactivation, first mail")},
	{"reactivation.last", TR("Reactivation, last mail")},
	{"planned", TR("planned")}, {"queued", TR("on its way")}, {"sent", TR("sent")}, {"failed", TR("failed")}, {"suppressed", TR("not sent")},
	{"not-sent", TR("not sent")}, {"cancelled", TR("cancelled")},
	{"quiet-hours", TR("waits for the end of the quiet hours")}, {"customer-cap", TR("waits: enough for this customer today")},
	{"organisation-cap", TR("waits: enough for today")},
	{"no-address", TR("no address is known")}, {"unsubscribe", TR("the customer unsubscribed")}, {"bounce", TR("the address does not exist")},
	{"complaint", TR("the customer complained")}, {"manual", TR("for a person to do")}, {"too-late", TR("came too late")}, {"paid", TR("paid")},
	{"not-ending", TR("the subscription does not end any more")}, {"came-back", TR("the customer came back")},
	{"malformed", TR("no mail can be sent to this address")}, {"not sent: test mode", TR("test mode")},
	/* cases */
	{"open", TR("open")}, {"recovered", TR("recovered")}, {"ended", TR("ended")}, {"retry", TR("by an attempt of ours")}, {"mail", TR("after a mail")},
	{"stripe", TR("by Stripe alone")}, {"voided", TR("the invoice was voided")}, {"subscription-ended", TR("the subscription ended")},
	{"gave-up", TR("30 days have passed")}, {"switched-off", TR("switched off")}, {"insufficient_funds", TR("not enough money on the card")}, {"expired_card", TR("the card has expired")},
	{"card_declined", TR("the card was declined")}, {"generic_decline", TR("the card was declined")}, {"stolen_card", TR("the card is reported stolen")},
	{"lost_card", TR("the card is reported lost")}, {"authentication_required", TR("the customer has to confirm it")},
	{"no_connection", TR("there is no connection with Stripe")}, {"no_answer", TR("Stripe did not answer")}, {"processing", TR("it is being processed")},
	/* offers and what else is in a timeline */
	{"offered", TR("offered")}, {"pending", TR("accepted, being applied")}, {"applied", TR("accepted and applied")},
	{"void", TR("void")}, {"uncollectible", TR("uncollectible")}, {"started", TR("began")}, {"abandoned", TR("left without an answer")},
	{"cancelled-now", TR("cancelled at once")}, {"accepted", TR("took an offer")}, {"declined", TR("cancelled after offers")}, {"dismissed", TR("closed the window, keeps the plan")},
};

const char *reach_word(const struct req *req, const char *code)
{
	for (size_t i = 0; code && i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].code, code))
			return tr(req, WORDS[i].word);
	return code;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcmp(text + length - tail, end);
}

/* What a template may ask for with is_<code>. */
static const char *const CODES[] = {"kind", "priority", "reason", "state", "status", "held", "period", "program", "decline", NULL};
/* A code in some rows, a number or a text in others: only its word is of use. */
static const char *const MIXED[] = {"detail", "subject", "note", NULL};

static bool is_one_of(const char *const *columns, const char *column)
{
	for (; *columns; columns++)
		if (!strcmp(*columns, column))
			return true;
	return false;
}

static struct json_object *row_view(struct req *req, const PGresult *rows, int row)
{
	struct json_object *view = json_object_new_object();
	const char *currency = PQfnumber(rows, "currency") >= 0 ? pg_text(rows, row, "currency") : NULL;

	for (int i = 0; i < PQnfields(rows); i++) {
		const char *column = PQfname(rows, i), *text = pg_text(rows, row, column);

		if (PQftype(rows, i) == OID_TIME)
			page_stamp(req, view, column, text);
		else if (PQftype(rows, i) == OID_BOOL)
			json_object_object_add(view, column, json_object_new_boolean(pg_true(rows, row, column)));
		else
			page_text(view, column, text);
		if (ends_with(column, "_minor"))
			page_text(view, arena_printf(&req->ctx.arena, "%.*s_text", (int)(strlen(column) - 6), column),
				text && currency ? page_money(req, pg_number(rows, row, column, 0), currency) : NULL);
		bool code = is_one_of(CODES, column);
		if (code || is_one_of(MIXED, column))
			page_text(view, arena_printf(&req->ctx.arena, "%s_word", column), reach_word(req, text));
		if (code && text)
			json_object_object_add(view, arena_printf(&req->ctx.arena, "is_%s", text), json_object_new_boolean(true));
	}
	return view;
}

void reach_rows(struct req *req, struct json_object *view, const char *name, const PGresult *rows, int most)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(view, name, list);
	for (int row = 0; row < PQntuples(rows) && row < most; row++)
		json_object_array_add(list, row_view(req, rows, row));
	json_object_object_add(view, arena_printf(&req->ctx.arena, "any_%s", name), json_object_new_boolean(PQntuples(rows) > 0));
}

const char *reach_more(const PGresult *rows, int most)
{
	return PQntuples(rows) > most ? pg_text(rows, most - 1, PQfnumber(rows, "cursor") >= 0 ? "cursor" : "id") : NULL;
}
