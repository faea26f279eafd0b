pkglibexec_PROGRAMS += fcgi/auth/stoa-auth
fcgi_auth_stoa_auth_SOURCES = fcgi/auth/main.c
fcgi_auth_stoa_auth_LDADD = $(FAMILY_LIBS)
auth_sources = \
	fcgi/auth/audit.c \
	fcgi/auth/family.c \
	fcgi/auth/family.h \
	fcgi/auth/key.c \
	fcgi/auth/member.c \
	fcgi/auth/organisation.c \
	fcgi/auth/password.c \
	fcgi/auth/register.c \
	fcgi/auth/session.c \
	fcgi/auth/webhook.c

check_PROGRAMS += tests/auth/auth_dbtest tests/auth/org_dbtest tests/auth/command_dbtest
TESTS += tests/auth/auth_dbtest tests/auth/org_dbtest tests/auth/command_dbtest
tests_auth_auth_dbtest_SOURCES = tests/auth/auth_dbtest.c tests/auth/people.h tests/widget/client.h tests/lib/database.h
tests_auth_auth_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_auth_auth_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_auth_org_dbtest_SOURCES = tests/auth/org_dbtest.c tests/auth/people.h tests/widget/client.h tests/lib/database.h
tests_auth_org_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_auth_org_dbtest_LDADD = fcgi/libfamilies.a $(CHECK_LDADD)
tests_auth_command_dbtest_SOURCES = tests/auth/command_dbtest.c tests/lib/database.h
tests_auth_command_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_auth_command_dbtest_LDADD = $(CHECK_LDADD)
