import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { json } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import {
  type Daemon,
  expectDone,
  makeFolder,
  must,
  PREFIX,
  SHARE,
  startDaemon,
  undoAll,
  waitFor,
} from "./support/machine";

const UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a04";
const POOL = `${PREFIX}-ssh`;

let cwd: string;
let path: string;
let file: string;
let server: Daemon;

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** A host `hv01` behind OpenSSH: its virtinst, its root's home and its /usr/local/sbin are folders of ours. */
async function startHost(folder: string): Promise<void> {
  const port = await freePort();
  const key = (name: string) => {
    must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), "utf8");
  };
  const own = key("host");
  writeFileSync(join(folder, "authorized"), key("user"), { mode: 0o600 });
  writeFileSync(join(folder, "known"), `hv01 ${own}`);
  writeFileSync(
    join(folder, "sshd_config"),
    `ListenAddress 127.0.0.1:${port}
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/authorized
PidFile none
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
`,
  );
  writeFileSync(
    join(folder, "config"),
    `Host hv01
  HostName 127.0.0.1
  Port ${port}
  HostKeyAlias hv01
  UserKnownHostsFile ${folder}/known
  IdentityFile ${folder}/user
  IdentitiesOnly yes
  BatchMode yes
`,
  );
  const mounts = [SHARE, "/root", "/usr/local/sbin", "/run/sshd"].map((place) => {
    const mine = join(folder, "hv01", place);
    mkdirSync(mine, { recursive: true });
    mkdirSync(place, { recursive: true });
    if (place === SHARE) must("cp", ["-aT", SHARE, mine]);
    return `mount --bind '${mine}' '${place}'`;
  });
  const script = [...mounts, `exec /usr/sbin/sshd -D -e -f '${folder}/sshd_config'`].join("\n");
  server = startDaemon("sshd", ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script], folder);
  waitFor("sshd listens", 20, () => /listening/.test(server.log()) || !server.running());
  file = join(folder, "hv01", SHARE, "virtinst/install/installer.py");
  // Nobody's own keys, hosts and options decide here.
  const wrap = (name: string) => `#!/bin/sh\nexec /usr/bin/${name} -F '${folder}/config' "$@"\n`;
  path = programs({ ssh: wrap("ssh"), scp: wrap("scp") });
}

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
  await startHost(makeFolder());
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

test("README's way without Node: made over ssh, brought by scp, applied and proved there, and undone", () => {
  const before = state();
  const said = typed("README.md", "scp hv01.py");
  expect(said).toMatch(/^patched: [^\n]*\ncurrent: /m);
  expect(said).toMatch(/^function passed/m);
  expect(said).toMatch(/^virt-install passed/m);
  expect(readFileSync(file).includes(`usage="${POOL} secret"`)).toBe(true);
  expectDone(type("ssh root@hv01 'sh rbd-patch.py revert'", { path, cwd }));
  expect(state()).toEqual(before);
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
