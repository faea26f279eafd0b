/* What the exports share: internal to export*.c. Python and JavaScript write texts, lists, calls and sums alike, so most of a step is the same. */
#ifndef STOA_CLI_BENCH_EXPORT_PARTS_H
#define STOA_CLI_BENCH_EXPORT_PARTS_H

#include "cli/bench/export.h"

struct export {
	struct ctx *ctx;
	const struct scenario *scenario;
	const char *source, *name;
	const struct family *const *families;
	struct buffer *out;
};

/* The files of bench/export. Generated (cli/bench/export_modules.c). */
extern const char EXPORT_MODULE_ARTILLERY[], EXPORT_MODULE_LOCUST[], EXPORT_MODULE_K6[];

/* What the script is, what it cannot do and what it must be given, as comments; limits: lines. */
void export_head(const struct export *export, const char *comment, const char *limits);
void export_text(struct buffer *out, const char *text); /* with quotes */
/* "a" + v("x") + url(v("y")); `quoted` is of JSON. */
void export_pattern(const struct export *export, const struct pattern *pattern);
/* Of every name that is made, a line: lead is "(v) => " or "lambda v: ". */
void export_data(const struct export *export, const char *indent, const char *lead);
/* ["POST", ]path, {headers}, body, [expect], name, {captures} */
void export_ask(const struct export *export, const struct step *step, const char *none, bool method_in_name);
/* The step's route, or its path with ":name" for what varies; its class, or "". */
const char *export_route(const struct export *export, const struct step *step, const char **class_out);
/* The pause that stands behind the step: one of its own, the scenario's between two requests, or none (false). */
bool export_pause(const struct export *export, const struct steps *steps, int step, double *least_s, double *most_s);
double export_journeys_a_request(const struct scenario *scenario);
/* Locust's and Artillery's weights are whole: a hundredth is 1. */
long export_weight(const struct journey *journey);
/* A name for a function: letters, digits and _. ctx memory. */
const char *export_identifier(struct ctx *ctx, const char *text);
const char *export_journey(const struct export *export, int journey); /* no two alike */
const char *export_variable(struct ctx *ctx, const char *name); /* of the environment */
double export_seconds(int64_t us);

/* Every route asked in journeys, once. */
struct asked { const char *method, *route, *class; };
int export_asked(const struct export *export, struct asked **asked_out);

void export_k6(const struct export *export);
void export_locust(const struct export *export);
void export_artillery(const struct export *export);
void export_artillery_functions(const struct export *export);

#endif
