# What holds for the whole house.
TESTS += tests/house/layers tests/house/sizes tests/house/spaces

check_PROGRAMS += tests/house/house_dbtest tests/house/isolation_dbtest
TESTS += tests/house/house_dbtest tests/house/isolation_dbtest
tests_house_house_dbtest_SOURCES = tests/house/house_dbtest.c tests/lib/database.h cli/cli.h cli/families.c
tests_house_house_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_house_house_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_house_isolation_dbtest_SOURCES = tests/house/isolation_dbtest.c tests/house/orgs.h tests/house/rows.h tests/house/events.h tests/house/mirror.h tests/widget/client.h tests/lib/database.h cli/cli.h \
	cli/families.c
tests_house_isolation_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_house_isolation_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
check_PROGRAMS += tests/house/words_test
TESTS += tests/house/words_test
tests_house_words_test_SOURCES = tests/house/words_test.c
tests_house_words_test_CFLAGS = $(CHECK_CFLAGS)
tests_house_words_test_LDADD = $(CHECK_LDADD)
