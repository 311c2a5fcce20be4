# ./dev hostile: what takes too long for ./dev test: floods by thousands of connections, testssl.sh, a million messages.
hostile_command() {
  local many=${1:-3000} code=0
  case $many in *[!0-9]* | '') fail "./dev hostile takes a number of connections, as in 3000." ;; esac
  steps 3
  step "Packages"
  need build unit demo python-tests tls
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release
  build_preset dev
  step "Floods of $many connections, testssl.sh, a million generated messages" "15 min"
  rm -f build/floods.txt build/testssl.txt
  SEKISHO_MESSAGES=1000000 build/dev/test_gateway --gtest_filter='GeneratedHttp1.*' || code=1
  SEKISHO_BINARY="$ROOT/build/release/sekisho" SEKISHO_FLOOD="$many" SEKISHO_FLOOD_TABLE="$ROOT/build/floods.txt" \
    SEKISHO_TESTSSL_LOG="$ROOT/build/testssl.txt" \
    /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/integration/hostile || code=1
  printf '\n%s, %s, commit %s\n' "$(date +%F)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores" "$(git rev-parse --short HEAD)"
  [ ! -f build/floods.txt ] || cat build/floods.txt
  [ "$code" = 0 ] || fail "not everything held; the words above say what."
}
