#!/bin/sh
# Installs the feed readers that the tests in this folder use: newsboat by apt where this is Debian and we
# are root, rss-parser and feedsmith by npm where there is npm. What cannot be had is left out, with a word;
# the tests that need it are then skipped.
cd "$(dirname "$0")" || exit 1

if command -v newsboat >/dev/null; then
    :
elif command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq newsboat; } >/dev/null 2>&1 ||
        echo "newsboat could not be installed; its tests are skipped"
else
    echo "newsboat is not here and only root can install it; its tests are skipped"
fi

if [ -d node_modules/feedsmith ] && [ -d node_modules/rss-parser ] && [ node_modules -nt package-lock.json ]; then
    :
elif command -v npm >/dev/null; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch node_modules ||
        echo "the npm readers could not be installed; their tests are skipped"
else
    echo "npm is not here; the tests of its readers are skipped"
fi
