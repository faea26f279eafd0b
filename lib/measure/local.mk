lib_libstoa_a_SOURCES += \
	lib/measure/customers.c \
	lib/measure/formula.c \
	lib/measure/measure.h \
	lib/measure/parts.h \
	lib/measure/pass.c \
	lib/measure/read.c \
	lib/measure/rebuild.c \
	lib/measure/words.c
