# ./dev bound: the published revocation bound in full, on the release build: 10,000 idle and 1,000 busy connections.
bound_command() {
  local size=${1:-10000,1000} table=build/bound.txt
  case $size in *[!0-9,]* | '') fail "./dev bound takes IDLE,BUSY, as in 10000,1000." ;; esac
  steps 3
  step "Packages"
  need build demo python-tests
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release
  step "Ending access while $size connections are open" "5 min"
  rm -f "$table"
  SEKISHO_BINARY="$ROOT/build/release/sekisho" SEKISHO_BOUND="$size" SEKISHO_BOUND_TABLE="$ROOT/$table" \
    /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/integration/bound || fail "the bound was not kept; the words above say where."
  printf '\n%s, %s, commit %s\n' "$(date +%F)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores" "$(git rev-parse --short HEAD)"
  cat "$table"
}
