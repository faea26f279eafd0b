lib_libstoa_a_SOURCES += \
	lib/operate/operate.c \
	lib/operate/operate.h
