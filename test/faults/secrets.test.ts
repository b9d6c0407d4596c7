import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIXTURES, HOST, image, NODE, TOOL, UUID } from "../support/cli";
import { THOROUGH } from "../support/runs";
import { fakeVirsh, SAMPLE_CASES } from "../support/virsh";
import { badWords } from "./support/judge";
import { faultTest, folder, must, SYSTEM, script, tool, watch } from "./support/run";
import { virtinstIn } from "./support/stand";

const NEEDS = ["strace"] as const;
const VALUE = "VkFMVUU=";

/** Runs a program; returns the files that it and its children opened, and which of their calls ask for a value. */
async function trace(argv: readonly string[], bin = "") {
  const log = join(folder(), "log");
  const strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "8192", "-o", log, "-e", "trace=%file,execve"];
  const ran = await watch([...strace, ...argv], { env: { PATH: `${bin}:${SYSTEM}` } });
  const lines = readFileSync(log, "latin1").split("\n");
  const opened = lines.filter((line) => /\b(?:open|openat|openat2|creat)\(/.test(line) && !line.includes("ENOENT"));
  const asking = [
    ...opened.filter((line) => line.includes(".base64")),
    ...lines.filter((line) => /\bexecve\(.*secret-get-value/.test(line)),
  ];
  return { ran, opened, asking };
}

faultTest("strace shows a program that reads the value of a secret, or asks virsh for it", NEEDS, async () => {
  const path = join(folder(), "x.base64");
  writeFileSync(path, VALUE);
  expect((await trace(["cat", path])).asking).toHaveLength(1);
  expect((await trace(["sh", "-c", "echo secret-get-value x; true"])).asking).toHaveLength(1);
});

/** Runs all commands, in an order in which each has something to do; returns the files that they opened. */
async function neverAsks(pools: readonly string[], top: readonly string[], { bin = "", some = false } = {}) {
  const patch = join(folder(), "host.patch");
  const all = [...pools, ...top];
  const commands = [
    ["inspect", "--json", ...all],
    ["apply", ...all],
    ["verify", ...all],
    ["render", "--reverse", ...all],
  ];
  if (!some) {
    commands.splice(1, 0, ["inspect", ...all], ["render", ...all, "-o", patch], ["apply", "--check", "--diff", ...all]);
    commands.push(["verify", "--static", ...all], ["preview", ...all], ["revert", ...top]);
    commands.push(["apply", patch, ...top], ["revert", ...top]);
  }
  const files: string[] = [];
  for (const words of commands) {
    const { ran, opened, asking } = await trace([NODE, TOOL, ...words], bin);
    expect(ran.code, `${words.join(" ")}: ${ran.stderr}`).toBe(words.includes("--check") ? 1 : 0);
    expect(asking, words.join(" ")).toEqual([]);
    expect(ran.stdout + ran.stderr).not.toContain("VkFMVUU");
    files.push(...opened);
  }
  return files.join("\n");
}

faultTest("no command reads the value of a secret from a mounted system", NEEDS, async () => {
  const base = image();
  expect(existsSync(join(base, `etc/libvirt/secrets/${UUID}.base64`))).toBe(true);
  expect(await neverAsks([], ["--root", base])).toContain(`${UUID}.xml`);
});

faultTest("no command reads the value of a secret that is beside its XML file", NEEDS, async () => {
  const copy = folder();
  must("cp", "-r", `${FIXTURES}/.`, copy);
  for (const name of ["secret-usage", UUID]) writeFileSync(join(copy, `${name}.base64`), VALUE);
  const pools = HOST.map((word) => word.replace(FIXTURES, copy));
  // All commands read pools from files in the same way.
  const opened = await neverAsks(pools, ["--virtinst", virtinstIn(folder()).top], { some: !THOROUGH });
  expect(opened).toContain(`${copy}/secret-usage.xml`);
});

faultTest("no command asks virsh for the value of a secret", NEEDS, async () => {
  const bin = folder();
  const asked = join(bin, "asked");
  const cases = `${SAMPLE_CASES}\n    secret-get-value*) echo ${VALUE} ;;`;
  script(bin, "virsh", fakeVirsh(cases, `echo "argv: $*" >> '${asked}'`));
  await neverAsks([], ["--virtinst", virtinstIn(folder()).top], { bin });
  const words = readFileSync(asked, "utf8");
  expect(words).toMatch(/secret-dumpxml/);
  expect(words).not.toMatch(/get-value/);
});

test("the value of a secret in a file that is named by mistake is never shown, not even a part of it", async () => {
  const value = "Zk9XqW7vJ3pLr8Ty0GdH5mNcB2sUe4Qi==";
  const parts = Array.from({ length: value.length - 3 }, (_, at) => value.slice(at, at + 4));
  const path = join(image(), `etc/libvirt/secrets/${UUID}.base64`);
  const { top } = virtinstIn(folder());
  // As it is, with a line end, and in forms of which a parser can read a part.
  const bare = value.replace(/=/g, "");
  for (const form of [value, `${value}\n`, `{"${value}"`, `{"${value}": 1}`, `<${bare}>`, `"${value}"`, ""]) {
    writeFileSync(path, form);
    for (const words of [
      ["inspect", "--host", path],
      ["inspect", "--json", "--host", path],
      ["inspect", "--pool-xml", path],
      ["inspect", `--pool-xml=${FIXTURES}/pool-usage.xml`, "--secret-xml", path],
      ["apply", path],
      ["preview", path, ...HOST],
    ]) {
      const ran = await tool([...words, "--virtinst", top]);
      const what = `${words.join(" ")}, ${JSON.stringify(form)}: ${ran.stderr}`;
      expect
        .soft(
          parts.filter((part) => (ran.stdout + ran.stderr).includes(part)),
          what,
        )
        .toEqual([]);
      expect.soft([3, 4, 6], what).toContain(ran.code);
      expect.soft(ran.stderr, what).toContain(path);
      expect.soft(badWords(ran), what).toBeNull();
    }
  }
});
