import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { json, TOOL } from "./support/cli";

// Programs by version, null for one that could not be had.
const NODES = Object.entries(JSON.parse(process.env.OLD_NODES ?? "{}") as Record<string, string | null>);

if (NODES.length === 0) test.skip("not run: there is no old Node here; npm run test:node16 gets some", () => {});

for (const [version, node] of NODES) {
  if (node) describe(`Node ${version}`, () => isRefused(version, node));
  else test.skip(`not run: Node ${version} could not be installed from the npm registry`, () => {});
}

function isRefused(version: string, node: string): void {
  const run = (...words: string[]) => spawnSync(node, [TOOL, ...words], { encoding: "utf8" });
  const said = `virtinst-rbd-patch: needs Node 16 or later, this is ${version}\n`;

  test("is refused in two lines", () => {
    for (const words of [["--version"], ["apply", "--check"], []]) {
      const { status, stdout, stderr } = run(...words);
      expect(stderr.startsWith(said), stderr).toBe(true);
      expect(stderr.slice(said.length)).toMatch(/^Run it .*\n$/);
      expect(stdout).toBe("");
      expect(status).toBe(2);
    }
  });

  test("is refused in JSON too, where that is wanted", () => {
    const { status, stdout, stderr } = run("inspect", "--json");
    const [, hint] = stderr.split("\n");
    expect(json(stdout)).toMatchObject({
      verdict: { ok: false, exitCode: 2 },
      error: { message: `needs Node 16 or later, this is ${version}`, hint },
    });
    expect(stderr.startsWith(said)).toBe(true);
    expect(status).toBe(2);
  });

  test("is refused wherever that can be said", () => {
    for (const streams of [">&-", "2>&-", "> /dev/full", "2> /dev/full", "> /dev/full 2>&1"]) {
      const line = `"$0" "$@" ${streams}`;
      const { status, stderr } = spawnSync("sh", ["-c", line, node, TOOL, "inspect", "--json"], { encoding: "utf8" });
      expect(status, streams).toBe(2);
      expect(stderr).not.toMatch(/\n {4}at /);
    }
  });
}
