lib_libstoa_a_SOURCES += \
	lib/retention/retention.h
