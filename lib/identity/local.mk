lib_libstoa_a_SOURCES += \
	lib/identity/change.c \
	lib/identity/cleanup.c \
	lib/identity/conf.c \
	lib/identity/identity.h \
	lib/identity/key.c \
	lib/identity/member.c \
	lib/identity/organisation.c \
	lib/identity/parts.h \
	lib/identity/password.c \
	lib/identity/password_mail.c \
	lib/identity/session.c \
	lib/identity/settings.c \
	lib/identity/team.c
