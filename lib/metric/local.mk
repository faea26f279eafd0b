lib_libstoa_a_SOURCES += \
	lib/metric/metric.c lib/metric/metric.h \
	lib/metric/work.c lib/metric/work.h

check_PROGRAMS += tests/lib/metric_test
TESTS += tests/lib/metric_test
tests_lib_metric_test_SOURCES = tests/lib/metric_test.c
tests_lib_metric_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_metric_test_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/work_test
TESTS += tests/lib/work_test
tests_lib_work_test_SOURCES = tests/lib/work_test.c
tests_lib_work_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_work_test_LDADD = $(CHECK_LDADD)
