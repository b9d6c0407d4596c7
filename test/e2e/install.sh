#!/usr/bin/env bash
# Installs the Debian packages that the end-to-end tests need and that are missing.
set -euo pipefail

packages=(
  virtinst libvirt-daemon-system libvirt-clients libvirt-daemon-driver-storage-rbd python3-libvirt
  ceph-mon ceph-osd ceph-common
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

get update
if [ ${#wanted[@]} -gt 0 ]; then
  echo "Installing ${wanted[*]}"
  get install --no-install-recommends "${wanted[@]}"
fi

# Debian 12 has no Python 2.7, Debian 11 has: this one call has a source of bullseye besides those of this machine.
if [ ${#older[@]} -gt 0 ]; then
  echo "Installing ${older[*]} of bullseye"
  repository=$(apt-get indextargets --format '$(REPO_URI)' 'Release: bookworm' 'Component: main' | head -n 1)
  [ -n "$repository" ] || fail "no source of bookworm was found below /etc/apt"
  mkdir -p "$work/lists/partial"
  cat /etc/apt/sources.list >"$work/sources.list" 2>/dev/null || true
  key=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$key] $repository bullseye main" >>"$work/sources.list"
  apart=(-o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::State::Lists=$work/lists")
  get "${apart[@]}" update
  get "${apart[@]}" install --no-install-recommends "${older[@]}"
fi
