import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, openSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test, vi } from "vitest";
import { copyAttributes } from "../../src/system/attributes";
import { temporaryFolder } from "../support/cli";

const IS_ROOT = process.getuid?.() === 0;
const SYSTEM = "/usr/bin:/bin";

/** Runs a program that has to work. */
function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "latin1" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Why something cannot be tried on this machine; empty where it can. */
function missing(root: boolean, ...programs: readonly string[]): string {
  if (root && !IS_ROOT) return "not run: this is not root";
  const absent = programs.filter((name) => spawnSync(name, ["--version"]).error);
  return absent.length > 0 ? `not run: there is no ${absent.join(", ")} on this machine` : "";
}

/** A test that says why it is not run where it is not. */
function testWhere(lacking: string, name: string, work: () => Promise<void>): void {
  if (lacking) test.skip(`${name} (${lacking})`, () => {});
  else test(name, work);
}

/** Two files, the second as a run makes it, and what copies the one's attributes to the other. */
function pair(content = "old\n") {
  const folder = temporaryFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  writeFileSync(from, content);
  writeFileSync(to, "new\n", { mode: 0o600 });
  const descriptors = [openSync(from, "r"), openSync(to, "r+")] as const;
  onTestFinished(() => {
    for (const descriptor of descriptors) closeSync(descriptor);
  });
  return { folder, from, to, copy: () => copyAttributes(...descriptors, "/x/guest.py") };
}

/**
 * Puts programs before the system's own, as a user's PATH may have them, where $real is the system's.
 *
 * @param programs by name, the lines of a shell script
 * @param behind what else is in PATH
 */
function standIns(programs: Readonly<Record<string, string>>, behind = SYSTEM): void {
  const bin = temporaryFolder();
  for (const [name, lines] of Object.entries(programs)) {
    const real = ["/usr/bin", "/bin"].find((folder) => readdirSync(folder).includes(name));
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=${SYSTEM}\nreal=${real}/${name}\n${lines}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  vi.stubEnv("PATH", `${bin}:${behind}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

const lost = (what: string, why: string) => ({
  kind: "io",
  message: `The ${what} of /x/guest.py cannot be kept${why}. Nothing was written.`,
});

const NEEDS_ATTRIBUTES = missing(false, "setfattr", "getfattr", "setfacl", "getfacl");

/** What a file may have; as root those of the system too. */
const ATTRIBUTES: readonly (readonly [string, (path: string) => void])[] = [
  ["none", () => {}],
  ["an attribute", (path) => must("setfattr", "-n", "user.origin", "-v", "package", path)],
  [
    "several, with values of all kinds",
    (path) => {
      must("setfattr", "-n", "user.empty", path);
      must("setfattr", "-n", "user.bytes", "-v", "0x00ff0a3d0a313220612e623d630afe", path);
      must("setfattr", "-n", "user.long", "-v", "x".repeat(1500), path);
    },
  ],
  ["an ACL", (path) => must("setfacl", "-m", "u:1234:rw,g:4321:r,m::rw", path)],
];

describe("what a file has besides its text", () => {
  for (const [name, set] of ATTRIBUTES)
    testWhere(NEEDS_ATTRIBUTES, `${name}: is kept, and read back`, async () => {
      const { from, to, copy } = pair("x".repeat(5000));
      set(from);
      expect(await copy()).toEqual([]);
      const all = (path: string) =>
        must("getfattr", "-d", "-m", "-", "-e", "hex", "--absolute-names", path).replace(path, "") +
        must("getfacl", "-n", "--absolute-names", path).replace(path, "");
      expect(all(to)).toBe(all(from));
    });

  testWhere(missing(true), "the owner and the group are kept", async () => {
    const { from, to, copy } = pair();
    chownSync(from, 1234, 4321);
    expect(await copy()).toEqual([]);
    expect(statSync(to)).toMatchObject({ uid: 1234, gid: 4321 });
  });

  testWhere(missing(true, "setfattr"), "a capability and a label are kept", async () => {
    const { from, to, copy } = pair();
    // cap_net_raw+ep, in the form of the kernel.
    must("setfattr", "-n", "security.capability", "-v", "0x0100000200200000000000000000000000000000", from);
    must("setfattr", "-n", "trusted.label", "-v", "one", from);
    expect(await copy()).toEqual([]);
    expect(must("getfattr", "-n", "security.capability", "-e", "hex", to)).toContain("0x01000002002");
  });
});

describe("a loss is seen", () => {
  const [real, more] = ['$real "$@"', "/proc/self/fd/4"];
  const changed = (command: string) => `${real}\n${command} ${more}`;
  const OWNERS: readonly (readonly [string, number, number, string, string])[] = [
    ["the owner, of which cp says nothing", 1234, 0, "exit 0", ""],
    ["the group, of which cp says nothing", 0, 4321, "exit 0", ""],
    ["the owner, with cp's words", 1234, 4321, "echo no such luck >&2; exit 1", ": cp: no such luck"],
  ];
  for (const [name, user, group, lines, why] of OWNERS)
    testWhere(missing(true), `of ${name}`, async () => {
      const { from, copy } = pair();
      chownSync(from, user, group);
      standIns({ cp: lines });
      const hint = "Run this as root, or as the owner of the file.";
      await expect(copy()).rejects.toMatchObject({ ...lost("owner", why), hint });
    });

  const LOSSES: readonly (readonly [string, string])[] = [
    ["all attributes", '$real --attributes-only --preserve=mode,ownership "$4" "$5"'],
    ["one of them", changed("setfattr -x user.b")],
    ["the last byte of a value", changed("setfattr -n user.a -v 0x00ff0a3d0a313220612e623d63ff")],
    ["a value's end", changed("setfattr -n user.a -v 0x00ff0a3d")],
    ["a value for none", changed("setfattr -n user.none -v 1")],
    ["a name", changed("setfattr -x user.b /proc/self/fd/4; setfattr -n user.c -v one")],
    ["the ACL", changed("setfacl -b")],
    ["an ACL's user", changed("setfacl -x u:1234")],
  ];
  for (const [name, lines] of LOSSES)
    testWhere(NEEDS_ATTRIBUTES, `of ${name}, though cp ends well`, async () => {
      const { from, copy } = pair();
      must("setfattr", "-n", "user.a", "-v", "0x00ff0a3d0a313220612e623d63fe", from);
      must("setfattr", "-n", "user.b", "-v", "one", from);
      must("setfattr", "-n", "user.none", from);
      must("setfacl", "-m", "u:1234:rw,u:1235:r,m::rw", from);
      standIns({ cp: lines });
      await expect(copy()).rejects.toMatchObject({
        ...lost("ACL and attributes", ""),
        hint: expect.stringContaining("getfattr"),
      });
    });

  testWhere(NEEDS_ATTRIBUTES, "of one, with the words of a cp that fails", async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "user.a", "-v", "one", from);
    standIns({ cp: "echo not supported >&2; exit 1" });
    await expect(copy()).rejects.toMatchObject(lost("ACL and attributes", ": cp: not supported"));
  });
});

describe("what is no loss", () => {
  testWhere(NEEDS_ATTRIBUTES, "a cp that complains, and kept all", async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "user.a", "-v", "one", from);
    standIns({ cp: '$real "$@"; echo strange >&2; exit 1' });
    expect(await copy()).toEqual([]);
  });

  testWhere(NEEDS_ATTRIBUTES, "attributes that were set in another order", async () => {
    const { from, to, copy } = pair();
    const names = ["user.a", "user.bbbbbbbb", "user.cc", "user.dddd"];
    for (const name of names) must("setfattr", "-n", name, "-v", "one", from);
    for (const name of [...names].reverse()) must("setfattr", "-n", name, "-v", "two", to);
    expect(await copy()).toEqual([]);
  });

  const name = "what the kernel makes of a file's content (IMA), which differs with the text";
  testWhere(missing(true, "setfattr"), name, async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "security.ima", "-v", "0x0100", from);
    standIns({ cp: '$real "$@"\nsetfattr -n security.ima -v 0x0101 /proc/self/fd/4' });
    expect(await copy()).toEqual([]);
  });
});

test("a mode that cp opened up is closed again", async () => {
  const { from, to, copy } = pair();
  chmodSync(from, 0o640);
  standIns({ cp: '$real "$@"; chmod 0777 /proc/self/fd/4' });
  expect(await copy()).toEqual([]);
  expect(statSync(to).mode & 0o7777).toBe(0o640);
});

const NOT_CHECKED =
  "Whether the ACL and attributes of /x/guest.py were kept was not checked: there is no GNU tar to read them.";

describe("where nobody can read the attributes", () => {
  /** A tar that is not there, that fails, or that says something else. */
  const TARS: readonly (readonly [string, string | null])[] = [
    ["that is not there", null],
    ["that fails", "exit 1"],
    ["that has failed when it is done", '$real "$@"; exit 2'],
    ["that says nothing", "exit 0"],
    ["that was built without ACLs", '$real "$@"; echo tar: POSIX ACL support is not available >&2'],
    ["that says something else", "yes | head -c 10240"],
    ["that tells of one file only", 'shift 9; exec $real -chP --format=posix --acls --xattrs "$1"'],
  ];
  for (const [name, lines] of TARS) {
    const hide = (cp: string) => {
      if (lines !== null) return standIns({ cp, tar: lines });
      standIns({ cp }, temporaryFolder());
    };
    test(`a tar ${name}: it is said that nothing was checked`, async () => {
      const { copy } = pair();
      hide('$real "$@"');
      expect(await copy()).toEqual([NOT_CHECKED]);
    });

    test(`a tar ${name}: a cp that complains is believed`, async () => {
      const { from, copy } = pair();
      chmodSync(from, 0o600);
      hide('$real "$@"; echo cannot keep that >&2; exit 1');
      await expect(copy()).rejects.toMatchObject(lost("ACL and attributes", ": cp: cannot keep that"));
    });
  }
});

describe("what tar says is taken word for word", () => {
  /** A tar that gives each file an extended header with such records. */
  const saying = (...records: readonly string[]) => {
    const headers = records.map((text) => {
      const header = Buffer.alloc(512);
      header.write(`${text.length.toString(8).padStart(11, "0")}\0`, 124);
      header.write("x", 156);
      const padded = Buffer.alloc(512 * Math.ceil(text.length / 512));
      padded.write(text, "latin1");
      return Buffer.concat([header, padded]);
    });
    return `echo ${Buffer.concat(headers).toString("base64")} | base64 -d`;
  };
  const [TIME, LABEL] = ["12 atime=10\n", "27 SCHILY.xattr.user.a=one\n"];

  it.each([
    ["the same of both", [TIME + LABEL, LABEL + TIME], "kept"],
    ["nothing of either", [TIME, TIME], "kept"],
    [
      "a value with line ends in it",
      [`32 SCHILY.xattr.user.a=one\n two\n`, `32 SCHILY.xattr.user.a=one\n two\n`],
      "kept",
    ],
    ["an attribute of the first only", [TIME + LABEL, TIME], "lost"],
    ["another value", [LABEL, LABEL.replace("one", "two")], "lost"],
    ["no record at all", ["", ""], "not checked"],
    ["no record of the second", [TIME, ""], "not checked"],
    ["no length", ["a=b\n", "a=b\n"], "not checked"],
    ["a length of 0", ["0 a=bcd\n", "0 a=bcd\n"], "not checked"],
    ["a length with a sign", ["-6 a=b\n", "-6 a=b\n"], "not checked"],
    ["a length with a word before it", ["x9 a=bcd\n", "x9 a=bcd\n"], "not checked"],
    ["a length with a word behind it", ["7x a=b\n", "7x a=b\n"], "not checked"],
    ["a length that is too small", [`26${LABEL.slice(2)}`, `26${LABEL.slice(2)}`], "not checked"],
    ["a length that is too large", [`${TIME}28${LABEL.slice(2)}`, `${TIME}28${LABEL.slice(2)}`], "not checked"],
    ["no line end", [`${LABEL.slice(0, -1)}x`, `${LABEL.slice(0, -1)}x`], "not checked"],
    ["no name", ["6 ab\n\n", "6 ab\n\n"], "not checked"],
    ["what is no record behind one", [`${TIME}what?\n`, `${TIME}what?\n`], "not checked"],
    ["what is none of the second", [TIME, "what?\n"], "not checked"],
  ] as const)("%s", async (_, records, outcome) => {
    const { copy } = pair();
    standIns({ tar: saying(...records) });
    if (outcome === "lost") await expect(copy()).rejects.toMatchObject(lost("ACL and attributes", ""));
    else expect(await copy()).toEqual(outcome === "kept" ? [] : [NOT_CHECKED]);
  });

  test.each([
    ["in its second header", 1200],
    ["in a record", 1024 + 512 + 20],
    ["between two records", 1024 + 512 + LABEL.length],
  ])("up to where it breaks off %s", async (_, end) => {
    const { copy } = pair();
    standIns({ tar: `{ ${saying(LABEL + TIME, LABEL + TIME)}; } | head -c ${end}` });
    expect(await copy()).toEqual([NOT_CHECKED]);
  });
});

test("a tar without SELinux reads all that there is on a system without it", async () => {
  const { copy } = pair();
  const warn = (what: string) => `echo "tar: ${what} support is not available" >&2`;
  standIns({ tar: `${warn("SELinux")}; $real "$@"` });
  expect(await copy()).toEqual([]);
  standIns({ tar: `${warn("SELinux")}; ${warn("XATTR")}; $real "$@"` });
  expect(await copy()).toEqual([NOT_CHECKED]);
});

testWhere(NEEDS_ATTRIBUTES, "a text that looks like what tar says of attributes changes nothing", async () => {
  const record = "36 SCHILY.xattr.user.a=from the text\n";
  const { from, copy } = pair(`${"x".repeat(1024)}${record}${"x".repeat(700)}`);
  must("setfattr", "-n", "user.a", "-v", "one", from);
  expect(await copy()).toEqual([]);
});

test("names are no part of it: another that stands under the file's name is not touched", async () => {
  const { folder, to, copy } = pair();
  const victim = join(folder, "victim");
  writeFileSync(victim, "victim\n", { mode: 0o600 });
  must("mv", to, join(folder, "moved"));
  symlinkSync(victim, to);
  expect(await copy()).toEqual([]);
  expect(statSync(victim).mode & 0o7777).toBe(0o600);
  expect(statSync(join(folder, "moved")).mode & 0o7777).toBe(0o644);
});
