lib_libstoa_a_SOURCES += \
	lib/base/arena.c lib/base/arena.h \
	lib/base/breaker.c lib/base/breaker.h \
	lib/base/buffer.c lib/base/buffer.h \
	lib/base/clock.c lib/base/clock.h \
	lib/base/context.c lib/base/context.h \
	lib/base/error.c lib/base/error.h \
	lib/base/id.c lib/base/id.h \
	lib/base/log.c lib/base/log.h \
	lib/base/shared.c lib/base/shared.h \
	lib/base/utf8.c lib/base/utf8.h
