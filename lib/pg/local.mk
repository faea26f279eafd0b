lib_libstoa_a_SOURCES += \
	lib/pg/connection.c \
	lib/pg/connection.h \
	lib/pg/migrate.c \
	lib/pg/migrate.h \
	lib/pg/pg.h \
	lib/pg/pool.c \
	lib/pg/rows.c \
	lib/pg/rows.h \
	lib/pg/sqlstate.c \
	lib/pg/statement.c \
	lib/pg/values.c
