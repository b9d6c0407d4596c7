import { expect, test } from "vitest";
import { built, cli, HOST_BY_UUID, HOST_TWO, PLAIN, shell, target } from "../support/cli";
import { nextCommand, onTerminal } from "../support/terminal";

/** Replaces the escape sequences of colours. */
const uncoloured = (text: string) => text.replace(/\u001b\[\d+m/g, "");

test("the output on a terminal is that in a pipe, with the same exit code, and long lines are not wrapped", async () => {
  const { options, path } = target(PLAIN);
  for (const words of [["inspect"], ["apply", "--check", "--diff"]]) {
    const { code, stdout, stderr } = await cli([...words, ...options]);
    expect(onTerminal([...words, ...options])).toEqual({ code, screen: stdout + stderr });
  }
  expect(onTerminal(["apply", ...options])).toEqual({ code: 0, screen: `patched: ${path} (pool libvirtpool)\n` });
});

test("a diff is coloured on a terminal unless NO_COLOR or TERM=dumb is set, and in a pipe with FORCE_COLOR", async () => {
  const { options } = target(PLAIN);
  const words = ["apply", "--check", "--diff", ...options];
  const plain = (await cli(words)).stdout;
  const { screen } = onTerminal(words, { NO_COLOR: undefined });
  expect(screen).toContain("\u001b[32m+# >>> ");
  expect(uncoloured(screen)).toBe(plain);
  expect(onTerminal(words, { NO_COLOR: undefined, TERM: "dumb" }).screen).toBe(plain);
  const piped = (env: NodeJS.ProcessEnv) => built(words, { env: { NO_COLOR: undefined, CI: "1", ...env } }).stdout;
  expect(piped({})).toBe(plain);
  expect(piped({ FORCE_COLOR: "1" })).toContain("\u001b[32m+# >>> ");
});

test("inspect begins with the verdict, the reason and the next command, which runs as it is printed", async () => {
  const { options, read } = target(PLAIN);
  const affected = (await cli(["inspect", ...options])).stdout;
  expect(affected).toMatch(
    /^Affected: yes\n\/.*, and "libvirtpool" names its secret by usage\.\nNext, preview the patch: virtinst-rbd-patch apply --check --diff .*\nOr name the secret by uuid in the pool \(virsh pool-edit libvirtpool\), if guests need not migrate .*\.\n\nHost /,
  );
  expect(shell(`tool ${nextCommand(affected)}`)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("\n+++ b/"),
  });
  expect(shell(`tool ${nextCommand((await cli(["verify", ...options])).stdout)}`)).toMatchObject({ code: 0 });
  expect(read()).toContain("# >>> virtinst-rbd-patch");
  expect((await cli(["inspect", ...options])).stdout).toMatch(
    /^Affected: yes\n.*\nNext, check that the patch works: virtinst-rbd-patch verify [^\n]*\n\n/,
  );
});

test("inspect names an alternative to the patch only if it is sufficient", async () => {
  const options = [...HOST_TWO, "--virtinst", target("guest-1.4").folder];
  expect((await cli(["inspect", ...options])).stdout).toMatch(/^Affected: yes\n.*\nNext, .*\n\nHost /);
});

test("inspect names revert as the next command if no pool needs the patch, and none if the file has no patch", async () => {
  const { folder, options, path } = target(PLAIN);
  const unaffected = [...HOST_BY_UUID, "--virtinst", folder];
  expect((await cli(["inspect", ...unaffected])).stdout).toMatch(/^Affected: no\n[^\n]*\n\nHost /);
  await cli(["apply", ...options]);
  const { stdout } = await cli(["inspect", ...unaffected]);
  expect(stdout).toMatch(/^Affected: no\n.*\nNext, remove the patch \(no pool needs it\): .* revert --virtinst=.*\n\n/);
  expect(shell(`tool ${nextCommand(stdout)}`)).toMatchObject({ code: 0, stdout: expect.stringContaining(path) });
});

test("-q prints nothing, except the reason of an exit code that is not 0, and what --diff asks for", async () => {
  const { options, edit } = target(PLAIN);
  expect(await cli(["verify", "-q", ...options])).toMatchObject({
    ...{ code: 1, stdout: "" },
    stderr: expect.stringMatching(/^virtinst-rbd-patch: not-patched: .*installer\.py: .*; affected: yes: .*\n$/),
  });
  expect(await cli(["apply", "--check", "-q", ...options])).toMatchObject({
    ...{ code: 1, stdout: "" },
    stderr: expect.stringMatching(/^virtinst-rbd-patch: would be patched: .*installer\.py.*\n$/),
  });
  const { stdout: diff } = await cli(["apply", "--check", "--diff", "-q", ...options]);
  expect(diff).toMatch(/^--- a\/[\s\S]*\n.*<<<.*\n$/);
  expect(await cli(["apply", "-q", ...options])).toEqual({ code: 0, stdout: "", stderr: "" });
  edit(/usage="client/g, 'usage="other');
  const { code, stdout, stderr } = await cli(["verify", "-q", ...options]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^virtinst-rbd-patch: modified: /);
  expect(stderr).toMatch(
    /^virtinst-rbd-patch: .*: function failed \(\d of \d+ checks failed\): disk of pool libvirtpool/m,
  );
});
