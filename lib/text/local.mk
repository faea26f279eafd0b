lib_libstoa_a_SOURCES += \
	lib/text/json.h \
	lib/text/template.h \
	lib/text/url.h
