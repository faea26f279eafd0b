#include "base/arena.h"

#include "base/log.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#endif

/* Under AddressSanitizer, bytes not handed out are poisoned, so that overruns and use after reset show. */
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define arena_hide(data, bytes) ASAN_POISON_MEMORY_REGION((data), (bytes))
#define arena_show(data, bytes) ASAN_UNPOISON_MEMORY_REGION((data), (bytes))
#else
#define arena_hide(data, bytes) ((void)(data), (void)(bytes))
#define arena_show(data, bytes) ((void)(data), (void)(bytes))
#endif

#define ARENA_ALIGN (_Alignof(max_align_t))

struct arena_block {
	struct arena_block *next;
	size_t room;
	size_t used;
	_Alignas(max_align_t) unsigned char data[];
};

struct arena_release {
	struct arena_release *next;
	void (*release)(void *);
	void *handle;
};

static void arena_abort(const char *why, size_t bytes)
{
	LOG(LOG_ERROR, "out-of-memory", LOG_T("reason", why), LOG_N("bytes", bytes));
	abort();
}

void arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof *arena);
}

static void arena_release_all(struct arena *arena)
{
	while (arena->releases) {
		struct arena_release *first = arena->releases;

		arena->releases = first->next;
		first->release(first->handle);
	}
}

void arena_reset(struct arena *arena)
{
	struct arena_block *kept = NULL;

	arena_release_all(arena);
	for (struct arena_block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		if (!kept && block->room == ARENA_BLOCK_BYTES)
			kept = block;
		else
			free(block);
	}
	if (kept) {
		kept->next = NULL;
		kept->used = 0;
		arena_hide(kept->data, kept->room);
	}
	arena->blocks = kept;
	arena->used = 0;
}

void arena_free(struct arena *arena)
{
	arena_release_all(arena);
	for (struct arena_block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	arena_init(arena);
}

static struct arena_block *block_new(size_t room)
{
	struct arena_block *block = malloc(sizeof *block + room);

	if (!block)
		arena_abort("no memory for a block", room);
	block->next = NULL;
	block->room = room;
	block->used = 0;
	arena_hide(block->data, room);
	return block;
}

/* A block with room for `bytes`. A large allocation gets a block of its own behind the newest one, so that the
 * rest of the newest stays in use. */
static struct arena_block *arena_grow(struct arena *arena, size_t bytes)
{
	struct arena_block *block;

	if (bytes <= ARENA_BLOCK_BYTES / 4 || !arena->blocks) {
		block = block_new(bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES);
		block->next = arena->blocks;
		arena->blocks = block;
	} else {
		block = block_new(bytes);
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	}
	return block;
}

static void *arena_take(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	size_t aligned;
	void *data;

	if (bytes > SIZE_MAX / 2)
		arena_abort("size out of range", bytes);
	aligned = (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (!block || block->room - block->used < aligned)
		block = arena_grow(arena, aligned);
	data = block->data + block->used;
	block->used += aligned;
	arena->used += aligned;
	arena_show(data, bytes);
	return data;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	return memset(arena_take(arena, bytes), 0, bytes);
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total))
		arena_abort("array size overflows", count);
	return arena_alloc(arena, total);
}

char *arena_memdup(struct arena *arena, const void *data, size_t bytes)
{
	char *copy = arena_take(arena, bytes + 1);

	if (bytes)
		memcpy(copy, data, bytes);
	copy[bytes] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_memdup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		arena_abort("cannot format", 0);
	text = arena_take(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void arena_defer(struct arena *arena, void (*release)(void *), void *handle)
{
	struct arena_release *entry = arena_alloc(arena, sizeof *entry);

	entry->release = release;
	entry->handle = handle;
	entry->next = arena->releases;
	arena->releases = entry;
}
