#include "observe/capacity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct capacity_input CAPACITY_INPUTS[] = {
#define X(member, name_, fallback_, least_, most_, title_, source_) \
	{.name = (name_), .title = (title_), .source = (source_), .fallback = (fallback_), .least = (least_), .most = (most_), \
		.offset = offsetof(struct capacity_model, member)},
	CAPACITY_MODEL(X)
#undef X
	{0}};

static double *member_of(struct capacity_model *model, const struct capacity_input *input)
{
	return (double *)((char *)model + input->offset);
}

void capacity_model_default(struct capacity_model *model_out)
{
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++)
		*member_of(model_out, input) = input->fallback;
	long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	model_out->cores = cores > 0 ? (double)cores : 1;
	model_out->memory = pages > 0 && page > 0 ? (double)pages * (double)page : 4294967296.0;
}

/* How much a suffix multiplies by; 0: it is none. Only memory has them. */
static double suffix_of(const char *end, bool bytes)
{
	static const char LETTERS[] = "kmgt";
	if (!*end)
		return 1;
	const char *letter = strchr(LETTERS, *end | 0x20);
	return bytes && letter && !end[1] ? pow(1024, (double)(letter - LETTERS + 1)) : 0;
}

enum err capacity_model_set(struct ctx *ctx, struct capacity_model *model, const char *name, const char *text)
{
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++) {
		if (strcmp(input->name, name) != 0)
			continue;
		char *end;
		/* strtod() reads hexadecimal, "inf" and "nan", too. */
		bool plain = *text && text[strspn(text, "0123456789.")] != 'x' && strspn(text, "0123456789.") > 0;
		double value = plain ? strtod(text, &end) * suffix_of(end, !strcmp(name, "memory")) : 0;
		bool whole = strcmp(name, "users") != 0 && strcmp(name, "cores") != 0;
		if (plain && value >= input->least && value <= input->most && (whole || value == floor(value))) {
			*member_of(model, input) = value;
			return OK;
		}
		if (!strcmp(name, "memory"))
			return fail_field(ctx, ERR_INVALID, name, "memory is a size from 512m to 16t, such as 8g");
		return fail_field(ctx, ERR_INVALID, name, "%s is a %snumber from %g to %.10g", name, whole ? "" : "whole ", input->least, input->most);
	}
	return fail_field(ctx, ERR_INVALID, name, "There is no input %.40s", name);
}

const struct field CAPACITY_QUERY_FIELDS[] = {
#define X(member, name_, fallback_, least_, most_, title_, source_) \
	INPUT(struct capacity_query, member, name_, IN_QUERY, FIELD_TEXT, .least = 0, .most = 24, .doc = title_ "; " source_),
	CAPACITY_MODEL(X)
#undef X
	FIELD_END};

enum err capacity_ask(struct ctx *ctx, const struct capacity_query *query, struct capacity_plan **plan_out)
{
	const struct { const char *name, *text; } given[] = {
#define X(member, name_, ...) {name_, query->member},
		CAPACITY_MODEL(X)
#undef X
	};
	struct capacity_plan *plan = *plan_out = arena_alloc(&ctx->arena, sizeof *plan);
	enum err err = OK;
	capacity_model_default(&plan->model);
	capacity_costs_shipped(&plan->costs);
	(void)capacity_costs_measured(&plan->costs);
	for (size_t i = 0; err == OK && i < sizeof given / sizeof *given; i++)
		if (given[i].text && *given[i].text)
			err = capacity_model_set(ctx, &plan->model, given[i].name, given[i].text);
	capacity_plan_make(plan);
	return err;
}
