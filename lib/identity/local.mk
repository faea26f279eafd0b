lib_libstoa_a_SOURCES += \
	lib/identity/identity.h
