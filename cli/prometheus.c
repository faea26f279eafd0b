#include "cli.h"
#include "prometheus.h"

#include "text/json.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

struct json_object *prometheus_object(const char *name, ...)
{
	struct json_object *object = json_object_new_object();
	va_list rest;
	va_start(rest, name);
	for (; name; name = va_arg(rest, const char *)) {
		const char *text = va_arg(rest, const char *);
		if (text)
			json_object_object_add(object, name, json_object_new_string(text));
	}
	va_end(rest);
	return object;
}

static bool emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	return made && yaml_emitter_emit(emitter, event);
}

/* A text that does not begin with a letter could be read as something else than a text. */
static bool write_scalar(yaml_emitter_t *emitter, const char *text, bool is_text)
{
	yaml_event_t event;
	yaml_scalar_style_t style = is_text && !isalpha((unsigned char)*text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE;
	return emit(emitter, &event, yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style));
}

static bool write_value(yaml_emitter_t *emitter, struct json_object *value)
{
	yaml_event_t event;
	bool good = true;
	if (json_object_is_type(value, json_type_object)) {
		good = emit(emitter, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
		json_object_object_foreach(value, name, member)
			good = good && write_scalar(emitter, name, true) && write_value(emitter, member);
		return good && emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
	}
	if (json_object_is_type(value, json_type_array)) {
		good = emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
		for (size_t i = 0; i < json_object_array_length(value); i++)
			good = good && write_value(emitter, json_object_array_get_idx(value, i));
		return good && emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
	}
	return write_scalar(emitter, json_object_get_string(value), json_object_is_type(value, json_type_string));
}

static bool write_yaml(FILE *out, struct json_object *tree)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	if (!yaml_emitter_initialize(&emitter))
		return false;
	yaml_emitter_set_output_file(&emitter, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	bool good = emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
		emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) && write_value(&emitter, tree) &&
		emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
		emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&emitter);
	return good;
}

static int prometheus_run(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *name;
		struct json_object *(*make)(struct ctx *ctx);
		bool json;
		const char *head;
	} PARTS[] = {
		{"rules", prometheus_rules, false, "Recording rules and alerts of Stoa, for rule_files of Prometheus. Group stoa_machine needs node_exporter, "
			"stoa_memcached memcached_exporter and stoa_postgres postgres_exporter; without them they are silent. Budgets of 30 days need "
			"--storage.tsdb.retention.time=31d, as Prometheus keeps 15 days unless told."},
		{"tests", prometheus_tests, false, "For promtool test rules: every alert when it fires and when it does not."},
		{"alertmanager", prometheus_alertmanager, false, "An example for Alertmanager: put your own addresses in."},
		{"dashboard", prometheus_dashboard, true, NULL}};
	for (size_t i = 0; argc == 2 && i < sizeof PARTS / sizeof *PARTS; i++) {
		if (strcmp(argv[1], PARTS[i].name))
			continue;
		struct json_object *tree = json_own(&cli->ctx, PARTS[i].make(&cli->ctx));
		if (PARTS[i].json) {
			fprintf(cli->out, "%s\n", json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
			return 0;
		}
		fprintf(cli->out, "# %s\n# Made by \"stoa prometheus %s\".\n", PARTS[i].head, PARTS[i].name);
		return write_yaml(cli->out, tree) ? 0 : 1;
	}
	return cli_usage(&COMMAND_PROMETHEUS);
}

const struct command COMMAND_PROMETHEUS = {
	.name = "prometheus",
	.usage = "prometheus rules|tests|alertmanager|dashboard",
	.doc = "print what Prometheus, Alertmanager and Grafana need to watch this house",
	.needs = NEED_NOTHING,
	.run = prometheus_run,
};
