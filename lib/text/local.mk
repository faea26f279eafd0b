lib_libstoa_a_SOURCES += \
	lib/text/json.c lib/text/json.h \
	lib/text/template.c lib/text/template.h \
	lib/text/template_compile.c lib/text/template_tree.h \
	lib/text/url.c lib/text/url.h
