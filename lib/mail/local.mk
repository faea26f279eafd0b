lib_libstoa_a_SOURCES += \
	lib/mail/address.h \
	lib/mail/compose.c \
	lib/mail/digest.c \
	lib/mail/encode.c lib/mail/encode.h \
	lib/mail/mail.c lib/mail/mail.h \
	lib/mail/outbox.c lib/mail/outbox.h \
	lib/mail/parts.h \
	lib/mail/unsubscribe.c \
	lib/mail/words.c

check_PROGRAMS += tests/lib/mail_dbtest
TESTS += tests/lib/mail_dbtest
tests_lib_mail_dbtest_SOURCES = tests/lib/mail_dbtest.c tests/lib/database.h tests/lib/relay.h
tests_lib_mail_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_mail_dbtest_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/mail_test
TESTS += tests/lib/mail_test
tests_lib_mail_test_SOURCES = tests/lib/mail_test.c tests/lib/relay.h
tests_lib_mail_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_mail_test_LDADD = $(CHECK_LDADD)

EXTRA_DIST += tests/lib/mail_parse tests/lib/mail_parse.mjs
check_PROGRAMS += tests/lib/mail_sender
TESTS += tests/lib/mail_parse
tests_lib_mail_sender_SOURCES = tests/lib/mail_sender.c
tests_lib_mail_sender_CFLAGS = $(CHECK_CFLAGS)
tests_lib_mail_sender_LDADD = $(CHECK_LDADD)
