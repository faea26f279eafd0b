lib_libstoa_a_SOURCES += \
	lib/consumer/activity.c \
	lib/consumer/audit.c \
	lib/consumer/cache.c \
	lib/consumer/consumer.c \
	lib/consumer/consumer.h \
	lib/consumer/measure.c \
	lib/consumer/notify.c

check_PROGRAMS += tests/event/consumer_dbtest
TESTS += tests/event/consumer_dbtest
EXTRA_DIST += tests/event/digest_read.mjs
tests_event_consumer_dbtest_SOURCES = tests/event/consumer_dbtest.c tests/lib/database.h tests/lib/relay.h
tests_event_consumer_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_event_consumer_dbtest_LDADD = $(CHECK_LDADD)
