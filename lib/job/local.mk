lib_libstoa_a_SOURCES += \
	lib/job/job.h
