BENCH_LIBS = cli/bench/libbench.a $(FAMILY_LIBS) $(YAML_LIBS)

EXTRA_DIST += tests/bench/report.json
COMPARE_TESTS = tests/bench/compare_test tests/bench/export_test tests/bench/html_test tests/bench/statistics_test
check_PROGRAMS += $(COMPARE_TESTS)
TESTS += $(COMPARE_TESTS)
tests_bench_compare_test_SOURCES = tests/bench/compare_test.c
tests_bench_compare_test_CFLAGS = $(CHECK_CFLAGS)
tests_bench_compare_test_LDADD = cli/bench/libbench.a $(CHECK_LDADD)
tests_bench_export_test_SOURCES = tests/bench/export_test.c
tests_bench_export_test_CFLAGS = $(CHECK_CFLAGS)
tests_bench_export_test_LDADD = cli/bench/libbench.a $(CHECK_LDADD) $(YAML_LIBS)
tests_bench_html_test_SOURCES = tests/bench/html_test.c
tests_bench_html_test_CFLAGS = $(CHECK_CFLAGS)
tests_bench_html_test_LDADD = cli/bench/libbench.a $(CHECK_LDADD)
tests_bench_statistics_test_SOURCES = tests/bench/statistics_test.c
tests_bench_statistics_test_CFLAGS = $(CHECK_CFLAGS)
tests_bench_statistics_test_LDADD = cli/bench/libbench.a $(CHECK_LDADD)
