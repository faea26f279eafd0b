lib_libstoa_a_SOURCES += \
	lib/net/guard.c \
	lib/net/net.c lib/net/net.h \
	lib/net/peer.c lib/net/peer.h
