lib_libstoa_a_SOURCES += \
	lib/text/language.c lib/text/language.h \
	lib/text/json.c lib/text/json.h \
	lib/text/template.c lib/text/template.h \
	lib/text/template_compile.c lib/text/template_tree.h \
	lib/text/url.c lib/text/url.h

check_PROGRAMS += tests/lib/json_test
TESTS += tests/lib/json_test
tests_lib_json_test_SOURCES = tests/lib/json_test.c
tests_lib_json_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_json_test_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/template_test
TESTS += tests/lib/template_test
tests_lib_template_test_SOURCES = tests/lib/template_test.c
tests_lib_template_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_template_test_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/url_test
TESTS += tests/lib/url_test
tests_lib_url_test_SOURCES = tests/lib/url_test.c
tests_lib_url_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_url_test_LDADD = $(CHECK_LDADD)
EXTRA_DIST += tests/lib/template_oracle tests/lib/template_oracle.mjs
check_PROGRAMS += tests/lib/template_render
TESTS += tests/lib/template_oracle
tests_lib_template_render_SOURCES = tests/lib/template_render.c
tests_lib_template_render_CFLAGS = $(CHECK_CFLAGS)
tests_lib_template_render_LDADD = $(CHECK_LDADD)
check_PROGRAMS += tests/lib/language_test
TESTS += tests/lib/language_test
tests_lib_language_test_SOURCES = tests/lib/language_test.c
tests_lib_language_test_CFLAGS = $(CHECK_CFLAGS)
tests_lib_language_test_LDADD = $(CHECK_LDADD)
