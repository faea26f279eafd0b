lib_libstoa_a_SOURCES += \
	lib/measure/customers.c \
	lib/measure/formula.c \
	lib/measure/measure.h \
	lib/measure/parts.h \
	lib/measure/pass.c \
	lib/measure/read.c \
	lib/measure/rebuild.c \
	lib/measure/words.c

check_PROGRAMS += tests/measure/formula_test tests/measure/measure_dbtest tests/measure/analytics_dbtest
TESTS += tests/measure/formula_test tests/measure/measure_dbtest tests/measure/analytics_dbtest
tests_measure_formula_test_SOURCES = tests/measure/formula_test.c
tests_measure_formula_test_CFLAGS = $(CHECK_CFLAGS)
tests_measure_formula_test_LDADD = $(CHECK_LDADD)
tests_measure_measure_dbtest_SOURCES = tests/measure/measure_dbtest.c tests/measure/world.h tests/lib/database.h
tests_measure_measure_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_measure_measure_dbtest_LDADD = $(CHECK_LDADD)
tests_measure_analytics_dbtest_SOURCES = tests/measure/analytics_dbtest.c tests/measure/world.h tests/widget/client.h tests/lib/database.h
tests_measure_analytics_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_measure_analytics_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
