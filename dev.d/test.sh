# ./dev test: everything that can be known to be wrong, the same here and in CI.
test_passed=0
test_failed=0
test_faults=()

# tally LOG: adds what the runners in a log counted (GoogleTest, pytest, node, our own closing line).
tally() {
  local passed failed
  passed=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?\.?$/\1/p; s/^(.*[ ,])?([0-9]+) passed.*/\2/p; s/^# pass ([0-9]+)$/\1/p' "$1" | awk '{n += $1} END {print n + 0}')
  failed=$(sed -nE 's/^ *([0-9]+) FAILED TESTS?$/\1/p; s/^(.*[ ,])?([0-9]+) (failed|errors?).*/\2/p; s/^# fail ([0-9]+)$/\1/p' "$1" | awk '{n += $1} END {print n + 0}')
  test_passed=$((test_passed + passed))
  test_failed=$((test_failed + failed))
  tallied="$passed passed, $failed failed"
}

# part NAME COMMAND...: runs one part, keeps its log, goes on when it fails.
part() {
  local name=$1 log="$ROOT/build/test-logs/$1.log" began=$SECONDS code=0
  shift
  mkdir -p "$ROOT/build/test-logs"
  ("$@") >"$log" 2>&1 </dev/null || code=$?
  if [ "$code" = 0 ]; then
    tally "$log"
    say "$name: $tallied in $(span $((SECONDS - began)))"
  else
    tail -n 80 "$log"
    tally "$log"
    say "$name: FAILED (exit $code), $tallied; the whole log is build/test-logs/$name.log"
    test_faults+=("$name")
  fi
}

sanitizer_environment() {
  echo ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:exitcode=98
}

# run_unit PRESET: the unit tests of a build, and each fuzz target over its corpus.
run_unit() {
  local preset=$1 program name code=0
  for program in "$PLACE/build/$preset"/test_*; do
    [ -x "$program" ] || continue
    # shellcheck disable=SC2046
    run env $(sanitizer_environment) "$program" --gtest_brief=1 || code=1
  done
  for program in "$PLACE/build/$preset"/*_fuzz; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    # shellcheck disable=SC2046
    if run env $(sanitizer_environment) "$program" "tests/fuzz/corpus/$name"; then echo "1 passed"; else echo "1 failed"; code=1; fi
  done
  return "$code"
}

run_pytest() {
  local preset=$1
  shift
  run env SEKISHO_BINARY="$PLACE/build/$preset/sekisho" SEKISHO_HOUSE_CACHE="$(house_cache)" \
    /usr/bin/python3 -m pytest -p no:cacheprovider --durations=8 "$@"
}

# Needs no user of its own: the driver opens nothing and writes nothing.
run_counts() { /usr/bin/python3 benchmarks/counts/budget.py --driver "$ROOT/build/release/counts"; }

house_cache() { if [ "$(id -u)" = 0 ]; then echo "$(stage_folder)/home/house"; else echo "$ROOT/build/house"; fi; }

run_demo_check() {
  run /usr/bin/python3 docker/demo/run.py --binary "$PLACE/build/release/sekisho" --state "$(demo_folder)" --check
}

# Passkeys: no answer is taken that libfido2 or SimpleWebAuthn refuses.
run_differential() {
  # shellcheck disable=SC2046
  run env $(sanitizer_environment) tests/browser/differential.sh "$PLACE/build/asan/webauthn_differential" 2000 1
}

run_browser() { run env SEKISHO_BINARY="$PLACE/build/release/sekisho" tests/browser/run.sh; }

check_format() {
  local file code=0 count=0
  while IFS= read -r -d '' file; do
    count=$((count + 1))
    clang-format --dry-run --Werror "$file" || code=1
  done < <(find base config telemetry policy auth gateway tests benchmarks \( -name '*.cpp' -o -name '*.hpp' \) -print0)
  if [ "$code" = 0 ]; then echo "$count passed"; else echo "1 failed"; fi
  return "$code"
}


# Versions of clang-format differ in taste: Debian 12's is the judge.
check_format_here() {
  if [ "$(debian_release)" = 12 ]; then part format check_format; else say "format: judged on Debian 12 only"; fi
}

test_close() {
  printf '\n'
  if [ "${#test_faults[@]}" -gt 0 ]; then
    printf 'failed parts: %s\n' "${test_faults[*]}"
    [ "$test_failed" -gt 0 ] || test_failed=${#test_faults[@]}
  fi
  printf 'in %s\n%d passed, %d failed\n' "$(span $SECONDS)" "$test_passed" "$test_failed"
  [ "${#test_faults[@]}" = 0 ]
}

test_full() {
  step "ThreadSanitizer: building and running" "$(last_time build-tsan '10 min')"
  build_preset tsan
  if [ "$(id -u)" = 0 ]; then stage_binaries tsan; fi
  part unit-tsan run_unit tsan
  part integration-tsan run_pytest tsan tests/integration --ignore=tests/integration/big --ignore=tests/integration/hostile
  step "Fuzzing, a minute each"
  part fuzz fuzz_all 60
}

test_command() {
  local full=no
  case ${1:-} in
    --full) full=yes ;;
    '') ;;
    *) fail "./dev test takes --full or nothing." ;;
  esac
  if [ "$full" = yes ]; then steps 9; else steps 7; fi
  step "Packages"
  need build unit demo python-tests clang browser format package counts
  mkdir -p build
  npm_packages tests/browser
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release all counts
  step "Building with AddressSanitizer" "$(last_time build-asan '8 min on two cores')"
  build_preset asan
  step "Building with the second compiler" "$(last_time build-clang '6 min on two cores')"
  build_preset clang
  pack "$ROOT/build/release" "$ROOT/build/package" >/dev/null
  prepare_place release asan clang
  if [ "$PLACE" != "$ROOT" ]; then
    stage_folder_copy tests/browser/node_modules
    stage_folder_copy build/package
  fi
  step "House, format and unit tests" "2 min"
  check_format_here
  part house run_pytest release tests/house
  part packaging run_pytest release tests/packaging
  part unit run_unit asan
  part unit-clang run_unit clang
  part instructions run_counts
  part differential run_differential
  step "The real program: integration, large bodies, the demo's story" "6 min"
  part integration run_pytest asan tests/integration --ignore=tests/integration/big --ignore=tests/integration/hostile
  part large run_pytest release tests/integration/big
  part demo run_demo_check
  step "The browser" "2 min"
  part browser run_browser
  if [ "$full" = yes ]; then test_full; fi
  test_close
}
