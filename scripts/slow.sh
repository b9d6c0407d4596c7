#!/usr/bin/env bash
# The exhaustive tests: npm run test:slow -- DIR, where DIR is a clone of virt-manager's repository with its tags.
# Runs all of them, then prints a line for each that failed.
set -u
git=${1:?npm run test:slow -- DIR}
failed=()
try() {
  echo "== $*"
  time "$@" || failed+=("$*")
}
# With every installed Python, every error point and every layout.
export PYTHONS=all FAULTS=all
try npx vitest run --project 'unit*' --project script
try npx vitest run --project faults
try npm run --silent conformance -- --git "$git" --virt-install
for layer in patch host system; do try env LAYER=$layer npx stryker run; done
try npm run --silent bench
[ ${#failed[@]} = 0 ] || printf 'failed: %s\n' "${failed[@]}"
exit $((${#failed[@]} > 0))
