/* Reads JSON lines {"template", "partials": {name: text}, "data"} and answers each with {"out"} or {"error"}: how
 * template_oracle.mjs reaches the template engine. Partials go through files, as at start-up. */
#include "text/json.h"
#include "text/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void partial_path(const char *folder, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s.mustache", folder, name);
}

static void partials_write(const char *folder, struct json_object *partials)
{
	json_object_object_foreach(partials, name, text) {
		char path[512];
		FILE *file;

		partial_path(folder, name, path);
		file = fopen(path, "w");
		if (!file || fputs(json_object_get_string(text), file) < 0 || fclose(file))
			exit(1);
	}
}

static void partials_remove(const char *folder, struct json_object *partials)
{
	json_object_object_foreach(partials, name, text) {
		char path[512];

		(void)text;
		partial_path(folder, name, path);
		unlink(path);
	}
}

static void answer(const char *member, const char *text, size_t bytes)
{
	struct buffer line = {0};

	buffer_printf(&line, "{\"%s\":", member);
	buffer_json(&line, text, bytes);
	printf("%s}\n", line.data);
	buffer_free(&line);
}

static void case_render(struct ctx *ctx, const char *folder, struct json_object *one)
{
	struct json_object *partials = json_object_object_get(one, "partials");
	const char *text = json_text(one, "template", "");
	struct buffer out = {0};
	struct template_set *set;
	char message[256];

	partials_write(folder, partials);
	set = template_load(folder, NULL, message);
	if (!set)
		answer("error", message, strlen(message));
	else if (template_render_text(ctx, set, text, strlen(text), json_object_object_get(one, "data"), &out) != OK)
		answer("error", ctx->fault.detail, strlen(ctx->fault.detail));
	else
		answer("out", out.data ? out.data : "", out.length);
	template_free(set);
	buffer_free(&out);
	partials_remove(folder, partials);
}

int main(void)
{
	char folder[] = "/tmp/stoa-template-render-XXXXXX";
	struct json_object *one;
	struct ctx ctx;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int status = 0;

	if (!mkdtemp(folder))
		return 1;
	ctx_init(&ctx);
	while (!status && (length = getline(&line, &room, stdin)) > 0) {
		if (json_read(&ctx, line, (size_t)length, 64, &one) == OK)
			case_render(&ctx, folder, one);
		else
			status = 1;
		ctx_reset(&ctx);
	}
	free(line);
	ctx_free(&ctx);
	rmdir(folder);
	return status;
}
