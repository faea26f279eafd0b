/* Arena: memory that belongs to one unit of work and dies at once.
 *
 * Allocation never fails from the caller's view: when the system is out of memory the process
 * logs and aborts, because inputs are bounded before they reach an arena. Memory comes zeroed and
 * aligned for any type. An arena is used by one thread at a time. */
#ifndef STOA_BASE_ARENA_H
#define STOA_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena_release;

struct arena {
	struct arena_block *blocks;     /* newest first */
	struct arena_release *releases; /* newest first */
	size_t used;                    /* bytes handed out since the last reset */
};

/* Bytes a block holds unless one allocation asks for more. */
#define ARENA_BLOCK_BYTES 16384

void arena_init(struct arena *arena);
/* Runs the deferred releases, newest first, then keeps one block and returns the others. */
void arena_reset(struct arena *arena);
/* As reset, and returns every block. The arena may be used again after arena_init(). */
void arena_free(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t bytes);
/* count * bytes, aborting on overflow. */
void *arena_array(struct arena *arena, size_t count, size_t bytes);
char *arena_strdup(struct arena *arena, const char *text);
/* Copies `bytes` bytes and adds a NUL. */
char *arena_memdup(struct arena *arena, const void *data, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0), nonnull(2)));

/* Runs release(handle) at the next reset: how PGresult, json_object and curl lists join an arena. */
void arena_defer(struct arena *arena, void (*release)(void *), void *handle);

#endif
