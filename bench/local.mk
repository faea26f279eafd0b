EXTRA_PROGRAMS += bench/bare
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = -lfcgi -lpthread
noinst_PROGRAMS += bench/jobs
bench_jobs_SOURCES = bench/jobs.c
EXTRA_DIST += bench/common.mjs bench/jobs.mjs bench/run.mjs bench/start.lua

# Ratios, each taken in one run: bench/run.mjs (needs wrk and libfcgi-dev) and bench/jobs.mjs. Build without sanitizers.
bench: bench-requests bench-jobs
bench-requests: all bench/bare
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/run.mjs
bench-jobs: all
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/jobs.mjs
.PHONY: bench bench-requests bench-jobs
