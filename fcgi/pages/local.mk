pkglibexec_PROGRAMS += fcgi/pages/stoa-pages
fcgi_pages_stoa_pages_SOURCES = fcgi/pages/main.c
fcgi_pages_stoa_pages_LDADD = $(FAMILY_LIBS)
PAGES_SOURCES = \
	fcgi/pages/accept.c \
	fcgi/pages/analytics.c \
	fcgi/pages/asset.c \
	fcgi/pages/audit.c \
	fcgi/pages/builder.c \
	fcgi/pages/capacity.c \
	fcgi/pages/branding.c \
	fcgi/pages/chart.c \
	fcgi/pages/chart.h \
	fcgi/pages/data.c \
	fcgi/pages/experiment.c \
	fcgi/pages/experiment.h \
	fcgi/pages/experiments.c \
	fcgi/pages/family.c \
	fcgi/pages/family.h \
	fcgi/pages/feedback.c \
	fcgi/pages/flow.c \
	fcgi/pages/flow.h \
	fcgi/pages/flows.c \
	fcgi/pages/jobs.c \
	fcgi/pages/keys.c \
	fcgi/pages/locale.c \
	fcgi/pages/login.c \
	fcgi/pages/customer.c \
	fcgi/pages/offers.c \
	fcgi/pages/outreach.c \
	fcgi/pages/reach.c \
	fcgi/pages/reach.h \
	fcgi/pages/subscriptions.c \
	fcgi/pages/wording.c \
	fcgi/pages/overview.c \
	fcgi/pages/page.c \
	fcgi/pages/page.h \
	fcgi/pages/password.c \
	fcgi/pages/profile.c \
	fcgi/pages/range.c \
	fcgi/pages/range.h \
	fcgi/pages/register.c \
	fcgi/pages/reports.c \
	fcgi/pages/segments.c \
	fcgi/pages/roi.c \
	fcgi/pages/settings.c \
	fcgi/pages/stripe.c \
	fcgi/pages/slo.c \
	fcgi/pages/sheet.c \
	fcgi/pages/sheet.h \
	fcgi/pages/team.c \
	fcgi/pages/unsubscribe.c \
	fcgi/pages/webhooks.c \
	fcgi/pages/words.c \
	fcgi/pages/words.h


# Static files, named by their content.
BUILDER_FILES = $(srcdir)/web/builder.js $(srcdir)/web/builder-editor.js $(srcdir)/web/builder-merge.js $(srcdir)/web/builder-preview.js \
	$(srcdir)/web/builder-sort.js $(srcdir)/web/builder-store.js $(srcdir)/web/builder-when.js $(srcdir)/web/builder.css
WEB_FILES = $(BUILDER_FILES) $(srcdir)/web/widget.js $(srcdir)/web/pages.js $(srcdir)/web/pages.css $(srcdir)/web/charts.js $(srcdir)/web/icon.svg
noinst_DATA = web/dist/manifest.json
web/dist/manifest.json: $(WEB_FILES) $(srcdir)/tools/build-assets
	$(AM_V_GEN)sh $(srcdir)/tools/build-assets $(srcdir)/web web/dist

templatesdir = $(pkgdatadir)/templates
webdir = $(pkgdatadir)/web
install-data-local: web/dist/manifest.json
	$(MKDIR_P) $(DESTDIR)$(webdir)
	$(INSTALL_DATA) web/dist/* $(DESTDIR)$(webdir)/
	cd $(srcdir)/templates && find . -name '*.mustache' -o -name '*.json' | while read -r file; do \
		$(MKDIR_P) "$(DESTDIR)$(templatesdir)/$${file%/*}" && $(INSTALL_DATA) "$$file" "$(DESTDIR)$(templatesdir)/$$file"; done
uninstall-local:
	rm -rf $(DESTDIR)$(webdir) $(DESTDIR)$(templatesdir)
clean-local:
	rm -rf web/dist

check_PROGRAMS += tests/pages/jobs_dbtest tests/pages/pages_dbtest tests/pages/stripe_dbtest tests/pages/team_dbtest
TESTS += tests/pages/jobs_dbtest tests/pages/pages_dbtest tests/pages/stripe_dbtest tests/pages/team_dbtest
tests_pages_jobs_dbtest_SOURCES = tests/pages/jobs_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_jobs_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_jobs_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_pages_pages_dbtest_SOURCES = tests/pages/pages_dbtest.c
tests_pages_pages_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_pages_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_pages_stripe_dbtest_SOURCES = tests/pages/stripe_dbtest.c tests/lib/answer.h tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_stripe_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_stripe_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_pages_team_dbtest_SOURCES = tests/pages/team_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_team_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_team_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/experiments_dbtest
TESTS += tests/pages/experiments_dbtest
tests_pages_experiments_dbtest_SOURCES = tests/pages/experiments_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_experiments_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_experiments_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/analytics_dbtest
TESTS += tests/pages/analytics_dbtest
tests_pages_analytics_dbtest_SOURCES = tests/pages/analytics_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_analytics_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_analytics_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/targeting_dbtest
TESTS += tests/pages/targeting_dbtest
tests_pages_targeting_dbtest_SOURCES = tests/pages/targeting_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_targeting_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_targeting_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/flows_dbtest
TESTS += tests/pages/flows_dbtest
tests_pages_flows_dbtest_SOURCES = tests/pages/flows_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_flows_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_flows_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/reach_dbtest
TESTS += tests/pages/reach_dbtest
tests_pages_reach_dbtest_SOURCES = tests/pages/reach_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_reach_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_reach_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/data_dbtest
TESTS += tests/pages/data_dbtest
tests_pages_data_dbtest_SOURCES = tests/pages/data_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_data_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_data_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/capacity_dbtest
TESTS += tests/pages/capacity_dbtest
tests_pages_capacity_dbtest_SOURCES = tests/pages/capacity_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_capacity_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_capacity_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/profile_dbtest
TESTS += tests/pages/profile_dbtest
tests_pages_profile_dbtest_SOURCES = tests/pages/profile_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_profile_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_profile_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/pages/slo_dbtest
TESTS += tests/pages/slo_dbtest
tests_pages_slo_dbtest_SOURCES = tests/pages/slo_dbtest.c tests/pages/visitors.h tests/widget/client.h tests/lib/database.h
tests_pages_slo_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_pages_slo_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
