import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TOOL } from "../../support/cli";
import { fakeVirsh, SAMPLE_CASES } from "../../support/virsh";
import { makeFolder, run } from "./machine";

/** The shell examples of a page, which are its blocks fenced as `sh`. */
export function examples(page: string): string[] {
  return [...readFileSync(page, "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
}

/** Makes a directory for PATH with the tool and other scripts, given by their names. */
export function makePrograms(programs: Readonly<Record<string, string>> = {}): string {
  const folder = makeFolder();
  const tool = `#!/bin/sh\nexec "${process.execPath}" "${TOOL}" "$@"\n`;
  for (const [name, text] of Object.entries({ "virtinst-rbd-patch": tool, ...programs }))
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  return folder;
}

/** For `makePrograms`: a virsh on a host with the sample pool and its secret. */
export function standInVirsh(host: string): string {
  // The pages also run it with a command and without options.
  return fakeVirsh(`    hostname) echo '${host}' ;;\n${SAMPLE_CASES}`, '[ "$1" = -q ] || set -- -q -r -c URI "$*"');
}

/** For `makePrograms`: an ssh without a network; `enter` runs a command line on the host. */
export function standInSsh(enter: string): string {
  return `#!/bin/sh
while :; do case $1 in --) shift; break ;; -*) shift ;; *) break ;; esac; done
shift
${enter} "$*"
`;
}

/** Runs an example as a user does, up to the first line that fails. */
export function runExample(example: string, { path, cwd }: { path: string; cwd: string }) {
  return run("bash", ["-e", "-c", `PATH="${path}:$PATH"\n${example}`], { cwd, seconds: 300 });
}
