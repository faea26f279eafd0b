lib_libstoa_a_SOURCES += \
	lib/who/audit.c \
	lib/who/audit.h \
	lib/who/password_words.h \
	lib/who/permission.c \
	lib/who/rate.c \
	lib/who/rate.h \
	lib/who/record.c \
	lib/who/record.h \
	lib/who/secret.c \
	lib/who/secret.h \
	lib/who/token.c \
	lib/who/who.c \
	lib/who/who.h
