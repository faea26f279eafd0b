#include "cli.h"

#include "metric/metric.h"
#include "web/brownout.h"

#include <string.h>

static enum house_part part_of(const char *text)
{
	for (enum house_part part = PART_NONE + 1; part < PART_COUNT; part++)
		if (!strcmp(part_text(part), text))
			return part;
	return PART_NONE;
}

static int hand_of(const char *text)
{
	for (int hand = BROWNOUT_AUTO; hand <= BROWNOUT_OFF; hand++)
		if (!strcmp(brownout_hand_text((enum brownout_hand)hand), text))
			return hand;
	return -1;
}

static void list(FILE *out)
{
	fprintf(out, "%-10s %-5s %-8s classes\n", "part", "set", "now");
	for (enum house_part part = PART_NONE + 1; part < PART_COUNT; part++) {
		fprintf(out, "%-10s %-5s %-8s", part_text(part), brownout_hand_text(brownout_by_hand(part)), brownout_is(part) ? "off" : "served");
		for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++)
			if (target_of(class)->part == part)
				fprintf(out, " %s", target_of(class)->text);
		fprintf(out, "\n");
	}
}

static int brownout_run(struct cli *cli, int argc, char **argv)
{
	char message[256] = "";
	enum house_part part = argc == 3 ? part_of(argv[1]) : PART_NONE;
	int hand = argc == 3 ? hand_of(argv[2]) : -1;
	if (argc != 1 && (part == PART_NONE || hand < 0))
		return cli_usage(&COMMAND_BROWNOUT);
	if (!metric_open(message) || !*conf_string("metrics.file")) {
		fprintf(stderr, "stoa: metrics.file cannot be used: %s\n", *message ? message : "none is configured");
		metric_close();
		return 1;
	}
	if (!brownout_open()) {
		fprintf(stderr, "stoa: metrics.file is full: raise metrics.series\n");
		metric_close();
		return 1;
	}
	if (argc == 3)
		brownout_set(part, (enum brownout_hand)hand);
	list(cli->out);
	metric_close();
	return 0;
}

const struct command COMMAND_BROWNOUT = {
	.name = "brownout",
	.usage = "brownout [analytics|reports|lists on|off|auto]",
	.doc = "switch parts of the house off, so that the rest keeps working: on = not served, off = served whatever the load, auto = as the load asks",
	.needs = NEED_CONF,
	.run = brownout_run,
};
