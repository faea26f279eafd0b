lib_libstoa_a_SOURCES += lib/conf/conf.c lib/conf/conf.h
