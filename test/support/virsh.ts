import { hostname } from "node:os";
import { FIXTURES, UUID } from "./cli";

/** The cases of `fakeVirsh` for the sample host. */
export const SAMPLE_CASES = `    "pool-list --all") echo " libvirtpool   active   yes" ;;
    secret-list) echo " ${UUID}  ceph client.libvirt secret" ;;
    pool-dumpxml*) cat '${FIXTURES}/pool-usage.xml' ;;
    secret-dumpxml*) cat '${FIXTURES}/secret-usage.xml' ;;`;

/**
 * A stand-in for `virsh -q -r -c URI 'COMMAND; COMMAND'`, as a shell script.
 *
 * @param cases those of a `case` for each command; `hostname` prints that of this machine, and other commands print nothing
 * @param before lines that run first
 */
export function fakeVirsh(cases: string, before = ""): string {
  return `#!/bin/sh
${before}
printf '%s\\n' "$5" | sed 's/; /\\n/g' | while IFS= read -r command; do
  case "$command" in
${cases}
    hostname) echo ${hostname()} ;;
  esac
done
`;
}
