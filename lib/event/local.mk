lib_libstoa_a_SOURCES += \
	lib/event/consume.c \
	lib/event/event.c \
	lib/event/event.h

check_PROGRAMS += tests/event/event_dbtest
TESTS += tests/event/event_dbtest
tests_event_event_dbtest_SOURCES = tests/event/event_dbtest.c tests/lib/database.h
tests_event_event_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_event_event_dbtest_LDADD = $(CHECK_LDADD)
