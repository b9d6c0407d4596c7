import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, PLAIN, target, temporaryFile, temporaryFolder, UUID } from "../support/cli";

/** A target and a name for its page. */
function ticket() {
  const report = join(temporaryFolder(), "hv01.html");
  const read = () => readFileSync(report, "utf8");
  return { ...target(PLAIN), report, page: read, heading: () => /<h1>(.*)<\/h1>/.exec(read())?.[1] };
}

test("--report writes a page with the pool, the patch and its effect, and does not change the output or the exit code", async () => {
  const { options, report, page, heading } = ticket();
  await cli(["apply", ...options]);
  const without = await cli(["verify", ...options]);
  const { code, stdout, stderr } = await cli(["verify", ...options, "--report", report]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: without.stderr });
  expect(stdout).toBe(`${without.stdout}Report: ${report}\n`);
  // The virt-install of the stand-in cannot be run.
  expect(heading()).toBe("Patched (partly verified)");
  for (const words of [
    `<td>vms</td><td><ul><li>192.0.2.11:6789</li><li>192.0.2.12:6789</li><li>192.0.2.13:6789</li></ul></td>`,
    `<td>libvirt</td><td><code>${UUID}</code></td>`,
    "<ins>+def _virtinst_rbd_patch(xml):\n</ins>",
    // The disk code of the stand-in copies the user and the monitors.
    "<ins>    &lt;secret type&#x3D;&quot;ceph&quot; usage&#x3D;&quot;client.libvirt secret&quot;/&gt;\n</ins>",
    "The function in the file makes exactly this change.",
    `verify --report ${report}`.slice(7),
  ])
    expect(page()).toContain(words);
});

test("--report writes a page for every verdict", async () => {
  const { options, report, heading, page, edit } = ticket();
  const verify = async () => (await cli(["verify", ...options, "--report", report])).code;
  expect([await verify(), heading()]).toEqual([1, "Not patched"]);
  expect(page()).toContain("<p>The file is not patched.</p>");
  await cli(["apply", ...options]);
  edit(/client\.libvirt/g, "client.other");
  expect([await verify(), heading()]).toEqual([1, "The patch is modified"]);
  expect(page()).toContain("The function in the file does not make this change.");
  edit("# <<< virtinst-rbd-patch\n", "");
  expect([await verify(), heading()]).toEqual([4, "The patch is damaged"]);
  expect(page()).toContain("The patch is damaged: its lines are unknown.");
});

test("--report replaces an older page, and no other file", async () => {
  const { options, report, heading } = ticket();
  await cli(["verify", "--static", ...options, "--report", report]);
  expect((await cli(["verify", "--static", ...options, "--report", report])).code).toBe(1);
  expect(heading()).toBe("Not patched");
  for (const file of [temporaryFile("notes.html", "<!DOCTYPE html><title>mine</title>"), target(PLAIN).path]) {
    const before = readFileSync(file, "utf8");
    expect(await cli(["verify", "--static", ...options, "--report", file])).toMatchObject({
      code: 6,
      stdout: "",
      stderr: expect.stringMatching(/exists, and this tool did not write it\. .*\nName another file with --report/),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
  }
});
