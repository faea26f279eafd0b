#include "cli/bench/reading.h"

#include "base/buffer.h"
#include "text/json.h"

#include <stdlib.h>
#include <string.h>

/* A pattern in the making: its own text gathers until a variable stands there. */
struct writing {
	struct reading *reading;
	struct buffer text;
	struct piece *pieces;
	int count, room;
};

static void add_piece(struct writing *writing, struct piece piece)
{
	if (writing->count == writing->room) {
		int room = writing->room ? 2 * writing->room : 8;
		struct piece *pieces = arena_array(&writing->reading->ctx->arena, (size_t)room, sizeof *pieces);
		if (writing->count)
			memcpy(pieces, writing->pieces, (size_t)writing->count * sizeof *pieces);
		writing->pieces = pieces;
		writing->room = room;
	}
	writing->pieces[writing->count++] = piece;
}

static void end_text(struct writing *writing)
{
	if (writing->text.length)
		add_piece(writing, (struct piece){.length = writing->text.length,
			.text = arena_memdup(&writing->reading->ctx->arena, writing->text.data, writing->text.length)});
	buffer_reset(&writing->text);
}

static void add_text(struct writing *writing, const char *text, size_t bytes, enum escape escape)
{
	if (escape == ESCAPE_URL)
		buffer_url(&writing->text, text, bytes);
	else if (escape == ESCAPE_JSON) {
		struct buffer quoted = {0};
		buffer_json(&quoted, text, bytes);
		buffer_add(&writing->text, quoted.data + 1, quoted.length - 2);
		buffer_free(&quoted);
	} else
		buffer_add(&writing->text, text, bytes);
}

static enum err write_text(struct writing *writing, const struct tree *tree, const char *text, enum escape own, enum escape escape)
{
	struct ctx *ctx = writing->reading->ctx;
	for (const char *open; (open = strstr(text, "{{")); ) {
		bool raw = open[2] == '{';
		const char *name = open + (raw ? 3 : 2), *close = strstr(name, raw ? "}}}" : "}}");
		if (!close)
			return tree_refuse(ctx, tree, "a name in braces is not closed");
		name += strspn(name, " ");
		size_t length = strcspn(name, " }");
		int variable = reading_find(writing->reading, name, length);
		if (variable < 0)
			return tree_refuse(ctx, tree, "nothing sets {{%.*s}}", (int)(length > 64 ? 64 : length), name);
		add_text(writing, text, (size_t)(open - text), own);
		end_text(writing);
		add_piece(writing, (struct piece){.variable = variable, .escape = raw ? ESCAPE_NONE : escape});
		text = close + (raw ? 3 : 2);
	}
	add_text(writing, text, strlen(text), own);
	return OK;
}

static void writing_end(struct writing *writing, struct pattern *pattern_out)
{
	end_text(writing);
	buffer_free(&writing->text);
	*pattern_out = (struct pattern){writing->pieces, writing->count};
}

enum err read_pattern(struct reading *reading, const struct tree *tree, const char *what, enum escape escape, struct pattern *pattern_out)
{
	struct writing writing = {.reading = reading};
	const char *text;
	TRY(tree_text(reading->ctx, tree, what, &text));
	enum err err = write_text(&writing, tree, text, ESCAPE_NONE, escape);
	writing_end(&writing, pattern_out);
	return err;
}

/* RFC 8259, 6 */
static bool json_number(const char *text)
{
	const char *at = text + (*text == '-');
	size_t digits = strspn(at, "0123456789");
	if (!digits || (digits > 1 && *at == '0'))
		return false;
	at += digits;
	if (*at == '.') {
		digits = strspn(at + 1, "0123456789");
		if (!digits)
			return false;
		at += 1 + digits;
	}
	if (*at == 'e' || *at == 'E') {
		at += at[1] == '+' || at[1] == '-' ? 2 : 1;
		digits = strspn(at, "0123456789");
		if (!digits)
			return false;
		at += digits;
	}
	return !*at;
}

static bool one_raw_name(const char *text)
{
	size_t length = strlen(text);
	return length > 6 && !strncmp(text, "{{{", 3) && strstr(text, "}}}") == text + length - 3;
}

static enum err write_json(struct writing *writing, const struct tree *tree)
{
	if (tree->kind == TREE_TEXT) {
		if (tree_null(tree))
			buffer_text(&writing->text, "null");
		else if (tree->plain && (!strcmp(tree->text, "true") || !strcmp(tree->text, "false") || json_number(tree->text)))
			buffer_text(&writing->text, tree->text);
		else if (one_raw_name(tree->text))
			return write_text(writing, tree, tree->text, ESCAPE_JSON, ESCAPE_JSON);
		else {
			buffer_char(&writing->text, '"');
			TRY(write_text(writing, tree, tree->text, ESCAPE_JSON, ESCAPE_JSON));
			buffer_char(&writing->text, '"');
		}
		return OK;
	}
	bool map = tree->kind == TREE_MAP;
	buffer_char(&writing->text, map ? '{' : '[');
	for (int i = 0; i < tree->count; i++) {
		if (i)
			buffer_char(&writing->text, ',');
		if (map) {
			buffer_json(&writing->text, tree->names[i], strlen(tree->names[i]));
			buffer_char(&writing->text, ':');
		}
		TRY(write_json(writing, tree->items[i]));
	}
	buffer_char(&writing->text, map ? '}' : ']');
	return OK;
}

static enum err write_form(struct writing *writing, const struct tree *tree)
{
	for (int i = 0; i < tree->count; i++) {
		const char *text;
		TRY(tree_text(writing->reading->ctx, tree->items[i], tree->names[i], &text));
		if (i)
			buffer_char(&writing->text, '&');
		buffer_url(&writing->text, tree->names[i], strlen(tree->names[i]));
		buffer_char(&writing->text, '=');
		TRY(write_text(writing, tree->items[i], text, ESCAPE_URL, ESCAPE_URL));
	}
	return OK;
}

static enum err body_begin(struct reading *reading, const struct tree *tree, struct step *step, const char *media)
{
	if (step->has_body)
		return tree_refuse(reading->ctx, tree, "a request has one of json, form and body");
	step->has_body = true;
	step->media = media;
	return OK;
}

static enum err key_json(void *reader, const struct tree *value, void *into)
{
	struct step *step = into;
	struct writing writing = {.reading = reader};
	TRY(body_begin(reader, value, step, "application/json"));
	enum err err = write_json(&writing, value);
	writing_end(&writing, &step->body);
	return err;
}

static enum err key_form(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct step *step = into;
	struct writing writing = {.reading = reading};
	TRY(body_begin(reader, value, step, "application/x-www-form-urlencoded"));
	TRY(tree_kind(reading->ctx, value, TREE_MAP, "form"));
	enum err err = write_form(&writing, value);
	writing_end(&writing, &step->body);
	return err;
}

static enum err key_body(void *reader, const struct tree *value, void *into)
{
	struct step *step = into;
	TRY(body_begin(reader, value, step, NULL));
	return read_pattern(reader, value, "body", ESCAPE_NONE, &step->body);
}

/* Text of ours in a request line or header: a space or control character would end it. */
static enum err check_literals(struct reading *reading, const struct tree *tree, const struct pattern *pattern, unsigned char least)
{
	for (int i = 0; i < pattern->count; i++)
		for (size_t at = 0; pattern->pieces[i].text && at < pattern->pieces[i].length; at++) {
			unsigned char c = (unsigned char)pattern->pieces[i].text[at];
			if (c < least || c == 127)
				return tree_refuse(reading->ctx, tree, "a space or control character cannot stand here");
		}
	return OK;
}

enum err read_headers(struct reading *reading, const struct tree *tree, struct header **headers, int *count)
{
	static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const OURS[] = {"host", "content-length", "transfer-encoding", "connection"};
	TRY(tree_kind(reading->ctx, tree, TREE_MAP, "headers"));
	struct header *all = arena_array(&reading->ctx->arena, (size_t)(*count + tree->count) + 1, sizeof *all);
	if (*count)
		memcpy(all, *headers, (size_t)*count * sizeof *all);
	int before = *count;
	*headers = all;
	for (int i = 0; i < tree->count; i++) {
		const char *name = tree->names[i];
		if (!*name || name[strspn(name, TOKEN)])
			return tree_refuse(reading->ctx, tree->items[i], "\"%s\" is no name of a header", name);
		for (size_t own = 0; own < sizeof OURS / sizeof *OURS; own++)
			if (!strcasecmp(name, OURS[own]))
				return tree_refuse(reading->ctx, tree->items[i], "%s is the generator's own header", name);
		int at = 0;
		while (at < before && strcasecmp(all[at].name, name))
			at++;
		struct header *header = &all[at < before ? at : (*count)++];
		header->name = name;
		TRY(read_pattern(reading, tree->items[i], name, ESCAPE_NONE, &header->value));
		TRY(check_literals(reading, tree->items[i], &header->value, ' '));
	}
	return OK;
}

static enum err key_headers(void *reader, const struct tree *value, void *into)
{
	struct step *step = into;
	return read_headers(reader, value, &step->headers, &step->header_count);
}

static enum err key_expect(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct step *step = into;
	struct tree **items = (struct tree *[]){(struct tree *)value};
	int count = 1;
	if (value->kind == TREE_LIST) {
		items = value->items;
		count = value->count;
	}
	if (!count || count > STEP_EXPECT)
		return tree_refuse(reading->ctx, value, "expect takes 1 to %d statuses", STEP_EXPECT);
	for (int i = 0; i < count; i++) {
		int64_t status;
		TRY(tree_whole(reading->ctx, items[i], "expect", 200, 599, &status));
		step->expect[step->expect_count++] = (int)status;
	}
	return OK;
}

static enum err key_header(void *reader, const struct tree *value, void *into)
{
	struct capture *capture = into;
	capture->kind = CAPTURE_HEADER;
	return tree_text(((struct reading *)reader)->ctx, value, "header", &capture->from);
}

static enum err key_after(void *reader, const struct tree *value, void *into)
{
	struct capture *capture = into;
	capture->kind = CAPTURE_BETWEEN;
	return tree_text(((struct reading *)reader)->ctx, value, "after", &capture->from);
}

static enum err key_before(void *reader, const struct tree *value, void *into)
{
	return tree_text(((struct reading *)reader)->ctx, value, "before", &((struct capture *)into)->before);
}

static enum err read_capture(struct reading *reading, const char *name, const struct tree *tree, struct capture *capture)
{
	static const struct tree_key KEYS[] = {{"header", key_header}, {"after", key_after}, {"before", key_before}, {0}};
	capture->variable = reading_find(reading, name, strlen(name));
	if (tree->kind == TREE_TEXT) {
		capture->kind = CAPTURE_POINTER;
		capture->from = tree->text;
		return *tree->text == '/' ? OK : tree_refuse(reading->ctx, tree, "a JSON pointer begins with a slash");
	}
	TRY(tree_members(reading->ctx, tree, "capture", KEYS, reading, capture));
	bool between = capture->kind == CAPTURE_BETWEEN;
	if (!capture->from || !*capture->from || between != (capture->before && *capture->before) || (tree_find(tree, "header") && tree->count > 1))
		return tree_refuse(reading->ctx, tree, "capture takes a JSON pointer, {header: …} or {after: …, before: …}");
	return OK;
}

static enum err key_capture(void *reader, const struct tree *value, void *into)
{
	struct reading *reading = reader;
	struct step *step = into;
	TRY(tree_kind(reading->ctx, value, TREE_MAP, "capture"));
	step->captures = arena_array(&reading->ctx->arena, (size_t)value->count + 1, sizeof *step->captures);
	for (; step->capture_count < value->count; step->capture_count++)
		TRY(read_capture(reading, value->names[step->capture_count], value->items[step->capture_count], &step->captures[step->capture_count]));
	return OK;
}

static enum err read_path(struct reading *reading, const struct tree *value, struct step *step, const char *method)
{
	if (step->method)
		return tree_refuse(reading->ctx, value, "a step has one method");
	step->method = method;
	TRY(read_pattern(reading, value, method, ESCAPE_URL, &step->path));
	if (!step->path.count || (step->path.pieces[0].text && step->path.pieces[0].text[0] != '/'))
		return tree_refuse(reading->ctx, value, "a path begins with a slash");
	return check_literals(reading, value, &step->path, ' ' + 1);
}

#define METHOD(name, text) \
	static enum err key_##name(void *reader, const struct tree *value, void *into) \
	{ \
		return read_path(reader, value, into, text); \
	}
METHOD(get, "GET")
METHOD(head, "HEAD")
METHOD(post, "POST")
METHOD(put, "PUT")
METHOD(patch, "PATCH")
METHOD(delete, "DELETE")
#undef METHOD

static enum err key_think(void *reader, const struct tree *value, void *into)
{
	struct step *step = into;
	step->pause = true;
	return read_range(reader, value, "think", &step->think);
}

static const struct tree_key STEP_KEYS[] = {{"get", key_get}, {"head", key_head}, {"post", key_post}, {"put", key_put}, {"patch", key_patch},
	{"delete", key_delete}, {"headers", key_headers}, {"json", key_json}, {"form", key_form}, {"body", key_body}, {"expect", key_expect},
	{"capture", key_capture}, {"think", key_think}, {0}};

enum err read_range(struct reading *reading, const struct tree *tree, const char *what, struct range *range_out)
{
	if (tree->kind == TREE_LIST && tree->count == 2) {
		TRY(tree_duration(reading->ctx, tree->items[0], what, &range_out->least));
		TRY(tree_duration(reading->ctx, tree->items[1], what, &range_out->most));
	} else {
		TRY(tree_duration(reading->ctx, tree, what, &range_out->least));
		range_out->most = range_out->least;
	}
	return range_out->least <= range_out->most ? OK : tree_refuse(reading->ctx, tree, "%s: the first must not be the larger one", what);
}

enum err declare_captures(struct reading *reading, const struct tree *steps)
{
	TRY(tree_kind(reading->ctx, steps, TREE_LIST, "steps"));
	for (int i = 0; i < steps->count; i++) {
		const struct tree *captures = tree_find(steps->items[i], "capture");
		for (int at = 0; captures && captures->kind == TREE_MAP && at < captures->count; at++) {
			const char *name = captures->names[at];
			if (!*name || name[strcspn(name, " {}")])
				return tree_refuse(reading->ctx, captures, "\"%s\" is no name", name);
			if (reading->scenario->variable_count >= VARIABLES_MOST)
				return tree_refuse(reading->ctx, captures, "more than %d names", VARIABLES_MOST);
			int variable = reading_declare(reading, name, VARIABLE_CAPTURED);
			if (reading->scenario->variables[variable].kind != VARIABLE_CAPTURED)
				return tree_refuse(reading->ctx, captures->items[at], "%s is set or made, and cannot be captured", name);
		}
	}
	return OK;
}

enum err read_steps(struct reading *reading, const struct tree *tree, const char *what, struct steps *steps_out)
{
	TRY(tree_kind(reading->ctx, tree, TREE_LIST, what));
	*steps_out = (struct steps){.items = arena_array(&reading->ctx->arena, (size_t)tree->count + 1, sizeof *steps_out->items)};
	for (; steps_out->count < tree->count; steps_out->count++) {
		struct step *step = &steps_out->items[steps_out->count];
		const struct tree *at = tree->items[steps_out->count];
		step->headers = reading->headers;
		step->header_count = reading->header_count;
		TRY(tree_members(reading->ctx, at, "a step", STEP_KEYS, reading, step));
		if (step->pause ? at->count > 1 : !step->method)
			return tree_refuse(reading->ctx, at, "a step is a request or {think: …}");
		for (int i = 0; i < step->header_count; i++)
			if (!strcasecmp(step->headers[i].name, "content-type"))
				step->media = NULL;
		steps_out->requests += !step->pause;
	}
	return steps_out->requests ? OK : tree_refuse(reading->ctx, tree, "%s ask nothing", what);
}
