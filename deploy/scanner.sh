#!/usr/bin/env bash
# What the tests of the virus scanner need from Debian: ClamAV's daemon. Unpacked below var/tools, by root as well:
# installed, the package would start services, and one of them fetches signatures from outside. The tests write
# their own. Without it they are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."
. deploy/debian.sh

has clamd || [ -x /usr/sbin/clamd ] && exit 0
if command -v apt-get >/dev/null 2>&1; then
    [ "$(id -u)" != 0 ] || apt-get update -qq || true
    only="^(clamav-daemon|lib)" unpack clamav-daemon
    [ ! -x "$tools/root/usr/sbin/clamd" ] || wrap clamd sbin/clamd
fi
has clamd || echo "No clamd (Debian's clamav-daemon) could be had: the tests of the virus scanner are skipped." >&2
