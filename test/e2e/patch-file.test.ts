// The patch that render writes, applied by patch and git.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { built, eachLayout, target, temporaryFolder } from "../support/cli";

eachLayout(({ name: layout }) => {
  test.each(["\n", "\r\n"])("patch -p1 and git apply write the same file as apply (line end %j)", (end) => {
    const { folder, path, options, standIn } = target(layout);
    writeFileSync(path, readFileSync(path, "utf8").replace(/\n/g, end));
    utimesSync(path, 1400000000, 1400000000);
    const copies = ["patch", "git"].map((name) => join(temporaryFolder(), name));
    for (const copy of copies) cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const patch = join(temporaryFolder(), "p.patch");
    expect(built(["render", ...options, "-o", patch]).code).toBe(0);
    execFileSync("patch", ["-p1", "-s", "-i", patch], { cwd: copies[0] });
    execFileSync("git", ["apply", patch], { cwd: copies[1] });
    expect(built(["apply", ...options]).code).toBe(0);
    for (const copy of copies) expect(readFileSync(join(copy, standIn.file))).toEqual(readFileSync(path));
    const reverse = built(["render", "--reverse", ...options]).stdout;
    expect(spawnSync("patch", ["-p1", "-s"], { cwd: copies[0], input: reverse }).status).toBe(0);
    built(["revert", "--virtinst", folder]);
    expect(readFileSync(join(copies[0] as string, standIn.file))).toEqual(readFileSync(path));
  });
});
