import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { GRAMMAR } from "../../src/patch/blocks";
import { type BundleContent, type BundleHost, renderBundle } from "../../src/patch/bundle";
import { factsDigest } from "../../src/patch/facts";
import { sampleDomain } from "../../src/patch/sample";
import { VERSION } from "../../src/version";
import { onPythons, PYTHONS } from "../support/helper-cases";

const HOSTILE = ["'''+__import__(\"os\")+'''", 'a\\"b\n# <<< rendered', "\u{1f600}é$&$1%s{}", "x".repeat(300), "\\'''"];
const pools = HOSTILE.map((name, index) => ({
  pool: name,
  cephPool: `c${index}${name.slice(0, 20).replace(/[\n"'<&]/g, "")}`,
  monitors: [{ name: `m${index}`, port: index === 0 ? null : 6789 }],
  auth: index === 1 ? null : { username: `u${index}`, uuid: `2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b${index}` },
}));
const facts = pools.map(({ pool, cephPool, monitors, auth }) => ({
  libvirtPools: [pool],
  name: cephPool,
  monitors,
  auth,
}));
const file = (
  sha256: string,
  releases: readonly string[],
  lines: readonly [number, number],
  variables: readonly string[],
) => ({
  ...{ sha256: sha256.repeat(64), releases, lines, variables },
  indent: variables[0] === "a" ? "\t" : "        ",
});
const CONTENT: BundleContent & BundleHost = {
  host: "hv\u00e9",
  source: "a file\nwith 'quotes', and so many words that its text has to be written in several pieces, a line each",
  theirs: null,
  facts,
  needs: [{ need: "partial", reason: `%s, and ${HOSTILE.join()}` }],
  temporary: /^\.x$/,
  releases: [["virtinst/r.py", /^v = ["'](\S+)["']/m]],
  notes: [["untold", "twice"], ["told"]],
  refused: { message: "two \\ users", hint: "choose" },
  files: [
    file("a", ["1.2.0", "1.2.1"], [3, 40], ["a", "b"]),
    file("b", [], [5, 60], ["c", "b"]),
    file("c", [], [7, 80], ["c", "b"]),
  ],
  layouts: [
    { file: "virtinst/x.py", python: 3 },
    { file: "virtinst/y.py", python: 2 },
  ],
  sample: sampleDomain(pools),
  node: { before: "<node>'''", after: "</node>\n", cdrom: "vol=x" },
  proved: pools.map(({ pool, auth }, index) => ({
    ...{
      pool,
      listed: index > 0,
      byUser: index === 2,
      xml: `<pool n="${index}"/>\n`,
      disk: `d${index}`,
      image: `i${index}`,
    },
    ...{ user: auth?.username ?? null, uuid: auth?.uuid ?? null, monitors: [["m", index === 0 ? null : "6789"]] },
  })),
};

/** What a Python takes the rendered constants for. */
function read(python: string, program: string): Record<string, unknown> {
  const names =
    "VERSION FORMAT FORM HOST SOURCE THEIRS POOLS FACTS NOTES REFUSED NEEDS FILES LAYOUTS CALLS SAMPLE DISKS NODE NODE_POOLS MARKER FOREIGN STATED DIGEST_LINE TEMPORARY RELEASES WORDS FUNCTION SECOND";
  const code = `import sys, json\nmade = {"__name__": "bundle"}\nexec(compile(sys.stdin.read(), "bundle", "exec"), made)\nprint(json.dumps(dict((name, made[name]) for name in "${names}".split())))`;
  const { stdout, stderr } = spawnSync(python, ["-c", code], { input: program, encoding: "utf8" });
  if (stderr) throw new Error(stderr);
  return JSON.parse(stdout);
}

onPythons(PYTHONS, (python) => {
  describe("a bundle holds just what it was given", () => {
    const path = python.path as string;
    const made = () => read(path, renderBundle(CONTENT)(CONTENT));

    it("its host and its facts", () =>
      expect(made()).toMatchObject({
        ...{ VERSION, FORMAT: 2, FORM: 1, HOST: CONTENT.host, SOURCE: CONTENT.source, THEIRS: null, POOLS: HOSTILE },
        ...{ FACTS: factsDigest(facts), NOTES: CONTENT.notes },
        NEEDS: CONTENT.needs.map(({ need, reason }) => [need, reason]),
        REFUSED: ["two \\ users", "choose"],
      }));

    it("the files that it knows, each with its own calls", () => {
      const { FILES, LAYOUTS, CALLS } = made();
      expect(FILES).toEqual({
        ["a".repeat(64)]: ["1.2.0 1.2.1", 3, 40, 0],
        ["b".repeat(64)]: ["", 5, 60, 1],
        ["c".repeat(64)]: ["", 7, 80, 1],
      });
      expect(LAYOUTS).toEqual([
        ["virtinst/x.py", "3"],
        ["virtinst/y.py", "2"],
      ]);
      expect((CALLS as string[]).map((call) => call.split("\n")[1])).toEqual([
        "\ta = _virtinst_rbd_patch(a)",
        "        c = _virtinst_rbd_patch(c)",
      ]);
    });

    it("the sample domain, before and after", () => {
      const { SAMPLE, DISKS } = made();
      const [head, tail] = SAMPLE as [string, string];
      const disks = DISKS as [string, string, string][];
      for (const [index, whole] of [CONTENT.sample.before, CONTENT.sample.after].entries())
        expect(head + disks.map((disk) => disk[index + 1]).join("") + tail).toBe(whole);
      expect(disks.map(([label]) => label)).toEqual(CONTENT.sample.disks.map(({ label }) => label));
    });

    it("the pools for virt-install", () => {
      const { NODE, NODE_POOLS } = made();
      expect(NODE).toEqual(["<node>'''", "</node>\n", "vol=x"]);
      expect(NODE_POOLS).toEqual(CONTENT.proved.map(({ byUser, ...one }) => ({ ...one, "by user": byUser })));
    });

    it("the tool's own grammar", () => {
      const { MARKER, FOREIGN, STATED, DIGEST_LINE, TEMPORARY, RELEASES } = made();
      expect([MARKER, FOREIGN, STATED, DIGEST_LINE]).toEqual(Object.values(GRAMMAR));
      expect([TEMPORARY, RELEASES]).toEqual(["^\\.x$", [["virtinst/r.py", "(?m)^v = [\"'](\\S+)[\"']"]]]);
    });

    it("its second half, as it stands in the template, which is a program as a whole", () => {
      const { SECOND } = made();
      const template = readFileSync("templates/bundle.py", "utf8");
      expect(template).toContain(`# >>> SECOND${SECOND}# <<< SECOND`);
      expect(read(path, template)).toMatchObject({ VERSION: "0.0.0", SECOND: "" });
    });

    it("the block's text around what depends on the file", () => {
      const { WORDS, FUNCTION } = made();
      expect(WORDS).toMatch(/^# >>> virtinst-rbd-patch [\s\S]*\n# format: 2\n$/);
      expect(FUNCTION).toMatch(/^def _virtinst_rbd_patch\(xml\):\n[\s\S]*\n# <<< virtinst-rbd-patch\n$/);
    });
  });
});

test("a bundle is plain ASCII, and the same for the same content", () => {
  expect(renderBundle(CONTENT)(CONTENT)).toMatch(/^[\n\t -~]+$/);
  expect(renderBundle(CONTENT)(CONTENT)).toBe(renderBundle(CONTENT)(CONTENT));
  expect(renderBundle({ ...CONTENT, refused: null })({ ...CONTENT, host: null, theirs: "d".repeat(64) })).toMatch(
    /^HOST = None\n[\s\S]*^THEIRS = "d{64}"\n[\s\S]*^REFUSED = None\n/m,
  );
});

test("outside two marks a bundle is the same for every host, so that it is read once", () => {
  const rest = (program: string) => {
    const parts = program.split(/^# (?:>>>|<<<) rendered.*\n/m);
    expect(parts).toHaveLength(3);
    return [parts[0], parts[2]];
  };
  const [first] = facts;
  const other = { ...CONTENT, facts: [first], host: "hv2", source: "\n# <<< rendered\n", files: [CONTENT.files[0]] };
  expect(rest(renderBundle(other as BundleContent)(other))).toEqual(rest(renderBundle(CONTENT)(CONTENT)));
});
