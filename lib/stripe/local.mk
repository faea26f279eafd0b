lib_libstoa_a_SOURCES += \
	lib/stripe/stripe.c \
	lib/stripe/stripe.h
