#!/usr/bin/env bash
# Installs what waihu needs from Debian's own packages, and says so before it does.
#
#   scripts/setup.sh runtime   what a running waihu uses: synthesizer, recognizer
#   scripts/setup.sh test      the same, and the peers and programs of the test suite
#
# Does nothing when nothing is missing. Needs root or sudo only when something is.
set -euo pipefail

runtime_packages=(
  espeak-ng         # the embedded synthesizer, run as a program
  libpocketsphinx3  # the embedded recognizer, loaded at run time
)
test_packages=(
  sip-tester                   # sipp: a SIP peer that is not ours
  baresip-core                 # a softphone, without its sound and window packages
  openssl                      # makes the certificates of TLS trunks in tests
  asterisk-core-sounds-en-wav  # recorded human speech, CC-BY-SA, for tests only
  postgresql                   # the second database the store's tests run on
  iproute2                     # a second network namespace to attack from
  nftables                     # a router that translates addresses
  util-linux                   # unshare and nsenter (a small disk for one process), setpriv, flock
  mount                        # mount, for the same
)

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

installed() {
  dpkg -s "$1" 2>/dev/null | grep -q '^Status: install ok installed$'
}

check_cargo() {
  if ! command -v cargo >/dev/null 2>&1 && [ -r "$HOME/.cargo/env" ]; then
    fail "cargo is installed but not on the PATH" "run: . \"\$HOME/.cargo/env\""
  fi
  command -v cargo >/dev/null 2>&1 || fail \
    "cargo is missing; waihu is built with Rust 1.95 or later" \
    "install Rust with rustup (https://rustup.rs), open a new shell and try again"
}

# Style and lints are checked by two components that a minimal Rust does not bring.
check_components() {
  local component lacking=()
  for component in rustfmt clippy; do
    cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || lacking+=("$component")
  done
  [ "${#lacking[@]}" -gt 0 ] || return 0
  command -v rustup >/dev/null 2>&1 || fail "missing parts of Rust: ${lacking[*]}"
  say "about to install with rustup: ${lacking[*]}"
  rustup component add "${lacking[@]}"
}

# Packages of the given list that are not installed, one per line.
missing_of() {
  local package
  for package in "$@"; do
    installed "$package" || printf '%s\n' "$package"
  done
}

on_debian() {
  [ -r /etc/os-release ] || return 1
  # shellcheck disable=SC1091
  (. /etc/os-release && [[ " ${ID:-} ${ID_LIKE:-} " == *" debian "* ]]) \
    && command -v apt-get >/dev/null 2>&1
}

# On another system nothing is installed: either the programs are there, or their names are said.
check_programs() {
  local programs=(espeak-ng cc) lacking=() program
  [ "$1" = test ] && programs+=(sipp baresip openssl ip nft unshare nsenter setpriv flock mount)
  for program in "${programs[@]}"; do
    command -v "$program" >/dev/null 2>&1 || lacking+=("$program")
  done
  say "this is not Debian, so nothing is installed for you"
  say "needed: espeak-ng, libpocketsphinx.so.3 with libsphinxbase.so.3, and a C compiler"
  say "        to build"
  if [ "$1" = test ]; then
    say "tests:  sipp, baresip, openssl, ip (iproute2), nft (nftables), mount, unshare, nsenter,"
    say "        setpriv and flock (util-linux), PostgreSQL's server programs, and Asterisk's"
    say "        English core sounds"
    say "        in /usr/share/asterisk/sounds/en_US_f_Allison"
  fi
  [ "${#lacking[@]}" -eq 0 ] || fail "missing programs: ${lacking[*]}"
  say "the programs are here; \`waihu doctor\` tells about the libraries"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# The package lists are fetched only when they do not know a package we want.
known() {
  local package
  for package in "$@"; do
    apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
  done
}

install() {
  local install_command=(
    env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  )
  say "about to install with apt-get: $*"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "not root, and sudo is missing; as root run:" \
      "  apt-get update && apt-get install -y --no-install-recommends $*"
    say "this needs sudo, which may ask for your password"
  fi
  if ! known "$@"; then
    say "the package lists do not know them all; fetching the lists first"
    as_root apt-get update -q
  fi
  # Lists that are too old name files the mirror no longer has.
  if ! as_root "${install_command[@]}"; then
    say "that failed; once more with fresh package lists"
    as_root apt-get update -q
    as_root "${install_command[@]}" || fail \
      "apt-get could not install them; waihu is tried on Debian 12"
  fi
}

main() {
  local what=${1:-} packages=() missing=()
  case "$what" in
    runtime) packages=("${runtime_packages[@]}") ;;
    test) packages=("${runtime_packages[@]}" "${test_packages[@]}") ;;
    *) fail "usage: scripts/setup.sh runtime|test" ;;
  esac
  check_cargo
  [ "$what" = runtime ] || check_components
  if ! on_debian; then
    check_programs "$what"
    return
  fi
  mapfile -t missing < <(missing_of "${packages[@]}")
  # SQLite and the TLS library are compiled from C sources.
  if ! command -v cc >/dev/null 2>&1; then
    missing+=(gcc libc6-dev)
  fi
  # libFuzzer is compiled from C++ sources.
  if [ "$what" = test ] && ! command -v c++ >/dev/null 2>&1; then
    missing+=(g++)
  fi
  command -v make >/dev/null 2>&1 || missing+=(make)
  if [ "${#missing[@]}" -eq 0 ]; then
    say "nothing is missing (${packages[*]})"
    return
  fi
  install "${missing[@]}"
}

main "$@"
