# ./dev bench: CPU per request beside Debian's nginx and HAProxy, on this machine.
bench_command() {
  steps 4
  step "Packages"
  need build demo bench
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release sekisho
  step "Laying out"
  prepare_place release
  step "Measuring" "3 min"
  run /usr/bin/python3 benchmarks/run.py --binary "$PLACE/build/release/sekisho" \
    --commit "$(git -c safe.directory="$ROOT" rev-parse --short HEAD 2>/dev/null || echo unknown)" "$@"
  if [ "$PLACE" != "$ROOT" ]; then
    as_runner cat "$PLACE/benchmarks/RESULTS.md" >benchmarks/RESULTS.md
  fi
}
