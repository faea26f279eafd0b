lib_libstoa_a_SOURCES += \
	lib/metric/metric.h
