import { mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { temporaryFolder } from "../support/cli";

/** A mounted system with a file, a folder and links. */
function mounted(links: Record<string, string> = {}) {
  const base = realpathSync(temporaryFolder());
  mkdirSync(join(base, "usr/share"), { recursive: true });
  writeFileSync(join(base, "usr/share/file"), "inside \xe9\n", "latin1");
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(base, path));
  return { base, files: new HostFiles(base) };
}

describe("a mounted system", () => {
  test("shows a path from inside and from outside", () => {
    const { base, files } = mounted();
    expect(files.mounted).toBe(true);
    expect(files.locate("/usr/share/file")).toEqual({ inside: "/usr/share/file", outside: `${base}/usr/share/file` });
    expect(files.locate("/")).toEqual({ inside: "/", outside: base });
    expect(files.shown("/usr/share/file")).toBe(`${base}/usr/share/file`);
  });

  test.each([
    ["an absolute link", "/usr/share", "/a/file"],
    ["a relative link", "usr/share", "/a/file"],
    ["a link that climbs beyond the root", "../../../../usr/share", "/a/file"],
    ["a path that climbs beyond the root", "/usr/share", "/../../a/file"],
  ])("does not let %s lead out of it, as under chroot", (_, target, path) => {
    const { base, files } = mounted({ a: target });
    expect(files.locate(path)).toEqual({ inside: "/usr/share/file", outside: `${base}/usr/share/file` });
    expect(files.readText(path)).toBe("inside \xe9\n");
  });

  test("resolves .. after a link from the target of the link, as the kernel does", () => {
    const { base, files } = mounted({ hop: "/usr/share" });
    mkdirSync(join(base, "usr/x"));
    symlinkSync("hop/../x", join(base, "through"));
    expect(files.locate("/through")?.inside).toBe("/usr/x");
    expect(files.locate("/hop/../x")?.inside).toBe("/usr/x");
  });

  test.each([
    [40, "/usr/share/file"],
    [41, null],
  ])("follows at most 40 links, as the kernel does: %i links lead to %s", (count, found) => {
    const links = Array.from({ length: count }, (_, at) => [`l${at}`, at === 0 ? "usr/share/file" : `l${at - 1}`]);
    const { files } = mounted(Object.fromEntries(links));
    expect(files.locate(`/l${count - 1}`)?.inside ?? null).toBe(found);
  });

  test("resolves an absolute link from its root, and a relative one from its own directory", () => {
    const { base, files } = mounted({ "usr/share/whole": "/usr/share/file", "usr/share/part": "sub/" });
    mkdirSync(join(base, "usr/share/sub"));
    mkdirSync(join(base, "sub"));
    expect(files.locate("/usr/share/whole")?.inside).toBe("/usr/share/file");
    expect(files.locate("/usr/share/part")?.inside).toBe("/usr/share/sub");
  });

  test("has one form for a path, however it is written", () => {
    const { files } = mounted();
    for (const path of ["/usr/./share/file", "//usr//share/file", "usr/share/./file", "/./usr/share/file"])
      expect(files.locate(path)?.inside).toBe("/usr/share/file");
  });

  test("sorts the names in a directory", () => {
    const { base, files } = mounted();
    const names = Array.from({ length: 50 }, (_, at) => `f${(at * 7) % 50}`);
    mkdirSync(join(base, "many"));
    for (const name of names) writeFileSync(join(base, "many", name), "");
    expect(files.list("/many")).toEqual(names.sort());
  });

  test("has a text only for a regular file, and names only for a directory", () => {
    const { files } = mounted();
    expect(files.readText("/usr/share")).toBeNull();
    expect(files.locateFile("/usr/share")).toBeNull();
    expect(files.list("/usr/share")).toEqual(["file"]);
    expect(files.list("/usr/share/file")).toEqual([]);
    expect(files.list("/nowhere")).toEqual([]);
  });

  test("accepts its paths as seen from inside or outside, and does not contain a directory beside it", () => {
    const { base, files } = mounted();
    for (const path of ["/usr/share", `${base}/usr/share`, relative(".", join(base, "usr/share"))])
      expect(files.named(path)).toBe("/usr/share");
    expect(files.named(base)).toBe("/");
    expect(files.named(`${base}-other/usr`)).toBe(`${base}-other/usr`);
    const link = join(realpathSync(temporaryFolder()), "link");
    symlinkSync(base, link);
    for (const path of [`${link}/usr`, `${base}/usr`]) expect(new HostFiles(link).named(path)).toBe("/usr");
  });

  test("may be named by a link, a relative path or a path that ends in a slash", () => {
    const { base } = mounted();
    const link = join(realpathSync(temporaryFolder()), "link");
    symlinkSync(base, link);
    for (const root of [link, `${base}/`, relative(".", base)])
      expect(new HostFiles(root).locate("/usr/share/file")?.outside).toBe(`${base}/usr/share/file`);
  });

  test("has nothing in it if its root does not exist", () => {
    const files = new HostFiles("/nowhere/at/all");
    expect(files.locate("/")).toBeNull();
    expect(files.list("/")).toEqual([]);
    expect(files.shown("/etc")).toBe("/nowhere/at/all/etc");
  });

  test("has nothing behind a name that is too long; a path that cannot be looked up is an error", () => {
    const { base, files } = mounted();
    expect(files.locate(`/${"x".repeat(300)}`)).toBeNull();
    const failure = (path: string) => expect.objectContaining({ kind: "io", message: expect.stringContaining(path) });
    expect(() => files.locate("/usr\0")).toThrow(failure(`${base}/usr\0 cannot be read: `));
    expect(() => new HostFiles("/usr\0")).toThrow(failure("/usr\0 cannot be read: "));
  });
});

describe("this machine", () => {
  test("has the same paths inside and outside", () => {
    const files = new HostFiles();
    const folder = realpathSync(temporaryFolder());
    writeFileSync(join(folder, "file"), "x");
    symlinkSync("file", join(folder, "link"));
    const place = join(folder, "file");
    expect(files.mounted).toBe(false);
    expect(files.locate(join(folder, "link"))).toEqual({ inside: place, outside: place });
    expect(files.list(folder)).toEqual(readdirSync(folder).sort());
    expect(files.named("a")).toBe(join(process.cwd(), "a"));
    expect(files.shown("/usr")).toBe("/usr");
  });

  test("is a mounted system if its root is named", () => {
    const files = new HostFiles("/");
    expect(files.mounted).toBe(true);
    for (const path of ["/", "/usr"]) expect(files.locate(path)).toEqual({ inside: path, outside: path });
    expect(files.named("/usr")).toBe("/usr");
    expect(files.shown("/usr")).toBe("/usr");
  });
});
