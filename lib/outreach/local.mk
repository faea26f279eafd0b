lib_libstoa_a_SOURCES += \
	lib/outreach/alert.c \
	lib/outreach/offer.c \
	lib/outreach/outreach.h \
	lib/outreach/parts.h \
	lib/outreach/payment.c \
	lib/outreach/plan.c \
	lib/outreach/post.c \
	lib/outreach/retry.c \
	lib/outreach/setting.c \
	lib/outreach/sweep.c \
	lib/outreach/when.c \
	lib/outreach/words.c

check_PROGRAMS += tests/outreach/outreach_dbtest tests/outreach/offer_dbtest
TESTS += tests/outreach/outreach_dbtest tests/outreach/offer_dbtest
tests_outreach_outreach_dbtest_SOURCES = tests/outreach/outreach_dbtest.c tests/outreach/reach.h tests/outreach/fake_stripe.h \
	tests/lib/database.h tests/lib/relay.h
tests_outreach_outreach_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_outreach_outreach_dbtest_LDADD = $(CHECK_LDADD)
tests_outreach_offer_dbtest_SOURCES = tests/outreach/offer_dbtest.c tests/outreach/reach.h tests/outreach/fake_stripe.h \
	tests/lib/database.h tests/lib/relay.h
tests_outreach_offer_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_outreach_offer_dbtest_LDADD = $(CHECK_LDADD)
