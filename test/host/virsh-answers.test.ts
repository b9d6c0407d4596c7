import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { libvirtAt, readLibvirt, readLive } from "../../src/host/virsh";
import { HostFiles } from "../../src/system/host-files";
import { FIXTURES, temporaryFolder } from "../support/cli";
import { fakeVirsh } from "../support/virsh";

// A name that machines have that were given none: this one too.
const machine = vi.hoisted(() => ({ name: "localhost.localdomain" }));
vi.mock("node:os", async (real) => ({ ...(await real<object>()), hostname: () => machine.name }));

const UUID = "01234567-89ab-cdef-0123-456789abcdef";
const URI = "qemu+ssh://host/system";

const pool = (name: string, type = "rbd") =>
  `<pool type='${type}'>\n  <name>${name}</name>\n  <source>\n    <name>ceph</name>\n  </source>\n</pool>\n`;
const secret = (uuid = UUID) =>
  `<secret ephemeral='no'>\n  <uuid>${uuid}</uuid>\n  <usage type='ceph'>\n    <name>s</name>\n  </usage>\n</secret>\n`;
/** A row as virsh 1.2.17 (CentOS 7.2) prints it: src/host/virsh.ts reads no newer option. */
const row = (name: string, state = "active", autostart = "yes") =>
  ` ${name.padEnd(20)} ${state.padEnd(10)} ${autostart.padEnd(10)}`;
const secretRow = (uuid = UUID) => ` ${uuid}  ceph s`;

/** What a stand-in for virsh answers, command by command; all else gets nothing. */
type Answers = Readonly<Record<string, string>>;

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
});
afterEach(() => void vi.unstubAllEnvs());

function program(script: string): void {
  writeFileSync(join(folder, "virsh"), script, { mode: 0o755 });
}

/** Puts a virsh into PATH that knows these answers, and writes down what it was told. */
function virsh(answers: Answers, { stderr = "", status = 0 } = {}): void {
  const cases = Object.entries(answers).map(([command, text], index) => {
    writeFileSync(join(folder, `answer-${index}`), text);
    return `  ${shell(command)}) cat ${shell(join(folder, `answer-${index}`))} ;;\n`;
  });
  const before = `echo "$LC_ALL $*" >> ${shell(join(folder, "calls"))}
printf '%s' ${shell(stderr)} >&2
case "$5" in *--type*) cat ${shell(join(folder, "direct"))} 2> ${shell(join(folder, "none"))}; exit ${status} ;; esac`;
  const told = `echo "$command" >> ${shell(join(folder, "commands"))}`;
  program(fakeVirsh(cases.join(""), before).replace('  case "$command" in', `  ${told}\n$&`));
}
const shell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const told = () => readFileSync(join(folder, "commands"), "utf8").trim().split("\n");
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

const ONE: Answers = {
  hostname: "hv01\n",
  "pool-list --all": `${row("p")}\n`,
  "secret-list": `${secretRow()}\n`,
  "pool-dumpxml --pool 'p'": pool("p"),
  [`secret-dumpxml --secret ${UUID}`]: secret(),
};

describe("a libvirt that runs", () => {
  it("is read with two calls of virsh -r", async () => {
    virsh(ONE);
    expect(await readLive(libvirtAt(URI))).toEqual({
      host: "hv01",
      source: URI,
      elsewhere: true,
      virtinst: null,
      pools: [{ name: "p", active: true, cephPool: "ceph", monitors: [], auth: null }],
      secrets: [{ uuid: UUID, usageType: "ceph", usageName: "s" }],
    });
    expect(calls()).toEqual([
      `C.UTF-8 -q -r -c ${URI} hostname; pool-list --all; secret-list; echo`,
      `C.UTF-8 -q -r -c ${URI} pool-dumpxml --pool 'p'; secret-dumpxml --secret ${UUID}`,
    ]);
  });

  it.each(["localhost", "localhost.localdomain"])("is that of another machine if its hostname is %s", async (host) => {
    virsh({ ...ONE, hostname: `${host}\n` });
    expect(await readLive(libvirtAt(URI))).toMatchObject({ host, elsewhere: true });
  });

  it.each([
    ["qemu:///system", "hv02", false],
    ["qemu+ssh://alias/system", "hv02", true],
    ["qemu+ssh://alias/system", "hv01", false],
    ["qemu+ssh://alias/system", "", true],
  ])("at %s with the hostname %j is that of another machine, seen from hv01: %s", async (uri, name, elsewhere) => {
    machine.name = "hv01";
    onTestFinished(() => {
      machine.name = "localhost.localdomain";
    });
    virsh({ ...ONE, hostname: name && `${name}\n` });
    expect(await readLive(libvirtAt(uri))).toMatchObject({ host: name || null, elsewhere });
  });

  it("describes each pool and each secret by its quoted name", async () => {
    virsh({
      ...ONE,
      "pool-list --all": `${[row("it's"), row("two  blanks", "inactive", "no"), row("x", "inactive")].join("\n")}\n`,
      "pool-dumpxml --pool 'it'\\''s'": pool("it's"),
      "pool-dumpxml --pool 'two  blanks'": pool("two  blanks"),
      "pool-dumpxml --pool 'x'": pool("x", "dir"),
    });
    const { pools } = await readLive(libvirtAt(URI));
    expect(pools.map(({ name, active }) => [name, active])).toEqual([
      ["it's", true],
      ["two  blanks", false],
    ]);
    expect(told()).toEqual([
      "hostname",
      "pool-list --all",
      "secret-list",
      "echo",
      "pool-dumpxml --pool 'it'\\''s'",
      "pool-dumpxml --pool 'two  blanks'",
      "pool-dumpxml --pool 'x'",
      `secret-dumpxml --secret ${UUID}`,
    ]);
  });

  it("may print lines that are not rows of a table, and no hostname", async () => {
    const strange = [
      ["building", "yes"],
      ["hyperactive", "yes"],
      ["actively", "yes"],
      ["active", "maybe"],
      ["active", "nono"],
      ["active", "yes!"],
    ].map(([state, autostart]) => row("q", state, autostart));
    virsh({
      ...ONE,
      hostname: "",
      "pool-list --all": `a pool: x active yes\n${row("p")}\n q active yes, and more\n${strange.join("\n")}\n`,
      "secret-list": `${secretRow()}\nsee ${UUID} \n`,
    });
    const { host, pools, secrets } = await readLive(libvirtAt(URI));
    expect([host, pools.length, secrets?.length]).toEqual([null, 1, 1]);
    virsh({ ...ONE, hostname: "a notice\nhv02\n" });
    expect((await readLive(libvirtAt(URI))).host).toBe("hv02");
  });

  it("may describe a pool with another name than it listed: it is unknown whether that is active", async () => {
    virsh({ ...ONE, "pool-dumpxml --pool 'p'": pool("renamed") });
    expect((await readLive(libvirtAt(URI))).pools).toMatchObject([{ name: "renamed", active: null }]);
  });

  it("may have pools of other types only", async () => {
    virsh({ ...ONE, "pool-dumpxml --pool 'p'": pool("p", "dir") });
    // An empty line is no row.
    writeFileSync(join(folder, "direct"), "\n");
    expect((await readLive(libvirtAt(URI))).pools).toEqual([]);
    expect(calls().at(-1)).toBe(`C.UTF-8 -q -r -c ${URI} pool-list --all --type rbd`);
  });

  it("may be unable to list its secrets, which differs from having none", async () => {
    const { [`secret-dumpxml --secret ${UUID}`]: _, "secret-list": __, ...rest } = ONE;
    for (const stderr of [
      "error: Failed to list secrets\nerror: not supported\n",
      "error: Failed to count secrets\n",
      "error: this function is not supported: virConnectNumOfSecrets\n",
      "error: this function is not supported: virConnectListAllSecrets\n",
    ]) {
      virsh(rest, { stderr });
      expect((await readLive(libvirtAt(URI))).secrets).toBeNull();
    }
    virsh(rest, { stderr: "error: something else\n" });
    expect((await readLive(libvirtAt(URI))).secrets).toEqual([]);
  });
});

describe("names that virsh 9.0 escapes in its table", () => {
  const mangled = row("gr\\xc3\\xb6\\xc3\\x9fe");

  it("are asked for by the name itself, next to names that it can print", async () => {
    virsh({
      "pool-list --all": `${row("plain")}\n${mangled}\n`,
      "pool-dumpxml --pool 'plain'": pool("plain"),
      "pool-dumpxml --pool 'größe'": pool("größe"),
    });
    const { pools } = await readLive(libvirtAt(URI));
    expect(pools.map(({ name, active }) => [name, active])).toEqual([
      ["größe", true],
      ["plain", true],
    ]);
  });

  it("may contain an escape sequence themselves", async () => {
    virsh({ "pool-list --all": `${row("a\\x5cx41\\xc3\\xb6")}\n`, "pool-dumpxml --pool 'a\\x41ö'": pool("a\\x41ö") });
    expect(await readLive(libvirtAt(URI))).toMatchObject({ pools: [{ name: "a\\x41ö", active: true }] });
  });
});

const failing = (words: string, status = 1) => program(`#!/bin/sh\nprintf '%s' ${shell(words)} >&2\nexit ${status}\n`);

describe("messages of virsh are passed on", () => {
  it.each([
    ["in one line", "error: failed to connect\nerror: no such socket\n", `${URI}: failed to connect; no such socket.`],
    ["with a full stop of its own", "error: access denied.\n", `${URI}: access denied.`],
    ["with all its words", "error: internal error: x\n", `${URI}: internal error: x.`],
    ["with dots in it", "error: ../x is gone\n", `${URI}: ../x is gone.`],
    ["with empty lines", "\nerror: a\n\n\nerror: b\n", `${URI}: a; b.`],
    ["up to 1000 characters", `error: ${"x".repeat(2000)}\n`, `${URI}: ${"x".repeat(1000)}.`],
    ["or a message if virsh has none", "", `${URI}: virsh ended without a message.`],
  ])("%s", async (_, words, message) => {
    failing(words);
    await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({
      kind: "pools",
      message,
      hint: `Is libvirtd running, and do you have access? Check with: virsh -r -c ${URI} pool-list --all`,
    });
  });
});

describe("errors of virsh:", () => {
  it("an answer without any text is an error, even with exit code 0", async () => {
    failing("", 0);
    await expect(readLive(libvirtAt(URI))).rejects.toThrow(`${URI}: virsh ended without a message.`);
  });

  it("if virsh is not installed, the hint lists other options", async () => {
    vi.stubEnv("PATH", folder);
    await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({
      message: `${URI}: virsh: it is not installed, or not in PATH.`,
      hint: expect.stringMatching(/libvirt-clients.*--pool-xml, --host or --root/),
    });
  });

  // A table that is whole, and then too much of something.
  it.each([
    ["for a pool", `'pool-list --all') echo ${shell(row("p"))} ;; pool-dumpxml*) flood ;;`],
    ["for no pool", "*--type*) flood ;;"],
  ])("endless output %s is an error", async (_, cases) => {
    program(fakeVirsh(cases, "flood() { head -c 70000000 /dev/zero; }"));
    await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({
      kind: "pools",
      message: `${URI}: virsh: it printed more than 64 MiB.`,
    });
  });

  it.each(["Failed to list pools", "Failed to list inactive pools"])(
    "the message %j is an error, because there may be pools",
    async (words) => {
      virsh(ONE, { stderr: `error: ${words}\nerror: internal error\n` });
      await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({
        message: `${URI}: ${words}; internal error.`,
        hint: `Look at the state of libvirt's storage driver: virsh -r -c ${URI} pool-list --all.`,
      });
    },
  );

  // The first is how virsh 9.0 puts it on a connection without a storage driver, whose table is just as empty.
  it.each([
    [
      "--type is not supported",
      "error: Failed to get the number of active pools \nerror: Filtering using --type is not supported\n",
      1,
      "",
      "rbd pools could not be listed: Failed to get the number of active pools; Filtering using --type is not supported",
    ],
    ["virsh fails without a reason", "", 1, "", "rbd pools could not be listed: virsh gave no reason"],
    ["there are rbd pools", "", 0, `${row("p")}\n`, "virsh lists rbd pools, but returned no XML of them"],
  ])("an empty table is an error if %s", async (_, stderr, status, direct, why) => {
    const { "pool-list --all": __, ...rest } = ONE;
    virsh(rest, { stderr, status });
    writeFileSync(join(folder, "direct"), direct);
    await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({
      kind: "pools",
      message: `${URI}: ${why}.`,
      hint: `Look at the state of libvirt's storage driver: virsh -r -c ${URI} pool-list --all --type rbd.`,
    });
  });

  it.each([
    ["pool", "pool-dumpxml --pool 'p'", "0 and 1", ""],
    ["pool", "pool-dumpxml --pool 'p'", "0 and 1", "Storage pool not found"],
    ["secret", `secret-dumpxml --secret ${UUID}`, "1 and 0", ""],
  ])("a %s that was removed meanwhile is an error (%j, %s), with the reason %j", async (_, command, counts, reason) => {
    virsh({ ...ONE, [command]: "" }, { stderr: reason && `error: ${reason}\n` });
    const message = `virsh listed 1 pools and 1 secrets, but returned the XML of ${counts}: ${reason || "no reason given"}.`;
    const hint = "A pool or secret may have been removed in the meantime: try again.";
    await expect(readLive(libvirtAt(URI))).rejects.toMatchObject({ message: `${URI}: ${message}`, hint });
  });

  it("the error for unreadable XML names the connection", async () => {
    virsh({ ...ONE, "pool-dumpxml --pool 'p'": "<pool type='rbd'>\n<name/>\n</pool>\n" });
    await expect(readLive(libvirtAt(URI))).rejects.toThrow(`virsh -c ${URI}: the pool has no name.`);
  });
});

const files = new HostFiles();

it("the system libvirt is asked by default", async () => {
  virsh(ONE);
  expect((await readLibvirt({ files })).source).toBe("qemu:///system");
  expect((await readLibvirt({ files, connect: URI })).source).toBe(URI);
});

it("secrets from files replace those of libvirt", async () => {
  virsh(ONE);
  const { pools, secrets } = await readLibvirt({ files, secretXml: [`${FIXTURES}/secret-usage.xml`] });
  expect(pools).toHaveLength(1);
  expect(secrets).toMatchObject([{ usageName: "client.libvirt secret" }]);
});
