lib_libstoa_a_SOURCES += \
	lib/stripe/stripe.h
