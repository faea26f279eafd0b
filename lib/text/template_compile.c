#define _GNU_SOURCE /* memmem */

#include "text/template_tree.h"

#include "base/utf8.h"

#include <string.h>

#define DELIMITER_BYTES 16

struct compiler {
	struct arena *arena;
	const char *text;
	size_t bytes;
	size_t at;                       /* first byte not compiled */
	char open[DELIMITER_BYTES + 1];
	char close[DELIMITER_BYTES + 1];
	struct node *nodes;
	size_t count, room;
	size_t sections[TEMPLATE_SECTIONS]; /* indexes of the open ones */
	int depth;
};

struct tag {
	size_t from, to;     /* with its delimiters */
	char sigil;          /* one of # ^ / > ! = & {, or 0 */
	const char *content; /* trimmed */
	size_t length;
	bool standalone;
	size_t line_from, line_to; /* of a standalone tag's whole line */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool line_starts(const struct compiler *compiler, size_t at)
{
	return at == 0 || compiler->text[at - 1] == '\n';
}

static const char *find(const struct compiler *compiler, size_t from, const char *what)
{
	return memmem(compiler->text + from, compiler->bytes - from, what, strlen(what));
}

static struct node *node_add(struct compiler *compiler, enum node_kind kind)
{
	if (compiler->count == compiler->room) {
		size_t room = compiler->room ? compiler->room * 2 : 32;
		struct node *nodes = arena_array(compiler->arena, room, sizeof *nodes);

		if (compiler->count)
			memcpy(nodes, compiler->nodes, compiler->count * sizeof *nodes);
		compiler->nodes = nodes;
		compiler->room = room;
	}
	compiler->nodes[compiler->count].kind = kind;
	return &compiler->nodes[compiler->count++];
}

/* Text up to `to`. A tag that begins a line gets an empty text before it, which carries a partial's indentation. */
static void text_add(struct compiler *compiler, size_t to, bool tag_follows)
{
	size_t from = compiler->at;
	struct node *node;

	if (to > from) {
		node = node_add(compiler, NODE_TEXT);
		node->starts_line = line_starts(compiler, from);
		node->text = compiler->text + from;
		node->length = to - from;
	}
	if (tag_follows && line_starts(compiler, to)) {
		node = node_add(compiler, NODE_TEXT);
		node->starts_line = true;
		node->text = "";
	}
}

/* "a.b.c" into its parts. */
static const char *name_split(struct compiler *compiler, struct node *node)
{
	char *rest = arena_strdup(compiler->arena, node->name);
	int count = 1;

	if (!strcmp(rest, "."))
		return NULL;
	for (const char *c = rest; *c; c++)
		count += *c == '.';
	node->parts = arena_array(compiler->arena, (size_t)count, sizeof *node->parts);
	for (int i = 0; i < count; i++) {
		size_t length = strcspn(rest, ".");

		if (!length)
			return "a dotted name has an empty part";
		rest[length] = '\0';
		node->parts[i] = rest;
		rest += length + 1;
	}
	node->part_count = count;
	return NULL;
}

static const char *name_set(struct compiler *compiler, struct node *node, const struct tag *tag)
{
	if (!tag->length)
		return "a tag without a name";
	for (size_t i = 0; i < tag->length; i++)
		if (is_space(tag->content[i]))
			return "a name with whitespace in it";
	if (strchr("<$*", tag->content[0]))
		return "inheritance, blocks and dynamic names are not part of this language";
	node->name = arena_memdup(compiler->arena, tag->content, tag->length);
	return node->kind == NODE_PARTIAL ? NULL : name_split(compiler, node);
}

/* "<% %>" between the equals signs. */
static const char *delimiters_set(struct compiler *compiler, const struct tag *tag)
{
	const char *text = tag->content, *end = text + tag->length;
	const char *first_end = text, *second;

	while (first_end < end && !is_space(*first_end))
		first_end++;
	second = first_end;
	while (second < end && is_space(*second))
		second++;
	if (first_end == text || second == end || first_end - text > DELIMITER_BYTES || end - second > DELIMITER_BYTES)
		return "set delimiter needs two delimiters of at most 16 bytes";
	for (const char *c = text; c < end; c++)
		if (*c == '=' || (c > second && is_space(*c)))
			return "a delimiter with whitespace or an equals sign";
	memset(compiler->open, 0, sizeof compiler->open);
	memset(compiler->close, 0, sizeof compiler->close);
	memcpy(compiler->open, text, (size_t)(first_end - text));
	memcpy(compiler->close, second, (size_t)(end - second));
	return NULL;
}

static const char *section_open(struct compiler *compiler, const struct tag *tag)
{
	struct node *node;

	if (compiler->depth == TEMPLATE_SECTIONS)
		return "sections nested too deeply";
	compiler->sections[compiler->depth++] = compiler->count;
	node = node_add(compiler, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED);
	return name_set(compiler, node, tag);
}

static const char *section_close(struct compiler *compiler, const struct tag *tag)
{
	struct node *open;

	if (!compiler->depth)
		return "a closing tag without its section";
	open = &compiler->nodes[compiler->sections[--compiler->depth]];
	if (strlen(open->name) != tag->length || memcmp(open->name, tag->content, tag->length))
		return "a closing tag that does not match its section";
	open->end = compiler->count;
	return NULL;
}

static const char *partial_add(struct compiler *compiler, const struct tag *tag)
{
	struct node *node = node_add(compiler, NODE_PARTIAL);

	node->standalone = tag->standalone;
	node->text = "";
	if (tag->standalone) {
		node->length = tag->from - tag->line_from;
		node->text = arena_memdup(compiler->arena, compiler->text + tag->line_from, node->length);
	}
	return name_set(compiler, node, tag);
}

static const char *tag_compile(struct compiler *compiler, const struct tag *tag)
{
	switch (tag->sigil) {
	case '!':
		return NULL;
	case '=':
		return delimiters_set(compiler, tag);
	case '#':
	case '^':
		return section_open(compiler, tag);
	case '/':
		return section_close(compiler, tag);
	case '>':
		return partial_add(compiler, tag);
	default:
		return name_set(compiler, node_add(compiler, tag->sigil ? NODE_RAW : NODE_ESCAPED), tag);
	}
}

/* Reads the tag at tag->from. The closing delimiter of {{{x}}} and {{=x=}} begins with its own character. */
static const char *tag_read(struct compiler *compiler, struct tag *tag)
{
	size_t from = tag->from + strlen(compiler->open), to;
	char closing[DELIMITER_BYTES + 2] = "";
	const char *end;

	while (from < compiler->bytes && is_space(compiler->text[from]))
		from++;
	if (from < compiler->bytes && strchr("#^/>!=&{", compiler->text[from]))
		tag->sigil = compiler->text[from++];
	if (tag->sigil == '{' || tag->sigil == '=')
		closing[0] = tag->sigil == '{' ? '}' : '=';
	memcpy(closing + strlen(closing), compiler->close, strlen(compiler->close) + 1);
	end = find(compiler, from, closing);
	if (!end)
		return "a tag without its end";
	to = (size_t)(end - compiler->text);
	tag->to = to + strlen(closing);
	while (from < to && is_space(compiler->text[from]))
		from++;
	while (to > from && is_space(compiler->text[to - 1]))
		to--;
	tag->content = compiler->text + from;
	tag->length = to - from;
	return NULL;
}

/* A tag other than a variable that stands alone takes its whole line with it. */
static void tag_measure(const struct compiler *compiler, struct tag *tag)
{
	const char *text = compiler->text;
	size_t from = tag->from, to = tag->to;

	if (!tag->sigil || tag->sigil == '&' || tag->sigil == '{')
		return;
	while (from > compiler->at && (text[from - 1] == ' ' || text[from - 1] == '\t'))
		from--;
	while (to < compiler->bytes && (text[to] == ' ' || text[to] == '\t'))
		to++;
	if (to < compiler->bytes && text[to] == '\r')
		to++;
	if (!line_starts(compiler, from) || (to < compiler->bytes && text[to] != '\n'))
		return;
	tag->standalone = true;
	tag->line_from = from;
	tag->line_to = to < compiler->bytes ? to + 1 : to;
}

static int line_of(const struct compiler *compiler, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += compiler->text[i] == '\n';
	return line;
}

/* fault_at is where the tag being compiled begins. */
static const char *compile_tags(struct compiler *compiler, size_t *fault_at)
{
	const char *open;

	while ((open = find(compiler, compiler->at, compiler->open))) {
		struct tag tag = {.from = (size_t)(open - compiler->text)};
		const char *wrong = tag_read(compiler, &tag);

		*fault_at = tag.from;
		if (wrong)
			return wrong;
		tag_measure(compiler, &tag);
		text_add(compiler, tag.standalone ? tag.line_from : tag.from, !tag.standalone);
		wrong = tag_compile(compiler, &tag);
		if (wrong)
			return wrong;
		compiler->at = tag.standalone ? tag.line_to : tag.to;
	}
	text_add(compiler, compiler->bytes, false);
	return NULL;
}

const char *template_compile(struct arena *arena, const char *text, size_t bytes, struct template *template_out,
	int *line_out)
{
	struct compiler compiler = {.arena = arena, .bytes = bytes, .open = "{{", .close = "}}"};
	size_t fault_at = 0;
	const char *wrong;

	*line_out = 1;
	if (bytes && (!utf8_valid(text, bytes) || memchr(text, '\0', bytes)))
		return "not UTF-8 text";
	compiler.text = arena_memdup(arena, text, bytes);
	wrong = compile_tags(&compiler, &fault_at);
	if (!wrong && compiler.depth) {
		wrong = "a section without its closing tag";
		fault_at = bytes;
	}
	if (wrong) {
		*line_out = line_of(&compiler, fault_at);
		return wrong;
	}
	template_out->nodes = compiler.nodes;
	template_out->count = compiler.count;
	return NULL;
}
