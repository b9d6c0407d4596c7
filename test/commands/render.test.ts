import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, eachLayout, HOST, json, PLAIN, target, temporaryFolder } from "../support/cli";

eachLayout(({ name: layout }) => {
  test("apply PATCH writes the same bytes as apply", async () => {
    const { folder, path, options, standIn } = target(layout);
    const copy = join(temporaryFolder(), "copy");
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const patch = join(temporaryFolder(), "p.patch");
    expect((await cli(["render", ...options, "-o", patch])).code).toBe(0);
    expect((await cli(["render", ...options])).stdout).toBe(readFileSync(patch, "utf8"));
    const viaFile = await cli(["apply", patch, ...HOST, "--virtinst", copy]);
    expect(viaFile).toMatchObject({ code: 0, stderr: "" });
    expect((await cli(["apply", ...options])).code).toBe(0);
    expect(readFileSync(join(copy, standIn.file))).toEqual(readFileSync(path));
  });
});

test("--reverse writes the patch that removes the function and its calls, and adds nothing", async () => {
  const { stdout } = await cli(["render", "--reverse", ...target(PLAIN).options]);
  expect(stdout).toMatch(/^-def _virtinst_rbd_patch/m);
  expect(stdout.match(/^\+.*/gm)).toEqual(["+++ b/virtinst/install/installer.py"]);
});

test("the result of render --json names the file that -o wrote", async () => {
  const { options } = target(PLAIN);
  const written = join(temporaryFolder(), "p.patch");
  expect(json((await cli(["render", "--json", "-o", written, ...options])).stdout)).toMatchObject({ written });
  expect(json((await cli(["render", "--json", ...options])).stdout)).toMatchObject({ written: null });
});
