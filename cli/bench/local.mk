# `stoa bench`, apart from the command: tests link it alone.
noinst_LIBRARIES += cli/bench/libbench.a
cli_bench_libbench_a_SOURCES = \
	cli/bench/compare.c \
	cli/bench/compare.h \
	cli/bench/engine.c \
	cli/bench/engine.h \
	cli/bench/export.c \
	cli/bench/export.h \
	cli/bench/export_artillery.c \
	cli/bench/export_k6.c \
	cli/bench/export_locust.c \
	cli/bench/export_parts.h \
	cli/bench/gather.c \
	cli/bench/histogram.c \
	cli/bench/histogram.h \
	cli/bench/host.c \
	cli/bench/html.c \
	cli/bench/html.h \
	cli/bench/html_history.c \
	cli/bench/html_report.c \
	cli/bench/http.c \
	cli/bench/http.h \
	cli/bench/judge.c \
	cli/bench/reading.h \
	cli/bench/record.c \
	cli/bench/record.h \
	cli/bench/report.h \
	cli/bench/result.c \
	cli/bench/result.h \
	cli/bench/run.h \
	cli/bench/scenario.c \
	cli/bench/scenario.h \
	cli/bench/session.c \
	cli/bench/statistics.c \
	cli/bench/statistics.h \
	cli/bench/steps.c \
	cli/bench/tree.c \
	cli/bench/tree.h \
	cli/bench/values.c \
	cli/bench/values.h
