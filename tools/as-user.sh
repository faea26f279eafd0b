# shellcheck shell=sh disable=SC2012,SC2034
# Sourced by the scripts: runs services unprivileged. PostgreSQL refuses root, so root hands its services to the system user
# "stoa", created when missing; anybody else runs them as themselves.
if [ "$(id -u)" = 0 ]; then
	id stoa >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin stoa
	as_user() { setpriv --reuid=stoa --regid=stoa --clear-groups --no-new-privs env HOME=/tmp USER=stoa LOGNAME=stoa "$@"; }
	own() { chown -R stoa:stoa "$@"; }
else
	as_user() { "$@"; }
	own() { :; }
fi
PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
