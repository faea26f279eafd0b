#include "pages/page.h"
#include "pages/words.h"

#include "retention/adaptive.h"
#include "retention/segment.h"
#include "sql.h"

#include <string.h>

#define TYPES "discount|pause|downgrade|extension|support"

struct offers_input {
	const char *id, *type, *notice, *policy;
	int64_t most, period, cooldown, floor;
	bool enabled, discounted;
};

#define FIELD(member, name, place, kind, ...) INPUT(struct offers_input, member, name, place, kind, __VA_ARGS__)

static const struct field PAGE_INPUT[] = {
	FIELD(notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "saved", .doc = "after a form"),
	FIELD_END};
static const struct field RULE_INPUT[] = {
	FIELD(type, "type", IN_PATH, FIELD_ENUM, .required = true, .choices = TYPES, .doc = "the type of offer"),
	FIELD(enabled, "enabled", IN_BODY, FIELD_BOOL, .doc = "whether it is offered at all"),
	FIELD(most, "most", IN_BODY, FIELD_INT, .least = 0, .most = 100, .doc = "how often it may be accepted within the days; 0 or nothing: any number"),
	FIELD(period, "period", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = OFFER_DAYS_MOST, .doc = "those days"),
	FIELD(cooldown, "cooldown", IN_BODY, FIELD_INT, .least = 0, .most = OFFER_DAYS_MOST, .doc = "days without it after an accepted offer"),
	FIELD(discounted, "discounted", IN_BODY, FIELD_BOOL, .doc = "also to customers who have a discount"),
	FIELD_END};
static const struct field POLICY_INPUT[] = {
	FIELD(policy, "policy", IN_BODY, FIELD_ENUM, .required = true, .choices = "documented|adaptive", .doc = "how offers are ordered"),
	FIELD(floor, "floor", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = 50, .doc = "per cent of sessions in random order"),
	FIELD_END};
static const struct field FLOW_INPUT[] = {
	FIELD(id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"),
	FIELD(policy, "policy", IN_BODY, FIELD_ENUM, .choices = "documented|adaptive", .doc = "how its offers are ordered; nothing: as everywhere"),
	FIELD_END};

static const char *type_text(const struct req *req, enum step_type type)
{
	return page_word(req, step_text(type));
}

static const char *segment_label(const struct req *req, enum segment segment)
{
	switch (segment) {
	case SEGMENT_TRIAL:
		return tr(req, "Trial: below 1 a month");
	case SEGMENT_LOW:
		return tr(req, "Low: from 1 to below 20");
	case SEGMENT_MEDIUM:
		return tr(req, "Medium: from 20 to below 100");
	default:
		return tr(req, "High: 100 and more");
	}
}

static void add_number(struct req *req, struct json_object *view, const char *name, int64_t number)
{
	page_text(view, name, pg_int(&req->ctx, number));
}

static void rules_add(struct req *req, struct json_object *view, const struct offer_settings *settings)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "rules", list);
	for (int i = 0; i < ADAPTIVE_TYPES; i++) {
		const struct offer_rule *rule = &settings->rules.of[ADAPTIVE_OFFERS[i]];
		struct json_object *item = json_object_new_object();
		page_text(item, "type", step_text(ADAPTIVE_OFFERS[i]));
		page_text(item, "label", type_text(req, ADAPTIVE_OFFERS[i]));
		if (rule->accepted_most)
			add_number(req, item, "most", rule->accepted_most);
		add_number(req, item, "period", rule->period_days);
		add_number(req, item, "cooldown", rule->cooldown_days);
		page_flag(item, "enabled", rule->enabled);
		page_flag(item, "discounted", rule->discounted);
		page_flag(item, "changes", ADAPTIVE_OFFERS[i] != STEP_SUPPORT);
		json_object_array_add(list, item);
	}
}

static const char *share(struct req *req, double part)
{
	return page_percent(req, (int64_t)(part * 10000 + 0.5), 10000);
}

static struct json_object *estimates_view(struct req *req, enum segment segment, const struct offer_count counts[STEP_COUNT], int floor)
{
	struct json_object *group = json_object_new_object(), *list = json_object_new_array();
	struct offer_estimate estimates[ADAPTIVE_TYPES];
	adaptive_estimate(counts, ADAPTIVE_OFFERS, ADAPTIVE_TYPES, floor, estimates);
	page_text(group, "label", segment_label(req, segment));
	json_object_object_add(group, "offers", list);
	for (int i = 0; i < ADAPTIVE_TYPES; i++) {
		const struct offer_count *count = &counts[ADAPTIVE_OFFERS[i]];
		struct json_object *item = json_object_new_object();
		page_text(item, "label", type_text(req, ADAPTIVE_OFFERS[i]));
		page_text(item, "shown", page_number(req, count->shown));
		page_text(item, "accepted", page_number(req, count->accepted));
		page_text(item, "mean", share(req, estimates[i].mean));
		page_text(item, "low", share(req, estimates[i].low));
		page_text(item, "high", share(req, estimates[i].high));
		page_text(item, "first", share(req, estimates[i].first));
		json_object_array_add(list, item);
	}
	return group;
}

static enum err flows_add(struct req *req, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "flows", list);
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_OFFER_FLOWS, PARAMS(req->who.org_id), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		struct json_object *item = json_object_new_object();
		const char *policy = pg_text(rows, row, "policy");
		page_text(item, "id", pg_text(rows, row, "id"));
		page_text(item, "name", pg_text(rows, row, "name"));
		page_flag(item, "documented", !strcmp(policy, "documented"));
		page_flag(item, "adaptive", !strcmp(policy, "adaptive"));
		json_object_array_add(list, item);
	}
	return OK;
}

static enum err offers_show(struct req *req, struct rep *rep, struct json_object *view)
{
	struct json_object *groups = json_object_new_array();
	struct offer_settings settings;
	struct offer_counts counts;
	page_flag(view, "on_offers", true);
	json_object_object_add(view, "segments", groups);
	TRY(offer_settings_load(&req->ctx, &req->house, req->who.org_id, &settings));
	TRY(offer_counts_load(&req->ctx, &req->house, req->who.org_id, req->who.live, &counts));
	rules_add(req, view, &settings);
	for (int segment = 0; segment < SEGMENT_COUNT; segment++)
		json_object_array_add(groups, estimates_view(req, (enum segment)segment, counts.of[segment], settings.floor));
	TRY(flows_add(req, view));
	page_flag(view, "adaptive", settings.adaptive);
	page_flag(view, "live", req->who.live);
	add_number(req, view, "floor", settings.floor);
	add_number(req, view, "days", ADAPTIVE_DAYS);
	return page_show(req, rep, "offers", TR("Offers"), view);
}

static enum err offers_page(struct req *req, struct rep *rep)
{
	const struct offers_input *in = req->input;
	struct json_object *view = page_view(req);
	page_text(view, "notice", in->notice ? tr(req, "It is saved, and holds for the next click on Cancel.") : NULL);
	return offers_show(req, rep, view);
}

static enum err change_by(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct offers_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const struct offer_rule rule = {in->enabled, (int)in->most, (int)in->period, (int)in->cooldown, in->discounted};
	if (in->type)
		return offer_rule_put(ctx, lease, &by, in->type, &rule);
	if (in->id)
		return flow_policy_put(ctx, lease, &by, in->id, in->policy);
	return offer_policy_put(ctx, lease, &by, !strcmp(in->policy, "adaptive"), (int)in->floor);
}

static enum err offers_change(struct req *req, struct rep *rep)
{
	enum err err = change_run(&req->ctx, req->house.pool, change_by, req);
	struct json_object *view;
	if (err == OK) {
		flows_forget(&req->ctx, req->house.cache, req->who.org_id);
		return reply_redirect(req, rep, 303, "/offers?notice=saved");
	}
	view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return offers_show(req, rep, view);
}

#define OFFERS_PAGE(method_, path_, permission_, input_, run_, ...) \
	{method_, path_, ACCESS_PAGE, .permission = permission_, .class = CLASS_PAGE, .input = input_, .input_size = sizeof(struct offers_input), \
		.run = run_, .shape = REPLY_PAGE, __VA_ARGS__}

const struct route OFFERS_ROUTES[] = {
	OFFERS_PAGE(METHOD_GET, "/offers", PERMIT_RETENTION_READ, PAGE_INPUT, offers_page, .doc = "To whom offers are made, and in which order"),
	OFFERS_PAGE(METHOD_POST, "/offers", PERMIT_RETENTION_WRITE, POLICY_INPUT, offers_change, .status = 303, .form = true,
		.doc = "Sets how offers are ordered"),
	OFFERS_PAGE(METHOD_POST, "/offers/:type", PERMIT_RETENTION_WRITE, RULE_INPUT, offers_change, .status = 303, .form = true,
		.doc = "Sets to whom a type of offer is made"),
	OFFERS_PAGE(METHOD_POST, "/offer-flows/:id", PERMIT_RETENTION_WRITE, FLOW_INPUT, offers_change, .status = 303, .form = true,
		.doc = "Sets how a flow's offers are ordered"),
	ROUTE_END};
