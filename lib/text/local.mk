lib_libstoa_a_SOURCES += \
	lib/text/json.c lib/text/json.h \
	lib/text/template.h \
	lib/text/url.c lib/text/url.h
