// Extended attributes and ACLs, with the programs that set and read them.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { replaceFile } from "../../src/system/replace";
import { lost, must, pair, standIns } from "../support/attributes";
import { Both } from "../support/both";
import { temporaryFolder } from "../support/cli";

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
    test(`${name}: is kept, and read back`, async () => {
      const { from, to, copy } = pair("x".repeat(5000));
      set(from);
      expect(await copy()).toEqual([]);
      const all = (path: string) =>
        must("getfattr", "-d", "-m", "-", "-e", "hex", "--absolute-names", path).replace(path, "") +
        must("getfacl", "-n", "--absolute-names", path).replace(path, "");
      expect(all(to)).toBe(all(from));
    });

  test("a capability and a label are kept", async () => {
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
    test(`of ${name}, though cp ends well`, async () => {
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

  test("of one, with the words of a cp that fails", async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "user.a", "-v", "one", from);
    standIns({ cp: "echo not supported >&2; exit 1" });
    await expect(copy()).rejects.toMatchObject(lost("ACL and attributes", ": cp: not supported"));
  });
});

describe("what is no loss", () => {
  test("a cp that complains, and kept all", async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "user.a", "-v", "one", from);
    standIns({ cp: '$real "$@"; echo strange >&2; exit 1' });
    expect(await copy()).toEqual([]);
  });

  test("attributes that were set in another order", async () => {
    const { from, to, copy } = pair();
    const names = ["user.a", "user.bbbbbbbb", "user.cc", "user.dddd"];
    for (const name of names) must("setfattr", "-n", name, "-v", "one", from);
    for (const name of [...names].reverse()) must("setfattr", "-n", name, "-v", "two", to);
    expect(await copy()).toEqual([]);
  });

  const name = "what the kernel makes of a file's content (IMA), which differs with the text";
  test(name, async () => {
    const { from, copy } = pair();
    must("setfattr", "-n", "security.ima", "-v", "0x0100", from);
    standIns({ cp: '$real "$@"\nsetfattr -n security.ima -v 0x0101 /proc/self/fd/4' });
    expect(await copy()).toEqual([]);
  });
});

test("a text that looks like what tar says of attributes changes nothing", async () => {
  const record = "36 SCHILY.xattr.user.a=from the text\n";
  const { from, copy } = pair(`${"x".repeat(1024)}${record}${"x".repeat(700)}`);
  must("setfattr", "-n", "user.a", "-v", "one", from);
  expect(await copy()).toEqual([]);
});

test("replaceFile keeps extended attributes", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "guest.py");
  writeFileSync(path, "old\n");
  must("setfattr", "-n", "user.origin", "-v", "package", path);
  const held = new HostFiles().hold(folder);
  await replaceFile(held, "guest.py", held.read("guest.py"), Buffer.from("new\n"));
  expect(readFileSync(path, "utf8")).toBe("new\n");
  expect(must("getfattr", "-n", "user.origin", "--absolute-names", path)).toContain("package");
});

test("the default ACL of a folder is not given to the patched file", () => {
  const both = new Both().each(({ path }) => must("setfacl", "-d", "-m", "u:nobody:r", dirname(path)));
  expect(both.run("apply").code).toBe(0);
  expect(both.run("revert").code).toBe(0);
  for (const { path } of both.places) expect(must("getfacl", "-p", path)).not.toContain("nobody");
});
