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
	lib/observe/observe.h

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
