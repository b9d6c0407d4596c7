import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Sample, sampleDomain } from "../../src/patch/sample";
import type { Source } from "../../src/patch/source";
import { HostFiles } from "../../src/system/host-files";
import { compileTexts, findPythons, isSkipped, type Python, runFunction } from "../../src/virtinst/python";
import { temporaryFolder } from "../support/cli";

const utf8 = (text: string): Source => ({ text, encoding: "utf8" });
const GREETING = '{"version": "3.11"}';

/** The Pythons of this machine, as a user's run of the tool finds them. */
function pythons(): readonly Python[] {
  const found = findPythons(
    { interpreter: null, program: null, file: "virtinst/installer.py" },
    { files: new HostFiles() },
  );
  if (isSkipped(found)) throw new Error(found.skipped);
  return found;
}

/** A program that stands for a Python gone wrong. */
function stand(script: string): Python {
  const path = join(temporaryFolder(), "python3");
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { path, reason: "test" };
}

/** One that reads its request, and says these lines. */
const saying = (...lines: readonly string[]) =>
  stand(`cat > /dev/null\n${lines.map((line) => `echo '${line}'`).join("\n")}`);

const compile = (one: Python, ...texts: readonly string[]) => compileTexts([one], texts.map(utf8));
const runOn = (one: Python, text: string, sample?: Sample) => runFunction([one], "", [text], sample);

describe("compileTexts", () => {
  it("gives for each text null, or the error and its line", async () => {
    const [first] = pythons();
    const answer = await compileTexts(pythons(), [utf8("a = 1\n"), utf8("a = 1\nb = = 2\n")]);
    expect(answer).toEqual({ python: first, faults: [null, "SyntaxError in line 2"] });
  });

  it("compiles the bytes of each text, with its coding line", async () => {
    const declared = "# -*- coding: latin-1 -*-\na = '\xe9'\n";
    const sources: Source[] = [
      { text: declared, encoding: "latin1" },
      { text: "a = '\xe9'\n", encoding: "latin1" },
      utf8("a = 'é€😀'\n"),
      utf8("a = 'é\0'\n"),
    ];
    expect(await compileTexts(pythons(), sources)).toMatchObject({
      faults: [null, expect.stringMatching(/^line 1 is not utf-8 text/), null, expect.stringMatching(/Error in line /)],
    });
  });

  it("uses the first Python that works", async () => {
    const [works] = pythons() as [Python];
    const found = await compileTexts([{ path: "/nowhere/python3", reason: "" }, works], [utf8("a = 1")]);
    expect(found).toEqual({ python: works, faults: [null] });
  });
});

const [REST, COMPLETE] = ["the rest of the domain is unchanged", "complete disks are unchanged"];

describe("runFunction", () => {
  it("gives the result for each text, and the lines of the log", async () => {
    const block = `def _virtinst_rbd_patch(xml):
    import logging
    logging.getLogger().warning("met %s", xml)
    return xml + u"\\xe9"
`;
    const said = await runFunction(pythons(), block, ["a"]);
    expect(said).toMatchObject({
      version: expect.stringMatching(/^3\.\d+$/),
      error: null,
      results: ["a\xe9"],
      checks: [],
    });
    expect(isSkipped(said) ? [] : said.log).toContain("met a");
  });

  const sample = sampleDomain([{ pool: "p", cephPool: "vms", monitors: [{ name: "m", port: 6789 }], auth: null }]);
  /** The labels of the checks that fail, of a function with this body. */
  const failing = async (body: string) => {
    const said = await runFunction(pythons(), `def _virtinst_rbd_patch(xml):\n    ${body}\n`, [], sample);
    if (isSkipped(said)) throw new Error(said.skipped);
    return said.error ?? said.checks.flatMap(({ label, passed }) => (passed ? [] : [label]));
  };
  it.each([
    ["return xml", []],
    ["return xml and xml.replace('name=\"vms', 'name=\"other')", ["disk of pool p", REST, COMPLETE]],
    ["return xml and xml.replace('</disk>', '</disk >')", [...sample.disks.map(({ label }) => label), REST, COMPLETE]],
    ["return xml and xml.replace('virt-1</name>', 'x</name>')", [REST, COMPLETE]],
    ["return xml or ''", ["None is returned as None (--import)"]],
    ["return xml + ''", expect.stringMatching(/^TypeError: /)],
  ])("gives the checks of the sample that fail for: %s", async (body, expected) => {
    expect(await failing(body)).toEqual(expected);
  });

  it("gives the exception of a function that raises, and no results", async () => {
    const block = "def _virtinst_rbd_patch(xml):\n    raise ValueError('no')\n";
    expect(await runFunction(pythons(), block, ["a"])).toMatchObject({ error: "ValueError: no", results: [], log: [] });
  });
});

describe("Python", () => {
  it("imports no module from the environment or the home directory of the caller", async () => {
    const home = temporaryFolder();
    const [python] = pythons() as [Python];
    const said = await runFunction([python], "", []);
    const site = join(home, `.local/lib/python${isSkipped(said) ? "" : said.version}/site-packages`);
    mkdirSync(site, { recursive: true });
    for (const name of ["json.py", "usercustomize.py", "sitecustomize.py"])
      for (const folder of [home, site]) writeFileSync(join(folder, name), "raise SystemExit('foreign')\n");
    vi.stubEnv("HOME", home);
    vi.stubEnv("PYTHONPATH", home);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await compile(python, "a = 1\n")).toEqual({ python, faults: [null] });
  });

  it("writes no byte code, and gets its request in ASCII", async () => {
    const folder = temporaryFolder();
    const python = stand(`echo "$1" > '${folder}/first'\ncat > '${folder}/request'\necho '${GREETING}'`);
    const texts = ["é€😀\t\n\x7f~ "];
    await runFunction([python], "block", texts);
    expect(readFileSync(join(folder, "first"), "utf8")).toBe("-B\n");
    const request = readFileSync(join(folder, "request"), "latin1");
    expect(request).toMatch(/^[ -~]+$/);
    expect(JSON.parse(request)).toEqual({ block: "block", run: texts });
  });
});

describe("a Python that does not work", () => {
  it.each([
    ["a program that is not Python", () => stand("exit 0"), /^\S+ failed \(it is not Python\)$/],
    ["one that greets otherwise", () => saying("Hello"), /^\S+ failed \(it is not Python\)$/],
    ["one that fails", () => stand("echo broken >&2; exit 3"), /^\S+ failed \(broken\)$/],
    ["one that is not there", () => ({ path: "/nowhere/python3", reason: "" }), /^\/nowhere\/python3 failed \(.+\)$/],
  ])("is skipped: %s", async (_, python, reason) => {
    const answer = await compile(python(), "a");
    expect(answer).toEqual({ skipped: expect.stringMatching(reason), died: false });
  });

  it.each([
    ["crashes", () => stand(`echo '${GREETING}'; echo dead >&2; exit 3`), "dead"],
    ["crashes after its answer", () => stand(`echo '${GREETING}'; echo '{"compile": [null]}'; exit 3`), ".+"],
    ["prints no JSON", () => saying(GREETING, "[null"), "it returned no result"],
  ])("is named if it %s, and no other is tried", async (_, dying, why) => {
    const python = dying();
    const answer = await compileTexts([python, ...pythons()], [utf8("a = 1")]);
    expect(answer).toEqual({
      skipped: expect.stringMatching(new RegExp(`^${python.path} crashed \\(${why}\\)$`)),
      died: true,
    });
  });

  const CHECK = '{"label": "a", "passed": true, "difference": ""}';
  it.each([
    ["results without a log", '{"results": ["a"]}'],
    ["a log that is not text", '{"results": ["a"], "log": [1]}'],
    ["no results", '{"results": [], "log": []}'],
    ["too many results", '{"results": ["a", "b"], "log": []}'],
    [
      "a check that does not say whether it passed",
      `{"results": ["a"], "log": [], "checks": [${CHECK.replace("true", "1")}]}`,
    ],
  ])("is one whose answer has %s", async (_, answer) => {
    expect(await runOn(saying(GREETING, answer), "a")).toMatchObject({ died: true });
  });
});
