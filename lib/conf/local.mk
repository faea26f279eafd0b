lib_libstoa_a_SOURCES += lib/conf/conf.c lib/conf/conf.h

check_PROGRAMS += tests/lib/conf_test
TESTS += tests/lib/conf_test
tests_lib_conf_test_SOURCES = tests/lib/conf_test.c
tests_lib_conf_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_conf_test_LDADD = $(CHECK_LDADD)
