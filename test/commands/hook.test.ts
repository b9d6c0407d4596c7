import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { BUNDLE_IN, ENGINES, renderHook } from "../../src/patch/hook";
import { TARGET_FILES } from "../../src/virtinst/layouts";
import { cli, HOST, json, temporaryFile, temporaryFolder } from "../support/cli";

const FACTS = {
  packed: "",
  pools: ["libvirtpool"],
  virtinst: "/usr/share/virt-manager",
  targets: TARGET_FILES,
};
const KINDS = ENGINES.map((kind) => [kind, BUNDLE_IN[kind] === null ? [] : HOST] as const);

/** With the program that is packed within it as its text: each Node packs it in its own way. */
const unpacked = (text: string) =>
  text.replace(/^ *H4sI.{72}(\n *[\w+/]{76})*(\n *([\w+/]{4}){0,18}([\w+/]{4}|[\w+/]{3}=|[\w+/]{2}==))?$/gm, (packed) =>
    gunzipSync(Buffer.from(packed, "base64")).toString(),
  );

test("each engine has a folder of templates, and each folder its engine", () =>
  expect(readdirSync("templates/hooks").sort()).toEqual([...ENGINES]));

describe.each(KINDS)("hook %s", (kind, facts) => {
  test("writes all of its files, the bundle among them", () => {
    const folder = join(temporaryFolder(), "new", "folder");
    const { code, stdout, stderr } = cli(["hook", kind, ...facts, "-o", folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`${folder}: the hook for ${kind}\n`);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
    const place = BUNDLE_IN[kind];
    expect(files.sort()).toEqual(
      [...renderHook(kind, FACTS).map(({ path }) => path), ...(place === null ? [] : [place])].sort(),
    );
    if (place !== null) {
      expect(statSync(join(folder, place)).mode & 0o777).toBe(0o755);
      expect(readFileSync(join(folder, place), "utf8")).toBe(cli(["bundle", ...facts]).stdout);
    }
  });

  test("prints what a person reads, and as JSON all of it", () => {
    const packed = facts.length > 0 ? gzipSync(cli(["bundle", ...facts]).stdout).toString("base64") : "";
    const files = renderHook(kind, { ...FACTS, packed });
    const { stdout } = cli(["hook", kind, ...facts]);
    for (const { content } of files) expect(unpacked(stdout)).toContain(unpacked(content));
    expect(stdout.startsWith("==> ")).toBe(files.length > 1);
    const printed = json(cli(["hook", kind, ...facts, "--json"]).stdout);
    const plainly = (all: readonly { path: string; content: string; program: boolean }[]) =>
      all.map(({ path, content, program }) => ({ path, content: unpacked(content), program }));
    expect({ ...printed, files: plainly(printed.files) }).toMatchObject({
      command: "hook",
      kind,
      pools: facts.length > 0 ? ["libvirtpool"] : [],
      files: expect.arrayContaining(plainly(files)),
      written: null,
    });
  });

  test("holds no line that is too long to read, and nothing of a template that was not filled in", () => {
    for (const { path, content } of renderHook(kind, FACTS)) {
      expect({ path, long: content.split("\n").filter((line) => line.length > 160) }).toEqual({ path, long: [] });
      expect(content).not.toMatch(/\{\{(plain|comment|#each|\/each)/);
      expect(content).toMatch(/\n$/);
    }
  });
});

test("a pool's name comes through as a comment, on one line, and is nothing else", () => {
  const name = "a\n# x\u2028{{ 7 }} $(id) `id` \"'\\ %i";
  for (const kind of ENGINES) {
    const lines = (pools: readonly string[]) =>
      renderHook(kind, { ...FACTS, pools }).map(({ content }) => content.split("\n").length);
    expect(lines([name])).toEqual(lines(["plain"]));
    for (const { content } of renderHook(kind, { ...FACTS, pools: [name] }))
      expect(content).not.toMatch(/\$\(id\)|`id`|\{\{ 7/);
  }
});

test("what goes into a hook is of its form, or nothing is written", () => {
  expect(() => renderHook("puppet", { ...FACTS, virtinst: "/opt/a'b" })).toThrow(RangeError);
  expect(() => renderHook("image", { ...FACTS, packed: "QUJD\nEND" })).toThrow(RangeError);
});

test("systemd watches the folder of each file that may be patched, and its service may write there", () => {
  const targets = TARGET_FILES.map((file) => `/usr/share/virt-manager/${file}`);
  const units = renderHook("systemd", { ...FACTS, targets: TARGET_FILES }).map(({ content }) => content);
  const named = (word: string) =>
    units.flatMap((text) => [...text.matchAll(new RegExp(`^${word}=-?(.*)$`, "gm"))].map(([, path]) => path));
  for (const target of targets) expect(named("PathChanged")).toContain(dirname(target));
  const [writable] = named("ReadWritePaths");
  for (const target of targets) expect(target.startsWith(`${writable}/`)).toBe(true);
});

test("each line for a package manager has as many fields as its documentation says, and the program's path", () => {
  const lines = ["dnf", "yum"].flatMap((kind) =>
    renderHook(kind as "dnf" | "yum", FACTS).flatMap(({ path, content }) =>
      content
        .split("\n")
        .flatMap((line) => (line === "" || line.startsWith("#") ? [] : { path, fields: line.split(":") })),
    ),
  );
  expect(lines).toHaveLength(6);
  for (const { path, fields } of lines) {
    expect(fields).toHaveLength(path.endsWith(".actions") ? 5 : 3);
    expect(fields.at(-1)).toMatch(/^\/usr\/local\/sbin\/rbd-patch\.py apply( -q)?$/);
  }
});

test("an engine that is not known is refused, with those that are", () =>
  expect(cli(["hook", "chef", ...HOST])).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `virtinst-rbd-patch: There is no hook for "chef".\nThere is one for ${ENGINES.join(", ")}.\n`,
  }));

test.each(["--pool=x", "--root=/", "--host=x", "--connect=x"])(
  "what each host says itself cannot be said for all of them: %s",
  (option) => {
    const { code, stderr } = cli(["hook", "ansible", option]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/takes no facts: each host gives its own/);
  },
);

test("a folder that cannot be made is said", () => {
  const file = temporaryFile("file", "");
  expect(cli(["hook", "apt", ...HOST, "-o", file])).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/cannot be created: .*\nName another directory with -o\.\n$/),
  });
});
