pkglibexec_PROGRAMS += daemons/worker/stoa-worker
daemons_worker_stoa_worker_SOURCES = daemons/worker/main.c
