#include "observe/bound.h"

#include <string.h>

static const struct bound BOUNDS[BOUND_COUNT] = {
#define X(name, unit, target, alert, source) [name] = {unit, target, alert, source},
	BOUND_LIST(X)
#undef X
};

#define SESSIONS 0.95, "User Sessions"
#define PROFILES 0.90, "User Profiles"
#define METADATA 0.85, "Project Metadata"
#define LISTS 0.80, "Task Lists"
#define PERMISSIONS 0.90, "Permission Checks"

const struct hit_target HIT_TARGETS[] = {
	{"who", SESSIONS},
	{"customer", PROFILES},
	{"origin", PERMISSIONS},
	{"signing", PERMISSIONS},
	{"cancel-now", PERMISSIONS},
	{"flow", METADATA},
	{"flows", METADATA},
	{"steps", METADATA},
	{"theme", METADATA},
	{"offers", METADATA},
	{"experiments", METADATA},
	{"figures", LISTS},
	{"offer-counts", LISTS},
	{0}};

static const struct job_target JOB_TARGETS[] = {
	{"mail.send", 0.99, "Email Delivery"},
	{"mail.digest", 0.99, "Email Delivery"},
	{"password.mail", 0.99, "Email Delivery"},
	{"report.make", 0.95, "Report Generation"},
	{"house.cleanup", 0.95, "Data Cleanup"},
	{"webhook.deliver", 0.90, "Webhook Delivery"}};

const struct bound *bound_of(enum bound_name name)
{
	return &BOUNDS[name];
}

const char *bound_text(struct ctx *ctx, enum bound_unit unit, double value)
{
	switch (unit) {
	case UNIT_SHARE: return arena_printf(&ctx->arena, "%g %%", 100 * value);
	case UNIT_SECONDS: return value < 1 ? arena_printf(&ctx->arena, "%g ms", 1000 * value) : arena_printf(&ctx->arena, "%g s", value);
	case UNIT_A_MINUTE: return arena_printf(&ctx->arena, "%g a minute", value);
	case UNIT_TIMES: break;
	}
	return arena_printf(&ctx->arena, "%gx", value);
}

const struct hit_target *hit_target_of(const char *space)
{
	for (const struct hit_target *target = HIT_TARGETS; target->space; target++)
		if (!strcmp(target->space, space))
			return target;
	return NULL;
}

struct job_target job_target_of(const char *kind)
{
	for (size_t i = 0; i < sizeof JOB_TARGETS / sizeof *JOB_TARGETS; i++)
		if (!strcmp(JOB_TARGETS[i].kind, kind))
			return JOB_TARGETS[i];
	return (struct job_target){kind, 1 - BOUNDS[BOUND_JOB_FAILURES].target, NULL};
}
