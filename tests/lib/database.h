/* What the tests with a database share: settings, a clean schema, threads that are watched instead of slept for. */
#ifndef STOA_TESTS_DATABASE_H
#define STOA_TESTS_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* cmocka's fail() and ours share a name. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/clock.h"
#include "pg/migrate.h"
#include "pg/pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sets one STOA_… variable (NULL: unsets it) and loads the configuration again. */
static inline void setting(const char *variable, const char *value)
{
	char message[256];
	if (value)
		setenv(variable, value, 1);
	else
		unsetenv(variable);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

/* Gives way until the condition holds; a minute without it is a failure. */
#define WAIT_FOR(condition) \
	do { \
		int64_t until_ = clock_mono_us() + 60000000; \
		while (!(condition)) { \
			if (clock_mono_us() > until_) \
				fail_msg("never came true: %s", #condition); \
			usleep(1000); \
		} \
	} while (0)

/* Runs text that must succeed; the first value, or "". */
static inline const char *ask(struct ctx *ctx, struct pool *pool, const char *text)
{
	struct lease lease;
	PGresult *result;
	if (lease_take(ctx, pool, &lease) != OK || pg_run_text(&lease, text, 0, NULL, &result) != OK)
		fail_msg("%s: %s %s", text, ctx->fault.detail, ctx->fault.internal);
	lease_return(&lease);
	return PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
}

static inline void schema_clear(struct ctx *ctx, struct pool *pool)
{
	ask(ctx, pool, "drop schema public cascade; create schema public");
}

static inline void schema_make(struct ctx *ctx, struct pool *pool)
{
	schema_clear(ctx, pool);
	if (migrate_run(ctx, pool, false, NULL) != OK)
		fail_msg("%s %s", ctx->fault.detail, ctx->fault.internal);
}

/* tools/services up or down on the test's own services. */
static inline void services(const char *verb)
{
	char tool[4096];
	snprintf(tool, sizeof tool, "%s/tools/services", getenv("STOA_ROOT"));
	pid_t pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", tool, verb, getenv("STOA_TEST_DIR"), "--fast", (char *)NULL);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#endif
