# Units for systemd, beside the data: link those that you want into /etc/systemd/system.
systemddir = $(pkgdatadir)/systemd
systemd_DATA = deploy/systemd/stoa@.service deploy/systemd/stoa-worker.service
CLEANFILES += $(systemd_DATA)
deploy/systemd/stoa@.service: deploy/systemd/stoa@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) deploy/systemd && $(place) '$(srcdir)/deploy/systemd/stoa@.service.in' > '$@.tmp' && mv '$@.tmp' '$@'
deploy/systemd/stoa-worker.service: deploy/systemd/stoa-worker.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) deploy/systemd && $(place) $(srcdir)/deploy/systemd/stoa-worker.service.in > $@.tmp && mv $@.tmp $@
# For Prometheus, Alertmanager and Grafana: `stoa prometheus` makes them, tests/cli/prometheus_test compares.
prometheusdir = $(pkgdatadir)/prometheus
prometheus_DATA = deploy/prometheus/alertmanager.yml deploy/prometheus/prometheus.yml deploy/prometheus/stoa.rules.yml deploy/prometheus/stoa.tests.yml
grafanadir = $(pkgdatadir)/grafana
grafana_DATA = deploy/grafana/stoa.json
