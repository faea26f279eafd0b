lib_libstoa_a_SOURCES += \
	lib/who/audit.h \
	lib/who/rate.h \
	lib/who/secret.h \
	lib/who/who.h
