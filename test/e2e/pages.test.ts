import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TOOL } from "../support/cli";
import { examples, makePrograms, runExample } from "./support/examples";
import { makeHost } from "./support/host";
import { expectDone, makeFolder, must, SHARE, undoAll } from "./support/machine";

/** Programs that would need a password, a terminal or a network. */
const STAND_INS = {
  sudo: '#!/bin/sh\nexec "$@"\n',
  less: '#!/bin/sh\nexec cat "$@"\n',
  npm: "#!/bin/sh\nexec true\n",
};

test.each([
  ["docs/manual-edit.md", "host"],
  ["docs/review.md", "host"],
  ["docs/pools.md", "host"],
  ["docs/sources.md", "host"],
  ["docs/standalone.md", "controller"],
  ["README.md", "host"],
] as const)("the examples of %s succeed one after the other on a %s", (page, where) => {
  const blocks = examples(page);
  expect(blocks).not.toEqual([]);
  const host = makeHost();
  // Only the test sees what is installed there.
  const [upper, work] = [makeFolder(), makeFolder()];
  const own = `mount -t overlay none -o 'lowerdir=/usr/bin,upperdir=${upper},workdir=${work}' /usr/bin`;
  const path = makePrograms({ ...STAND_INS, ...host.way });
  const cwd = makeFolder();
  mkdirSync(join(cwd, "dist"));
  must("cp", [TOOL, join(cwd, "dist")]);
  const share = join(cwd, "rootfs/usr/share");
  mkdirSync(share, { recursive: true });
  must("cp", ["-a", SHARE, share]);
  for (const block of blocks)
    expectDone(
      where === "host"
        ? host.sh(`set -e\n${own}\nPATH="${path}:$PATH"\ncd '${cwd}'\n${block}`)
        : runExample(block, { path, cwd }),
      block,
    );
});

afterAll(undoAll);
