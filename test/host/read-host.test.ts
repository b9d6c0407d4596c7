import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import type { HostOptions } from "../../src/host/config";
import { listDocuments, readHost, readListed } from "../../src/host/read-host";
import { HostFiles } from "../../src/system/host-files";
import { FIXTURES, image, temporaryFile, temporaryFolder } from "../support/cli";
import { standIns } from "../support/stand-ins";
import { fakeVirsh } from "../support/virsh";

const POOL = `${FIXTURES}/pool-usage.xml`;
const SECRET = `${FIXTURES}/secret-usage.xml`;
const files = new HostFiles();
const read = (options: Omit<HostOptions, "files">) => readHost({ files, ...options });
/** Puts a virsh, a shell script, into PATH. */
const useVirsh = (script: string) => {
  vi.stubEnv("PATH", standIns({ virsh: script }));
  onTestFinished(() => void vi.unstubAllEnvs());
};
const pool = (name: string) => `<pool type='rbd'><name>${name}</name><source><name>c</name></source></pool>`;

describe("pools from XML files", () => {
  it("are read with the secrets", async () => {
    expect(await read({ poolXml: [POOL], secretXml: [SECRET] })).toMatchObject({
      host: null,
      source: POOL,
      // Whose they are is not known.
      elsewhere: false,
      pools: [{ name: "libvirtpool", active: null, auth: { username: "libvirt" } }],
      secrets: [{ usageType: "ceph" }],
    });
  });

  it("have all file names as their source, and no secrets if no file has them", async () => {
    const [b, dir] = [
      temporaryFile("b.xml", pool("b")),
      temporaryFile("dir.xml", "<pool type='dir'><name>d</name></pool>"),
    ];
    const config = await read({ poolXml: [POOL, dir, b] });
    expect(config.source).toBe(`${POOL}, ${dir}, ${b}`);
    expect(config.secrets).toBeNull();
    expect(config.pools.map(({ name }) => name)).toEqual(["b", "libvirtpool"]);
  });

  it("may begin with a byte order mark", async () => {
    expect((await read({ poolXml: [temporaryFile("p.xml", `\ufeff${pool("p")}`)] })).pools).toMatchObject([
      { name: "p" },
    ]);
    // Elsewhere it is a character like others.
    const odd = await read({ poolXml: [temporaryFile("p.xml", pool("a\ufeffb"))] });
    expect(odd.pools).toMatchObject([{ name: "a\ufeffb" }]);
  });

  it.each([
    ["in another encoding", Buffer.from(pool("j\xf6rg"), "latin1"), /p\.xml: this is not UTF-8\.$/, /iconv -t UTF-8/],
    ["that is not XML", Buffer.from("<pool>"), /p\.xml: not well-formed XML \(/, /one XML document per file/],
  ])("are refused from a file %s", async (_, bytes, message, hint) => {
    const attempt = read({ poolXml: [temporaryFile("p.xml", bytes)] });
    await expect(attempt).rejects.toMatchObject({
      kind: "pools",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it("are refused if a file does not exist", async () => {
    await expect(read({ poolXml: ["/nowhere.xml"] })).rejects.toMatchObject({
      kind: "pools",
      message: expect.stringMatching(/^\/nowhere\.xml cannot be read: no such file/),
    });
    await expect(read({ poolXml: [POOL], secretXml: ["/no.xml"] })).rejects.toThrow(/^\/no\.xml cannot be read/);
  });
});

describe("pools from a host file", () => {
  it("are read with the name of the host", async () => {
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

  it("take precedence over those of a mounted system", async () => {
    const document = temporaryFile("h.json", JSON.stringify({ version: 1, host: "hv", pools: [] }));
    expect((await readHost({ files: new HostFiles(image()), hostDocument: document })).host).toBe("hv");
  });
});

describe("pools from a mounted system", () => {
  it("are not read if XML files are named", async () => {
    const named = await readHost({ files: new HostFiles(image()), poolXml: [temporaryFile("p.xml", pool("p"))] });
    expect(named.pools).toMatchObject([{ name: "p" }]);
  });

  it("are not read if a libvirt is named", async () => {
    useVirsh("#!/bin/sh\necho 'error: asked' >&2; exit 1\n");
    const attempt = readHost({ files: new HostFiles(image()), connect: "test:///x" });
    await expect(attempt).rejects.toThrow("test:///x: asked.");
  });
});

describe("a host without an rbd pool", () => {
  const NONE = expect.objectContaining({
    kind: "pools",
    message: expect.stringMatching(/: there is no pool of type rbd\.$/),
    hint: expect.stringMatching(/virsh pool-list --all.*--connect, --pool-xml, --host, --root/),
  });
  const empty = (connect?: string) => {
    useVirsh(fakeVirsh(""));
    return read(connect === undefined ? {} : { connect });
  };

  it.each(["by default", "qemu:///system", "xen+ssh://hv02/system", "qemu:///system?mode=legacy"])(
    "is possible if the system libvirt is asked (%s)",
    async (uri) => expect((await empty(uri === "by default" ? undefined : uri)).pools).toEqual([]),
  );

  it.each(["qemu:///session", "test:///default", "qemu:///system/x", "test:///x?path=/system", "qemu:///mysystem"])(
    "is an error if another libvirt is asked (%s)",
    async (uri) => await expect(empty(uri)).rejects.toThrow(NONE),
  );

  it("is an error if files are given", async () => {
    const dir = temporaryFile("dir.xml", "<pool type='dir'><name>d</name></pool>");
    await expect(read({ poolXml: [dir] })).rejects.toThrow(NONE);
  });
});

it("two pools of one name are refused", async () => {
  const twins = read({ poolXml: [temporaryFile("1.xml", pool("p")), temporaryFile("2.xml", pool("p"))] });
  await expect(twins).rejects.toThrow(Failure);
  await expect(twins).rejects.toMatchObject({
    kind: "pools",
    message: expect.stringMatching(/1\.xml, .*2\.xml: there are two pools named "p"\.$/),
    hint: "Pass each pool only once.",
  });
  const others = await read({ poolXml: [temporaryFile("1.xml", pool("p")), temporaryFile("2.xml", pool("q"))] });
  expect(others.pools).toHaveLength(2);
});

test("the host files of a directory are listed by name, with the other files", () => {
  const folder = temporaryFolder();
  for (const name of ["b.json", "B.json", "é.json", "a.b.json", ".json", ".a.json", "json", "c.JSON", "d.json~"])
    writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "dir.json"));
  expect(listDocuments(folder)).toEqual({
    names: ["B", "a.b", "b", "dir", "é"],
    others: ["c.JSON", "d.json~", "json"],
  });
});

test("a directory without a host file is an error that says how to make one", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".hidden.json"), "{}");
  expect(() => listDocuments(folder)).toThrow(
    expect.objectContaining({ kind: "pools", hint: expect.stringContaining(`--json > ${folder}/HOST.json`) }),
  );
});

test("a host file has its path as its source", () => {
  const path = join(temporaryFolder(), "hv1.json");
  writeFileSync(path, JSON.stringify({ version: 1, host: "hv1", pools: [] }));
  expect(readListed(path)).toMatchObject({ host: "hv1", source: path, pools: [] });
});

test("XML files of more than 4 MiB and host files of more than 16 MiB are refused", async () => {
  const path = temporaryFile("large", "");
  truncateSync(path, 4 * 2 ** 20 + 1);
  for (const from of [{ poolXml: [path] }, { poolXml: [POOL], secretXml: [path] }])
    await expect(read(from)).rejects.toThrow(/larger than 4 MiB/);
  truncateSync(path, 16 * 2 ** 20 + 1);
  await expect(read({ hostDocument: path })).rejects.toThrow(/larger than 16 MiB/);
});
