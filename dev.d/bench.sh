# ./dev bench: CPU per request beside Debian's nginx and HAProxy, on this machine.
bench_command() {
  steps 5
  step "Packages"
  need build demo bench
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release sekisho
  step "Building the load client"
  build_preset bench load
  step "Laying out"
  prepare_place release bench
  step "Measuring" "25 min for all of it; --only S1,S3 for some"
  run /usr/bin/python3 benchmarks/run.py --binary "$PLACE/build/release/sekisho" --load "$PLACE/build/bench/load" \
    --commit "$(git -c safe.directory="$ROOT" rev-parse --short HEAD 2>/dev/null || echo unknown)" "$@"
  if [ "$PLACE" != "$ROOT" ]; then
    as_runner cat "$PLACE/benchmarks/RESULTS.md" >benchmarks/RESULTS.md
    as_runner sh -c "[ ! -d '$PLACE/build/flames' ] || tar -C '$PLACE/build' -cf - flames" | tar -C build -xf - 2>/dev/null || true
  fi
}
