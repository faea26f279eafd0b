pkglibexec_PROGRAMS += fcgi/retention/stoa-retention
fcgi_retention_stoa_retention_SOURCES = fcgi/retention/main.c
fcgi_retention_stoa_retention_LDADD = $(FAMILY_LIBS)
retention_sources = \
	fcgi/retention/activity.c \
	fcgi/retention/analytics.c \
	fcgi/retention/branding.c \
	fcgi/retention/connection.c \
	fcgi/retention/experiments.c \
	fcgi/retention/family.c \
	fcgi/retention/family.h \
	fcgi/retention/figures.c \
	fcgi/retention/figures.h \
	fcgi/retention/flow_files.c \
	fcgi/retention/flows.c \
	fcgi/retention/flows.h \
	fcgi/retention/offers.c \
	fcgi/retention/outreach.c \
	fcgi/retention/outreach_lists.c \
	fcgi/retention/privacy.c \
	fcgi/retention/reports.c \
	fcgi/retention/segments.c \
	fcgi/retention/risk.c \
	fcgi/retention/roi.c \
	fcgi/retention/sessions.c \
	fcgi/retention/stripe.c

check_PROGRAMS += tests/retention/retention_dbtest
TESTS += tests/retention/retention_dbtest
tests_retention_retention_dbtest_SOURCES = tests/retention/retention_dbtest.c tests/lib/answer.h tests/widget/client.h tests/lib/database.h
tests_retention_retention_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_retention_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/retention/flow_dbtest
TESTS += tests/retention/flow_dbtest
tests_retention_flow_dbtest_SOURCES = tests/retention/flow_dbtest.c tests/widget/client.h tests/lib/database.h
tests_retention_flow_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_flow_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/retention/report_dbtest
TESTS += tests/retention/report_dbtest
tests_retention_report_dbtest_SOURCES = tests/retention/report_dbtest.c tests/widget/client.h tests/lib/database.h
tests_retention_report_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_report_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/retention/experiment_dbtest
TESTS += tests/retention/experiment_dbtest
tests_retention_experiment_dbtest_SOURCES = tests/retention/experiment_dbtest.c tests/widget/client.h tests/lib/database.h
tests_retention_experiment_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_experiment_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/outreach/api_dbtest
TESTS += tests/outreach/api_dbtest
tests_outreach_api_dbtest_SOURCES = tests/outreach/api_dbtest.c tests/widget/client.h tests/lib/database.h
tests_outreach_api_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_outreach_api_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/retention/targeting_dbtest
TESTS += tests/retention/targeting_dbtest
tests_retention_targeting_dbtest_SOURCES = tests/retention/targeting_dbtest.c tests/widget/client.h tests/lib/database.h
tests_retention_targeting_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_targeting_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/retention/privacy_dbtest
TESTS += tests/retention/privacy_dbtest
tests_retention_privacy_dbtest_SOURCES = tests/retention/privacy_dbtest.c tests/widget/client.h tests/lib/database.h
tests_retention_privacy_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_retention_privacy_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
