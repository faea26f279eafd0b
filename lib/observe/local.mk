lib_libstoa_a_SOURCES += \
	lib/observe/bound.c \
	lib/observe/bound.h \
	lib/observe/observe.h
