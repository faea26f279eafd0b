pkglibexec_PROGRAMS += fcgi/widget/stoa-widget
fcgi_widget_stoa_widget_SOURCES = fcgi/widget/main.c $(widget_sources)
widget_sources = \
	fcgi/widget/choose.c \
	fcgi/widget/choose.h \
	fcgi/widget/decision.c \
	fcgi/widget/family.c \
	fcgi/widget/family.h \
	fcgi/widget/flow.c \
	fcgi/widget/start.c
