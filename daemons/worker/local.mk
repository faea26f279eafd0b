pkglibexec_PROGRAMS += daemons/worker/stoa-worker
daemons_worker_stoa_worker_SOURCES = daemons/worker/main.c

check_PROGRAMS += tests/lib/worker_dbtest
TESTS += tests/lib/worker_dbtest
tests_lib_worker_dbtest_SOURCES = tests/lib/worker_dbtest.c tests/lib/database.h
tests_lib_worker_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_worker_dbtest_LDADD = $(CHECK_LDADD)
