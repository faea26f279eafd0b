lib_libstoa_a_SOURCES += \
	lib/observe/bound.c \
	lib/observe/bound.h \
	lib/observe/burn.c \
	lib/observe/burn.h \
	lib/observe/history.c \
	lib/observe/history.h \
	lib/observe/history_sample.c \
	lib/observe/capacity.c \
	lib/observe/capacity.h \
	lib/observe/capacity_cost.c \
	lib/observe/capacity_json.c \
	lib/observe/capacity_model.c \
	lib/observe/observe.h \
	lib/observe/profile.h \
	lib/observe/profile_database.c \
	lib/observe/profile_find.c \
	lib/observe/profile_index.c \
	lib/observe/profile_parts.h \
	lib/observe/profile_plan.c \
	lib/observe/profile_read.c \
	lib/observe/profile_report.c \
	lib/observe/profile_words.c

check_PROGRAMS += tests/observe/burn_test
TESTS += tests/observe/burn_test
tests_observe_burn_test_SOURCES = tests/observe/burn_test.c
tests_observe_burn_test_CFLAGS = $(CHECK_CFLAGS)
tests_observe_burn_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/observe/capacity_test
TESTS += tests/observe/capacity_test
tests_observe_capacity_test_SOURCES = tests/observe/capacity_test.c cli/cli.h cli/families.c
tests_observe_capacity_test_CFLAGS = $(CHECK_CFLAGS)
tests_observe_capacity_test_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/observe/history_dbtest
TESTS += tests/observe/history_dbtest
tests_observe_history_dbtest_SOURCES = tests/observe/history_dbtest.c
tests_observe_history_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_observe_history_dbtest_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/observe/profile_test tests/observe/profile_dbtest
TESTS += tests/observe/profile_test tests/observe/profile_dbtest
tests_observe_profile_test_SOURCES = tests/observe/profile_test.c tests/observe/findings.h tests/lib/database.h
tests_observe_profile_test_CFLAGS = $(CHECK_CFLAGS)
tests_observe_profile_test_LDADD = $(CHECK_LDADD)
tests_observe_profile_dbtest_SOURCES = tests/observe/profile_dbtest.c tests/observe/findings.h tests/lib/database.h
tests_observe_profile_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_observe_profile_dbtest_LDADD = $(CHECK_LDADD)
