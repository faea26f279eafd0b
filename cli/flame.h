/* Flame: where the processors' time goes, as a flame graph, through perf. */
#ifndef STOA_CLI_FLAME_H
#define STOA_CLI_FLAME_H

#include "base/buffer.h"

#include <stdio.h>

/* A function in a stack, with what it calls. */
struct flame {
	char *name;
	uint64_t count;           /* samples in it and below it */
	struct flame *children;   /* by name */
	size_t child_count, room;
};

/* Adds every stack of what `perf script` prints to root, outermost first; how many samples there were. Lines that are none are passed over. */
uint64_t flame_read(FILE *script, struct flame *root);
/* A picture for a browser, without scripts: a rectangle a function, as wide as its share, its name and share as its title. */
void flame_svg(const struct flame *root, const char *title, struct buffer *out);
void flame_free(struct flame *root);

/* Records these processes for so many seconds and writes the graph to path. False: message_out (256 bytes) says why, such as that perf
 * is not there or not permitted. */
bool flame_record(const int *pids, int count, int seconds, const char *path, char message_out[256]);

#endif
