# Which Debian packages each command needs, and how they come in: listed first, then
# installed by apt alone, with no service started.

debian_release() {
  local id='' version=''
  [ -r /etc/os-release ] && { id=$(. /etc/os-release; echo "${ID:-}"); version=$(. /etc/os-release; echo "${VERSION_ID:-}"); }
  case "$id-$version" in
    debian-12) echo 12 ;;
    debian-13) echo 13 ;;
    *) fail "this is not Debian 12 or 13 (found '${id:-unknown} ${version:-}'); the packages of other systems are not known here." ;;
  esac
}

# Libraries whose package name differs between the two releases.
packages_boost() {
  if [ "$1" = 12 ]; then
    echo libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  else
    echo libboost-dev libboost-json-dev libboost-url-dev
  fi
}

packages_build() {
  echo g++ cmake ninja-build ccache pkg-config python3 ca-certificates tzdata
  echo libssl-dev libyaml-cpp-dev prometheus-cpp-dev libfmt-dev libcli11-dev libsqlite3-dev
  echo libhowardhinnant-date-dev liboath-dev libsodium-dev libutf8proc-dev libc-ares-dev libqrencode-dev libnghttp2-dev
  packages_boost "$1"
}

packages_demo() { echo nginx-light openssl python3 qrencode; }
packages_unit() { echo libgtest-dev libgmock-dev libfido2-dev; }

packages_clang() {
  echo clang lld
  if [ "$1" = 12 ]; then echo libclang-rt-14-dev; else echo libclang-rt-19-dev; fi
}

packages_browser() { echo chromium nodejs npm fonts-ipafont-gothic; }

# packages_for RELEASE PURPOSE...: one name per line.
packages_for() {
  local release=$1 purpose
  shift
  for purpose in "$@"; do
    case $purpose in
      build) packages_build "$release" ;;
      demo) packages_demo ;;
      unit) packages_unit ;;
      clang) packages_clang "$release" ;;
      browser) packages_browser ;;
      python-tests) echo curl nghttp2-client nghttp2-server python3-aiosmtpd python3-grpcio python3-hpack python3-pytest python3-holidays python3-yaml openssl nginx-light qrencode binutils procps prometheus ;;
      watch) echo prometheus ;;
      counts) echo valgrind ;;
      package) echo python3-pytest binutils dpkg-dev file lintian man-db groff systemd zsh fish debootstrap openssl ;;
      tls) echo testssl.sh ;;
      format) echo clang-format python3-pytest ;;
      bench) echo nginx-light haproxy wrk nghttp2-client openssl python3 libbenchmark-dev ;;
      *) fail "no package list is called '$purpose'." ;;
    esac
  done | tr ' ' '\n' | sort -u
}

# A package counts as present when dpkg says so, or when the command it brings is there from elsewhere.
package_present() {
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' && return 0
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    nginx-light) [ -x /usr/sbin/nginx ] ;;
    *) return 1 ;;
  esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Keeps freshly installed servers from starting. A policy that is already there stays as it is.
hold_services() {
  [ -e /usr/sbin/policy-rc.d ] && return 0
  printf '#!/bin/sh\n# Put here by ./dev while it installs packages.\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
  as_root chmod 0755 /usr/sbin/policy-rc.d
  trap release_services EXIT
}

release_services() {
  if grep -qs 'Put here by ./dev' /usr/sbin/policy-rc.d; then as_root rm -f /usr/sbin/policy-rc.d; fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$@"; }

missing_packages() {
  local name
  packages_for "$(debian_release)" "$@" | while read -r name; do
    package_present "$name" || echo "$name"
  done
}

# need PURPOSE...: installs what is missing for these purposes.
need() {
  local missing size log
  debian_release >/dev/null
  missing=$(missing_packages "$@" | tr '\n' ' ')
  missing=${missing% }
  if [ -z "$missing" ]; then
    say "nothing is missing"
    return 0
  fi
  say "to be installed from Debian's archive: $missing"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "these packages are missing and there is no sudo. As root, run: apt-get install --no-install-recommends $missing"
  fi
  log=$(mktemp)
  if ! apt update >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "the package lists could not be refreshed; trying with what is known"
  fi
  # shellcheck disable=SC2086
  size=$(LC_ALL=C apt-get --assume-no --no-install-recommends install $missing 2>/dev/null | sed -n 's/^Need to get \(.*\) of archives.*/\1/p') || true
  [ -z "$size" ] || say "$size to fetch; this can take some minutes"
  install_packages "$log" "$missing"
  rm -f "$log"
}

install_packages() {
  local log=$1 missing=$2 name unknown=''
  for name in $missing; do
    apt-cache show "$name" >/dev/null 2>&1 || unknown="$unknown $name"
  done
  [ -z "$unknown" ] || fail "Debian's archive, as configured here, has no package called:$unknown. Check /etc/apt/sources.list and the network."
  hold_services
  # shellcheck disable=SC2086
  if ! apt install -y --no-install-recommends $missing >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    release_services
    fail "apt could not install: $missing. Its last words stand above."
  fi
  release_services
}

# npm_packages FOLDER: exactly what the committed lock names, no script of theirs is run.
npm_packages() {
  if [ -f "$1/node_modules/.package-lock.json" ] && [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then return 0; fi
  mkdir -p "$ROOT/build"
  say "packages of $1 from the npm registry, by the committed lock"
  if ! (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund >"$ROOT/build/npm.log" 2>&1); then
    tail -n 15 "$ROOT/build/npm.log" >&2
    fail "npm could not fetch what $1/package-lock.json names; its last words stand above."
  fi
}
