#!/bin/sh
# Lays out what the containers of docker/compose/compose.yml read: certificates good for seven days, the demo's
# policy and the configurations of its apps. Run it before the first `docker compose up`, and again after a week.
#
#   docker/compose/prepare.sh [FOLDER]      default: docker/compose/state, which git ignores
#
# Needs openssl. Keys are readable for you alone; the containers run with your user id, which .env names.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
demo=$here/../demo
state=${1:-$here/state}
mkdir -p "$state/etc/conf.d" "$state/var/run" "$state/files/large"

"$demo/pki.sh" "$state/etc/certs" localhost portal.localhost wiki.localhost files.localhost chat.localhost

# fill TEMPLATE TARGET: the demo's own templates with the places inside the containers.
fill() {
  sed -e 's|@PORT@|8443|g' -e 's|@LISTEN@|["0.0.0.0:8443"]|g' -e 's|@OPS_PORT@|9464|g' \
    -e 's|@WIKI_PORT@|8081|g' -e 's|@FILES_PORT@|8082|g' -e 's|@CHAT_PORT@|8083|g' \
    -e 's|@STATE@|/state|g' -e 's|@DEMO@|/demo|g' \
    -e "s|@CONTRACT_FROM@|$(date -d '-30 days' +%F)|g" -e "s|@CONTRACT_TO@|$(date -d '+90 days' +%F)|g" \
    "$1" >"$2.new"
  mv "$2.new" "$2"
}

# Not the demo's loopback-only store: keys and data live in a volume, and people are added by hand.
fill "$demo/sekisho.yaml.in" "$state/etc/sekisho.yaml"
sed -i -e '/demo: true/d' -e 's|^  data: data|  data: /var/lib/sekisho/data|' -e 's|{file: master.key}|{file: /var/lib/sekisho/master.key}|' \
  -e 's|^  directory: data/audit|  directory: /var/lib/sekisho/data/audit|' -e 's|^  checkpoints: checkpoints.log|  checkpoints: /var/lib/sekisho/checkpoints.log|' \
  "$state/etc/sekisho.yaml"
fill "$demo/here.yaml.in" "$state/etc/conf.d/here.yaml"
sed -i -e 's|admin_socket: run/admin.sock|admin_socket: /var/lib/sekisho/run/admin.sock|' "$state/etc/conf.d/here.yaml"
fill "$demo/nginx.conf.in" "$state/nginx.conf"
cp -R "$demo/files/." "$state/files/"
chmod -R u+rwX "$state/files"
printf 'SEKISHO_USER=%s:%s\nSEKISHO_STATE=%s\n' "$(id -u)" "$(id -g)" "$state" >"$here/.env"
[ "$state" = "$here/state" ] || mv "$here/.env" "$state/.env"

cat <<TEXT
Prepared in $state. Now, in docker/compose:
  docker compose up --build -d
  docker compose exec gateway sekisho users add sato --config /etc/sekisho/sekisho.yaml
  https://portal.localhost:8443   gateway      http://localhost:9090   Prometheus      http://localhost:3000   Grafana
The certificates' authority is $state/etc/certs/ca.pem.
TEXT
