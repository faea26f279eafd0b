lib_libstoa_a_SOURCES += \
	lib/mail/address.h \
	lib/mail/compose.c \
	lib/mail/mail.c lib/mail/mail.h

check_PROGRAMS += tests/lib/mail_test
TESTS += tests/lib/mail_test
tests_lib_mail_test_SOURCES = tests/lib/mail_test.c
tests_lib_mail_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_mail_test_LDADD = $(CHECK_LDADD)
