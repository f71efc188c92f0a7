# Debian packages by purpose, and their installation: sourced, never run, after common.sh.

packages_build=(g++ cmake ninja-build pkg-config ccache libboost1.81-dev libsofia-sip-ua-dev libcli11-dev
  libtomlplusplus-dev libre2-dev libspdlog-dev libc-ares-dev libssl-dev libsqlite3-dev libhiredis-dev
  libhowardhinnant-date-dev prometheus-cpp-dev tzdata)
packages_format=(clang-format-19)
packages_tidy=(clang-tidy-19)
packages_fuzz=(clang-19 libclang-rt-19-dev)
packages_test=(libgtest-dev libgmock-dev librapidcheck-dev python3 python3-jsonschema sip-tester baresip kamailio kamailio-tls-modules dnsmasq-base openssl tshark redis-server
  "${packages_fuzz[@]}" "${packages_format[@]}" "${packages_tidy[@]}")
packages_sofia_source=(dpkg-dev xz-utils make autoconf automake libtool)
packages_profile=(valgrind)

# missing_packages PACKAGE...: those that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# install PACKAGE...: nothing to do is silent; a failure names the packages.
install() {
  command -v dpkg-query >/dev/null || die "needs Debian 12 or a system with its packages (no dpkg here): $*"
  local missing log
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  local root_by=(env)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "cannot install ${missing[*]}: not root, and there is no sudo"
    root_by=(sudo env)
  fi
  printf 'installing: %s\n' "${missing[*]}"
  local apt=("${root_by[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -q)
  log=$(mktemp)
  # Servers are for the tests to start, on ports of their own: installing them must start none (Debian Policy §9.3.3).
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || policy=
  [ -z "$policy" ] || printf '#!/bin/sh\nexit 101\n' | "${root_by[@]}" install -m 755 /dev/stdin "$policy"
  # A list that cannot be renewed (another repository of this machine) may still do.
  local status=0
  { "${apt[@]}" update || true; "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || status=$?
  [ -z "$policy" ] || "${root_by[@]}" rm -f "$policy"
  if [ $status -ne 0 ]; then
    grep -E '^(E|W|Err):?' "$log" >&2 || tail -n 20 "$log" >&2
    rm -f "$log"
    mapfile -t missing < <(missing_packages "${missing[@]}")
    die "could not install ${missing[*]} (apt's words above; Debian 12 has all of them)"
  fi
  rm -f "$log"
}

# install_browser: Chromium, node and what conformance/browser/package.json names, into build/browser. Where they cannot
# be had, the test that wants them says so and is left out.
install_browser() {
  local packages=(chromium) from=conformance/browser into=build/browser
  command -v npm >/dev/null || packages+=(nodejs npm)
  (install "${packages[@]}") || return 0
  cmp -s "$from/package-lock.json" "$into/package-lock.json" && return 0
  mkdir -p "$into"
  cp "$from/package.json" "$into/"
  printf 'installing: the packages of %s/package.json\n' "$from"
  if ! (cd "$into" && cp "$root/$from/package-lock.json" . && npm ci --ignore-scripts --no-audit --no-fund) >"$into/npm.log" 2>&1; then
    tail -n 5 "$into/npm.log" >&2
    rm -f "$into/package-lock.json"
  fi
}
