lib_libstoa_a_SOURCES += \
	lib/who/audit.c \
	lib/who/audit.h \
	lib/who/keep.c \
	lib/who/keep.h \
	lib/who/password_words.h \
	lib/who/permission.c \
	lib/who/rate.c \
	lib/who/rate.h \
	lib/who/record.c \
	lib/who/record.h \
	lib/who/secret.c \
	lib/who/secret.h \
	lib/who/token.c \
	lib/who/who.c \
	lib/who/who.h \
	lib/who/written.c \
	lib/who/written.h

check_PROGRAMS += tests/lib/rate_test
TESTS += tests/lib/rate_test
tests_lib_rate_test_SOURCES = tests/lib/rate_test.c
tests_lib_rate_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_rate_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/secret_test tests/lib/who_test tests/lib/who_dbtest
TESTS += tests/lib/secret_test tests/lib/who_test tests/lib/who_dbtest
tests_lib_secret_test_SOURCES = tests/lib/secret_test.c tests/lib/database.h
tests_lib_secret_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_secret_test_LDADD = $(CHECK_LDADD)
tests_lib_who_test_SOURCES = tests/lib/who_test.c tests/lib/database.h
tests_lib_who_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_who_test_LDADD = $(CHECK_LDADD)
tests_lib_who_dbtest_SOURCES = tests/lib/who_dbtest.c tests/widget/client.h tests/lib/database.h
tests_lib_who_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_who_dbtest_LDADD = $(CHECK_LDADD)
