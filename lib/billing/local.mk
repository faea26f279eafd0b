lib_libstoa_a_SOURCES += \
	lib/billing/billing.h \
	lib/billing/catchup.c \
	lib/billing/check.c \
	lib/billing/connection.c \
	lib/billing/event.c \
	lib/billing/import.c \
	lib/billing/mirror.c \
	lib/billing/parts.h \
	lib/billing/read.c \
	lib/billing/receive.c \
	lib/billing/signature.c
