/* Shared memory: a file that every process of this machine maps (metrics, rate limits, cache invalidations).
 *
 * What it holds is only ever a help: losing the file loses counts, never data. */
#ifndef STOA_BASE_SHARED_H
#define STOA_BASE_SHARED_H

#include <stdbool.h>
#include <stddef.h>

struct shared {
	void *memory; /* aligned to 64 bytes; zeroed when new */
	size_t bytes;
	void *map;    /* private to shared.c */
	size_t map_bytes;
};

/* Maps path, made when missing (mode 0660; root gives it to the owner of its folder). mark names the layout and its version,
 * at most 47 characters: a file with another mark or size is replaced, and processes that still map the old one keep it to
 * themselves. prepare (may be NULL) runs once on a new file, before another process can map it; a process killed
 * meanwhile leaves a file that the next one replaces. False: message_out (256 bytes). */
bool shared_open(struct shared *shared, const char *path, const char *mark, size_t bytes, void (*prepare)(void *memory),
	char message_out[256]);
/* The same for this process alone; aborts when memory is out. */
void shared_private(struct shared *shared, size_t bytes, void (*prepare)(void *memory));
/* Unmaps; the file stays. Harmless on a zeroed struct. */
void shared_close(struct shared *shared);

#endif
