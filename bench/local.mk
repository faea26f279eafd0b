EXTRA_PROGRAMS += bench/bare
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = -lfcgi -lpthread
noinst_PROGRAMS += bench/jobs
bench_jobs_SOURCES = bench/jobs.c
# Counted by callgrind (package valgrind); any options of the compiler will do, as long as they stay the same.
EXTRA_PROGRAMS += bench/instructions
bench_instructions_SOURCES = bench/instructions.c cli/families.c
bench_instructions_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_CFLAGS='"$(CFLAGS)"'
bench_instructions_LDADD = $(FAMILY_LIBS)
EXTRA_DIST += bench/baselines/instructions.json bench/callgrind.mjs
EXTRA_DIST += bench/analytics.mjs bench/analytics.sql bench/capacity.mjs bench/common.mjs bench/jobs.mjs bench/run.mjs bench/start.lua

# Ratios, each taken in one run: bench/run.mjs (needs wrk and libfcgi-dev) and bench/jobs.mjs; and times against the documents' targets at the
# size that they ask for: bench/analytics.mjs (needs wrk). Build without sanitizers.
bench: bench-requests bench-jobs bench-analytics
bench-requests: all bench/bare
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/run.mjs
bench-jobs: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/jobs.mjs
bench-analytics: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/analytics.mjs
bench-instructions: bench/instructions cli/stoa web/dist/manifest.json
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/callgrind.mjs
.PHONY: bench-instructions bench bench-requests bench-jobs bench-analytics

# The table of costs that `stoa capacity` ships.
bench-capacity: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/capacity.mjs
.PHONY: bench-capacity

# What `stoa bench` shows of a house, and of itself: bench/{scenarios,honesty,knee}.mjs (honesty needs h2load). Build without sanitizers.
EXTRA_PROGRAMS += bench/stall
bench_stall_SOURCES = bench/stall.c
bench_stall_LDADD =
EXTRA_DIST += bench/honesty.mjs bench/knee.mjs bench/scenarios.mjs bench/stage.mjs $(shell cd $(srcdir) && echo bench/scenarios/*.yaml)
bench-scenarios: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/scenarios.mjs
bench-honesty: all bench/stall
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/honesty.mjs
bench-knee: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/knee.mjs
.PHONY: bench-scenarios bench-honesty bench-knee

# The scenarios for other tools, after a change of one: tests/e2e/export.test.mjs keeps them in step.
EXTRA_DIST += $(shell cd $(srcdir) && find bench/export -type f ! -path '*/__pycache__/*')
bench-export: cli/stoa
	for tool in artillery locust k6; do \
		cli/stoa bench export --$$tool $$(grep -l '^phases:' $(srcdir)/bench/scenarios/*.yaml) --into $(srcdir)/bench/export/$$tool || exit 1; \
	done
.PHONY: bench-export
