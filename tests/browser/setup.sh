#!/bin/sh
# What the browser tests need beside Python: Debian's Chromium and axe-core. May be repeated; what cannot be
# had is said, and the tests that need it are left out with the same words.
set -u
cd "$(dirname "$0")" || exit 1

if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing Chromium ..."
        apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends chromium fonts-liberation >/dev/null ||
            echo "Chromium could not be installed: the browser tests are left out."
    else
        echo "No Chromium at ${CHROMIUM:-/usr/bin/chromium}, and only root can install it: the browser tests are left out."
    fi
fi

if [ ! -f node_modules/axe-core/axe.min.js ]; then
    if command -v npm >/dev/null; then
        echo "Installing axe-core ..."
        npm ci --silent --no-fund --no-audit ||
            echo "axe-core could not be installed: the browser tests are left out."
    else
        echo "No npm: the browser tests are left out."
    fi
fi
exit 0
