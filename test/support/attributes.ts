import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { copyAttributes } from "../../src/system/attributes";
import { temporaryFolder } from "./cli";

const { PATH = "" } = process.env;

/** Runs a program that has to work. */
export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "latin1" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Two files, the second as a run makes it, and what copies the one's attributes to the other. */
export function pair(content = "old\n") {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  writeFileSync(from, content);
  writeFileSync(to, "new\n", { mode: 0o600 });
  const descriptors = [openSync(from, "r"), openSync(to, "r+")] as const;
  onTestFinished(() => {
    for (const descriptor of descriptors) closeSync(descriptor);
  });
  return { folder, from, to, copy: () => copyAttributes(...descriptors, "/x/guest.py") };
}

/**
 * Puts programs before those of the same name in PATH, as a user may have them; in a script, $real is the other one.
 *
 * @param programs by name, the lines of a shell script
 * @param behind what else is in PATH
 */
export function standIns(programs: Readonly<Record<string, string>>, behind = PATH): void {
  const bin = temporaryFolder();
  for (const [name, lines] of Object.entries(programs)) {
    const real = PATH.split(":").find((folder) => existsSync(join(folder, name)));
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=${PATH}\nreal=${real}/${name}\n${lines}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", `${bin}:${behind}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

export const lost = (what: string, why: string) => ({
  kind: "io",
  message: `The ${what} of /x/guest.py cannot be kept${why}. Nothing was written.`,
});
