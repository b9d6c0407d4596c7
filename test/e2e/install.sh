#!/usr/bin/env bash
# Installs what the end-to-end tests need, from Debian's own packages; does nothing where all of it is there.
set -euo pipefail

packages=(
  virtinst libvirt-daemon-system libvirt-clients libvirt-daemon-driver-storage-rbd python3-libvirt
  ceph-mon ceph-osd ceph-mgr ceph-common
  qemu-system-x86 qemu-block-extra qemu-utils
  libxml2-utils attr acl patch git strace e2fsprogs openssh-client openssh-server sudo tcsh openssl
  ansible-core ansible-lint
  puppet-agent puppet-lint metadata-json-lint
  python3-jinja2 python3-yaml python3-jsonschema python3-oauthlib python3-requests
  bash-completion man-db groff-base mandoc
  systemd systemd-container procps dnf dnf-plugins-core rpm createrepo-c
  chromium
)

fail() {
  echo "test/e2e/install.sh: $1" >&2
  exit 1
}

missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

# shellcheck source=/dev/null
. /etc/os-release
[ "${ID:-}:${VERSION_CODENAME:-}" = debian:bookworm ] || fail "the end-to-end tests need Debian 12, this is ${PRETTY_NAME:-unknown}"
[ "$(id -u)" = 0 ] || fail "the end-to-end tests need root"

mapfile -t wanted < <(missing "${packages[@]}")
mapfile -t older < <(missing python2.7)
[ $((${#wanted[@]} + ${#older[@]})) -gt 0 ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt's own user fetches the lists.
chmod 755 "$work"
export DEBIAN_FRONTEND=noninteractive

quiet() {
  "$@" >"$work/log" 2>&1 </dev/null || {
    cat "$work/log" >&2
    fail "failed: $*"
  }
}
get() {
  quiet apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

if [ ${#wanted[@]} -gt 0 ]; then
  echo "Installing ${wanted[*]}"
  get update
  get install --no-install-recommends "${wanted[@]}"
fi

# Debian 12 has no Python 2.7, Debian 11 has: the machine's own sources with the suite's name replaced, for this one
# call only, beside the machine's own.
if [ ${#older[@]} -gt 0 ]; then
  echo "Installing ${older[*]} of bullseye"
  mkdir -p "$work/sources" "$work/lists/partial"
  for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$source" ] || continue
    name=${source##*/}
    cp "$source" "$work/sources/$name"
    # The suite itself, without its -updates and -security.
    sed -En 's/^(deb[[:space:]]+(\[[^]]*\][[:space:]]+)?[^[:space:]]+[[:space:]]+)bookworm[[:space:]]+/\1bullseye /p' \
      "$source" >"$work/sources/before-$name"
  done
  for source in /etc/apt/sources.list.d/*.sources; do
    [ -f "$source" ] || continue
    name=${source##*/}
    cp "$source" "$work/sources/$name"
    awk 'BEGIN { RS = ""; ORS = "\n\n" }
      /(^|\n)Suites:[^\n]*[ \t]bookworm([ \t\n]|$)/ { gsub(/(^|\n)Suites:[^\n]*/, "\nSuites: bullseye"); sub(/^\n/, ""); print }' \
      "$source" >"$work/sources/before-$name"
  done
  grep -qs bullseye "$work"/sources/before-* || fail "no source of bookworm was found below /etc/apt to make one of bullseye from"
  apart=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::State::Lists=$work/lists")
  get "${apart[@]}" update
  get "${apart[@]}" install --no-install-recommends "${older[@]}"
fi
