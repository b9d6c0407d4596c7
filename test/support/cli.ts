import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";

/** The built tool: what a user runs. `NODE_UNDER_TEST` names another Node, such as 16. */
export const TOOL = resolve("dist/virtinst-rbd-patch.js");
const NODE = process.env.NODE_UNDER_TEST ?? process.execPath;

/** What a run of the tool gave. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built tool as a user would. */
export function cli(
  args: readonly string[],
  { cwd, env, input, tool = TOOL }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; tool?: string } = {},
): Ran {
  const { status, stdout, stderr, error } = spawnSync(NODE, [tool, ...args], {
    cwd,
    input,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** A new folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Options that name the sample host: one pool by usage, its secret. */
export const HOST = [
  "--pool-xml=test/fixtures/host/pool-usage.xml",
  "--secret-xml=test/fixtures/host/secret-usage.xml",
].map((word) => word.replace("=", `=${resolve(".")}/`));

/** A copy of a stand-in virtinst (`guest-1.0`, …), in a folder that goes when the test ends. */
export function copyVirtinst(layout: string): string {
  const folder = join(temporaryFolder(), layout);
  cpSync(resolve("test/fixtures/virtinst", layout), folder, { recursive: true });
  return folder;
}

/** Whether this machine has the Python of virt-manager 1.x. */
export const HAS_PYTHON2 = ["python2", "python2.7"].some((name) => spawnSync(name, ["-c", ""]).status === 0);
