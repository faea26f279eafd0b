#include "cli.h"

#include "cli/deploy.h"
#include "cli/knee.h"
#include "metric/metric.h"
#include "metric/work.h"
#include "observe/capacity.h"

#include <string.h>

struct wish {
	struct capacity_plan plan;
	const char *write, *mix;
	bool json, phases, knee;
};

/* --- cost --- */

static bool metrics_read(struct capacity_costs *costs)
{
	char message[256];
	bool read = *conf_string("metrics.file") && metric_open(message) && capacity_costs_measured(costs);
	metric_close();
	return read;
}

/* --- tables --- */

static void line(FILE *out, struct ctx *ctx, const struct capacity_plan *plan, enum capacity_id id)
{
	const struct capacity_kind *kind = &CAPACITY_KINDS[id];
	fprintf(out, "  %-46s %14s   = %s = %s%s%s%s\n", kind->title, capacity_text(ctx, kind->unit, capacity_value(plan, id)), kind->formula,
		plan->figures[id][0].worked, *kind->source ? "   [" : "", kind->source, *kind->source ? "]" : "");
}

static void systems(FILE *out, struct ctx *ctx, const struct capacity_plan *plan)
{
	fprintf(out, "  %-46s", "");
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		fprintf(out, " %10s", capacity_system_name(system));
	fputc('\n', out);
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++) {
		if (CAPACITY_KINDS[id].group != GROUP_PER_SYSTEM)
			continue;
		fprintf(out, "  %-46s", CAPACITY_KINDS[id].title);
		for (int system = 0; system < CAPACITY_SYSTEMS; system++)
			fprintf(out, " %10s", capacity_text(ctx, CAPACITY_KINDS[id].unit, capacity_system_value(plan, id, system)));
		fprintf(out, "   = %s   [%s]\n", CAPACITY_KINDS[id].formula, CAPACITY_KINDS[id].source);
	}
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		fprintf(out, "  %s:", capacity_system_name(system));
		for (enum capacity_id id = CAPACITY_RATE; CAPACITY_KINDS[id].group == GROUP_PER_SYSTEM; id++)
			fprintf(out, "%s %s = %s", id > CAPACITY_RATE ? "," : "", CAPACITY_KINDS[id].name, plan->figures[id][system].worked);
		fputc('\n', out);
	}
}

static void inputs(FILE *out, const struct capacity_plan *plan)
{
	fprintf(out, "Measured cost: %s\n  %-12s %10s %10s %10s %8s %10s %10s %10s %10s %8s\n", plan->costs.from, "µs a request", "processor", "web server",
		"PostgreSQL", "reads", "connection", "took", "process", "thread", "from");
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		const struct capacity_cost *cost = &plan->costs.system[system];
		fprintf(out, "  %-12s %10.0f %10.0f %10.0f %6.0f %% %10.0f %10.0f %6.1f MiB %6.2f MiB %8s\n", capacity_system_name(system), cost->cpu_s * 1e6, cost->front_s * 1e6,
			cost->database_s * 1e6, 100 * cost->reads, cost->held_s * 1e6, cost->took_s * 1e6, cost->process_bytes / 1048576, cost->thread_bytes / 1048576,
			cost->measured ? "here" : "shipped");
	}
	fprintf(out, "  a job %.0f µs of the processor, %.1f ms in all (%s); memory: worker %.1f MiB, connection %.1f MiB; cache %.0f bytes a person\n\n",
		plan->costs.job_cpu_s * 1e6, plan->costs.job_took_s * 1e3, plan->costs.jobs_measured ? "here" : "shipped", plan->costs.worker_bytes / 1048576,
		plan->costs.connection_bytes / 1048576, plan->costs.cache_bytes);
	fprintf(out, "Model:");
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++)
		fprintf(out, "%s %s %.10g", input == CAPACITY_INPUTS ? "" : ",", input->name, *(const double *)((const char *)&plan->model + input->offset));
	fputs("\n", out);
}

static void print_plan(FILE *out, struct ctx *ctx, const struct capacity_plan *plan)
{
	inputs(out, plan);
	for (enum capacity_group group = 0; group < CAPACITY_GROUPS; group++) {
		fprintf(out, "\n%s\n", capacity_group_title(group));
		if (group == GROUP_PER_SYSTEM)
			systems(out, ctx, plan);
		for (enum capacity_id id = 0; group != GROUP_PER_SYSTEM && id < CAPACITY_IDS; id++)
			if (CAPACITY_KINDS[id].group == group)
				line(out, ctx, plan, id);
	}
}

static void print_phases(FILE *out, struct ctx *ctx, const struct capacity_plan *plan)
{
	static const enum capacity_id SHOWN[] = {CAPACITY_DAILY, CAPACITY_DESIGN, CAPACITY_AVERAGE_RATE, CAPACITY_DESIGN_RATE, CAPACITY_WEB_CORES,
		CAPACITY_DATABASE_CORES, CAPACITY_PRIMARY_CORES, CAPACITY_MACHINES, CAPACITY_MAX_CONNECTIONS, CAPACITY_CACHE_BYTES, CAPACITY_NORMAL_USE};
	inputs(out, plan);
	fprintf(out, "\n%-46s", "Users");
	for (const int *users = CAPACITY_PHASES; *users; users++)
		fprintf(out, " %14s", capacity_text(ctx, AS_COUNT, *users));
	fputc('\n', out);
	for (size_t i = 0; i < sizeof SHOWN / sizeof *SHOWN; i++) {
		fprintf(out, "%-46s", CAPACITY_KINDS[SHOWN[i]].title);
		for (const int *users = CAPACITY_PHASES; *users; users++) {
			struct capacity_plan phase = *plan;
			phase.model.users = *users;
			capacity_plan_make(&phase);
			fprintf(out, " %14s", capacity_text(ctx, CAPACITY_KINDS[SHOWN[i]].unit, capacity_value(&phase, SHOWN[i])));
		}
		fputc('\n', out);
	}
}

/* --- knee --- */

static int knees(struct cli *cli, struct capacity_plan *plan, int argc, char **argv)
{
	fprintf(cli->out, "Knees of one machine with %.0f cores that does all: cores / (cpu + front + database)   [%s]\n", plan->model.cores,
		CAPACITY_KINDS[CAPACITY_KNEE].source);
	inputs(cli->out, plan);
	fputc('\n', cli->out);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		fprintf(cli->out, "  %-12s predicted %8.0f/s = %s\n", capacity_system_name(system), capacity_system_value(plan, CAPACITY_KNEE, system),
			plan->figures[CAPACITY_KNEE][system].worked);
	fprintf(cli->out, "  %-12s predicted %8.0f/s\n", "the mix", capacity_knee(&plan->costs, plan->model.front, plan->model.cores, 0));
	for (int i = 1; i < argc; i++)
		if (knee_print(cli, argv[i], &plan->costs, plan->model.front) != OK)
			return cli_fail(cli);
	return 0;
}

/* --- command --- */

static enum err wish_read(struct cli *cli, int *argc, char **argv, struct wish *wish)
{
	struct capacity_plan *plan = &wish->plan;
	bool shipped = cli_flag(argc, argv, "--shipped"), measured = cli_flag(argc, argv, "--measured");
	wish->json = cli_flag(argc, argv, "--json");
	wish->phases = cli_flag(argc, argv, "--phases");
	wish->knee = cli_flag(argc, argv, "--knee");
	wish->write = cli_option(argc, argv, "--write");
	wish->mix = cli_option(argc, argv, "--mix");
	capacity_model_default(&plan->model);
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++) {
		const char *text = cli_option(argc, argv, arena_printf(&cli->ctx.arena, "--%s", input->name));
		if (text)
			TRY(capacity_model_set(&cli->ctx, &plan->model, input->name, text));
	}
	capacity_costs_shipped(&plan->costs);
	if (!shipped && !metrics_read(&plan->costs) && measured)
		return fail(&cli->ctx, ERR_NOT_FOUND, "The metrics file has no system with some %d requests; ask more, or leave --measured out",
			CAPACITY_SAMPLES * WORK_CPU_EVERY);
	if (wish->mix) {
		size_t used = strlen(plan->costs.from);
		TRY(knee_mix(&cli->ctx, wish->mix, &plan->costs));
		snprintf(plan->costs.from + used, sizeof plan->costs.from - used, "; mix of %s", wish->mix);
	}
	capacity_plan_make(plan);
	return OK;
}

static int capacity_run(struct cli *cli, int argc, char **argv)
{
	struct wish *wish = arena_alloc(&cli->ctx.arena, sizeof *wish);
	if (wish_read(cli, &argc, argv, wish) != OK)
		return cli_fail(cli);
	if (wish->knee)
		return knees(cli, &wish->plan, argc, argv);
	if (argc > 1)
		return cli_usage(&COMMAND_CAPACITY);
	if (wish->write)
		return deploy_write(cli, &wish->plan, wish->write) == OK ? 0 : cli_fail(cli);
	if (wish->json) {
		struct buffer out = {0};
		json_write(&out, json_own(&cli->ctx, capacity_json(&wish->plan)));
		fprintf(cli->out, "%s\n", out.data);
		buffer_free(&out);
	} else if (wish->phases) {
		print_phases(cli->out, &cli->ctx, &wish->plan);
	} else {
		print_plan(cli->out, &cli->ctx, &wish->plan);
	}
	return 0;
}

const struct command COMMAND_CAPACITY = {
	.name = "capacity",
	.usage = "capacity [--users N] [--memory 8g] [--cores N] [--active R] [--peak R] [--headroom F] [--requests R] [--burst F] [--jobs R] [--front F]\n"
		"              [--measured | --shipped] [--mix RESULT.json] [--json | --phases | --write DIR]\n"
		"       stoa capacity --knee [RESULT.json …]\n\n"
		"Costs come from this installation's metrics where they suffice, else from the shipped table. --mix takes the mix of requests of a result of\n"
		"`stoa bench`. --phases: the phases of document 001. --knee: where this machine's processors are busy, beside what results have measured\n"
		"(of a run of at least 5 s that asks for more than is answered: `make bench-knee`).\n"
		"--write: configurations of that size (deploy/README.md)",
	.doc = "processes, pools, PostgreSQL, memcached and machines for a number of users, from measured costs",
	.needs = NEED_CONF,
	.run = capacity_run,
};
