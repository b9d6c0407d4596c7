import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./cli";

const { PATH = "" } = process.env;

/** Runs a program that has to work. */
export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "latin1" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/**
 * Makes programs that come before those of the same name in PATH; in a script, $real is the other one.
 *
 * @param programs by name, the lines of a shell script
 * @returns the new PATH
 */
export function standIns(programs: Readonly<Record<string, string>>): string {
  const bin = temporaryFolder();
  for (const [name, lines] of Object.entries(programs)) {
    const real = PATH.split(":").find((folder) => existsSync(join(folder, name)));
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=${PATH}\nreal=${real}/${name}\n${lines}\n`, { mode: 0o755 });
  }
  return `${bin}:${PATH}`;
}
