import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Sample, sampleDomain } from "../../src/patch/sample";
import type { Source } from "../../src/patch/source";
import { HostFiles } from "../../src/system/host-files";
import { compileTexts, findPythons, isSkipped, type Python, runFunction } from "../../src/virtinst/python";
import { temporaryFolder } from "../support/cli";
import { patched } from "../support/patched";

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
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, reason: "test" };
}

/** One that reads its request, and says these lines. */
const saying = (...lines: readonly string[]) =>
  stand(`cat > /dev/null\n${lines.map((line) => `echo '${line}'`).join("\n")}`);

const compile = (one: Python, ...texts: readonly string[]) => compileTexts([one], texts.map(utf8));
const runOn = (one: Python, text: string, sample?: Sample) => runFunction([one], "", [text], sample);

describe("texts that Python compiles", () => {
  it("each has its answer: nothing, or what is wrong in which line", async () => {
    const [first] = pythons();
    const answer = await compileTexts(pythons(), [utf8("a = 1\n"), utf8("a = 1\nb = = 2\n")]);
    expect(answer).toEqual({ python: first, faults: [null, "SyntaxError in line 2"] });
  });

  it("are compiled as the bytes that they stand for", async () => {
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

  it("are read by the first Python that works", async () => {
    const [works] = pythons() as [Python];
    const found = await compileTexts([{ path: "/nowhere/python3", reason: "" }, works], [utf8("a = 1")]);
    expect(found).toEqual({ python: works, faults: [null] });
  });
});

const [REST, COMPLETE] = ["the rest of the domain stays as it is", "complete disks stay as they are"];

describe("a block that Python runs", () => {
  it("gives what it made of each text, and what it logged", async () => {
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
    ["return xml or ''", ["no XML stays none (--import)"]],
    ["return xml + ''", expect.stringMatching(/^TypeError: /)],
  ])("%s: each check fails for what it names", async (body, expected) => {
    expect(await failing(body)).toEqual(expected);
  });

  it("is the tool's own as well", async () => {
    const before =
      '<domain><devices><disk type="network" device="disk"><source protocol="rbd" name="vms/a"/></disk></devices></domain>';
    const said = await runFunction(pythons(), patched().block, [before]);
    expect(said).toMatchObject({ error: null });
    expect(isSkipped(said) ? null : said.results[0]).toContain('<auth username="libvirt">');
  });

  it("may raise: that is its error, and there are no results", async () => {
    const block = "def _virtinst_rbd_patch(xml):\n    raise ValueError('no')\n";
    expect(await runFunction(pythons(), block, ["a"])).toMatchObject({ error: "ValueError: no", results: [], log: [] });
  });
});

describe("a Python is started", () => {
  it("without modules of the caller's environment and home", async () => {
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

  it("so that it leaves no byte code behind, with a request in ASCII, whatever is in it", async () => {
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

describe("what did not work is no answer", () => {
  it("nobody who was asked is one", async () => {
    expect(await compileTexts([], [utf8("a")])).toEqual({ skipped: "", died: false });
  });

  it.each([
    ["a program that is no Python", () => stand("exit 0"), /^\S+ failed \(it is no Python\)$/],
    ["one that greets otherwise", () => saying("Hello"), /^\S+ failed \(it is no Python\)$/],
    ["one that greets with nothing", () => saying("null", '{"compile": [null]}'), /^\S+ failed \(it is no Python\)$/],
    ["one that fails", () => stand("echo broken >&2; exit 3"), /^\S+ failed \(broken\)$/],
    ["one that is not there", () => ({ path: "/nowhere/python3", reason: "" }), /^\/nowhere\/python3 failed \(.+\)$/],
  ])("%s is passed over", async (_, python, reason) => {
    const answer = await compile(python(), "a");
    expect(answer).toEqual({ skipped: expect.stringMatching(reason), died: false });
  });

  it("all that were passed over are named", async () => {
    const [one, two] = [stand("exit 0"), stand("exit 0")];
    expect(await compileTexts([one, two], [utf8("a")])).toEqual({
      skipped: `${one.path} failed (it is no Python), ${two.path} failed (it is no Python)`,
      died: false,
    });
  });

  it.each([
    ["dies of it", () => stand(`echo '${GREETING}'; echo dead >&2; exit 3`), "dead"],
    ["dies of it behind its answer", () => stand(`echo '${GREETING}'; echo '{"compile": [null]}'; exit 3`), ".+"],
    ["says no more", () => saying(GREETING), "it gave no answer"],
    ["says what is no JSON", () => saying(GREETING, "[null"), "it gave no answer"],
  ])("a Python that %s is named, and no other is asked", async (_, dying, why) => {
    const python = dying();
    const answer = await compileTexts([python, ...pythons()], [utf8("a = 1")]);
    expect(answer).toEqual({
      skipped: expect.stringMatching(new RegExp(`^${python.path} crashed \\(${why}\\)$`)),
      died: true,
    });
  });

  const CHECK = '{"label": "a", "passed": true, "difference": ""}';
  it.each([
    ["results and a log", '{"results": ["a"], "log": ["b"]}'],
    ["a result of nothing", '{"results": [null], "log": []}'],
    ["an error and a log", '{"error": "E", "results": [7], "log": []}'],
  ])("that of a block has %s", async (_, answer) => {
    const { results, error = null, log } = JSON.parse(answer);
    expect(await runOn(saying(GREETING, answer), "a")).toMatchObject({
      version: "3.11",
      results: error ? [] : results,
      error,
      log,
    });
  });

  it.each([
    ["results without a log", '{"results": ["a"]}'],
    ["an error without a log", '{"error": "E"}'],
    ["a log of something else", '{"results": ["a"], "log": [1]}'],
    ["a log without results", '{"log": []}'],
    ["an error of something else", '{"error": 1, "log": []}'],
    ["no results", '{"results": [], "log": []}'],
    ["too many results", '{"results": ["a", "b"], "log": []}'],
    ["a number as XML", '{"results": [1], "log": []}'],
    ["a check without a label", `{"results": ["a"], "log": [], "checks": [${CHECK.replace("label", "x")}]}`],
    [
      "a check that does not say whether it passed",
      `{"results": ["a"], "log": [], "checks": [${CHECK.replace("true", "1")}]}`,
    ],
  ])("that of a block has not %s", async (_, answer) => {
    expect(await runOn(saying(GREETING, answer), "a")).toMatchObject({ died: true });
  });

  it("that of a sample has more checks than disks", async () => {
    const sample = { before: "", after: "", disks: [{ label: "a", before: "", after: "" }] };
    const answer = (...checks: string[]) => saying(GREETING, `{"results": ["a"], "log": [], "checks": [${checks}]}`);
    expect(await runOn(answer(CHECK), "a", sample)).toMatchObject({ died: true });
    expect(await runOn(answer(CHECK, CHECK), "a", sample)).toMatchObject({ error: null, checks: [{ label: "a" }, {}] });
  });
});
