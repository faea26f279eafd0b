lib_libstoa_a_SOURCES += \
	lib/net/net.h
