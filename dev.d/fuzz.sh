# ./dev fuzz SECONDS: each target from its committed corpus, findings kept under build/fuzz-findings.

# fuzz_all SECONDS: the targets share the cores; exit 1 when one finds something.
fuzz_all() {
  local seconds=$1 target name code=0 began=$SECONDS
  mkdir -p build/fuzz-corpus build/fuzz-findings
  build_preset fuzz || return 1
  for target in build/fuzz/*_fuzz; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "build/fuzz-corpus/$name" "build/fuzz-findings/$name"
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz-findings/$name/" "build/fuzz-corpus/$name" "tests/fuzz/corpus/$name" >"build/fuzz-findings/$name/log" 2>&1; then
      say "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz-findings/$name/log") inputs, no finding"
      echo "1 passed"
    else
      say "$name: a finding; see build/fuzz-findings/$name"
      echo "1 failed"
      code=1
    fi
  done
  say "fuzzed for $(span $((SECONDS - began)))"
  return "$code"
}

fuzz_command() {
  local seconds=${1:-60}
  case $seconds in *[!0-9]* | '') fail "./dev fuzz takes a number of seconds." ;; esac
  steps 2
  step "Packages"
  need build unit clang
  step "Fuzzing each target for $seconds s"
  fuzz_all "$seconds"
}
