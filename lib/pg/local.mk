lib_libstoa_a_SOURCES += \
	lib/pg/migrate.h \
	lib/pg/pg.h \
	lib/pg/rows.h
