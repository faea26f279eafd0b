pkglibexec_PROGRAMS += fcgi/ops/stoa-ops
fcgi_ops_stoa_ops_SOURCES = fcgi/ops/main.c
fcgi_ops_stoa_ops_LDADD = $(FAMILY_LIBS)
ops_sources = \
	fcgi/ops/capacity.c \
	fcgi/ops/family.c \
	fcgi/ops/family.h \
	fcgi/ops/figures.c \
	fcgi/ops/health.c \
	fcgi/ops/jobs.c \
	fcgi/ops/slo.c \
	fcgi/ops/probe.c \
	fcgi/ops/profile.c

check_PROGRAMS += tests/ops/jobs_dbtest tests/ops/ops_dbtest
TESTS += tests/ops/jobs_dbtest tests/ops/ops_dbtest
tests_ops_jobs_dbtest_SOURCES = tests/ops/jobs_dbtest.c tests/widget/client.h tests/lib/database.h
tests_ops_jobs_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_ops_jobs_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_ops_ops_dbtest_SOURCES = tests/ops/ops_dbtest.c tests/widget/client.h tests/lib/database.h
tests_ops_ops_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_ops_ops_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
