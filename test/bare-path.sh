#!/usr/bin/env bash
# Prints a new folder that serves as PATH: links to the programs of the base system, Node and Python 3. The programs that
# test/e2e/install.sh installs are left out, so that a unit test that needs one of them fails on every machine.
set -euo pipefail
shopt -s extglob nullglob

not='@(virsh|virt-*|libvirt*|ceph*|rados|rbd|qemu-*|ssh*|scp|sftp|?etfattr|?etfacl|chattr|lsattr|git|git-*|patch|strace'
not+='|man|mandoc|groff|nroff|troff|less|xmllint|ansible*|puppet*|systemctl|dnf*|rpm*|python*|pip*|node|npm|npx|corepack)'

folder=$(mktemp -d)
for source in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
  for program in "$source"/*; do
    # shellcheck disable=SC2053 # a pattern
    [[ ${program##*/} == $not || -e $folder/${program##*/} ]] || ln -s "$program" "$folder"
  done
done

node=$(node -p process.execPath)
ln -s "$node" "$folder/node"
for program in npm npx; do ln -s "$(type -P "$program")" "$folder"; done
# The interpreter itself: pyenv's shim does not work with another PATH.
ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$folder/python3"
echo "$folder"
