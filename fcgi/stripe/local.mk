pkglibexec_PROGRAMS += fcgi/stripe/stoa-stripe
fcgi_stripe_stoa_stripe_SOURCES = fcgi/stripe/main.c
fcgi_stripe_stoa_stripe_LDADD = $(FAMILY_LIBS)
stripe_sources = \
	fcgi/stripe/family.c \
	fcgi/stripe/family.h \
	fcgi/stripe/webhook.c

STRIPE_TESTS = tests/stripe/read_test tests/stripe/signature_test
STRIPE_DBTESTS = tests/stripe/event_dbtest tests/stripe/import_dbtest tests/stripe/webhook_dbtest
tests_stripe_read_test_SOURCES = tests/stripe/read_test.c
tests_stripe_read_test_CFLAGS = $(CHECK_CFLAGS)
tests_stripe_read_test_LDADD = $(CHECK_LDADD)
tests_stripe_signature_test_SOURCES = tests/stripe/signature_test.c
tests_stripe_signature_test_CFLAGS = $(CHECK_CFLAGS)
tests_stripe_signature_test_LDADD = $(CHECK_LDADD)
tests_stripe_event_dbtest_SOURCES = tests/stripe/event_dbtest.c tests/stripe/house.h tests/widget/client.h tests/lib/database.h
tests_stripe_event_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_stripe_event_dbtest_LDADD = $(CHECK_LDADD)
tests_stripe_import_dbtest_SOURCES = tests/stripe/import_dbtest.c tests/lib/standin.h tests/stripe/house.h tests/widget/client.h tests/lib/database.h
tests_stripe_import_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_stripe_import_dbtest_LDADD = $(CHECK_LDADD)
tests_stripe_webhook_dbtest_SOURCES = tests/stripe/webhook_dbtest.c tests/stripe/house.h tests/widget/client.h tests/lib/database.h
tests_stripe_webhook_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_stripe_webhook_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
check_PROGRAMS += $(STRIPE_TESTS) $(STRIPE_DBTESTS)
TESTS += tests/stripe/read_test tests/stripe/signature_test tests/stripe/event_dbtest tests/stripe/import_dbtest tests/stripe/webhook_dbtest
