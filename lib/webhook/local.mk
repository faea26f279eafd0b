lib_libstoa_a_SOURCES += \
	lib/webhook/deliver.c \
	lib/webhook/disable.c \
	lib/webhook/endpoint.c \
	lib/webhook/fan.c \
	lib/webhook/log.c \
	lib/webhook/parts.h \
	lib/webhook/sign.c \
	lib/webhook/sweep.c \
	lib/webhook/webhook.h

check_PROGRAMS += tests/webhook/webhook_dbtest
TESTS += tests/webhook/webhook_dbtest
tests_webhook_webhook_dbtest_SOURCES = tests/webhook/webhook_dbtest.c tests/auth/people.h tests/widget/client.h tests/lib/database.h
tests_webhook_webhook_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_webhook_webhook_dbtest_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=curl_easy_perform
tests_webhook_webhook_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
