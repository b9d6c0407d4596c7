import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import type { HostOptions } from "../../src/host/config";
import { listDocuments, readHost, readListed } from "../../src/host/read-host";
import { HostFiles } from "../../src/system/host-files";
import { FIXTURES, image, temporaryFile, temporaryFolder } from "../support/cli";

const POOL = `${FIXTURES}/pool-usage.xml`;
const SECRET = `${FIXTURES}/secret-usage.xml`;
const files = new HostFiles();
const read = (options: Omit<HostOptions, "files">) => readHost({ files, ...options });
const pool = (name: string) => `<pool type='rbd'><name>${name}</name><source><name>c</name></source></pool>`;

describe("facts from XML files", () => {
  it("are the pools and secrets in them", async () => {
    expect(await read({ poolXml: [POOL], secretXml: [SECRET] })).toMatchObject({
      host: null,
      source: POOL,
      // Whose they are is not known.
      elsewhere: false,
      pools: [{ name: "libvirtpool", active: null, auth: { username: "libvirt" } }],
      secrets: [{ usageType: "ceph" }],
    });
  });

  it("name all their files, and no secrets are known where none were given", async () => {
    const [b, dir] = [
      temporaryFile("b.xml", pool("b")),
      temporaryFile("dir.xml", "<pool type='dir'><name>d</name></pool>"),
    ];
    const config = await read({ poolXml: [POOL, dir, b] });
    expect(config.source).toBe(`${POOL}, ${dir}, ${b}`);
    expect(config.secrets).toBeNull();
    expect(config.pools.map(({ name }) => name)).toEqual(["b", "libvirtpool"]);
  });

  it("are the text without its byte order mark", async () => {
    expect((await read({ poolXml: [temporaryFile("p.xml", `\ufeff${pool("p")}`)] })).pools).toMatchObject([
      { name: "p" },
    ]);
    // Elsewhere it is a character like others.
    const odd = await read({ poolXml: [temporaryFile("p.xml", pool("a\ufeffb"))] });
    expect(odd.pools).toMatchObject([{ name: "a\ufeffb" }]);
  });

  it.each([
    ["in another encoding", Buffer.from(pool("j\xf6rg"), "latin1"), /p\.xml: this is not UTF-8\.$/, /iconv -t UTF-8/],
    ["that is no XML", Buffer.from("<pool>"), /p\.xml: not well-formed XML \(/, /one document a file/],
  ])("are refused from a file %s", async (_, bytes, message, hint) => {
    const attempt = read({ poolXml: [temporaryFile("p.xml", bytes)] });
    await expect(attempt).rejects.toThrow(
      expect.objectContaining({
        kind: "facts",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  it("are refused where a file is not there", async () => {
    await expect(read({ poolXml: ["/nowhere.xml"] })).rejects.toThrow(
      expect.objectContaining({
        kind: "facts",
        message: expect.stringMatching(/^\/nowhere\.xml cannot be read: no such file/),
      }),
    );
    await expect(read({ poolXml: [POOL], secretXml: ["/no.xml"] })).rejects.toThrow(/^\/no\.xml cannot be read/);
  });
});

describe("facts from a host document", () => {
  it("are those in it", async () => {
    const document = temporaryFile("h.json", JSON.stringify({ version: 1, host: "hv", pools: [] }));
    expect(await read({ hostDocument: document })).toEqual({
      host: "hv",
      source: document,
      elsewhere: true,
      virtinst: null,
      pools: [],
      secrets: null,
    });
  });

  it("are refused where it is not there", async () => {
    await expect(read({ hostDocument: "/nowhere.json" })).rejects.toThrow(
      expect.objectContaining({
        kind: "facts",
        message: "/nowhere.json cannot be read: no such file or directory.",
      }),
    );
  });

  it("come before those of a mounted system", async () => {
    const document = temporaryFile("h.json", JSON.stringify({ version: 1, host: "hv", pools: [] }));
    expect((await readHost({ files: new HostFiles(image()), hostDocument: document })).host).toBe("hv");
  });
});

describe("facts from a mounted system", () => {
  it("are those of the libvirt in it", async () => {
    const base = image();
    expect(await readHost({ files: new HostFiles(base) })).toMatchObject({
      host: "golden",
      source: `${base}/etc/libvirt`,
      pools: [{ name: "libvirtpool" }],
      secrets: [{ usageName: "client.libvirt secret" }],
    });
  });

  it("leave out what is no XML file, and a host's name that is not there", async () => {
    const base = image();
    writeFileSync(join(base, "etc/libvirt/storage/other.xml~"), "no XML");
    rmSync(join(base, "etc/hostname"));
    const { host, pools } = await readHost({ files: new HostFiles(base) });
    expect(host).toBeNull();
    expect(pools).toHaveLength(1);
    writeFileSync(join(base, "etc/hostname"), " \n");
    expect((await readHost({ files: new HostFiles(base) })).host).toBeNull();
  });

  it("come from files where some are named", async () => {
    const named = await readHost({ files: new HostFiles(image()), poolXml: [temporaryFile("p.xml", pool("p"))] });
    expect(named.pools).toMatchObject([{ name: "p" }]);
  });

  it("need an etc", async () => {
    const base = temporaryFolder();
    await expect(readHost({ files: new HostFiles(base) })).rejects.toThrow(
      expect.objectContaining({
        kind: "facts",
        message: expect.stringContaining("this is not the root directory of a system with libvirt."),
        hint: expect.stringMatching(/--root.*--host/),
      }),
    );
  });

  it("come from libvirt where one is named all the same", async () => {
    const bin = temporaryFolder();
    writeFileSync(join(bin, "virsh"), "#!/bin/sh\necho 'error: asked' >&2\nexit 1\n");
    chmodSync(join(bin, "virsh"), 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${bin}:${before}`;
    try {
      await expect(readHost({ files: new HostFiles(image()), connect: "test:///x" })).rejects.toThrow(
        "test:///x: asked.",
      );
    } finally {
      process.env.PATH = before;
    }
  });
});

describe("no rbd pool at all", () => {
  const NONE = expect.objectContaining({
    kind: "facts",
    message: expect.stringMatching(/: there is no pool of type rbd\.$/),
    hint: expect.stringMatching(/virsh pool-list --all.*--connect, --pool-xml, --host, --root/),
  });
  /** A libvirt without a pool. */
  const empty = async (connect?: string) => {
    const bin = temporaryFolder();
    writeFileSync(join(bin, "virsh"), "#!/bin/sh\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    return read(connect === undefined ? {} : { connect });
  };

  it.each([undefined, "qemu:///system", "xen+ssh://hv02/system", "qemu:///system?mode=legacy"])(
    "is an answer of a host's own libvirt (%s)",
    async (uri) => expect((await empty(uri)).pools).toEqual([]),
  );

  it.each(["qemu:///session", "test:///default", "qemu:///system/x", "test:///x?path=/system", "qemu:///mysystem"])(
    "says nothing of the host where another libvirt is asked (%s)",
    async (uri) => await expect(empty(uri)).rejects.toThrow(NONE),
  );

  it("says nothing of the host where files were given", async () => {
    const dir = temporaryFile("dir.xml", "<pool type='dir'><name>d</name></pool>");
    await expect(read({ poolXml: [dir] })).rejects.toThrow(NONE);
  });

  it("is an answer of a mounted system", async () => {
    const base = image();
    rmSync(join(base, "etc/libvirt/storage"), { recursive: true });
    expect((await readHost({ files: new HostFiles(base) })).pools).toEqual([]);
  });
});

it("two pools of one name are refused, wherever they come from; two of other names are not", async () => {
  const twins = read({ poolXml: [temporaryFile("1.xml", pool("p")), temporaryFile("2.xml", pool("p"))] });
  await expect(twins).rejects.toThrow(Failure);
  await expect(twins).rejects.toThrow(
    expect.objectContaining({
      kind: "facts",
      message: expect.stringMatching(/1\.xml, .*2\.xml: there are two pools named "p"\.$/),
      hint: "Give each pool once.",
    }),
  );
  const others = await read({ poolXml: [temporaryFile("1.xml", pool("p")), temporaryFile("2.xml", pool("q"))] });
  expect(others.pools).toHaveLength(2);
});

test("the documents of a folder are sorted, by what their names are and not by what they hold", () => {
  const folder = temporaryFolder();
  for (const name of ["b.json", "B.json", "é.json", "a.b.json", ".json", ".a.json", "json", "c.JSON", "d.json~"])
    writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "dir.json"));
  expect(listDocuments(folder)).toEqual({
    names: ["B", "a.b", "b", "dir", "é"],
    others: ["c.JSON", "d.json~", "json"],
  });
});

test("a folder without one is a failure that says how to get one", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".hidden.json"), "{}");
  expect(() => listDocuments(folder)).toThrow(
    expect.objectContaining({ kind: "facts", hint: expect.stringContaining(`--json > ${folder}/HOST.json`) }),
  );
});

test("one is read with its path as its source", () => {
  const path = join(temporaryFolder(), "hv1.json");
  writeFileSync(path, JSON.stringify({ version: 1, host: "hv1", pools: [] }));
  expect(readListed(path)).toMatchObject({ host: "hv1", source: path, pools: [] });
});
