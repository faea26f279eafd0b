# `stoa bench`, apart from the command: tests link it alone.
noinst_LIBRARIES += cli/bench/libbench.a
cli_bench_libbench_a_SOURCES = \
	cli/bench/compare.c \
	cli/bench/compare.h \
	cli/bench/histogram.c \
	cli/bench/histogram.h \
	cli/bench/record.c \
	cli/bench/record.h \
	cli/bench/result.c \
	cli/bench/result.h \
	cli/bench/statistics.c \
	cli/bench/statistics.h
