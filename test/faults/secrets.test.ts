import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { FIXTURES, HOST, image, TOOL } from "../support/cli";
import { fakeVirsh } from "../support/virsh";
import { virtinstIn } from "./support/disk";
import { ALL, faultTest, folder, must, NODE, SYSTEM, script, watch } from "./support/run";

const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";
const NEEDS = ["strace"] as const;

/** A virsh that says what the sample host's libvirt would, and keeps what it was asked. */
const VIRSH = (asked: string) =>
  fakeVirsh(
    `    hostname) echo hv01 ;;
    "pool-list --all") printf ' %-20s %-10s %-10s\\n' libvirtpool active yes ;;
    secret-list) printf ' %-36s  %s\\n' ${UUID} 'ceph client.libvirt secret' ;;
    pool-dumpxml*) cat '${FIXTURES}/pool-usage.xml' ;;
    secret-dumpxml*) cat '${FIXTURES}/secret-usage.xml' ;;
    secret-get-value*) echo VkFMVUU= ;;`,
    `echo "argv: $*" >> '${asked}'`,
  );

/** The calls of a program and all its children that name a file, and what they were started with. */
async function trace(argv: readonly string[], bin = "") {
  const log = join(folder(), "log");
  const ran = await watch(
    ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "8192", "-o", log, "-e", "trace=%file,execve", ...argv],
    {
      env: { PATH: bin ? `${bin}:${SYSTEM}` : SYSTEM },
    },
  );
  const lines = readFileSync(log, "latin1").split("\n");
  return {
    ran,
    opened: lines.filter((line) => /\b(?:open|openat|openat2|creat)\(/.test(line) && !/ENOENT/.test(line)),
    started: lines.filter((line) => /\bexecve\(/.test(line)),
  };
}

/** What somebody would have to see to say that a value was asked for. */
function asksForValue({ opened, started }: Awaited<ReturnType<typeof trace>>): string[] {
  return [
    ...opened.filter((line) => line.includes(".base64")),
    ...started.filter((line) => /secret-get-value/.test(line)),
  ];
}

/** All commands, in an order in which each has something to do. */
function commands(facts: readonly string[], top: readonly string[], scratch: string): string[][] {
  const patch = join(scratch, "host.patch");
  const all = [...facts, ...top];
  return [
    ["inspect", ...all],
    ["inspect", "--json", ...all],
    ["render", ...all, "-o", patch],
    ["apply", "--check", "--diff", ...all],
    ["apply", ...all],
    ["verify", ...all],
    ["verify", "--static", ...all],
    ["preview", ...all],
    ["render", "--reverse", ...all],
    ["revert", ...top],
    ["apply", patch, ...top],
    ["revert", ...top],
  ];
}

async function neverAsks(list: readonly (readonly string[])[], bin?: string) {
  let opened: string[] = [];
  for (const words of list) {
    const traced = await trace([NODE, TOOL, ...words], bin);
    expect(traced.ran.code, `${words.join(" ")}: ${traced.ran.stderr}`).toBe(0 + Number(words.includes("--check")));
    expect(asksForValue(traced), words.join(" ")).toEqual([]);
    expect(traced.ran.stdout + traced.ran.stderr).not.toContain("VkFMVUU");
    opened = [...opened, ...traced.opened];
  }
  return opened;
}

faultTest("the harness sees who asks for a value", NEEDS, async () => {
  const path = join(folder(), "x.base64");
  writeFileSync(path, "VkFMVUU=");
  expect(asksForValue(await trace(["cat", path]))).toHaveLength(1);
  expect(asksForValue(await trace(["sh", "-c", "echo secret-get-value x; true"]))).toHaveLength(1);
});

faultTest("no command on an image opens a value", NEEDS, async () => {
  const base = image();
  expect(existsSync(join(base, `etc/libvirt/secrets/${UUID}.base64`))).toBe(true);
  const opened = await neverAsks(commands(["--root", base], ["--root", base], folder()).map(once));
  // It does read what is beside the value.
  expect(opened.some((line) => line.includes(`${UUID}.xml`))).toBe(true);
});

/** Words without an option that is there twice. */
function once(words: string[]): string[] {
  const at = words.indexOf("--root");
  return words.filter((_, index) => index <= at + 1 || (words[index] !== "--root" && words[index - 1] !== "--root"));
}

faultTest("no command with files opens the values beside them", NEEDS, async () => {
  const scratch = folder();
  must("cp", "-r", `${FIXTURES}/.`, scratch);
  for (const name of ["secret-usage", UUID]) writeFileSync(join(scratch, `${name}.base64`), "VkFMVUU=");
  const facts = HOST.map((word) => word.replace(FIXTURES, scratch));
  const { top } = virtinstIn(folder());
  const list = commands(facts, ["--virtinst", top], scratch);
  // How facts are read from files is the same in all of them.
  const opened = await neverAsks(ALL ? list : list.filter((_, index) => [0, 4, 5, 8].includes(index)));
  expect(opened.some((line) => line.includes(`${scratch}/secret-usage.xml`))).toBe(true);
});

faultTest("no command on a live host asks virsh for a value", NEEDS, async () => {
  const bin = folder();
  const asked = join(bin, "asked");
  script(bin, "virsh", VIRSH(asked));
  const { top } = virtinstIn(folder());
  await neverAsks(commands([], ["--virtinst", top], folder()), bin);
  const words = readFileSync(asked, "utf8");
  expect(words).toMatch(/secret-dumpxml/);
  expect(words).not.toMatch(/get-value/);
});
