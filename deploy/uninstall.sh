#!/bin/sh
# `make uninstall`: removes what `make install` put there. Settings, secrets, database and feeds stay.
set -eu
to=${DESTDIR:-}
if [ -z "$to" ] && [ -d /run/systemd/system ]; then
    systemctl disable --quiet --now syndicator.service syndicator-moved.path 2>/dev/null || true
fi
rm -rf "$to/opt/syndicator"
rm -f "$to/usr/local/bin/syndicator" "$to/etc/systemd/system/syndicator.service" \
    "$to/etc/systemd/system/syndicator-moved.path" "$to/etc/systemd/system/syndicator-moved.service"
[ -n "$to" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
cat <<'END_OF_TEXT'
Removed. These are kept, and used again by the next `make install`:
  /etc/syndicator  /etc/credstore/syndicator.*  /var/lib/syndicator  /srv/syndicator  the user syndicator
END_OF_TEXT
