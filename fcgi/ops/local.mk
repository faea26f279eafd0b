pkglibexec_PROGRAMS += fcgi/ops/stoa-ops
fcgi_ops_stoa_ops_SOURCES = fcgi/ops/main.c $(ops_sources)
ops_sources = \
	fcgi/ops/family.c \
	fcgi/ops/family.h \
	fcgi/ops/figures.c \
	fcgi/ops/health.c \
	fcgi/ops/probe.c
