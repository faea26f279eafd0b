# `stoa bench`, apart from the command: tests link it alone.
noinst_LIBRARIES += cli/bench/libbench.a
nodist_cli_bench_libbench_a_SOURCES = cli/bench/export_modules.c
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

# What exported scripts share, carried by the command.
EXPORT_MODULES = $(srcdir)/bench/export/artillery/stoa.cjs $(srcdir)/bench/export/k6/stoa.js $(srcdir)/bench/export/locust/stoa.py
CLEANFILES += cli/bench/export_modules.c
cli/bench/export_modules.c: $(EXPORT_MODULES) $(srcdir)/tools/embed-text
	$(AM_V_GEN)$(MKDIR_P) cli/bench && sh $(srcdir)/tools/embed-text EXPORT_MODULE_ARTILLERY=$(srcdir)/bench/export/artillery/stoa.cjs \
		EXPORT_MODULE_K6=$(srcdir)/bench/export/k6/stoa.js EXPORT_MODULE_LOCUST=$(srcdir)/bench/export/locust/stoa.py > $@.tmp && mv $@.tmp $@
