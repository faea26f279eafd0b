lib_libstoa_a_SOURCES += \
	lib/retention/apply.c \
	lib/retention/batch.c \
	lib/retention/batch.h \
	lib/retention/change.c \
	lib/retention/change.h \
	lib/retention/flow.c \
	lib/retention/ledger.c \
	lib/retention/ledger.h \
	lib/retention/retention.h \
	lib/retention/rules.c \
	lib/retention/signature.c \
	lib/retention/starter.c \
	lib/retention/token.c
