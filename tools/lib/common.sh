# Shared by the scripts in tools/: sourced, never run. Sets `root`, goes there, and offers the functions below.

set -euo pipefail
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
# Another clone of this project finds what this one has compiled, wherever each stands.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$root}" CCACHE_NOHASHDIR=1

# die TEXT: one line that says what went wrong, and the end.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# usage_on_help "$@": the comment at the head of the calling script, for --help.
usage_on_help() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"
      exit 0
      ;;
  esac
}

# jobs: how many compilers may run at once.
jobs() { nproc 2>/dev/null || echo 2; }

# configure PRESET [CMAKE ARGUMENT...]: quiet, unless it fails.
configure() {
  local log
  log=$(mktemp)
  if ! cmake --preset "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "cmake --preset $1 failed (above)"
  fi
  rm -f "$log"
}

# build PRESET [TARGET...]: configures where needed, then builds.
build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || configure "$preset"
  cmake --build "build/$preset" -j "$(jobs)" ${1:+--target "$@"} || die "the $preset build failed (above)"
}
