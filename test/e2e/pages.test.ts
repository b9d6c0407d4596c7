import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOOL } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { makeHost } from "./support/host";
import { makeFolder, must, SHARE, undoAll } from "./support/machine";

/** What an example may need that a test's machine has not: a password, a screen, a network. */
const STAND_INS = {
  sudo: '#!/bin/sh\nexec "$@"\n',
  less: '#!/bin/sh\nexec cat "$@"\n',
  npm: "#!/bin/sh\nexec true\n",
};

// As a reader does: one block after the other, each as it stands.
describe.each([
  ["docs/manual-edit.md", "host"],
  ["docs/review.md", "host"],
  ["docs/monitors.md", "host"],
  ["docs/clusters.md", "host"],
  ["docs/json.md", "host"],
  ["docs/el7.md", "controller"],
  ["docs/hosts.md", "controller"],
  ["docs/other-hosts.md", "controller"],
  ["README.md", "host"],
] as const)("%s, on a %s", (page, where) => {
  const blocks = examples(page);
  let run: (block: string) => { code: number | null; stdout: string; stderr: string };

  beforeAll(() => {
    const host = makeHost();
    // What is installed there is seen by the test alone.
    const [upper, work] = [makeFolder(), makeFolder()];
    const own = `mount -t overlay none -o 'lowerdir=/usr/bin,upperdir=${upper},workdir=${work}' /usr/bin`;
    const path = programs({ ...STAND_INS, ...host.way });
    const cwd = makeFolder();
    mkdirSync(join(cwd, "dist"));
    must("cp", [TOOL, join(cwd, "dist")]);
    const share = join(cwd, "rootfs/usr/share");
    mkdirSync(share, { recursive: true });
    must("cp", ["-a", SHARE, share]);
    run =
      where === "host"
        ? (block) => host.sh(`set -e\n${own}\nPATH="${path}:$PATH"\ncd '${cwd}'\n${block}`)
        : (block) => type(block, { path, cwd });
  });

  test("has examples", () => expect(blocks).not.toEqual([]));
  test.each(blocks.map((block) => [block.trim().split("\n").at(-1), block]))("%s", (_, block) => {
    const { code, stderr, stdout } = run(block as string);
    expect(code, `${block}\n${stdout}\n${stderr}`).toBe(0);
  });
});

afterAll(undoAll);
