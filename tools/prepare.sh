# shellcheck shell=sh disable=SC2154
# Sourced by ./start and ./check, with $root set: what both need before their own work.
say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# As root everything is served by the user stoa, who must be able to read the tree: one below /root is copied to where it can be.
reachable_or_copy() {
	[ "$(id -u)" = 0 ] || return 0
	# shellcheck source=tools/as-user.sh
	. "$root/tools/as-user.sh"
	as_user test -r "$root/tools/as-user.sh" 2>/dev/null && return 0
	copy=/var/lib/stoa-$(printf %s "$root" | cksum | cut -d ' ' -f 1)
	say "user stoa cannot read $root: working in the copy $copy"
	mkdir -p "$copy"
	find "$copy" -mindepth 1 -maxdepth 1 ! -name var ! -name node_modules -exec rm -rf {} +
	tar -C "$root" --exclude=./var --exclude=./node_modules --exclude=./.git -cf - . | tar -C "$copy" -xf - --no-same-owner
	exec "$copy/$(basename "$0")" "$@"
}

# Runs quietly; shows the end of the log when it fails.
quietly() {
	quiet_log=$1
	shift
	mkdir -p "$(dirname "$quiet_log")"
	"$@" >"$quiet_log" 2>&1 </dev/null && return 0
	printf '%s failed; %s ends with:\n' "$1" "$quiet_log" >&2
	tail -n 60 "$quiet_log" >&2
	return 1
}

npm_packages() {
	cmp -s package-lock.json node_modules/.stoa-lock 2>/dev/null && return 0
	say "installing npm packages"
	quietly var/log/npm.log npm ci --no-audit --no-fund || return 1
	cp package-lock.json node_modules/.stoa-lock
}

configure_script() {
	[ ! -f config.status ] || die "This tree is configured in place: run 'make distclean' first, then again."
	[ -f configure ] && [ -f Makefile.in ] && [ ! configure.ac -nt configure ] && [ ! Makefile.am -nt Makefile.in ] && return 0
	say "making configure"
	mkdir -p build-aux
	quietly var/log/autoreconf.log autoreconf -fi
}

# configured DIR OPTION…: an out-of-tree build folder; configured again when the options or configure changed.
configured() {
	build=$1
	shift
	mkdir -p "$build"
	if [ ! -f "$build/Makefile" ] || [ configure -nt "$build/config.status" ] || [ "$(cat "$build/options" 2>/dev/null)" != "$*" ]; then
		(cd "$build" && quietly "$root/var/log/configure-$(basename "$build").log" "$root/configure" -q "$@") || return 1
		printf '%s' "$*" >"$build/options"
	fi
}
cores() { nproc 2>/dev/null || echo 2; }
