pkglibexec_PROGRAMS += fcgi/widget/stoa-widget
fcgi_widget_stoa_widget_SOURCES = fcgi/widget/main.c
fcgi_widget_stoa_widget_LDADD = $(FAMILY_LIBS)
widget_sources = \
	fcgi/widget/choose.c \
	fcgi/widget/choose.h \
	fcgi/widget/customer.c \
	fcgi/widget/customer.h \
	fcgi/widget/decision.c \
	fcgi/widget/family.c \
	fcgi/widget/family.h \
	fcgi/widget/flow.c \
	fcgi/widget/start.c

check_PROGRAMS += tests/widget/widget_dbtest
TESTS += tests/widget/widget_dbtest
tests_widget_widget_dbtest_SOURCES = tests/widget/widget_dbtest.c tests/widget/client.h tests/lib/database.h
tests_widget_widget_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_widget_widget_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/widget/targeting_dbtest
TESTS += tests/widget/targeting_dbtest
tests_widget_targeting_dbtest_SOURCES = tests/widget/targeting_dbtest.c tests/widget/client.h tests/lib/database.h
tests_widget_targeting_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_widget_targeting_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)

check_PROGRAMS += tests/widget/flow_dbtest
TESTS += tests/widget/flow_dbtest
tests_widget_flow_dbtest_SOURCES = tests/widget/flow_dbtest.c tests/widget/client.h tests/lib/database.h
tests_widget_flow_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_widget_flow_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
