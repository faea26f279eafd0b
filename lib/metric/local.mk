lib_libstoa_a_SOURCES += \
	lib/metric/metric.c lib/metric/metric.h \
	lib/metric/work.c lib/metric/work.h

check_PROGRAMS += tests/lib/metric_test
TESTS += tests/lib/metric_test
tests_lib_metric_test_SOURCES = tests/lib/metric_test.c
tests_lib_metric_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_metric_test_LDADD = $(CHECK_LDADD)
