EXTRA_PROGRAMS += bench/bare
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = -lfcgi -lpthread
noinst_PROGRAMS += bench/jobs
bench_jobs_SOURCES = bench/jobs.c
EXTRA_DIST += bench/analytics.mjs bench/analytics.sql bench/common.mjs bench/jobs.mjs bench/run.mjs bench/start.lua

# Ratios, each taken in one run: bench/run.mjs (needs wrk and libfcgi-dev) and bench/jobs.mjs; and times against the documents' targets at the
# size that they ask for: bench/analytics.mjs (needs wrk). Build without sanitizers.
bench: bench-requests bench-jobs bench-analytics
bench-requests: all bench/bare
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/run.mjs
bench-jobs: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/jobs.mjs
bench-analytics: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/analytics.mjs
.PHONY: bench bench-requests bench-jobs bench-analytics
