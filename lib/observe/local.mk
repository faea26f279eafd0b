lib_libstoa_a_SOURCES += \
	lib/observe/observe.h
