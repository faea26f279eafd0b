pkglibexec_PROGRAMS += fcgi/retention/stoa-retention
fcgi_retention_stoa_retention_SOURCES = fcgi/retention/main.c $(retention_sources)
retention_sources = \
	fcgi/retention/connection.c \
	fcgi/retention/family.c \
	fcgi/retention/family.h \
	fcgi/retention/flows.c \
	fcgi/retention/sessions.c \
	fcgi/retention/summary.c
