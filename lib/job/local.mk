lib_libstoa_a_SOURCES += \
	lib/job/attempt.c \
	lib/job/job.c \
	lib/job/job.h \
	lib/job/keeper.c \
	lib/job/policies.c \
	lib/job/policies.h \
	lib/job/worker.c \
	lib/job/worker.h
