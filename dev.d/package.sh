# ./dev package: the Debian package of the release build, and what it must be.

source_date() { git -c safe.directory="$ROOT" -C "$ROOT" log -1 --format=%ct 2>/dev/null || stat -c %Y "$ROOT/CHANGELOG.md"; }

# pack BUILD_FOLDER OUTPUT_FOLDER: prints the package's path.
pack() {
  local log="$ROOT/build/package.log"
  rm -rf "$2"
  mkdir -p "$2"
  if ! SOURCE_DATE_EPOCH=$(source_date) cpack -G DEB --config "$1/CPackConfig.cmake" -B "$2" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    fail "cpack could not make the package; its last words stand above."
  fi
  same_times "$2"/sekisho_*.deb
  echo "$2"/sekisho_*.deb
}

# cpack gives its own files the time of day: packed again, all carry the time of the source.
same_times() {
  local folder
  folder=$(mktemp -d)
  dpkg-deb -R "$1" "$folder/root"
  SOURCE_DATE_EPOCH=$(source_date) dpkg-deb --root-owner-group -Zxz -b "$folder/root" "$1" >/dev/null
  rm -rf "$folder"
}

# A second build, in another folder, of the same commit and changes: byte for byte the same package. It has a compiler
# cache of its own, so that each object was compiled twice, but not again by every check.
check_reproducible() {
  local first=$1 other="/var/tmp/sekisho-again-$$/deeper" second
  mkdir -p "$other"
  tracked_files | tar --null --no-recursion -T - -cf - | tar -C "$other" -xf -
  cache_environment
  if ! (cd "$other" && export CCACHE_DIR="${CCACHE_DIR:-$HOME/.cache/ccache}-again" CCACHE_BASEDIR=$other &&
    cmake --preset release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >/dev/null && ninja -C build/release -j "$(jobs)" sekisho >/dev/null); then
    fail "the second build, in $other, failed."
  fi
  second=$(pack "$other/build/release" "$other/package")
  sha256sum "$first" "$second"
  if ! cmp -s "$first" "$second"; then
    fail "two builds of one source gave two packages; compare $first with $second."
  fi
  rm -rf "${other%/deeper}"
  say "the same bytes from two folders"
}

package_command() {
  local reproducible=no install=no image=no parts=3 argument package
  for argument in "$@"; do
    case $argument in
      --check-reproducible) reproducible=yes ;;
      --install-check) install=yes ;;
      --image-check) image=yes ;;
      *) fail "./dev package takes --check-reproducible, --install-check, --image-check or nothing." ;;
    esac
  done
  if [ "$reproducible" = yes ]; then parts=$((parts + 1)); fi
  if [ "$install" = yes ]; then parts=$((parts + 1)); fi
  if [ "$image" = yes ]; then parts=$((parts + 1)); fi
  steps "$parts"
  step "Packages"
  need build package
  step "Building what is shipped" "$(last_time build-release '5 min on two cores')"
  build_preset release sekisho
  step "Packing, and judging the package"
  package=$(pack "$ROOT/build/release" "$ROOT/build/package")
  SEKISHO_PACKAGE="$package" /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/packaging || fail "the package is not what it must be; the words above say where."
  if [ "$reproducible" = yes ]; then
    step "Building it again in another folder" "10 min, the first time"
    check_reproducible "$package"
  fi
  if [ "$install" = yes ]; then
    step "Installing it in a bare Debian" "2 min"
    as_root /usr/bin/python3 tests/packaging/install_check.py "$package" || fail "the story of the package did not end well; the words above say where."
  fi
  if [ "$image" = yes ]; then
    step "The steps of docker/Dockerfile in clean roots" "20 min"
    as_root /usr/bin/python3 tests/packaging/image_check.py || fail "the image's steps did not end well; the words above say where."
  fi
  say "the package is ${package#"$ROOT/"}"
}
