import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Source } from "../../src/patch/source";
import { HostFiles } from "../../src/system/host-files";
import { compileTexts, findPythons, isSkipped, type Python, runHelper } from "../../src/virtinst/python";
import { temporaryFolder } from "../support/cli";
import { patched } from "../support/patched";

const utf8 = (text: string): Source => ({ text, encoding: "utf8" });
const GREETING = '{"version": "3.11"}';

/** The Pythons of this machine, as a user's run of the tool finds them. */
function pythons(): readonly Python[] {
  const found = findPythons({ interpreter: null, program: null }, 3, { files: new HostFiles() });
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

const compile = (one: Python, ...texts: readonly string[]) => compileTexts([one], texts.map(utf8), "x.py");

describe("texts that Python compiles", () => {
  it("each has its answer: nothing, or what is wrong in which line", async () => {
    const [first] = pythons();
    const answer = await compileTexts(pythons(), [utf8("a = 1\n"), utf8("a = 1\nb = = 2\n")], "x.py");
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
    expect(await compileTexts(pythons(), sources, "é.py")).toMatchObject({
      faults: [null, expect.stringMatching(/^line 1 is not utf-8 text/), null, expect.stringMatching(/Error in line /)],
    });
  });

  it("are read by the first Python that works", async () => {
    const [works] = pythons() as [Python];
    const found = await compileTexts([{ path: "/nowhere/python3", reason: "" }, works], [utf8("a = 1")], "x.py");
    expect(found).toEqual({ python: works, faults: [null] });
  });
});

describe("a block that Python runs", () => {
  it("gives what it made of each text, of none too, and what it logged", async () => {
    const block = `def _virtinst_rbd_patch(xml):
    import logging
    logging.getLogger().warning("met %s", xml)
    return xml and xml + u"\\xe9"
`;
    const said = await runHelper(pythons(), block, ["a", null]);
    expect(said).toMatchObject({
      version: expect.stringMatching(/^3\.\d+$/),
      error: null,
      results: [
        { xml: expect.stringMatching(/^a/), stable: false, same_text: true },
        { xml: null, stable: true, same_text: true },
      ],
    });
    expect(isSkipped(said) ? [] : said.log).toContain("met a");
  });

  it("is the tool's own as well", async () => {
    const before =
      '<domain><devices><disk type="network" device="disk"><source protocol="rbd" name="vms/a"/></disk></devices></domain>';
    const said = await runHelper(pythons(), patched().block, [before]);
    expect(said).toMatchObject({ error: null, results: [{ stable: true, same_text: true }] });
    expect(isSkipped(said) ? null : said.results[0]?.xml).toContain('<auth username="libvirt">');
  });

  it("may raise: that is its error, and there are no results", async () => {
    const block = "def _virtinst_rbd_patch(xml):\n    raise ValueError('no')\n";
    expect(await runHelper(pythons(), block, ["a"])).toMatchObject({ error: "ValueError: no", results: [], log: [] });
  });
});

describe("a Python is started", () => {
  it("without modules of the caller's environment and home", async () => {
    const home = temporaryFolder();
    const [python] = pythons() as [Python];
    const said = await runHelper([python], "", []);
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
    const texts = ["é€😀\t\n\x7f~ ", null];
    await runHelper([python], "block", texts);
    expect(readFileSync(join(folder, "first"), "utf8")).toBe("-B\n");
    const request = readFileSync(join(folder, "request"), "latin1");
    expect(request).toMatch(/^[ -~]+$/);
    expect(JSON.parse(request)).toEqual({ block: "block", run: texts });
  });
});

describe("what did not work is no answer", () => {
  it("nobody who was asked is one", async () => {
    expect(await compileTexts([], [utf8("a")], "x.py")).toEqual({ skipped: "", died: false });
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
    expect(await compileTexts([one, two], [utf8("a")], "x.py")).toEqual({
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
    const answer = await compileTexts([python, ...pythons()], [utf8("a = 1")], "x.py");
    expect(answer).toEqual({
      skipped: expect.stringMatching(new RegExp(`^${python.path} died over it \\(${why}\\)$`)),
      died: true,
    });
  });
});
