lib_libstoa_a_SOURCES += \
	lib/observe/bound.c \
	lib/observe/bound.h \
	lib/observe/burn.c \
	lib/observe/burn.h \
	lib/observe/observe.h

check_PROGRAMS += tests/observe/burn_test
TESTS += tests/observe/burn_test
tests_observe_burn_test_SOURCES = tests/observe/burn_test.c
tests_observe_burn_test_CFLAGS = $(CHECK_CFLAGS)
tests_observe_burn_test_LDADD = $(CHECK_LDADD)
