lib_libstoa_a_SOURCES += \
	lib/mail/address.h \
	lib/mail/compose.c \
	lib/mail/mail.c lib/mail/mail.h
