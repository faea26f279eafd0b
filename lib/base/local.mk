lib_libstoa_a_SOURCES += \
	lib/base/arena.h \
	lib/base/buffer.h \
	lib/base/clock.h \
	lib/base/context.h \
	lib/base/error.h \
	lib/base/id.h \
	lib/base/log.h
