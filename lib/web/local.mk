lib_libstoa_a_SOURCES += \
	lib/web/target.h \
	lib/web/web.h
