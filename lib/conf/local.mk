lib_libstoa_a_SOURCES += \
	lib/conf/conf.h
