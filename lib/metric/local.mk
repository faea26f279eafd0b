lib_libstoa_a_SOURCES += \
	lib/metric/metric.c lib/metric/metric.h
