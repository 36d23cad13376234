#!/bin/sh
# `make install`: the service on a Debian host, as root; again, it is an upgrade or the way back. Settings, secrets
# and data that are there stay as they are. With DESTDIR the files go below that folder, for a package; users and
# systemd are then left alone.
set -eu
umask 022  # the service is another user
cd "$(dirname "$0")/.."
to=${DESTDIR:-}
program=/opt/syndicator
[ -n "$to" ] || [ "$(id -u)" = 0 ] || { echo "make install: only root can do this (or set DESTDIR)" >&2; exit 1; }
# As pyenv and uv put it: nobody but its owner may enter there, and the unit hides it (ProtectHome=).
python=$([ -n "$to" ] || "${PYTHON:-python3}" -c 'import sys; print(sys.base_prefix)')
case $python in
"$HOME"/* | /home/*)
    echo "make install: the service may not use $python, in a home; say PYTHON=/usr/bin/python3" >&2
    exit 1
    ;;
esac

echo "installing into $program, about half a minute" >&2

# Made beside the old program and put in its place whole: where something fails, the old one stays.
rm -rf "$to$program.new"
"${PYTHON:-python3}" -m venv "$to$program.new"
pip() { "$to$program.new/bin/python" -m pip install -q --disable-pip-version-check --no-warn-script-location "$@"; }
pip --use-pep517 --require-hashes -r deploy/requirements.txt
pip --no-deps --no-build-isolation .
# The scripts name the folder in which they were made.
grep -rlI "$to$program.new" "$to$program.new/bin" "$to$program.new/pyvenv.cfg" |
    xargs sed -i "s#$to$program.new#$program#g"
rm -rf "$to$program.old"
[ ! -e "$to$program" ] || mv "$to$program" "$to$program.old"
mv "$to$program.new" "$to$program"
rm -rf "$to$program.old"
install -d "$to/usr/local/bin"
ln -sfn $program/bin/syndicator "$to/usr/local/bin/syndicator"

install -d "$to/etc/systemd/system" "$to/etc/syndicator/topics" "$to/srv/syndicator/public"
install -d -m 0700 "$to/etc/credstore"
install -m 0644 deploy/syndicator.service deploy/syndicator-moved.path deploy/syndicator-moved.service \
    "$to/etc/systemd/system/"
settings=$to/etc/syndicator/syndicator.yaml
if [ ! -e "$settings" ]; then
    {
        echo "# To begin with. All other settings, with their meaning and default: docs/settings.md."
        sed -e '/^# yaml-language-server/d; /^# Settings to begin with/d; /^# All other settings/d' \
            -e 's#path: articles  *#path: /srv/content                   #' \
            -e 's#^output: public  *#output: /srv/syndicator/public           #' \
            -e 's#^state: .*#state: sqlite:////var/lib/syndicator/syndicator.db#' config/start.yaml
    } >"$settings.new"
    chmod 0644 "$settings.new" && mv "$settings.new" "$settings"
fi
[ -z "$to" ] || exit 0

getent passwd syndicator >/dev/null ||
    adduser --quiet --system --group --home /var/lib/syndicator --no-create-home syndicator
chown syndicator: /srv/syndicator /srv/syndicator/public
install -d -m 0700 -o syndicator -g syndicator /var/lib/syndicator
[ ! -d /run/systemd/system ] || systemctl daemon-reload
cat <<'END_OF_TEXT'
Installed. The first time:
  editor /etc/syndicator/syndicator.yaml          your folder of articles, title and public address
  runuser -u syndicator -- syndicator check       what is wrong, and how to mend it
  systemctl enable --now syndicator
After an upgrade: systemctl restart syndicator
END_OF_TEXT
