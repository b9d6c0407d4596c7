/**
 * A stand-in for `virsh -q -r -c URI 'COMMAND; COMMAND'`, as a shell script.
 *
 * @param cases those of a `case` for each command; all other commands print nothing
 * @param before lines that run first
 */
export function fakeVirsh(cases: string, before = ""): string {
  return `#!/bin/sh
${before}
printf '%s\\n' "$5" | sed 's/; /\\n/g' | while IFS= read -r command; do
  case "$command" in
${cases}
    *) ;;
  esac
done
`;
}
