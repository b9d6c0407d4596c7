import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { mergePools } from "../../src/patch/merge";
import type { ResolvedPool } from "../../src/patch/pools";
import { renderFunction } from "../../src/patch/render-function";
import { sampleDomain } from "../../src/patch/sample";
import { rawLiteral, renderStandalone, type StandaloneContent } from "../../src/patch/standalone";
import { VERSION } from "../../src/version";
import { pythonMajor, TARGET_FILES } from "../../src/virtinst/find";
import { PYTHONS } from "../support/helper-cases";
import { HOSTILE } from "../support/hostile";

// Texts that could end a literal, begin a marker, or take the place of a placeholder.
const NAMES = [
  ...HOSTILE,
  ...[
    "''",
    "''''",
    "'''''",
    "\\'''",
    "''\\",
    "'''+__import__(\"os\")+r'''",
    "# original:\n# block:\n",
    'CHECK_PROGRAM = ""\n',
  ],
  ...["\n# <<< configuration\n", "\n# >>> configuration\n", "$&$1$`", "{}", "@", "x".repeat(300), "\ud800"],
];
const pools: readonly ResolvedPool[] = NAMES.map((name, index) => ({
  pool: name,
  cephPool: `c${index}${name}`,
  monitors: [{ name: `m${index}${name.replaceAll("\n", "")}`, port: index === 0 ? null : 6789 }],
  auth: index === 1 ? null : { username: name, uuid: `uuid-${index}`, ...(index % 2 ? { usage: name } : {}) },
}));
const cephPools = mergePools(pools);
const CONTENT: StandaloneContent = {
  host: NAMES.join(""),
  source: `a file with ${NAMES.join(" and ")}`,
  pools: NAMES,
  cephPools,
  affected: [
    { affected: "unknown", reason: "%s" },
    ...NAMES.map((name) => ({ affected: "yes", reason: `%s, and ${name}` })),
  ],
  notes: [NAMES, []],
  verifyNotes: NAMES,
  refused: { message: NAMES.join(), hint: "choose" },
  sample: sampleDomain(pools),
  node: { before: "<node>\n", after: "</node>\n" },
  cdrom: "vol=x",
  checked: pools.map(({ pool }) => ({
    pool,
    listed: true,
    byUser: false,
    xml: "<pool/>\n",
    disk: "d",
    image: "i",
    auth: true,
  })),
};
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** The constants that a Python finds in a script. */
function read(python: string, script: string): Record<string, unknown> {
  const code =
    'import sys, json\nmade = {"__name__": "script"}\nexec(compile(sys.stdin.read(), "script", "exec"), made)\nprint(json.dumps([made[name] for name in "VERSION FORM CONFIG FUNCTION CHECK_PROGRAM LAYOUTS".split()]))';
  const { stdout, stderr } = spawnSync(python, ["-c", code], { input: script, encoding: "utf8" });
  if (stderr) throw new Error(stderr);
  const [version, form, config, block, program, layouts] = JSON.parse(stdout);
  return { version, form, config, block, program, layouts };
}

describe.each(PYTHONS.map(({ version, path }) => [version, path] as const))("Python %s", (_, path) => {
  it.skipIf(path === null)("reads what was rendered, with any names", () => {
    const { version, form, config, block, program, layouts } = read(path as string, renderStandalone(CONTENT));
    expect([version, form]).toEqual([VERSION, 1]);
    expect(config).toEqual({
      ...{ host: wellFormed(CONTENT.host as string), source: wellFormed(CONTENT.source) },
      pools: NAMES.map(wellFormed),
      affected: CONTENT.affected.map(({ affected, reason }) => [affected, wellFormed(reason)]),
      notes_without_auth: NAMES.map(wellFormed),
      verify_notes: NAMES.map(wellFormed),
      notes: [],
      refused: [wellFormed(NAMES.join()), "choose"],
      labels: CONTENT.sample.disks.map(({ label }) => wellFormed(label)),
      sample: [CONTENT.sample.before, CONTENT.sample.after],
      node: ["<node>\n", "</node>\n"],
      cdrom: "vol=x",
      disks: CONTENT.checked.map((one) => ({ ...one, pool: wellFormed(one.pool) })),
    });
    const original = { sha256: "1".repeat(64), modified: "0.123456789" };
    expect(String(block).split("# original:\n# block:\n")).toHaveLength(2);
    expect(String(block).replace(/^# (?:original|block):$/gm, "$&")).toBe(
      renderFunction(cephPools, original, "").replace(/^(# (?:original|block):).*$/gm, "$1"),
    );
    expect(program).toBe(readFileSync("templates/run.py", "utf8"));
    expect(layouts).toEqual(TARGET_FILES.map((file) => [file, String(pythonMajor(file))]));
  });
});

test("a script is printable ASCII, and the same for the same content", () => {
  const script = renderStandalone(CONTENT);
  expect(script).toMatch(/^[\n -~]+$/);
  expect(renderStandalone(CONTENT)).toBe(script);
});

test("the configuration has short values on one line, and the pieces and items of long ones on lines of their own", () => {
  const config = (source: string, pools: string[]) => renderStandalone({ ...CONTENT, host: null, source, pools });
  const [a, b, line, long] = [37, 38, 77, 78].map((length) => "x".repeat(length)) as [string, string, string, string];
  expect(config(line, [a, b])).toContain(
    `    "host": None,\n    "source": u"${line}",\n    "pools": [u"${a}", u"${b}"],\n`,
  );
  expect(config(`${long} ${long}`, [b, b])).toContain(
    `    "source": (\n        u"${long} "\n        u"${long}"),\n    "pools": [\n        u"${b}",\n        u"${b}",\n    ],\n`,
  );
  expect(config(long, [])).toContain(`    "source": (\n        u"${long}"),\n    "pools": [],\n`);
});

test("outside the configuration, the script is the same for every host", () => {
  const rest = (script: string) => {
    const parts = script.split(/^# (?:>>>|<<<) configuration\n/m);
    expect(parts).toHaveLength(3);
    return [parts[0], parts[2]];
  };
  const other = { ...CONTENT, host: null, theirs: null, refused: null, pools: ["p"], cephPools: cephPools.slice(0, 1) };
  expect(rest(renderStandalone(other))).toEqual(rest(renderStandalone(CONTENT)));
});

test.each(["a\\'\n", "no newline", "\u00e9\n", "a\n\u00e9\n", "\t\n"])(
  "text that a raw literal cannot contain is refused: %j",
  (text) => {
    expect(() => rawLiteral(text)).toThrow(RangeError);
  },
);
