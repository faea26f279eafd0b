lib_libstoa_a_SOURCES += \
	lib/mc/cache.h
