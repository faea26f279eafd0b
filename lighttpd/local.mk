# lighttpd's configuration, to enable with lighttpd-enable-mod.
lighttpdconf_DATA = lighttpd/50-stoa.conf
CLEANFILES += lighttpd/50-stoa.conf
lighttpd/50-stoa.conf: lighttpd/50-stoa.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) lighttpd && $(place) $(srcdir)/lighttpd/50-stoa.conf.in > $@.tmp && mv $@.tmp $@
