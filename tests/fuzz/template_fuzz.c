/* Any template against one view, with partials that recurse and indent. */
#include "text/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char VIEW[] = "{\"a\":{\"b\":{\"c\":\"<&>\"},\"a\":[1,2.5,null,true,\"x\\ny\"]},\"l\":[{\"a\":0},[\"n\"],\"\"],"
	"\"t\":\"text\",\"n\":7,\"f\":false,\"z\":null}";

static const char *const PARTIALS[][2] = {
	{"p", "|{{t}}\n{{#l}}\n  {{>q}}\n{{/l}}\n"},
	{"q", "{{.}}\r\n\n{{=<% %>=}}<%a%>"},
	{"r", "{{#a}}{{>r}}{{/a}}"},
};

static struct template_set *partials_load(void)
{
	char folder[] = "/tmp/stoa-template-fuzz-XXXXXX", path[64], message[256];
	struct template_set *set;

	if (!mkdtemp(folder))
		abort();
	for (int i = 0; i < 3; i++) {
		FILE *file;

		snprintf(path, sizeof path, "%s/%s.mustache", folder, PARTIALS[i][0]);
		file = fopen(path, "w");
		if (!file || fputs(PARTIALS[i][1], file) < 0 || fclose(file))
			abort();
	}
	set = template_load(folder, NULL, message);
	if (!set)
		abort();
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s.mustache", folder, PARTIALS[i][0]);
		unlink(path);
	}
	rmdir(folder);
	return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct template_set *set;
	static struct json_object *view;
	struct ctx ctx;
	struct buffer out = {.limit = 1 << 20};

	if (!set) {
		set = partials_load();
		view = json_tokener_parse(VIEW);
	}
	ctx_init(&ctx);
	if (template_render_text(&ctx, set, (const char *)data, size, view, &out) == ERR_BAD_INPUT && out.length)
		abort();
	buffer_free(&out);
	ctx_free(&ctx);
	return 0;
}
