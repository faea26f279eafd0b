lib_libstoa_a_SOURCES += \
	lib/mc/cache.c lib/mc/cache.h \
	lib/mc/count.c lib/mc/count.h \
	lib/mc/envelope.c \
	lib/mc/flight.c \
	lib/mc/level.h \
	lib/mc/local.c \
	lib/mc/remote.c \
	lib/mc/servers.c lib/mc/servers.h \
	lib/mc/stamp.c

check_PROGRAMS += tests/lib/cache_dbtest tests/lib/cache_trouble_dbtest
TESTS += tests/lib/cache_dbtest tests/lib/cache_trouble_dbtest
tests_lib_cache_dbtest_SOURCES = tests/lib/cache_dbtest.c tests/lib/cache_client.h
tests_lib_cache_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_cache_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_cache_trouble_dbtest_SOURCES = tests/lib/cache_trouble_dbtest.c tests/lib/cache_client.h
tests_lib_cache_trouble_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_cache_trouble_dbtest_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/cache_count_test
TESTS += tests/lib/cache_count_test
tests_lib_cache_count_test_SOURCES = tests/lib/cache_count_test.c
tests_lib_cache_count_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_cache_count_test_LDADD = $(CHECK_LDADD)

check_PROGRAMS += tests/lib/ring_dbtest
TESTS += tests/lib/ring_dbtest
tests_lib_ring_dbtest_SOURCES = tests/lib/ring_dbtest.c
tests_lib_ring_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_ring_dbtest_LDADD = $(CHECK_LDADD)
