lib_libstoa_a_SOURCES += \
	lib/mail/mail.h
