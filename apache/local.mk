# Apache's configuration: conf-available to enable with a2enconf, the shared part and the shared-hosting example beside the data.
apacheincdir = $(pkgdatadir)/apache
apacheconf_DATA = apache/stoa-fcgid.conf apache/stoa-proxy.conf
apacheinc_DATA = apache/stoa-common.inc apache/htaccess.example apache/dispatch.fcgi.example
CLEANFILES += apache/stoa-fcgid.conf apache/stoa-proxy.conf apache/stoa-common.inc

place = $(SED) -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|@runstatedir[@]|$(runstatedir)|g' -e 's|@localstatedir[@]|$(localstatedir)|g' -e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@apacheincdir[@]|$(apacheincdir)|g'
apache/stoa-fcgid.conf: apache/stoa-fcgid.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) apache && $(place) $(srcdir)/apache/stoa-fcgid.conf.in > $@.tmp && mv $@.tmp $@
apache/stoa-proxy.conf: apache/stoa-proxy.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) apache && $(place) $(srcdir)/apache/stoa-proxy.conf.in > $@.tmp && mv $@.tmp $@
apache/stoa-common.inc: apache/stoa-common.inc.in Makefile
	$(AM_V_GEN)$(MKDIR_P) apache && $(place) $(srcdir)/apache/stoa-common.inc.in > $@.tmp && mv $@.tmp $@
