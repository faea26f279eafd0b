/* Shared files: many creators at once, other layouts, a creator that dies, what cannot be opened; and the breaker. */
#include "base/breaker.h"
#include "base/clock.h"
#include "base/shared.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct counted {
	_Atomic int prepared, opened;
	char bytes[5000];
};

static char path[100];

static void prepare(void *memory)
{
	struct counted *counted = memory;
	atomic_fetch_add(&counted->prepared, 1);
}

static void die_preparing(void *memory)
{
	memset(memory, 'x', sizeof(struct counted));
	raise(SIGKILL);
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

#define PROCESSES 8

static void many_create_one_file(void **state)
{
	char message[256];
	struct shared shared;
	(void)state;
	for (int round = 0; round < 20; round++) {
		int start[2];
		char c;
		unlink(path);
		assert_int_equal(pipe(start), 0);
		fflush(NULL);
		for (int i = 0; i < PROCESSES; i++)
			if (fork() == 0) {
				close(start[1]);
				if (read(start[0], &c, 1) != 0 || !shared_open(&shared, path, "test 1", sizeof(struct counted), prepare, message))
					_exit(1);
				atomic_fetch_add(&((struct counted *)shared.memory)->opened, 1);
				_exit(0);
			}
		close(start[0]);
		close(start[1]); /* go */
		for (int i = 0; i < PROCESSES; i++) {
			int status;
			wait(&status);
			assert_int_equal(status, 0);
		}
		assert_true(shared_open(&shared, path, "test 1", sizeof(struct counted), prepare, message));
		struct counted *counted = shared.memory;
		assert_int_equal(counted->prepared, 1);
		assert_int_equal(counted->opened, PROCESSES);
		assert_int_equal((uintptr_t)shared.memory % 64, 0);
		shared_close(&shared);
		shared_close(&shared);
	}
}

static void other_files_are_replaced(void **state)
{
	static const struct { const char *mark; size_t bytes; bool kept; } ROWS[] = {
		{"test 1", 100, true}, {"test 2", 100, false}, {"test 1", 101, false}, {"test 10", 100, false}, {"test ", 100, false},
	};
	char message[256];
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct shared old, new;
		unlink(path);
		assert_true(shared_open(&old, path, "test 1", 100, NULL, message));
		memcpy(old.memory, "kept", 5);
		assert_true(shared_open(&new, path, ROWS[i].mark, ROWS[i].bytes, NULL, message));
		assert_string_equal(new.memory, ROWS[i].kept ? "kept" : "");
		assert_string_equal(old.memory, "kept"); /* whoever has the old one keeps it */
		shared_close(&old);
		shared_close(&new);
	}
}

static void a_creator_dies(void **state)
{
	char message[256];
	struct shared shared;
	int status;
	(void)state;
	fflush(NULL);
	if (fork() == 0) {
		shared_open(&shared, path, "test 1", sizeof(struct counted), die_preparing, message);
		_exit(0);
	}
	wait(&status);
	assert_true(WIFSIGNALED(status));
	assert_true(shared_open(&shared, path, "test 1", sizeof(struct counted), prepare, message));
	struct counted *counted = shared.memory;
	assert_int_equal(counted->prepared, 1);
	assert_int_equal(counted->bytes[0], 0);
	shared_close(&shared);
}

static void what_cannot_be_opened(void **state)
{
	char message[256], link[110];
	struct shared shared;
	(void)state;
	assert_false(shared_open(&shared, "/nonexistent/file", "test 1", 100, NULL, message));
	assert_non_null(strstr(message, "/nonexistent/file"));
	assert_false(shared_open(&shared, "/tmp", "test 1", 100, NULL, message));
	assert_null(shared.memory);
	/* Not through a symbolic link that somebody planted. */
	snprintf(link, sizeof link, "%s.link", path);
	assert_int_equal(symlink(path, link), 0);
	assert_false(shared_open(&shared, link, "test 1", 100, NULL, message));
	unlink(link);
	struct stat about;
	assert_true(shared_open(&shared, path, "test 1", 100, NULL, message));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 07, 0); /* nothing for strangers */
	shared_close(&shared);
}

static void private_memory(void **state)
{
	struct shared one, two;
	(void)state;
	shared_private(&one, sizeof(struct counted), prepare);
	shared_private(&two, sizeof(struct counted), NULL);
	assert_int_equal(((struct counted *)one.memory)->prepared, 1);
	assert_int_equal(((struct counted *)two.memory)->prepared, 0);
	shared_close(&one);
	shared_close(&two);
}

static void the_breaker(void **state)
{
	struct breaker breaker = {0};
	struct breaker_rule patient = {3, 3600000}, hasty = {3, 0};
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(breaker_allow(&breaker, &patient));
		assert_false(breaker_open(&breaker, &patient));
		if (i == 1)
			breaker_report(&breaker, &patient, true); /* in a row: the count starts again */
		breaker_report(&breaker, &patient, false);
	}
	breaker_report(&breaker, &patient, false);
	assert_true(breaker_open(&breaker, &patient));
	assert_false(breaker_allow(&breaker, &patient));
	breaker_report(&breaker, &hasty, false); /* the pause is over at once */
	assert_true(breaker_allow(&breaker, &patient));
	assert_false(breaker_allow(&breaker, &patient)); /* one probe a pause */
	breaker_report(&breaker, &patient, true);
	assert_true(breaker_allow(&breaker, &patient));
	assert_true(breaker_allow(&breaker, &patient));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_create_one_file, clean),
		cmocka_unit_test_setup(other_files_are_replaced, clean),
		cmocka_unit_test_setup(a_creator_dies, clean),
		cmocka_unit_test_setup(what_cannot_be_opened, clean),
		cmocka_unit_test(private_memory),
		cmocka_unit_test(the_breaker),
	};
	snprintf(path, sizeof path, "/tmp/stoa-shared-test-%d.shm", getpid());
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
