/* What a session's names stand for, and texts made of them. */
#ifndef STOA_CLI_BENCH_VALUES_H
#define STOA_CLI_BENCH_VALUES_H

#include "base/buffer.h"
#include "cli/bench/scenario.h"

#define VALUE_BYTES 4096           /* largest captured value */
#define MADE_BYTES ((size_t)1 << 20) /* what is put together ends there */

struct value {
	char *text; /* owned; NULL: not set or not drawn */
	size_t length, room;
};

/* What all sessions share: sequences and chance. Zeroed by values_open(). */
struct draw {
	const struct scenario *scenario;
	uint64_t chance[2];
	int64_t *sequences; /* by variable, the next one; owned */
};

void draw_open(struct draw *draw, const struct scenario *scenario);
void draw_close(struct draw *draw);
/* Any number from least to most. */
int64_t draw_between(struct draw *draw, int64_t least, int64_t most);
/* At least 0, below 1. */
double draw_share(struct draw *draw);

/* One a variable; values_free() and free() release them. */
struct value *values_new(const struct scenario *scenario);
void values_free(const struct scenario *scenario, struct value *values);
/* Forgets what was made, not what was captured: a new pass through a journey. */
void values_begin(const struct scenario *scenario, struct value *values);
void value_set(struct value *value, const char *text, size_t bytes);

/* Appends the text, drawing what has not been drawn. A name that was never captured is "". */
void values_render(struct draw *draw, struct value *values, const struct pattern *pattern, struct buffer *out);

#endif
