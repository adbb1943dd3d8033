# shellcheck shell=bash
# Sourced by the scripts beside it: where things are, how to speak, how to time a list of steps.
# Puts the project's build tools on PATH; installs nothing (scripts/setup does).

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The tools cache lies outside the clone, one folder per tool and version, so clones that want
# different versions share it in peace.
TOOLS=${PHAROS_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/pharos/tools}

# The version of crate $1 in Cargo.lock.
locked_version() {
  awk -v crate="name = \"$1\"" '$0 == crate { getline; gsub(/version = |"/, ""); print; exit }' "$ROOT/Cargo.lock" 2>/dev/null || true
}

# wasm-bindgen's tool refuses modules built by any version of its crate but its own.
WASM_BINDGEN_VERSION=$(locked_version wasm-bindgen)
WASM_PACK_VERSION=0.15
CARGO_DENY_VERSION=0.20

tool_root() { printf '%s/%s-%s' "$TOOLS" "$1" "$2"; }

PATH="$(tool_root wasm-pack "$WASM_PACK_VERSION")/bin:\
$(tool_root wasm-bindgen-cli "$WASM_BINDGEN_VERSION")/bin:\
$(tool_root cargo-deny "$CARGO_DENY_VERSION")/bin:\
$ROOT/node_modules/.bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export PATH

if [ -t 1 ]; then BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' RED='' PLAIN=''; fi

say() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}

# A list of steps: each runs whatever became of those before it, so that one run shows every failure.
STEPS=()
STEPS_FAILED=0

# step NAME COMMAND...: runs COMMAND, remembers its outcome and time. Exit code 75 means it says it was skipped.
step() {
  local name=$1 started=$SECONDS outcome=ok code=0
  shift
  say "$name"
  "$@" || code=$?
  case $code in
    0) ;;
    75) outcome=skipped ;;
    *)
      outcome=FAILED
      STEPS_FAILED=$((STEPS_FAILED + 1))
      ;;
  esac
  STEPS+=("$(printf '%-8s %4d s  %s' "$outcome" "$((SECONDS - started))" "$name")")
}

# Prints what ran, with times. Fails if a step did.
summary() {
  say "$1, $SECONDS s in all"
  printf '    %s\n' "${STEPS[@]}"
  [ "$STEPS_FAILED" -eq 0 ] || die "$STEPS_FAILED of ${#STEPS[@]} steps failed"
}
