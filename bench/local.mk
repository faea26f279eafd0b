EXTRA_PROGRAMS += bench/bare
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = -lfcgi -lpthread
EXTRA_DIST += bench/run.mjs bench/start.lua

# Ratios of one run; see bench/run.mjs. Build without sanitizers. Needs wrk and libfcgi-dev.
bench: all bench/bare
	STOA_BUILD=$(abs_builddir) $(SHELL) $(srcdir)/tools/node $(srcdir)/bench/run.mjs
.PHONY: bench
