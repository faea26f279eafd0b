lib_libstoa_a_SOURCES += \
	lib/web/access.c \
	lib/web/address.c \
	lib/web/cursor.c \
	lib/web/dispatch.c \
	lib/web/fastcgi.c \
	lib/web/input.c \
	lib/web/problem.c \
	lib/web/reply.c \
	lib/web/route.c \
	lib/web/serve.c \
	lib/web/site.h \
	lib/web/slo.c \
	lib/web/slo.h \
	lib/web/target.c \
	lib/web/target.h \
	lib/web/web.h
