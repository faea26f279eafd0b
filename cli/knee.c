#include "knee.h"

#include "cli/bench/result.h"
#include "text/json.h"

#include <math.h>
#include <string.h>

/* A knee is where what is answered stays below what is asked: seconds of a run that are looked at together, and the share that is answered. */
#define WINDOW 5
#define KEPT_UP 0.95

#define PARTS 4
static const char *const PART_NAMES[PARTS] = {"responders", "webServer", "postgresql", "rest"};

/* Processor seconds since the programs began, at a time since the run did. */
struct look { double at, seconds[PARTS]; };

struct spent { double requests, seconds[PARTS]; };

static enum err mix_take(struct ctx *ctx, const char *path, const struct result *result, struct capacity_costs *costs)
{
	double all = 0;
	capacity_mix_clear(costs);
	for (int i = 0; i < result->route_count; i++) {
		const struct result_route *route = &result->routes[i];
		uint64_t errors = result_errors(route);
		double good = *route->class && route->requests > errors ? (double)(route->requests - errors) : 0;
		capacity_mix_add(costs, route->route, good);
		all += good;
	}
	return all > 0 ? OK : fail(ctx, ERR_INVALID, "%s: no request to a route of Stoa was answered", path);
}

enum err knee_mix(struct ctx *ctx, const char *path, struct capacity_costs *costs)
{
	struct result result;
	TRY(result_load(ctx, path, &result));
	return mix_take(ctx, path, &result, costs);
}

/* All that was asked for in this second was answered as expected, and was asked for at a rate. */
static bool is_calm(const struct result *result, int second)
{
	const struct result_second *at = &result->timeline[second];
	for (int i = 0; i < result->phase_count; i++) {
		const struct result_phase *phase = &result->phases[i];
		if (phase->users && phase->from_s < second + 1 && phase->to_s > second)
			return false;
	}
	return at->intended && !at->errors && (double)at->good >= KEPT_UP * (double)at->intended;
}

/* Adds what was spent and answered between two looks, unless some of that time was not calm. */
static void spent_add(struct spent *spent, const struct result *result, const struct look *from, const struct look *to)
{
	double good = 0;
	if (!(from->at >= 0 && to->at > from->at && to->at <= result->second_count))
		return;
	for (int second = (int)from->at; second < to->at; second++) {
		if (!is_calm(result, second))
			return;
		good += (double)result->timeline[second].good * (fmin(to->at, second + 1) - fmax(from->at, second));
	}
	spent->requests += good;
	for (int part = 0; part < PARTS; part++)
		spent->seconds[part] += to->seconds[part] - from->seconds[part];
}

static double number_of(struct json_object *row, const char *name)
{
	struct json_object *value;
	return json_object_object_get_ex(row, name, &value) ? json_object_get_double(value) : 0;
}

static struct look look_read(struct json_object *row)
{
	struct look look = {.at = number_of(row, "at")};
	for (int part = 0; part < PARTS; part++)
		look.seconds[part] = number_of(row, PART_NAMES[part]);
	return look;
}

/* False: the result does not say what the programs spent, or too little was asked while it was calm. */
static bool spent_read(struct ctx *ctx, const char *path, const struct result *result, struct spent *spent_out)
{
	struct json_object *root, *looks;
	const char *text;
	size_t bytes;
	*spent_out = (struct spent){0};
	if (result_slurp(ctx, path, &text, &bytes) != OK || json_read(ctx, text, bytes, JSON_DEPTH, &root) != OK ||
		!json_object_object_get_ex(root, "house", &looks) || !json_object_is_type(looks, json_type_array))
		return false;
	for (size_t i = 1; i < json_object_array_length(looks); i++) {
		struct look from = look_read(json_object_array_get_idx(looks, i - 1)), to = look_read(json_object_array_get_idx(looks, i));
		spent_add(spent_out, result, &from, &to);
	}
	return spent_out->requests >= CAPACITY_ENOUGH;
}

/* The most that was answered as expected, a second over a window; 0: the run is shorter. Reached: at some time it was less than what was asked. */
static double knee_measured(const struct result *result, bool *reached_out)
{
	double most = 0;
	*reached_out = false;
	for (int from = 0; from + WINDOW <= result->second_count; from++) {
		double good = 0, intended = 0;
		for (int i = from; i < from + WINDOW; i++) {
			good += (double)result->timeline[i].good;
			intended += (double)result->timeline[i].intended;
		}
		most = fmax(most, good);
		*reached_out |= good < KEPT_UP * intended;
	}
	return most / WINDOW;
}

static double predict(FILE *out, const struct spent *spent, const struct capacity_costs *costs, double front, double cores, double generator_s)
{
	double predicted;
	if (spent->requests > 0) {
		double us[PARTS], all = generator_s * 1e6;
		for (int part = 0; part < PARTS; part++)
			all += us[part] = spent->seconds[part] / spent->requests * 1e6;
		predicted = all > 0 ? cores * 1e6 / all : 0;
		fprintf(out, "    predicted %8.0f/s = %.0f / (%.0f + %.0f + %.0f + %.0f + %.0f) µs: responders, web server, PostgreSQL, the rest and the generator, of %.0f requests\n"
			"                       that were all answered\n", predicted, cores, us[0], us[1], us[2], us[3], generator_s * 1e6, spent->requests);
	} else {
		predicted = capacity_knee(costs, front, cores, generator_s);
		fprintf(out, "    predicted %8.0f/s by what the systems' requests cost on average, whichever these were; %.0f cores, generator %.0f µs\n", predicted, cores,
			generator_s * 1e6);
	}
	return predicted;
}

enum err knee_print(struct cli *cli, const char *path, const struct capacity_costs *costs, double front)
{
	struct capacity_costs own = *costs;
	struct result result;
	struct spent spent;
	bool reached;
	TRY(result_load(&cli->ctx, path, &result));
	TRY(mix_take(&cli->ctx, path, &result, &own));
	if (!spent_read(&cli->ctx, path, &result, &spent))
		spent = (struct spent){0};
	double generator_s = result.cost.requests_per_cpu_s > 0 ? 1 / result.cost.requests_per_cpu_s : 0, measured = knee_measured(&result, &reached);
	fprintf(cli->out, "\n  %s: %d cores, load %.2f when it began\n", path, result.machine.cores, result.machine.load);
	double predicted = predict(cli->out, &spent, &own, front, result.machine.cores, generator_s);
	if (result.second_count < WINDOW)
		fprintf(cli->out, "    measured  nothing: the run is shorter than %d s\n", WINDOW);
	else if (reached && measured > 0)
		fprintf(cli->out, "    measured  %8.0f/s; predicted is %.2f of it\n", measured, predicted / measured);
	else
		fprintf(cli->out, "    measured  %8.0f/s at least: no more was asked\n", measured);
	return OK;
}
