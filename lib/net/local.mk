lib_libstoa_a_SOURCES += \
	lib/net/guard.c \
	lib/net/net.c lib/net/net.h \
	lib/net/networks.c lib/net/networks.h \
	lib/net/peer.c lib/net/peer.h

check_PROGRAMS += tests/lib/guard_test tests/lib/net_test
TESTS += tests/lib/guard_test tests/lib/net_test
tests_lib_guard_test_SOURCES = tests/lib/guard_test.c
tests_lib_guard_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_guard_test_LDADD = $(CHECK_LDADD)
tests_lib_net_test_SOURCES = tests/lib/net_test.c
tests_lib_net_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_net_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=curl_easy_perform
tests_lib_net_test_LDADD = $(CHECK_LDADD)
