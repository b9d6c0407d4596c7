import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { json } from "../support/cli";
import { examples, type } from "./support/examples";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import { type Daemon, expectDone, makeFolder, must, PREFIX, undoAll } from "./support/machine";
import { startSshd } from "./support/sshd";

const UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a04";
const POOL = `${PREFIX}-ssh`;

let cwd: string;
let path: string;
let file: string;
let server: Daemon;

beforeAll(async () => {
  cwd = makeFolder();
  startLibvirt(cwd);
  defineSecret(cwd, UUID, `${POOL} secret`);
  definePool(cwd, {
    name: POOL,
    cephPool: "vms",
    hosts: [{ name: "192.0.2.11", port: 6789 }, { name: "2001:db8::2" }],
    auth: { username: "libvirt", secret: `usage="${POOL} secret"` },
  });
  ({ path, file, server } = await startSshd({ variants: { hv02: "" } }));
});

afterAll(undoAll);

function state() {
  return { bytes: readFileSync(file), time: statSync(file).mtimeMs };
}

/** Types the shell examples of a page that hold a text, in their order; all of them have to succeed. */
function typed(page: string, text: string): string {
  const found = examples(page).filter((example) => example.includes(text));
  expect(found).not.toEqual([]);
  return found
    .map((example) => {
      const ran = type(example, { path, cwd });
      expectDone(ran, example);
      return ran.stdout;
    })
    .join("");
}

test("over a real ssh, libvirt's facts are those that it says here", () => {
  const asked = (uri: string) =>
    json(
      must("bash", ["-c", `PATH='${path}':$PATH virtinst-rbd-patch inspect --connect ${uri} --pool ${POOL} --json`]),
    );
  const { document } = asked("qemu+ssh://root@hv01/system");
  expect(document.pools).toHaveLength(1);
  expect(document).toEqual(asked("qemu:///system").document);
  expect(document.host).toBe(hostname());
});

test("the commands of the quick start patch a host over ssh, and its revert restores the file", () => {
  const before = state();
  const said = typed("README.md", "apply --ssh root@hv01");
  expect(said).toMatch(/^Affected: yes[\s\S]*^patched: .*\ncurrent: .*\n.*\nfunction passed .*\nvirt-install passed/m);
  expect(readFileSync(file).includes(`usage="${POOL} secret"`)).toBe(true);
  expectDone(type("virtinst-rbd-patch revert --ssh root@hv01", { path, cwd }));
  expect(state()).toEqual(before);
});

test("the loop for ten hosts patches and verifies each", () => {
  const said = typed("docs/hosts.md", "for host in hv01 hv02; do\n  echo");
  expect(said).toMatch(/^hv01:\npatched: .*\ncurrent: [\s\S]*^hv02:\ncurrent: .*\ncurrent: /m);
  expect(said).not.toContain("exit code");
  expectDone(type("virtinst-rbd-patch revert --ssh root@hv02", { path, cwd }));
});

test("EL 7's page from its first example to its last: the program, and then patch alone", () => {
  const before = state();
  const said = typed("docs/el7.md", "hv01");
  expect(said).toMatch(/^would be patched: .*^patched: .*^function passed.*^reverted: .*^patching file /ms);
  expect(readFileSync(file).includes(`usage="${POOL} secret"`)).toBe(true);
  expectDone(type("ssh root@hv01 rbd-patch.py revert", { path, cwd }));
  expect(state().bytes).toEqual(before.bytes);
});

test("a host that ssh does not reach is said to be that, in ssh's own words", () => {
  server.stop();
  const asked = type("virtinst-rbd-patch inspect --connect qemu+ssh://root@hv01/system", { path, cwd });
  expect(asked).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("Connection refused") });
});
