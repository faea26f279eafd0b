lib_libstoa_a_SOURCES += \
	lib/job/job.h \
	lib/job/policies.c \
	lib/job/policies.h
