lib_libstoa_a_SOURCES += \
	lib/mc/cache.c lib/mc/cache.h \
	lib/mc/envelope.c \
	lib/mc/flight.c \
	lib/mc/level.h \
	lib/mc/local.c \
	lib/mc/remote.c \
	lib/mc/stamp.c
