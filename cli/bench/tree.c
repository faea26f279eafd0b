#include "cli/bench/tree.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct loading {
	struct ctx *ctx;
	const char *file;
	yaml_document_t document;
	int nodes;
};

enum err tree_refuse(struct ctx *ctx, const struct tree *tree, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(&ctx->arena, format, args);
	va_end(args);
	return fail(ctx, ERR_BAD_INPUT, "%s:%d: %s", tree->file, tree->line, text);
}

static enum err convert(struct loading *loading, int at, int depth, struct tree **tree_out);

static enum err convert_list(struct loading *loading, const yaml_node_t *node, int depth, struct tree *tree)
{
	const yaml_node_item_t *items = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - items);
	tree->items = arena_array(&loading->ctx->arena, count + 1, sizeof *tree->items);
	for (tree->count = 0; tree->count < (int)count; tree->count++)
		TRY(convert(loading, items[tree->count], depth, &tree->items[tree->count]));
	return OK;
}

static enum err convert_map(struct loading *loading, const yaml_node_t *node, int depth, struct tree *tree)
{
	const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
	size_t count = (size_t)(node->data.mapping.pairs.top - pairs);
	if (count > TREE_PAIRS)
		return tree_refuse(loading->ctx, tree, "more than %d names", TREE_PAIRS);
	tree->items = arena_array(&loading->ctx->arena, count + 1, sizeof *tree->items);
	tree->names = arena_array(&loading->ctx->arena, count + 1, sizeof *tree->names);
	for (; tree->count < (int)count; tree->count++) {
		struct tree *name;
		TRY(convert(loading, pairs[tree->count].key, depth, &name));
		if (name->kind != TREE_TEXT)
			return tree_refuse(loading->ctx, name, "a name must be a text");
		if (tree_find(tree, name->text))
			return tree_refuse(loading->ctx, name, "%s stands twice", name->text);
		TRY(convert(loading, pairs[tree->count].value, depth, &tree->items[tree->count]));
		tree->names[tree->count] = name->text;
	}
	return OK;
}

static enum err convert(struct loading *loading, int at, int depth, struct tree **tree_out)
{
	const yaml_node_t *node = yaml_document_get_node(&loading->document, at);
	struct tree *tree = *tree_out = arena_alloc(&loading->ctx->arena, sizeof *tree);
	tree->file = loading->file;
	tree->line = (int)node->start_mark.line + 1;
	if (++loading->nodes > TREE_NODES)
		return tree_refuse(loading->ctx, tree, "more than %d values", TREE_NODES);
	if (!depth)
		return tree_refuse(loading->ctx, tree, "more than %d levels", TREE_DEPTH);
	if (node->type == YAML_SCALAR_NODE) {
		const char *text = (const char *)node->data.scalar.value;
		if (memchr(text, 0, node->data.scalar.length))
			return tree_refuse(loading->ctx, tree, "a text holds a NUL");
		tree->plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		tree->text = arena_memdup(&loading->ctx->arena, text, node->data.scalar.length);
		return OK;
	}
	tree->kind = node->type == YAML_SEQUENCE_NODE ? TREE_LIST : TREE_MAP;
	return tree->kind == TREE_LIST ? convert_list(loading, node, depth - 1, tree) : convert_map(loading, node, depth - 1, tree);
}

static enum err load(struct loading *loading, yaml_parser_t *parser, struct tree **tree_out)
{
	if (!yaml_parser_load(parser, &loading->document))
		return fail(loading->ctx, ERR_BAD_INPUT, "%s:%zu: %s", loading->file, parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "not YAML");
	yaml_document_t second;
	enum err err = yaml_document_get_root_node(&loading->document) ? convert(loading, 1, TREE_DEPTH, tree_out) :
		fail(loading->ctx, ERR_BAD_INPUT, "%s: nothing stands in it", loading->file);
	yaml_document_delete(&loading->document);
	if (err != OK)
		return err;
	if (!yaml_parser_load(parser, &second))
		return fail(loading->ctx, ERR_BAD_INPUT, "%s:%zu: %s", loading->file, parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "not YAML");
	bool more = yaml_document_get_root_node(&second);
	yaml_document_delete(&second);
	return more ? fail(loading->ctx, ERR_BAD_INPUT, "%s: more than one document", loading->file) : OK;
}

enum err tree_read(struct ctx *ctx, const char *file, const char *text, size_t bytes, struct tree **tree_out)
{
	struct loading loading = {.ctx = ctx, .file = file};
	yaml_parser_t parser;
	if (!utf8_valid(text, bytes))
		return fail(ctx, ERR_BAD_INPUT, "%s: not UTF-8", file);
	if (!yaml_parser_initialize(&parser))
		return fail(ctx, ERR_INTERNAL, "no memory for a YAML parser");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
	enum err err = load(&loading, &parser, tree_out);
	yaml_parser_delete(&parser);
	return err;
}

const struct tree *tree_find(const struct tree *map, const char *name)
{
	for (int i = 0; map->kind == TREE_MAP && i < map->count; i++)
		if (!strcmp(map->names[i], name))
			return map->items[i];
	return NULL;
}

bool tree_null(const struct tree *tree)
{
	return tree->kind == TREE_TEXT && tree->plain && (!*tree->text || !strcmp(tree->text, "~") || !strcmp(tree->text, "null"));
}

enum err tree_kind(struct ctx *ctx, const struct tree *tree, enum tree_kind kind, const char *what)
{
	static const char *const KINDS[] = {[TREE_TEXT] = "a single value", [TREE_LIST] = "a list", [TREE_MAP] = "a mapping"};
	return tree->kind == kind ? OK : tree_refuse(ctx, tree, "%s must be %s", what, KINDS[kind]);
}

enum err tree_text(struct ctx *ctx, const struct tree *tree, const char *what, const char **text_out)
{
	TRY(tree_kind(ctx, tree, TREE_TEXT, what));
	*text_out = tree->text;
	return OK;
}

enum err tree_flag(struct ctx *ctx, const struct tree *tree, const char *what, bool *flag_out)
{
	TRY(tree_kind(ctx, tree, TREE_TEXT, what));
	*flag_out = !strcmp(tree->text, "true");
	return *flag_out || !strcmp(tree->text, "false") ? OK : tree_refuse(ctx, tree, "%s must be true or false", what);
}

enum err tree_number(struct ctx *ctx, const struct tree *tree, const char *what, double least, double most, double *number_out)
{
	char *end;
	TRY(tree_kind(ctx, tree, TREE_TEXT, what));
	*number_out = strtod(tree->text, &end);
	if (end == tree->text || *end || !(*number_out >= least && *number_out <= most))
		return tree_refuse(ctx, tree, "%s must be a number from %g to %g", what, least, most);
	return OK;
}

enum err tree_whole(struct ctx *ctx, const struct tree *tree, const char *what, int64_t least, int64_t most, int64_t *number_out)
{
	char *end;
	TRY(tree_kind(ctx, tree, TREE_TEXT, what));
	errno = 0;
	*number_out = strtoll(tree->text, &end, 10);
	if (end == tree->text || *end || errno || *number_out < least || *number_out > most)
		return tree_refuse(ctx, tree, "%s must be a whole number from %lld to %lld", what, (long long)least, (long long)most);
	return OK;
}

enum err tree_duration(struct ctx *ctx, const struct tree *tree, const char *what, int64_t *us_out)
{
	static const struct { const char *unit; double us; } UNITS[] = {{"ms", 1e3}, {"s", 1e6}, {"m", 6e7}, {"h", 3.6e9}};
	char *end;
	TRY(tree_kind(ctx, tree, TREE_TEXT, what));
	double number = strtod(tree->text, &end);
	for (size_t i = 0; end != tree->text && i < sizeof UNITS / sizeof *UNITS; i++)
		if (!strcmp(end, UNITS[i].unit) && number >= 0 && number * UNITS[i].us <= 30 * 86400e6) {
			*us_out = (int64_t)(number * UNITS[i].us);
			return OK;
		}
	return tree_refuse(ctx, tree, "%s must be a time like 500ms, 10s, 5m or 1h, at most 30 days", what);
}

enum err tree_members(struct ctx *ctx, const struct tree *map, const char *what, const struct tree_key *keys, void *reader, void *into)
{
	TRY(tree_kind(ctx, map, TREE_MAP, what));
	for (int i = 0; i < map->count; i++) {
		const struct tree_key *key = keys;
		while (key->name && strcmp(key->name, map->names[i]))
			key++;
		if (!key->name)
			return tree_refuse(ctx, map->items[i], "%s has no \"%s\"", what, map->names[i]);
		if (key->read)
			TRY(key->read(reader, map->items[i], into));
	}
	return OK;
}
