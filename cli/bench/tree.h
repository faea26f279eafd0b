/* A YAML document as a tree whose nodes know where they stand. */
#ifndef STOA_CLI_BENCH_TREE_H
#define STOA_CLI_BENCH_TREE_H

#include "base/context.h"

#include <stdbool.h>
#include <stddef.h>

#define TREE_DEPTH 16
#define TREE_NODES 100000 /* aliases counted each time */
#define TREE_PAIRS 256    /* of one mapping */

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree {
	enum tree_kind kind;
	const char *file;
	int line;
	const char *text;    /* TEXT */
	bool plain;          /* TEXT: without quotes, so that null, true and 12 are what they look like */
	struct tree **items; /* LIST; MAP: the values */
	const char **names;  /* MAP */
	int count;
};

/* One document. ERR_BAD_INPUT: "FILE:LINE: what": not YAML, none or more than one, not UTF-8 or with NULs, a name twice or not a text, beyond the
 * limits above. Memory of ctx. */
enum err tree_read(struct ctx *ctx, const char *file, const char *text, size_t bytes, struct tree **tree_out);

/* ERR_BAD_INPUT with the node's place before the text. */
enum err tree_refuse(struct ctx *ctx, const struct tree *tree, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The member of a mapping, or NULL. */
const struct tree *tree_find(const struct tree *map, const char *name);
/* null, ~ or nothing, without quotes. */
bool tree_null(const struct tree *tree);

/* Of another kind, or out of bounds: refused. `what` names the value in the message. */
enum err tree_kind(struct ctx *ctx, const struct tree *tree, enum tree_kind kind, const char *what);
enum err tree_text(struct ctx *ctx, const struct tree *tree, const char *what, const char **text_out);
enum err tree_flag(struct ctx *ctx, const struct tree *tree, const char *what, bool *flag_out);
enum err tree_number(struct ctx *ctx, const struct tree *tree, const char *what, double least, double most, double *number_out);
enum err tree_whole(struct ctx *ctx, const struct tree *tree, const char *what, int64_t least, int64_t most, int64_t *number_out);
/* "500ms", "10s", "5m", "1.5h": at most 30 days. */
enum err tree_duration(struct ctx *ctx, const struct tree *tree, const char *what, int64_t *us_out);

/* Reads every member by its row; one without a row is refused. */
struct tree_key {
	const char *name;
	enum err (*read)(void *reader, const struct tree *value, void *into);
};
enum err tree_members(struct ctx *ctx, const struct tree *map, const char *what, const struct tree_key *keys, void *reader, void *into);

#endif
