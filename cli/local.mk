bin_PROGRAMS += cli/stoa
cli_stoa_SOURCES = \
	cli/bench.c \
	cli/bench.h \
	cli/bench_export.c \
	cli/bench_results.c \
	cli/bench_run.c \
	cli/bench_runs.c \
	cli/bench_runs.h \
	cli/capacity.c \
	cli/cli.h \
	cli/config.c \
	cli/deploy.c \
	cli/deploy.h \
	cli/doctor.c \
	cli/doctor.h \
	cli/doctor_apache.c \
	cli/doctor_files.c \
	cli/doctor_services.c \
	cli/doctor_site.c \
	cli/events.c \
	cli/families.c \
	cli/flame.c \
	cli/flame.h \
	cli/jobs.c \
	cli/key.c \
	cli/knee.c \
	cli/knee.h \
	cli/mail.c \
	cli/main.c \
	cli/measure.c \
	cli/migrate.c \
	cli/openapi.c \
	cli/openapi.h \
	cli/openapi_schema.c \
	cli/profile.c \
	cli/prometheus.c \
	cli/prometheus.h \
	cli/prometheus_alerts.c \
	cli/prometheus_classes.c \
	cli/prometheus_dashboard.c \
	cli/prometheus_rules.c \
	cli/prometheus_tests.c \
	cli/routes.c \
	cli/brownout.c \
	cli/slo.c \
	cli/stripe.c \
	cli/user.c
cli_stoa_LDADD = cli/bench/libbench.a $(FAMILY_LIBS) $(YAML_LIBS)
noinst_LIBRARIES += fcgi/libfamilies.a
fcgi_libfamilies_a_SOURCES = $(auth_sources) $(ops_sources) $(PAGES_SOURCES) $(retention_sources) $(stripe_sources) $(widget_sources)

TESTS += tests/cli/admin_dbtest tests/cli/events_dbtest tests/cli/jobs_dbtest tests/cli/mail_dbtest tests/cli/stripe_dbtest tests/cli/measure_dbtest
EXTRA_DIST += tests/cli/admin_dbtest tests/cli/events_dbtest tests/cli/jobs_dbtest tests/cli/mail_dbtest tests/cli/stripe_dbtest tests/cli/measure_dbtest
TESTS += tests/cli/prometheus_test
EXTRA_DIST += tests/cli/prometheus_test tests/cli/prometheus_test.mjs

# What `stoa capacity --write` writes.
DEPLOY_TEMPLATES = $(shell find $(srcdir)/deploy/generate -name '*.mustache')
nodist_cli_stoa_SOURCES = cli/deploy_files.c
CLEANFILES += cli/deploy_files.c
cli/deploy_files.c: $(DEPLOY_TEMPLATES) $(srcdir)/tools/embed-deploy Makefile
	$(AM_V_GEN)$(MKDIR_P) cli && sh $(srcdir)/tools/embed-deploy $(srcdir)/deploy/generate > $@.tmp && $(place) $@.tmp > $@ && rm -f $@.tmp
TESTS += tests/deploy/example_test
EXTRA_DIST += tests/deploy/example_test tests/deploy/kubernetes.test.mjs

TESTS += tests/cli/profile_dbtest
EXTRA_DIST += tests/cli/profile_dbtest
check_PROGRAMS += tests/cli/flame_test
TESTS += tests/cli/flame_test
tests_cli_flame_test_SOURCES = tests/cli/flame_test.c cli/flame.c cli/flame.h
tests_cli_flame_test_CFLAGS = $(CHECK_CFLAGS)
tests_cli_flame_test_LDADD = $(CHECK_LDADD)
