lib_libstoa_a_SOURCES += \
	lib/web/access.c \
	lib/web/admit.c \
	lib/web/admit.h \
	lib/web/brownout.c \
	lib/web/brownout.h \
	lib/web/budget.c \
	lib/web/budget.h \
	lib/web/cursor.c \
	lib/web/dispatch.c \
	lib/web/door.c \
	lib/web/door.h \
	lib/web/exchange.c \
	lib/web/exchange.h \
	lib/web/fastcgi.c \
	lib/web/input.c \
	lib/web/prefer.c \
	lib/web/problem.c \
	lib/web/reads.c \
	lib/web/record.c \
	lib/web/record.h \
	lib/web/reply.c \
	lib/web/route.c \
	lib/web/serve.c \
	lib/web/site.h \
	lib/web/slo.c \
	lib/web/slo.h \
	lib/web/stream.c \
	lib/web/target.c \
	lib/web/target.h \
	lib/web/usage.c \
	lib/web/usage.h \
	lib/web/web.h

check_PROGRAMS += tests/lib/admit_test tests/lib/overload_dbtest tests/lib/target_test tests/lib/route_test tests/lib/input_test tests/lib/serve_dbtest tests/lib/fastcgi_dbtest
TESTS += tests/lib/admit_test tests/lib/overload_dbtest tests/lib/target_test tests/lib/route_test tests/lib/input_test tests/lib/serve_dbtest tests/lib/fastcgi_dbtest
tests_lib_target_test_SOURCES = tests/lib/target_test.c
tests_lib_target_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_target_test_LDADD = $(CHECK_LDADD)
tests_lib_route_test_SOURCES = tests/lib/route_test.c
tests_lib_route_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_route_test_LDADD = $(CHECK_LDADD)
tests_lib_input_test_SOURCES = tests/lib/input_test.c
tests_lib_input_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_input_test_LDADD = $(CHECK_LDADD)
tests_lib_serve_dbtest_SOURCES = tests/lib/serve_dbtest.c tests/lib/database.h
tests_lib_serve_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_serve_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_admit_test_SOURCES = tests/lib/admit_test.c
tests_lib_admit_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_admit_test_LDADD = $(CHECK_LDADD)
tests_lib_overload_dbtest_SOURCES = tests/lib/overload_dbtest.c tests/lib/fastcgi.h tests/lib/database.h
tests_lib_overload_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_overload_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_fastcgi_dbtest_SOURCES = tests/lib/fastcgi_dbtest.c tests/lib/fastcgi.h tests/lib/database.h
tests_lib_fastcgi_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_fastcgi_dbtest_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/usage_dbtest
TESTS += tests/lib/usage_dbtest
tests_lib_usage_dbtest_SOURCES = tests/lib/usage_dbtest.c tests/lib/database.h
tests_lib_usage_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_usage_dbtest_LDADD = $(CHECK_LDADD)
