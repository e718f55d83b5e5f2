# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts of this folder: package lists and how they are installed.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What the program is built from and runs with (Debian 12 and the next stable).
build_packages="gcc libc6-dev meson ninja-build pkg-config python3 libmicrohttpd-dev
 libgmime-3.0-dev libcurl4-openssl-dev libssl-dev libsodium-dev libjansson-dev libsqlite3-dev
 libpq-dev libmd4c-dev libseccomp-dev libcmocka-dev"
run_packages="git bubblewrap ca-certificates"

# What the tests use besides: peers to talk to and tools to look with.
test_packages="clang-format mandoc libxml2-utils python3-jsonschema postgresql postgresql-client postfix dovecot-imapd openssl swaks chromium procps
 util-linux"

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

missing_packages() {
    local p
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s ' "$p"
    done
}

# need_packages NAME...: installs what is missing, or says exactly what to do.
need_packages() {
    command -v dpkg-query >/dev/null || die "this is not Debian; install by hand: $*"
    local missing apt="apt-get"
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "please install as root: apt-get install $missing"
        apt="sudo apt-get"
    fi
    say "installing: $missing"
    local log
    log=$(mktemp)
    # A list from an hour ago is good enough; without any list nothing can be found.
    if ! $apt update >"$log" 2>&1 && ! grep -q '^Get:\|^Hit:' "$log"; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        die "Debian's package registry cannot be reached (see above); these are missing: $missing"
    fi
    # Word splitting is wanted: a list of package names.
    # shellcheck disable=SC2086
    if ! DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends $missing >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "installing failed (see above): $missing"
    fi
    rm -f "$log"
}

# configure DIR OPTIONS...: a meson build folder, made once.
configure() {
    local dir=$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        meson setup "$dir" "$root" "$@" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; die "configuring $dir failed"; }
        rm -f "$dir.log"
    fi
}
