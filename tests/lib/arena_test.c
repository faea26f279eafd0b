#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void gives_zeroed_aligned_memory(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (int round = 0; round < 3; round++) {
		for (size_t bytes = 0; bytes < 300; bytes++) {
			unsigned char *data = arena_alloc(&arena, bytes);

			assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < bytes; i++)
				assert_int_equal(data[i], 0);
			if (bytes)
				memset(data, 0xa5, bytes);
		}
		arena_reset(&arena);
		assert_int_equal(arena.used, 0);
	}
	arena_free(&arena);
}

static void small_allocations_share_a_block(void **state)
{
	struct arena arena;
	char *first, *last = NULL;

	(void)state;
	arena_init(&arena);
	first = arena_alloc(&arena, 64);
	for (int i = 0; i < 100; i++)
		last = arena_alloc(&arena, 64);
	assert_int_equal(last - first, 6400);
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 64), first);
	arena_free(&arena);
}

static void large_allocations_leave_the_block_in_use(void **state)
{
	struct arena arena;
	char *first, *next;

	(void)state;
	arena_init(&arena);
	first = arena_alloc(&arena, 64);
	for (int i = 1; i < 10; i++)
		memset(arena_alloc(&arena, (size_t)i * ARENA_BLOCK_BYTES), 1, (size_t)i * ARENA_BLOCK_BYTES);
	next = arena_alloc(&arena, 64);
	assert_int_equal(next - first, 64);
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 64), first);
	arena_free(&arena);
}

/* The block of a large first allocation is not one to keep, but must go at reset all the same. */
static void survives_a_large_first_allocation(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	memset(arena_alloc(&arena, 5 * ARENA_BLOCK_BYTES), 1, 5 * ARENA_BLOCK_BYTES);
	memset(arena_alloc(&arena, 100), 1, 100);
	arena_reset(&arena);
	memset(arena_alloc(&arena, 100), 1, 100);
	arena_free(&arena);
	arena_init(&arena);
	assert_non_null(arena_alloc(&arena, 1));
	arena_free(&arena);
}

static void copies_and_formats(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_string_equal(arena_strdup(&arena, "plan"), "plan");
	assert_string_equal(arena_strdup(&arena, ""), "");
	assert_memory_equal(arena_memdup(&arena, "a\0b", 3), "a\0b", 4);
	assert_memory_equal(arena_memdup(&arena, NULL, 0), "", 1);
	assert_string_equal(arena_printf(&arena, "%s-%05d", "x", 42), "x-00042");
	assert_int_equal(strlen(arena_printf(&arena, "%*d", 3 * ARENA_BLOCK_BYTES, 1)), 3 * ARENA_BLOCK_BYTES);
	arena_free(&arena);
}

static char released[16];
static struct arena releasing;

static void note(void *handle)
{
	strncat(released, handle, sizeof released - strlen(released) - 1);
}

static void note_and_defer(void *handle)
{
	note(handle);
	arena_defer(&releasing, note, arena_strdup(&releasing, "z"));
}

static void releases_newest_first_while_memory_lives(void **state)
{
	(void)state;
	released[0] = '\0';
	arena_init(&releasing);
	arena_defer(&releasing, note, arena_strdup(&releasing, "a"));
	arena_defer(&releasing, note_and_defer, arena_strdup(&releasing, "b"));
	arena_defer(&releasing, note, arena_strdup(&releasing, "c"));
	arena_reset(&releasing);
	assert_string_equal(released, "cbza");
	arena_reset(&releasing);
	assert_string_equal(released, "cbza");
	arena_defer(&releasing, note, arena_strdup(&releasing, "d"));
	arena_free(&releasing);
	assert_string_equal(released, "cbzad");
}

/* The signal that ends a child which asks for `count` items of `bytes`, or 0. */
static int child_signal(size_t count, size_t bytes)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		struct arena arena;

		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		arena_init(&arena);
		arena_array(&arena, count, bytes);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void aborts_on_overflow(void **state)
{
	(void)state;
	assert_int_equal(child_signal(10, 10), 0);
	assert_int_equal(child_signal(SIZE_MAX / 2, 3), SIGABRT);
	assert_int_equal(child_signal(1, SIZE_MAX - 1), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(small_allocations_share_a_block),
		cmocka_unit_test(large_allocations_leave_the_block_in_use),
		cmocka_unit_test(survives_a_large_first_allocation),
		cmocka_unit_test(copies_and_formats),
		cmocka_unit_test(releases_newest_first_while_memory_lives),
		cmocka_unit_test(aborts_on_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
