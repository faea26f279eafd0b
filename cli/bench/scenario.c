#include "cli/bench/scenario.h"

#include "cli/bench/reading.h"

#include <math.h>
#include <string.h>

#define USERS_MOST 100000

int reading_find(const struct reading *reading, const char *name, size_t length)
{
	const struct scenario *scenario = reading->scenario;
	for (int i = 0; i < scenario->variable_count; i++)
		if (strlen(scenario->variables[i].name) == length && !memcmp(scenario->variables[i].name, name, length))
			return i < reading->known || scenario->variables[i].kind <= VARIABLE_CAPTURED ? i : -1;
	return -1;
}

int reading_declare(struct reading *reading, const char *name, enum variable_kind kind)
{
	struct scenario *scenario = reading->scenario;
	reading->known = VARIABLES_MOST;
	int at = reading_find(reading, name, strlen(name));
	if (at >= 0)
		return at;
	scenario->variables[scenario->variable_count] = (struct variable){.name = name, .kind = kind};
	return scenario->variable_count++;
}

/* The last file that has the key; NULL: none. */
static const struct tree *last_of(const struct reading *reading, const char *name)
{
	const struct tree *found = NULL;
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *value = tree_find(reading->files[i], name);
		found = value ? value : found;
	}
	return found;
}

/* Made values. */

static enum err read_bounds(struct reading *reading, const struct tree *tree, const char *what, int64_t least, int64_t most, bool pair,
	struct variable *variable)
{
	if (!pair && tree->kind == TREE_TEXT) {
		TRY(tree_whole(reading->ctx, tree, what, least, most, &variable->least));
		variable->most = variable->least;
		return OK;
	}
	if (tree->kind != TREE_LIST || tree->count != 2)
		return tree_refuse(reading->ctx, tree, "%s takes two whole numbers", what);
	TRY(tree_whole(reading->ctx, tree->items[0], what, least, most, &variable->least));
	return tree_whole(reading->ctx, tree->items[1], what, variable->least, most, &variable->most);
}

static enum err made_sequence(void *reader, const struct tree *value, void *into)
{
	((struct variable *)into)->kind = VARIABLE_SEQUENCE;
	return read_bounds(reader, value, "sequence", 0, (int64_t)1 << 53, true, into);
}

static enum err made_number(void *reader, const struct tree *value, void *into)
{
	((struct variable *)into)->kind = VARIABLE_NUMBER;
	return read_bounds(reader, value, "number", -((int64_t)1 << 53), (int64_t)1 << 53, true, into);
}

static enum err made_text(void *reader, const struct tree *value, void *into)
{
	((struct variable *)into)->kind = VARIABLE_TEXT;
	return read_bounds(reader, value, "text", 1, 65536, false, into);
}

static enum err made_day(void *reader, const struct tree *value, void *into)
{
	((struct variable *)into)->kind = VARIABLE_DAY;
	return read_bounds(reader, value, "day", -36500, 36500, false, into);
}

static enum err made_uuid(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct variable *variable = into;
	variable->kind = VARIABLE_UUID;
	TRY(tree_whole(reading->ctx, value, "uuid", 4, 7, &variable->least));
	return variable->least == 4 || variable->least == 7 ? OK : tree_refuse(reading->ctx, value, "uuid must be 4 or 7");
}

static enum err made_choose(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct variable *variable = into;
	variable->kind = VARIABLE_CHOOSE;
	TRY(tree_kind(reading->ctx, value, TREE_LIST, "choose"));
	variable->choices = arena_array(&reading->ctx->arena, (size_t)value->count + 1, sizeof *variable->choices);
	for (; variable->choice_count < value->count; variable->choice_count++)
		TRY(tree_text(reading->ctx, value->items[variable->choice_count], "choose", &variable->choices[variable->choice_count]));
	return value->count ? OK : tree_refuse(reading->ctx, value, "there is nothing to choose from");
}

static enum err made_email(void *reader, const struct tree *value, void *into)
{
	struct variable *variable = into;
	variable->kind = VARIABLE_EMAIL;
	return tree_text(((struct reading *)reader)->ctx, value, "email", &variable->text);
}

static enum err made_now(void *reader, const struct tree *value, void *into)
{
	static const char *const FORMS[] = {[NOW_S] = "s", [NOW_MS] = "ms", [NOW_ISO] = "iso"};
	struct reading *reading = reader;
	struct variable *variable = into;
	const char *form;
	variable->kind = VARIABLE_NOW;
	TRY(tree_text(reading->ctx, value, "now", &form));
	for (variable->least = NOW_S; variable->least <= NOW_ISO; variable->least++)
		if (!strcmp(form, FORMS[variable->least]))
			return OK;
	return tree_refuse(reading->ctx, value, "now must be s, ms or iso");
}

static enum err hmac_key(void *reader, const struct tree *value, void *into)
{
	return read_pattern(reader, value, "key", ESCAPE_NONE, &((struct variable *)into)->key);
}

static enum err hmac_text(void *reader, const struct tree *value, void *into)
{
	return read_pattern(reader, value, "text", ESCAPE_NONE, &((struct variable *)into)->made);
}

static enum err made_hmac(void *reader, const struct tree *value, void *into)
{
	static const struct tree_key KEYS[] = {{"key", hmac_key}, {"text", hmac_text}, {0}};
	struct reading *reading = reader;
	((struct variable *)into)->kind = VARIABLE_HMAC;
	TRY(tree_members(reading->ctx, value, "hmac", KEYS, reader, into));
	return value->count == 2 ? OK : tree_refuse(reading->ctx, value, "hmac takes a key and a text");
}

static enum err read_made(struct reading *reading, const char *name, const struct tree *tree)
{
	static const struct tree_key KEYS[] = {{"sequence", made_sequence}, {"number", made_number}, {"choose", made_choose}, {"text", made_text},
		{"uuid", made_uuid}, {"email", made_email}, {"now", made_now}, {"day", made_day}, {"hmac", made_hmac}, {0}};
	if (!*name || name[strcspn(name, " {}")])
		return tree_refuse(reading->ctx, tree, "\"%s\" is no name", name);
	int at = reading_declare(reading, name, VARIABLE_PATTERN);
	struct variable *variable = &reading->scenario->variables[at];
	if (variable->kind <= VARIABLE_CAPTURED)
		return tree_refuse(reading->ctx, tree, "%s is set or captured, and cannot be made", name);
	*variable = (struct variable){.name = name, .kind = VARIABLE_PATTERN};
	reading->known = at;
	enum err err;
	if (tree->kind == TREE_TEXT)
		err = read_pattern(reading, tree, name, ESCAPE_NONE, &variable->made);
	else if (tree->kind != TREE_MAP || tree->count != 1)
		err = tree_refuse(reading->ctx, tree, "data takes one of sequence, number, choose, text, uuid, email, now, day and hmac, or a text");
	else
		err = tree_members(reading->ctx, tree, "data", KEYS, reading, variable);
	reading->known = VARIABLES_MOST;
	return err;
}

/* Values from outside. */

static const char *given(const struct reading *reading, const char *name)
{
	size_t length = strlen(name);
	for (const char *const *set = reading->options->set; set && *set; set++)
		if (!strncmp(*set, name, length) && (*set)[length] == '=')
			return *set + length + 1;
	return NULL;
}

static enum err read_set(struct reading *reading, const char *name, const struct tree *tree)
{
	const char *text;
	if (!*name || name[strcspn(name, " {}=")])
		return tree_refuse(reading->ctx, tree, "\"%s\" is no name", name);
	TRY(tree_text(reading->ctx, tree, name, &text));
	struct variable *variable = &reading->scenario->variables[reading_declare(reading, name, VARIABLE_SET)];
	const char *value = given(reading, name);
	variable->text = value ? value : tree_null(tree) ? NULL : text;
	return OK;
}

static enum err check_given(struct reading *reading)
{
	for (const char *const *set = reading->options->set; set && *set; set++) {
		size_t length = strcspn(*set, "=");
		int at = reading_find(reading, *set, length);
		if (!(*set)[length])
			return fail(reading->ctx, ERR_BAD_INPUT, "--set %.64s: not of the form name=value", *set);
		if (at < 0 || reading->scenario->variables[at].kind != VARIABLE_SET)
			return fail(reading->ctx, ERR_BAD_INPUT, "--set %.*s: the scenario sets no such name", (int)(length > 64 ? 64 : length), *set);
	}
	for (int i = 0; i < reading->scenario->variable_count; i++) {
		const struct variable *variable = &reading->scenario->variables[i];
		if (variable->kind == VARIABLE_SET && !variable->text && !reading->options->incomplete)
			return fail(reading->ctx, ERR_BAD_INPUT, "%s must be given: --set %s=…", variable->name, variable->name);
	}
	return OK;
}

/* Members of a mapping that every file adds to. */
static enum err each_member(struct reading *reading, const char *key,
	enum err (*read)(struct reading *reading, const char *name, const struct tree *tree))
{
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *map = tree_find(reading->files[i], key);
		if (!map)
			continue;
		TRY(tree_kind(reading->ctx, map, TREE_MAP, key));
		for (int at = 0; at < map->count; at++) {
			if (reading->scenario->variable_count >= VARIABLES_MOST)
				return tree_refuse(reading->ctx, map, "more than %d names", VARIABLES_MOST);
			TRY(read(reading, map->names[at], map->items[at]));
		}
	}
	return OK;
}

/* Phases. */

static enum err phase_name(void *reader, const struct tree *value, void *into)
{
	return tree_text(((struct reading *)reader)->ctx, value, "name", &((struct phase *)into)->name);
}

static enum err phase_for(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct phase *phase = into;
	TRY(tree_duration(reading->ctx, value, "for", &phase->us));
	phase->us = (int64_t)((double)phase->us * reading->options->time_scale);
	return phase->us > 0 ? OK : tree_refuse(reading->ctx, value, "a phase must last");
}

static enum err phase_level(struct reading *reading, const struct tree *value, struct phase *phase, bool users)
{
	if (phase->from >= 0)
		return tree_refuse(reading->ctx, value, "a phase has a rate or users");
	double most = users ? USERS_MOST : 1e6;
	const char *what = users ? "users" : "rate";
	phase->users = users;
	if (value->kind == TREE_LIST && value->count == 2) {
		phase->kind = phase->kind == PHASE_HOLD ? PHASE_RAMP : phase->kind;
		TRY(tree_number(reading->ctx, value->items[0], what, 0, most, &phase->from));
		TRY(tree_number(reading->ctx, value->items[1], what, 0, most, &phase->to));
	} else {
		TRY(tree_number(reading->ctx, value, what, 0, most, &phase->from));
		phase->to = phase->from;
	}
	phase->from *= reading->options->rate_scale;
	phase->to *= reading->options->rate_scale;
	return OK;
}

static enum err phase_rate(void *reader, const struct tree *value, void *into)
{
	return phase_level(reader, value, into, false);
}

static enum err phase_users(void *reader, const struct tree *value, void *into)
{
	return phase_level(reader, value, into, true);
}

static enum err phase_kind(void *reader, const struct tree *value, void *into)
{
	struct phase *phase = into;
	const char *text;
	TRY(tree_text(((struct reading *)reader)->ctx, value, "kind", &text));
	for (phase->kind = PHASE_RAMP; phase->kind <= PHASE_SPIKE; phase->kind++)
		if (!strcmp(text, result_phase_kind(phase->kind)))
			return OK;
	return tree_refuse(((struct reading *)reader)->ctx, value, "kind must be ramp, hold or spike");
}

static enum err phase_measure(void *reader, const struct tree *value, void *into)
{
	return tree_flag(((struct reading *)reader)->ctx, value, "measure", &((struct phase *)into)->measure);
}

static enum err read_phases(struct reading *reading)
{
	static const struct tree_key KEYS[] = {{"name", phase_name}, {"for", phase_for}, {"rate", phase_rate}, {"users", phase_users},
		{"kind", phase_kind}, {"measure", phase_measure}, {0}};
	struct scenario *scenario = reading->scenario;
	const struct tree *list = last_of(reading, "phases");
	if (!list || list->kind != TREE_LIST || !list->count)
		return tree_refuse(reading->ctx, list ? list : reading->files[reading->file_count - 1], "phases must be a list of at least one");
	scenario->phases = arena_array(&reading->ctx->arena, (size_t)list->count, sizeof *scenario->phases);
	for (int i = 0; i < list->count; i++) {
		struct phase *phase = &scenario->phases[scenario->phase_count++];
		*phase = (struct phase){.name = "", .kind = PHASE_HOLD, .measure = true, .from = -1};
		TRY(tree_members(reading->ctx, list->items[i], "a phase", KEYS, reading, phase));
		if (!*phase->name || !phase->us || phase->from < 0)
			return tree_refuse(reading->ctx, list->items[i], "a phase needs name, for, and rate or users");
		double most = phase->from > phase->to ? phase->from : phase->to;
		if (phase->users && ceil(most) > scenario->users)
			scenario->users = (int)ceil(most);
	}
	return scenario->users <= USERS_MOST ? OK : tree_refuse(reading->ctx, list, "more than %d users", USERS_MOST);
}

/* Journeys. */

struct drafts {
	const struct tree **trees;
	double *weights;
	int count;
};

static enum err draft_add(struct reading *reading, struct drafts *drafts, const struct tree *tree)
{
	const struct tree *name = tree_find(tree, "name");
	if (!name || name->kind != TREE_TEXT || !*name->text)
		return tree_refuse(reading->ctx, tree, "a journey needs a name");
	int at = 0;
	while (at < drafts->count && strcmp(tree_find(drafts->trees[at], "name")->text, name->text))
		at++;
	drafts->count += at == drafts->count;
	drafts->trees[at] = tree;
	drafts->weights[at] = 1;
	const struct tree *weight = tree_find(tree, "weight");
	return weight ? tree_number(reading->ctx, weight, "weight", 0, 1e6, &drafts->weights[at]) : OK;
}

static enum err draft_weights(struct reading *reading, struct drafts *drafts)
{
	const struct tree *weights = last_of(reading, "weights");
	if (!weights)
		return OK;
	TRY(tree_kind(reading->ctx, weights, TREE_MAP, "weights"));
	for (int i = 0; i < drafts->count; i++)
		drafts->weights[i] = 0;
	for (int i = 0; i < weights->count; i++) {
		int at = 0;
		while (at < drafts->count && strcmp(tree_find(drafts->trees[at], "name")->text, weights->names[i]))
			at++;
		if (at == drafts->count)
			return tree_refuse(reading->ctx, weights->items[i], "there is no journey \"%s\"", weights->names[i]);
		TRY(tree_number(reading->ctx, weights->items[i], "weight", 0, 1e6, &drafts->weights[at]));
	}
	return OK;
}

static enum err draft_journeys(struct reading *reading, struct drafts *drafts)
{
	int most = 0;
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *list = tree_find(reading->files[i], "journeys");
		if (list)
			TRY(tree_kind(reading->ctx, list, TREE_LIST, "journeys"));
		most += list ? list->count : 0;
	}
	drafts->trees = arena_array(&reading->ctx->arena, (size_t)most + 1, sizeof *drafts->trees);
	drafts->weights = arena_array(&reading->ctx->arena, (size_t)most + 1, sizeof *drafts->weights);
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *list = tree_find(reading->files[i], "journeys");
		for (int at = 0; list && at < list->count; at++)
			TRY(draft_add(reading, drafts, list->items[at]));
	}
	return draft_weights(reading, drafts);
}

static enum err journey_steps(void *reader, const struct tree *value, void *into)
{
	return read_steps(reader, value, "steps", &((struct journey *)into)->steps);
}

static enum err read_journeys(struct reading *reading, const struct drafts *drafts)
{
	static const struct tree_key KEYS[] = {{"name", NULL}, {"weight", NULL}, {"steps", journey_steps}, {0}};
	struct scenario *scenario = reading->scenario;
	scenario->journeys = arena_array(&reading->ctx->arena, (size_t)drafts->count + 1, sizeof *scenario->journeys);
	for (int i = 0; i < drafts->count; i++) {
		struct journey journey = {.name = tree_find(drafts->trees[i], "name")->text, .weight = drafts->weights[i]};
		TRY(tree_members(reading->ctx, drafts->trees[i], "a journey", KEYS, reading, &journey));
		if (!journey.steps.count)
			return tree_refuse(reading->ctx, drafts->trees[i], "journey \"%s\" has no steps", journey.name);
		if (journey.weight > 0)
			scenario->journeys[scenario->journey_count++] = journey;
	}
	return scenario->journey_count ? OK :
		tree_refuse(reading->ctx, reading->files[reading->file_count - 1], "there is no journey with a weight");
}

/* Thresholds. */

#define SHARE(name) \
	static enum err threshold_##name(void *reader, const struct tree *value, void *into) \
	{ \
		return tree_number(((struct reading *)reader)->ctx, value, #name, 0, 1, &((struct thresholds *)into)->name); \
	}
#define TIME(name) \
	static enum err threshold_##name(void *reader, const struct tree *value, void *into) \
	{ \
		return tree_duration(((struct reading *)reader)->ctx, value, #name, &((struct thresholds *)into)->name##_us); \
	}
SHARE(errors)
SHARE(faults)
TIME(p50)
TIME(p95)
TIME(p99)
TIME(p999)
TIME(max)
TIME(refused)
#undef SHARE
#undef TIME

static enum err threshold_classes(void *reader, const struct tree *value, void *into)
{
	return tree_flag(((struct reading *)reader)->ctx, value, "classes", &((struct thresholds *)into)->classes);
}

static const struct tree_key THRESHOLDS[] = {{"errors", threshold_errors}, {"faults", threshold_faults}, {"p50", threshold_p50},
	{"p95", threshold_p95}, {"p99", threshold_p99}, {"p999", threshold_p999}, {"max", threshold_max}, {"refused", threshold_refused}, {"classes", threshold_classes}, {0}};

/* The rest of the file. */

static enum err top_users(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	double users;
	TRY(tree_number(reading->ctx, value, "users", 1, USERS_MOST, &users));
	double scaled = ceil(users * reading->options->rate_scale);
	((struct scenario *)into)->users = scaled > USERS_MOST ? USERS_MOST : (int)scaled;
	return OK;
}

static enum err top_timeout(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct scenario *scenario = into;
	TRY(tree_duration(reading->ctx, value, "timeout", &scenario->timeout_us));
	return scenario->timeout_us ? OK : tree_refuse(reading->ctx, value, "timeout must be more than nothing");
}

static enum err top_renew(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct scenario *scenario = into;
	TRY(tree_duration(reading->ctx, value, "renew", &scenario->renew_us));
	if (!scenario->renew_us)
		return tree_refuse(reading->ctx, value, "renew must be more than nothing");
	return last_of(reading, "once") ? OK : tree_refuse(reading->ctx, value, "renew: there is no once");
}

static enum err top_think(void *reader, const struct tree *value, void *into)
{
	return read_range(reader, value, "think", &((struct scenario *)into)->think);
}

static enum err top_cookies(void *reader, const struct tree *value, void *into)
{
	return tree_flag(((struct reading *)reader)->ctx, value, "cookies", &((struct scenario *)into)->cookies);
}

static enum err top_arrivals(void *reader, const struct tree *value, void *into)
{
	const char *text;
	TRY(tree_text(((struct reading *)reader)->ctx, value, "arrivals", &text));
	((struct scenario *)into)->random = !strcmp(text, "random");
	return !strcmp(text, "random") || !strcmp(text, "even") ? OK :
		tree_refuse(((struct reading *)reader)->ctx, value, "arrivals must be even or random");
}

static enum err top_name(void *reader, const struct tree *value, void *into)
{
	return tree_text(((struct reading *)reader)->ctx, value, "name", &((struct scenario *)into)->name);
}

static enum err top_document(void *reader, const struct tree *value, void *into)
{
	return tree_text(((struct reading *)reader)->ctx, value, "document", &((struct scenario *)into)->document);
}

static enum err top_thresholds(void *reader, const struct tree *value, void *into)
{
	struct thresholds *thresholds = &((struct scenario *)into)->thresholds;
	*thresholds = (struct thresholds){.errors = -1, .faults = -1, .classes = true};
	return tree_members(((struct reading *)reader)->ctx, value, "thresholds", THRESHOLDS, reader, thresholds);
}

static const struct tree_key TOP[] = {{"include", NULL}, {"name", top_name}, {"document", top_document}, {"missing", NULL}, {"users", top_users},
	{"timeout", top_timeout}, {"renew", top_renew}, {"arrivals", top_arrivals}, {"think", top_think}, {"cookies", top_cookies}, {"headers", NULL}, {"set", NULL},
	{"data", NULL}, {"once", NULL}, {"setup", NULL}, {"phases", NULL}, {"journeys", NULL}, {"weights", NULL}, {"thresholds", top_thresholds}, {0}};

static enum err read_missing(struct reading *reading)
{
	struct scenario *scenario = reading->scenario;
	int most = 0;
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *list = tree_find(reading->files[i], "missing");
		if (list)
			TRY(tree_kind(reading->ctx, list, TREE_LIST, "missing"));
		most += list ? list->count : 0;
	}
	scenario->missing = arena_array(&reading->ctx->arena, (size_t)most + 1, sizeof *scenario->missing);
	for (int i = 0; i < reading->file_count; i++) {
		const struct tree *list = tree_find(reading->files[i], "missing");
		for (int at = 0; list && at < list->count; at++)
			TRY(tree_text(reading->ctx, list->items[at], "missing", &scenario->missing[scenario->missing_count++]));
	}
	return OK;
}

static enum err declare_all(struct reading *reading, const struct drafts *drafts)
{
	const struct tree *once = last_of(reading, "once"), *setup = last_of(reading, "setup");
	TRY(each_member(reading, "set", read_set));
	if (once)
		TRY(declare_captures(reading, once));
	if (setup)
		TRY(declare_captures(reading, setup));
	for (int i = 0; i < drafts->count; i++) {
		const struct tree *steps = tree_find(drafts->trees[i], "steps");
		if (steps)
			TRY(declare_captures(reading, steps));
	}
	return each_member(reading, "data", read_made);
}

static enum err read_all(struct reading *reading)
{
	struct scenario *scenario = reading->scenario;
	const struct tree *file = reading->files[reading->file_count - 1], *value;
	struct drafts drafts = {0};
	scenario->variables = arena_array(&reading->ctx->arena, VARIABLES_MOST + 1, sizeof *scenario->variables);
	for (int i = 0; i < reading->file_count; i++)
		TRY(tree_members(reading->ctx, reading->files[i], "a scenario", TOP, reading, scenario));
	if (!*scenario->name)
		return tree_refuse(reading->ctx, file, "the scenario has no name");
	TRY(read_missing(reading));
	TRY(draft_journeys(reading, &drafts));
	TRY(declare_all(reading, &drafts));
	TRY(check_given(reading));
	if ((value = last_of(reading, "headers")))
		TRY(read_headers(reading, value, &reading->headers, &reading->header_count));
	if ((value = last_of(reading, "once")))
		TRY(read_steps(reading, value, "once", &scenario->once));
	if ((value = last_of(reading, "setup")))
		TRY(read_steps(reading, value, "setup", &scenario->setup));
	TRY(read_journeys(reading, &drafts));
	return read_phases(reading);
}

static enum err read_files(struct reading *reading, const char *file, const char *folder, const char *text, size_t bytes, int depth)
{
	struct ctx *ctx = reading->ctx;
	struct tree *tree;
	TRY(tree_read(ctx, file, text, bytes, &tree));
	TRY(tree_kind(ctx, tree, TREE_MAP, "a scenario"));
	const struct tree *include = tree_find(tree, "include");
	if (include) {
		const char *name, *more;
		size_t more_bytes;
		TRY(tree_text(ctx, include, "include", &name));
		if (!folder || depth == SCENARIO_FILES || strlen(name) > 255)
			return tree_refuse(ctx, include, folder ? "files include each other too deep" : "nothing can be included here");
		const char *path = *name == '/' ? name : arena_printf(&ctx->arena, "%s/%s", folder, name);
		TRY(result_slurp(ctx, path, &more, &more_bytes));
		if (more_bytes > SCENARIO_BYTES)
			return tree_refuse(ctx, include, "%s is larger than %d bytes", name, SCENARIO_BYTES);
		const char *slash = strrchr(path, '/');
		TRY(read_files(reading, path, arena_memdup(&ctx->arena, path, (size_t)(slash - path)), more, more_bytes, depth + 1));
	}
	reading->files[reading->file_count++] = tree;
	return OK;
}

enum err scenario_read(struct ctx *ctx, const char *file, const char *folder, const char *text, size_t bytes,
	const struct scenario_options *options, struct scenario *scenario_out)
{
	struct reading reading = {.ctx = ctx, .options = options, .scenario = scenario_out, .known = VARIABLES_MOST};
	*scenario_out = (struct scenario){.name = "", .document = "", .users = 100, .timeout_us = 10000000,
		.thresholds = {.errors = -1, .faults = -1, .classes = true}};
	if (bytes > SCENARIO_BYTES)
		return fail(ctx, ERR_BAD_INPUT, "%s is larger than %d bytes", file, SCENARIO_BYTES);
	TRY(read_files(&reading, file, folder, text, bytes, 1));
	return read_all(&reading);
}

enum err scenario_load(struct ctx *ctx, const char *path, const struct scenario_options *options, struct scenario *scenario_out)
{
	const char *text, *slash = strrchr(path, '/');
	size_t bytes;
	TRY(result_slurp(ctx, path, &text, &bytes));
	return scenario_read(ctx, path, slash ? arena_memdup(&ctx->arena, path, (size_t)(slash - path)) : ".", text, bytes, options, scenario_out);
}
