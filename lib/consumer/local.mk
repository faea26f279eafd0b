lib_libstoa_a_SOURCES += \
	lib/consumer/activity.c \
	lib/consumer/audit.c \
	lib/consumer/cache.c \
	lib/consumer/consumer.c \
	lib/consumer/consumer.h \
	lib/consumer/notify.c
