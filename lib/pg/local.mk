lib_libstoa_a_SOURCES += \
	lib/pg/cancel.c \
	lib/pg/cancel.h \
	lib/pg/connection.c \
	lib/pg/connection.h \
	lib/pg/migrate.c \
	lib/pg/migrate.h \
	lib/pg/monitor.c \
	lib/pg/monitor.h \
	lib/pg/pg.h \
	lib/pg/pipeline.c \
	lib/pg/pipeline.h \
	lib/pg/pool.c \
	lib/pg/replica.c \
	lib/pg/replica.h \
	lib/pg/rows.c \
	lib/pg/rows.h \
	lib/pg/sqlstate.c \
	lib/pg/statement.c \
	lib/pg/values.c

check_PROGRAMS += tests/lib/pg_dbtest tests/lib/pipeline_dbtest tests/lib/rows_dbtest tests/lib/migrate_dbtest
TESTS += tests/lib/pg_dbtest tests/lib/pipeline_dbtest tests/lib/rows_dbtest tests/lib/migrate_dbtest
tests_lib_pg_dbtest_SOURCES = tests/lib/pg_dbtest.c tests/lib/database.h
tests_lib_pg_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_pg_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_pipeline_dbtest_SOURCES = tests/lib/pipeline_dbtest.c tests/lib/database.h
tests_lib_pipeline_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_pipeline_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_rows_dbtest_SOURCES = tests/lib/rows_dbtest.c tests/lib/database.h
tests_lib_rows_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_rows_dbtest_LDADD = $(CHECK_LDADD)
tests_lib_migrate_dbtest_SOURCES = tests/lib/migrate_dbtest.c tests/lib/database.h
tests_lib_migrate_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_migrate_dbtest_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/replica_dbtest
TESTS += tests/lib/replica_dbtest
tests_lib_replica_dbtest_SOURCES = tests/lib/replica_dbtest.c tests/lib/database.h
tests_lib_replica_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_replica_dbtest_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/monitor_dbtest
TESTS += tests/lib/monitor_dbtest
tests_lib_monitor_dbtest_SOURCES = tests/lib/monitor_dbtest.c tests/lib/database.h
tests_lib_monitor_dbtest_CFLAGS = $(CHECK_CFLAGS)
tests_lib_monitor_dbtest_LDADD = $(CHECK_LDADD)
