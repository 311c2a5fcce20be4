# Building with the presets of CMakePresets.json.

# Root's builds share one compiler cache, so that a fresh clone does not start from nothing.
cache_environment() {
  if [ "$(id -u)" = 0 ]; then export CCACHE_DIR=${CCACHE_DIR:-/var/cache/sekisho-ccache}; fi
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$ROOT} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
}

jobs() { echo "${SEKISHO_JOBS:-$(nproc)}"; }

configure() {
  local preset=$1 log="$ROOT/build/$1-configure.log"
  local -a options=()
  mkdir -p "$ROOT/build"
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  if [ "$(id -u)" = 0 ]; then options+=("-DSEKISHO_TEST_TREE=$(stage_folder)/tree"); fi
  if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    fail "CMake could not prepare the preset '$preset'; its last words stand above."
  fi
}

# Passes errors on, and turns the rest into a line every few seconds with the time left.
show_progress() {
  local line rest done_ all spent next=5
  while IFS= read -r line; do
    case $line in
      @@*)
        rest=${line#@@}; done_=${rest%%/*}; rest=${rest#*/}; all=${rest%%/*}; rest=${rest#*/}; spent=${rest%%.*}
        if [ "$spent" -ge "$next" ] && [ "$done_" -lt "$all" ]; then
          say "$done_ of $all files, about $(span $((spent * (all - done_) / done_))) left"
          next=$((spent + 15))
        fi ;;
      ninja:*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1 began=$SECONDS
  shift
  cache_environment
  configure "$preset"
  if ! NINJA_STATUS='@@%f/%t/%e/ ' ninja -C "build/$preset" -j "$(jobs)" "$@" 2>&1 | show_progress; then
    fail "the build of '$preset' failed; the compiler's words stand above."
  fi
  keep_time "build-$preset" $((SECONDS - began))
}

purposes_of_preset() {
  case $1 in
    dev | asan | tsan) echo build unit ;;
    release) echo build ;;
    bench) echo build bench ;;
    clang | fuzz) echo build unit clang ;;
    *) fail "no preset is called '$1'; there are dev, release, asan, tsan, clang, fuzz and bench." ;;
  esac
}

build_command() {
  local preset=${1:-dev} purposes
  purposes=$(purposes_of_preset "$preset")
  steps 2
  step "Packages"
  # shellcheck disable=SC2086
  need $purposes
  step "Building the preset '$preset'" "$(last_time "build-$preset" '5 min on two cores')"
  build_preset "$preset"
  step_done
  say "the program is build/$preset/sekisho"
}
