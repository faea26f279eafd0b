#include "text/template.h"

#include "text/json.h"
#include "text/template_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".mustache"
#define FILE_BYTES 1048576 /* largest template */
#define FOLDER_DEPTH 8
#define MESSAGE_BYTES 256
#define NODES_MOST 1000000 /* nodes rendered at most: nested lists multiply */

struct template_set {
	struct arena arena;
	struct template *items; /* sorted by name once loaded */
	size_t count, room;
};

struct loader {
	struct template_set *set;
	const struct catalogue *catalogue;
	struct buffer file, text; /* as it is stored, and in the catalogue's language */
	char *message; /* MESSAGE_BYTES */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct template *)a)->name, ((const struct template *)b)->name);
}

static const struct template *set_find(const struct template_set *set, const char *name)
{
	struct template wanted = {.name = name};

	if (!set || !set->count)
		return NULL;
	return bsearch(&wanted, set->items, set->count, sizeof wanted, by_name);
}

static void partials_link(const struct template_set *set, struct template *template)
{
	for (size_t i = 0; i < template->count; i++)
		if (template->nodes[i].kind == NODE_PARTIAL)
			template->nodes[i].partial = set_find(set, template->nodes[i].name);
}

static struct template *set_add(struct template_set *set)
{
	if (set->count == set->room) {
		size_t room = set->room ? set->room * 2 : 32;
		struct template *items = arena_array(&set->arena, room, sizeof *items);

		if (set->count)
			memcpy(items, set->items, set->count * sizeof *items);
		set->items = items;
		set->room = room;
	}
	return &set->items[set->count++];
}

static bool load_refuse(struct loader *loader, const char *path, const char *what)
{
	snprintf(loader->message, MESSAGE_BYTES, "%.180s: %s", path, what);
	return false;
}

static bool file_read(struct loader *loader, const char *path)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t got;
	bool failed;

	if (!file)
		return load_refuse(loader, path, strerror(errno));
	buffer_reset(&loader->file);
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buffer_add(&loader->file, chunk, got);
	failed = ferror(file);
	fclose(file);
	if (failed || loader->file.failed)
		return load_refuse(loader, path, failed ? "cannot be read" : "larger than 1 MiB");
	return true;
}

/* `name` is the path below the set's folder, with its suffix. */
static bool file_load(struct loader *loader, const char *path, const char *name)
{
	struct arena *arena = &loader->set->arena;
	struct template *template;
	const char *wrong;
	int line;

	if (!file_read(loader, path))
		return false;
	template = set_add(loader->set);
	template->name = arena_memdup(arena, name, strlen(name) - strlen(SUFFIX));
	buffer_reset(&loader->text);
	catalogue_apply(loader->catalogue, loader->file.data ? loader->file.data : "", loader->file.length, &loader->text);
	wrong = template_compile(arena, loader->text.data ? loader->text.data : "", loader->text.length, template, &line);
	if (!wrong)
		return true;
	snprintf(loader->message, MESSAGE_BYTES, "%.140s:%d: %s", path, line, wrong);
	return false;
}

static bool folder_load(struct loader *loader, const char *path, const char *prefix, int depth);

static bool entry_load(struct loader *loader, const char *path, const char *name, int depth)
{
	size_t length = strlen(name);
	struct stat status;

	if (stat(path, &status))
		return load_refuse(loader, path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return folder_load(loader, path, arena_printf(&loader->set->arena, "%s/", name), depth + 1);
	if (length <= strlen(SUFFIX) || strcmp(name + length - strlen(SUFFIX), SUFFIX))
		return true;
	return file_load(loader, path, name);
}

static bool folder_load(struct loader *loader, const char *path, const char *prefix, int depth)
{
	struct arena *arena = &loader->set->arena;
	struct dirent *entry;
	bool good = true;
	DIR *folder;

	if (depth > FOLDER_DEPTH)
		return load_refuse(loader, path, "folders nested too deeply");
	folder = opendir(path);
	if (!folder)
		return load_refuse(loader, path, strerror(errno));
	while (good && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			good = entry_load(loader, arena_printf(arena, "%s/%s", path, entry->d_name),
				arena_printf(arena, "%s%s", prefix, entry->d_name), depth);
	closedir(folder);
	return good;
}

struct template_set *template_load(const char *folder, const struct catalogue *catalogue, char message_out[MESSAGE_BYTES])
{
	struct template_set *set = calloc(1, sizeof *set);
	struct loader loader = {.set = set, .catalogue = catalogue, .file = {.limit = FILE_BYTES}, .message = message_out};
	bool good;

	message_out[0] = '\0';
	if (!set) {
		load_refuse(&loader, folder, "out of memory");
		return NULL;
	}
	arena_init(&set->arena);
	good = folder_load(&loader, folder, "", 0);
	buffer_free(&loader.file);
	buffer_free(&loader.text);
	if (!good) {
		template_free(set);
		return NULL;
	}
	if (set->count)
		qsort(set->items, set->count, sizeof *set->items, by_name);
	for (size_t i = 0; i < set->count; i++)
		partials_link(set, &set->items[i]);
	return set;
}

void template_free(struct template_set *set)
{
	if (!set)
		return;
	arena_free(&set->arena);
	free(set);
}

/* The context stack, innermost first; it lives on the C stack. */
struct frame {
	const struct frame *outer;
	struct json_object *value;
};

struct render {
	struct ctx *ctx;
	struct buffer *out;
	size_t nodes; /* rendered so far */
	int depth;    /* of partials */
};

/* The nodes [from, to) of a template, each line of which begins with indent. */
struct range {
	const struct template *template;
	size_t from, to;
	const char *indent;
};

static enum err render_range(struct render *render, const struct range *range, const struct frame *frame);

static struct json_object *name_resolve(const struct node *node, const struct frame *frame)
{
	struct json_object *value = NULL;

	if (!node->part_count)
		return frame->value;
	for (; frame; frame = frame->outer)
		if (json_object_is_type(frame->value, json_type_object) &&
			json_object_object_get_ex(frame->value, node->parts[0], &value))
			break;
	for (int i = 1; i < node->part_count && value; i++) {
		struct json_object *holder = value;

		value = NULL;
		if (json_object_is_type(holder, json_type_object))
			json_object_object_get_ex(holder, node->parts[i], &value);
	}
	return value;
}

static bool is_true(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return false;
	case json_type_boolean:
		return json_object_get_boolean(value);
	case json_type_int:
		return json_object_get_int64(value) != 0;
	case json_type_double:
		return json_object_get_double(value) != 0;
	case json_type_string:
		return json_object_get_string_len(value) > 0;
	case json_type_array:
		return json_object_array_length(value) > 0;
	case json_type_object:
		break;
	}
	return true;
}

/* Lines of text; without indentation they go out in one piece. */
static void render_lines(struct render *render, const struct node *node, const char *indent)
{
	const char *text = node->text, *end = node->text + node->length;

	if (!*indent) {
		buffer_add(render->out, text, node->length);
		return;
	}
	if (node->starts_line)
		buffer_text(render->out, indent);
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop + 1 : end;
		buffer_add(render->out, text, (size_t)(stop - text));
		if (stop < end)
			buffer_text(render->out, indent);
		text = stop;
	}
}

static void render_text(struct render *render, const struct node *node, const char *text, size_t length)
{
	if (node->kind == NODE_RAW)
		buffer_add(render->out, text, length);
	else
		buffer_html(render->out, text, length);
}

static void render_value(struct render *render, const struct node *node, const struct frame *frame)
{
	struct json_object *value = name_resolve(node, frame);
	struct buffer json = {0};

	switch (json_object_get_type(value)) {
	case json_type_null:
		break;
	case json_type_string:
		render_text(render, node, json_object_get_string(value), (size_t)json_object_get_string_len(value));
		break;
	case json_type_object:
	case json_type_array:
		json_write(&json, value);
		render_text(render, node, json.data, json.length);
		render->out->failed |= json.failed;
		buffer_free(&json);
		break;
	default: /* numbers and booleans hold nothing to escape */
		json_write(render->out, value);
	}
}

static enum err render_section(struct render *render, const struct range *body, const struct node *node,
	const struct frame *frame)
{
	struct json_object *value = name_resolve(node, frame);
	struct frame inner = {.outer = frame, .value = value};

	if (node->kind == NODE_INVERTED)
		return is_true(value) ? OK : render_range(render, body, frame);
	if (!is_true(value))
		return OK;
	if (!json_object_is_type(value, json_type_array))
		return render_range(render, body, &inner);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		inner.value = json_object_array_get_idx(value, i);
		TRY(render_range(render, body, &inner));
	}
	return OK;
}

static enum err render_partial(struct render *render, const struct node *node, const char *indent,
	const struct frame *frame)
{
	struct range range = {.template = node->partial, .indent = ""};
	enum err err;

	if (!node->partial)
		return OK;
	if (render->depth == TEMPLATE_DEPTH)
		return fail(render->ctx, ERR_INTERNAL, "Partials nested deeper than %d at %s", TEMPLATE_DEPTH, node->name);
	range.to = node->partial->count;
	if (node->standalone)
		range.indent = *indent ? arena_printf(&render->ctx->arena, "%s%s", indent, node->text) : node->text;
	render->depth++;
	err = render_range(render, &range, frame);
	render->depth--;
	return err;
}

static enum err render_range(struct render *render, const struct range *range, const struct frame *frame)
{
	size_t at = range->from;

	while (at < range->to) {
		const struct node *node = &range->template->nodes[at];
		struct range body = {.template = range->template, .from = at + 1, .to = node->end, .indent = range->indent};

		if (++render->nodes > NODES_MOST)
			return fail(render->ctx, ERR_INTERNAL, "A template renders more than %d parts", NODES_MOST);
		if (node->kind == NODE_TEXT)
			render_lines(render, node, range->indent);
		else if (node->kind == NODE_PARTIAL)
			TRY(render_partial(render, node, range->indent, frame));
		else if (node->kind == NODE_SECTION || node->kind == NODE_INVERTED)
			TRY(render_section(render, &body, node, frame));
		else
			render_value(render, node, frame);
		at = node->end ? node->end : at + 1;
	}
	return OK;
}

static enum err render_template(struct ctx *ctx, const struct template *template, struct json_object *view,
	struct buffer *out)
{
	struct render render = {.ctx = ctx, .out = out};
	struct range all = {.template = template, .to = template->count, .indent = ""};
	struct frame root = {.value = view};

	TRY(render_range(&render, &all, &root));
	return out->failed ? fail(ctx, ERR_INTERNAL, "A page is larger than its buffer allows") : OK;
}

enum err template_render(struct ctx *ctx, const struct template_set *set, const char *name,
	struct json_object *view, struct buffer *out)
{
	const struct template *template = set_find(set, name);

	if (!template)
		return fail(ctx, ERR_INTERNAL, "No template \"%s\"", name);
	return render_template(ctx, template, view, out);
}

enum err template_render_text(struct ctx *ctx, const struct template_set *set, const char *text, size_t bytes,
	struct json_object *view, struct buffer *out)
{
	struct template template = {.name = ""};
	int line;
	const char *wrong = template_compile(&ctx->arena, text, bytes, &template, &line);

	if (wrong)
		return fail(ctx, ERR_BAD_INPUT, "Template, line %d: %s", line, wrong);
	partials_link(set, &template);
	return render_template(ctx, &template, view, out);
}
