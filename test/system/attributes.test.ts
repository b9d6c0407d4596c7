import { chmodSync, chownSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { lost, must, pair, standIns } from "../support/attributes";
import { temporaryFolder } from "../support/cli";

/** A test that only root can run; any other user sees it as skipped. */
const testAsRoot = test.skipIf(process.getuid?.() !== 0);

testAsRoot("the owner and the group are kept", async () => {
  const { from, to, copy } = pair();
  chownSync(from, 1234, 4321);
  expect(await copy()).toEqual([]);
  expect(statSync(to)).toMatchObject({ uid: 1234, gid: 4321 });
});

describe("a loss is seen", () => {
  const OWNERS: readonly (readonly [string, number, number, string, string])[] = [
    ["the owner, of which cp says nothing", 1234, 0, "exit 0", ""],
    ["the group, of which cp says nothing", 0, 4321, "exit 0", ""],
    ["the owner, with cp's words", 1234, 4321, "echo no such luck >&2; exit 1", ": cp: no such luck"],
  ];
  for (const [name, user, group, lines, why] of OWNERS)
    testAsRoot(`of ${name}`, async () => {
      const { from, copy } = pair();
      chownSync(from, user, group);
      standIns({ cp: lines });
      const hint = "Run this as root, or as the owner of the file.";
      await expect(copy()).rejects.toMatchObject({ ...lost("owner", why), hint });
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
