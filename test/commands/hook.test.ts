import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUNDLE_IN, HOOK_KINDS, renderHook } from "../../src/patch/hook";
import { cli, HOST, json, temporaryFile, temporaryFolder } from "../support/cli";

const FACTS = { pools: ["libvirtpool"], virtinst: "/usr/share/virt-manager", targets: ["virtinst/guest.py"] };
const KINDS = HOOK_KINDS.map((kind) => [kind, BUNDLE_IN[kind] === null ? [] : HOST] as const);

test("each engine has a folder of templates, and each folder its engine", () =>
  expect(readdirSync("templates/hooks").sort()).toEqual([...HOOK_KINDS]));

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
    const files = renderHook(kind, FACTS);
    const { stdout } = cli(["hook", kind, ...facts]);
    for (const { content } of files) expect(stdout).toContain(content);
    expect(stdout.startsWith("==> ")).toBe(files.length > 1);
    expect(json(cli(["hook", kind, ...facts, "--json"]).stdout)).toMatchObject({
      command: "hook",
      kind,
      pools: facts.length > 0 ? ["libvirtpool"] : [],
      files: expect.arrayContaining(files.map(({ path, content }) => ({ path, content, program: false }))),
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
  for (const kind of HOOK_KINDS) {
    const lines = (pools: readonly string[]) =>
      renderHook(kind, { ...FACTS, pools }).map(({ content }) => content.split("\n").length);
    expect(lines([name])).toEqual(lines(["plain"]));
    for (const { content } of renderHook(kind, { ...FACTS, pools: [name] }))
      expect(content).not.toMatch(/\$\(id\)|`id`|\{\{ 7/);
  }
});

test("an engine that is not known is refused, with those that are", () =>
  expect(cli(["hook", "chef", ...HOST])).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `virtinst-rbd-patch: There is no hook for "chef".\nThere is one for ${HOOK_KINDS.join(", ")}.\n`,
  }));

test("a folder that cannot be made is said", () => {
  const file = temporaryFile("file", "");
  expect(cli(["hook", "apt", ...HOST, "-o", file])).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/cannot be made: .*\nName another folder with -o\.\n$/),
  });
});
