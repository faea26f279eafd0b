/* A compiled template: internal to template*.c. */
#ifndef STOA_TEXT_TEMPLATE_TREE_H
#define STOA_TEXT_TEMPLATE_TREE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_TEXT, NODE_ESCAPED, NODE_RAW, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };

struct node {
	enum node_kind kind;
	bool starts_line;      /* TEXT: its first byte begins a line of the template */
	bool standalone;       /* PARTIAL: alone on its line */
	const char *text;      /* TEXT; PARTIAL: the whitespace before a standalone one */
	size_t length;
	const char *name;      /* as written, trimmed; all but TEXT */
	const char **parts;    /* of a dotted name; none for "." and for PARTIAL */
	int part_count;
	size_t end;            /* SECTION, INVERTED: index of the node behind the section */
	const struct template *partial; /* PARTIAL: NULL when there is none of that name */
};

struct template {
	const char *name;
	struct node *nodes;
	size_t count;
};

#define TEMPLATE_SECTIONS 64 /* deepest nesting of sections in one template */

/* Compiles text (copied into arena) but leaves partials unlinked. NULL, or what is wrong, with *line_out set. */
const char *template_compile(struct arena *arena, const char *text, size_t bytes, struct template *template_out,
	int *line_out);

#endif
