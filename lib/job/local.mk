lib_libstoa_a_SOURCES += \
	lib/job/attempt.c \
	lib/job/claim.c \
	lib/job/control.c \
	lib/job/cron.c \
	lib/job/cron.h \
	lib/job/job.c \
	lib/job/gauge.c \
	lib/job/gauge.h \
	lib/job/house.h \
	lib/job/job.h \
	lib/job/keeper.c \
	lib/job/policies.c \
	lib/job/policies.h \
	lib/job/scale.c \
	lib/job/schedule.c \
	lib/job/schedule.h \
	lib/job/signals.c \
	lib/job/supervisor.c \
	lib/job/supervisor.h \
	lib/job/worker.c \
	lib/job/worker.h

check_PROGRAMS += tests/lib/job_dbtest tests/lib/job_queue_dbtest tests/lib/job_cancel_dbtest
TESTS += tests/lib/job_dbtest tests/lib/job_queue_dbtest tests/lib/job_cancel_dbtest
tests_lib_job_queue_dbtest_SOURCES = tests/lib/job_queue_dbtest.c tests/lib/job_crew.h tests/lib/database.h
tests_lib_job_queue_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_job_queue_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_job_cancel_dbtest_SOURCES = tests/lib/job_cancel_dbtest.c tests/lib/job_crew.h tests/lib/database.h
tests_lib_job_cancel_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_job_cancel_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_job_dbtest_SOURCES = tests/lib/job_dbtest.c tests/lib/job_crew.h tests/lib/database.h
tests_lib_job_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_job_dbtest_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/cron_test
TESTS += tests/lib/cron_test
tests_lib_cron_test_SOURCES = tests/lib/cron_test.c
tests_lib_cron_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_cron_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/schedule_dbtest
TESTS += tests/lib/schedule_dbtest
tests_lib_schedule_dbtest_SOURCES = tests/lib/schedule_dbtest.c tests/lib/database.h
tests_lib_schedule_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_schedule_dbtest_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/supervisor_test tests/lib/supervisor_dbtest
TESTS += tests/lib/supervisor_test tests/lib/supervisor_dbtest
tests_lib_supervisor_test_SOURCES = tests/lib/supervisor_test.c
tests_lib_supervisor_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_supervisor_test_LDADD = $(CHECK_LDADD)
tests_lib_supervisor_dbtest_SOURCES = tests/lib/supervisor_dbtest.c tests/lib/job_crew.h tests/lib/database.h
tests_lib_supervisor_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_supervisor_dbtest_LDADD = $(CHECK_LDADD)
