#!/bin/sh
# Installs the programs that tests use beside Python: by apt where this is Debian and we are root, by npm what
# comes from there. May be repeated, and does then nothing. What cannot be had is said; its tests are left out,
# and each run of the tests names and counts them.
set -u
cd "$(dirname "$0")" || exit 1
export DEBIAN_FRONTEND=noninteractive

wanted() { # packages whose program (second word) is not there
    while read -r package program; do
        [ -x "$program" ] || command -v "$program" >/dev/null || echo "$package"
    done <<END
chromium ${CHROMIUM:-/usr/bin/chromium}
fonts-liberation /usr/share/fonts/truetype/liberation
newsboat newsboat
nginx /usr/sbin/nginx
caddy caddy
prometheus promtool
nodejs node
npm npm
systemd systemd-analyze
util-linux unshare
END
}

install() { # one at a time, so that one which this release has not does not cost the others
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "These are not here, and only root can install them, with apt-get:" $1
        return
    fi
    apt-get update -qq >/dev/null || echo "apt-get update failed; what is known already is tried"
    # invoke-rc.d asks this file: nothing that is installed here is to run, now or after the next start.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && trap 'rm -f $policy' EXIT
    fi
    for package in $1; do
        echo "Installing $package ..."
        apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "$package could not be installed"
    done
    for service in nginx caddy prometheus; do
        case " $(echo $1) " in *" $service "*) systemctl --quiet disable $service 2>/dev/null ;; esac
    done
}

missing=$(wanted)
[ -z "$missing" ] || install "$missing"

for folder in readers browser; do
    # npm writes this file last.
    [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && continue
    if ! command -v npm >/dev/null; then
        echo "No npm: what tests/$folder needs from it is not installed"
    elif ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null); then
        echo "What tests/$folder needs from npm could not be installed"
    fi
done
exit 0
