import { createHash } from "node:crypto";
import { type DefaultTreeAdapterMap, parse } from "parse5";
import { describe, expect, test } from "vitest";
import { inline } from "../../src/output/escape";
import { page, type Report } from "../../src/output/page";
import { HOSTILE } from "../support/hostile";

type Node = DefaultTreeAdapterMap["node"];
type Element = DefaultTreeAdapterMap["element"];

/** All elements of a page, which must be valid HTML. */
function elements(html: string): Element[] {
  const errors: string[] = [];
  const document = parse(html, { onParseError: ({ code }) => errors.push(code) });
  expect(errors).toEqual([]);
  const below = (node: Node): Element[] => [
    ...("tagName" in node ? [node] : []),
    ...("childNodes" in node ? node.childNodes.flatMap(below) : []),
  ];
  return below(document);
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

const texts = (html: string, tag: string) =>
  elements(html)
    .filter(({ tagName }) => tagName === tag)
    .map(textOf);

/** A report in which every value from outside is this one. */
function filled(value: string, more: Partial<Report> = {}): Report {
  // A difference is split at line breaks, so no line contains one.
  const line = value.replaceAll("\n", "");
  const checks = [{ label: value, passed: false, difference: `x${line}x` }];
  return {
    ...{ command: "verify", pools: [], host: value, source: value, release: value, file: value, sha256: value },
    ...{ state: "modified", stateReason: `x${value}`, affected: "yes", affectedReason: value },
    resolved: [
      {
        ...{ pool: value, cephPool: value, monitors: [{ name: value, port: null }] },
        auth: { username: value, uuid: value },
      },
    ],
    behaviour: { status: "failed", reason: value, checks },
    install: { status: "failed", reason: value, checks, causes: [value] },
    volume: {
      ...{ status: "failed", reason: value, volume: value, schema: { status: "skipped", reason: value } },
      disks: [{ name: value, values: [{ label: "user", expected: value, found: `x${line}x`, right: false }] }],
      causes: [value],
    },
    diff: `--- a\n+++ b\n@@ -1 +1 @@\n-${line}\n+${line}\n ${line}\n`,
    disk: { label: value, before: [{ text: value, own: true }], after: [{ text: value, own: false }] },
    notes: [value],
    ...{ exitCode: 1, words: [value], at: new Date("2026-01-02T03:04:05.678Z") },
    ...more,
  };
}

const OUTSIDE = [
  ...HOSTILE,
  ...["<script>alert(1)</script>", "</style><img src=x onerror='x'>", "{{verdict}}", "\u0000\u001b[31m"],
];

test.each(OUTSIDE)("the value %j from outside is shown as text, and never becomes markup", (value) => {
  const skeleton = (html: string) =>
    elements(html).map(({ tagName, attrs }) => [tagName, ...attrs.map(({ name, value }) => `${name}=${value}`)]);
  const html = page(filled(value));
  expect(skeleton(html)).toEqual(skeleton(page(filled("plain"))));
  // No invisible character, and none that changes the direction of the text.
  expect(html.replaceAll("\n", "")).toBe(inline(html.replaceAll("\n", "")));
  const shown = inline(value);
  expect(texts(html, "title")[0]).toContain(shown.trim());
  expect(["th", "dd", "li"].map((tag) => texts(html, tag).filter((text) => text === shown).length)).toEqual([3, 5, 4]);
  expect(texts(html, "ins")).toEqual([`+${inline(value.replaceAll("\n", ""))}\n`]);
});

test("the page loads and runs nothing, and its Content-Security-Policy allows its own style only", () => {
  const html = page(filled("plain"));
  const all = elements(html);
  const tags = new Set(all.map(({ tagName }) => tagName));
  for (const tag of ["script", "link", "img", "iframe", "object", "embed", "form", "a", "base", "svg"])
    expect(tags).not.toContain(tag);
  const attributes = all.flatMap(({ attrs }) => attrs);
  expect(attributes.filter(({ name }) => /^on|^style$|src|href/.test(name))).toEqual([]);
  expect(html).not.toMatch(/https?:|url\(|@import|@font-face/);
  const hash = createHash("sha256").update(String(texts(html, "style")[0]));
  const policy = `default-src 'none'; style-src 'sha256-${hash.digest("base64")}'; base-uri 'none'; form-action 'none'`;
  expect(html).toContain(`\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n`);
});

const passed = { status: "passed", reason: "by it", checks: [], causes: [] } as const;
const failed = {
  status: "failed",
  reason: "by it",
  causes: ["a cause"],
  checks: [
    { label: "one", passed: true, difference: "" },
    { label: "two", passed: false, difference: "expected\ngot\n\n" },
  ],
} as const;
const skipped = { status: "skipped", reason: "no Python", checks: [], causes: [] } as const;
const working = { exitCode: 0, state: "current", behaviour: passed, install: passed, volume: null } as const;
const of = (more: Partial<Report>) => page(filled("x", { ...working, ...more }));

describe("the verdict of the page", () => {
  const volume = { ...skipped, volume: "p/v", disks: [], schema: { status: "skipped", reason: "s" } } as const;
  const none = { state: "not-patched", affected: "no", behaviour: skipped } as const;

  test.each<[string, string, Partial<Report>]>([
    ["Patched (verified)", "yes", {}],
    ["Patched (partly verified)", "part", { install: skipped }],
    ["No patch is needed (verified)", "yes", none],
    ["No patch is needed (not verified)", "part", { ...none, install: skipped }],
    ["Not patched", "no", { exitCode: 1, state: "not-patched", behaviour: skipped, install: skipped }],
    ["The patch is outdated", "no", { exitCode: 1, state: "outdated", install: skipped }],
    ["The patch is damaged", "no", { exitCode: 4, state: "damaged", behaviour: skipped }],
    ["Not verified: volume p/v skipped", "no", { exitCode: 1, volume }],
    ["Does not work: function failed", "no", { exitCode: 5, behaviour: failed }],
  ])("is %s", (verdict, kind, more) => {
    const html = of(more);
    expect(texts(html, "h1")).toEqual([verdict]);
    expect(texts(html, "title")).toEqual([expect.stringContaining(`${verdict} - x - virtinst-rbd-patch `)]);
    expect(html).toContain(`<div class="verdict ${kind}">`);
  });

  test("is followed by the state, whether the host is affected, and the failed and skipped checks", () => {
    const state = { stateReason: "it has no patch", affected: "yes", affectedReason: "so" } as const;
    const lines = (more: Partial<Report>) => {
      const box = elements(of({ ...state, ...more })).find(({ attrs }) => attrs[0]?.value.startsWith("verdict "));
      return box?.childNodes.filter((node) => "tagName" in node && node.tagName === "p").map(textOf);
    };
    expect(lines({ exitCode: 1, state: "not-patched", behaviour: skipped, install: skipped })).toEqual([
      "It has no patch. Affected: yes: so.",
    ]);
    expect(lines({ install: skipped })).toEqual(["It has no patch.", "virt-install skipped: no Python."]);
    expect(lines({ exitCode: 5, install: failed })).toEqual(["It has no patch.", "virt-install failed: two."]);
  });
});

describe("the page shows", () => {
  const facts = (html: string) =>
    Object.fromEntries(texts(html, "dt").map((name, at) => [name, texts(html, "dd")[at]]));
  const rows = (html: string) => elements(html).filter(({ tagName }) => tagName === "tr");

  test("the host and its virtinst", () => {
    const known = { host: "hv01", source: "live libvirt", release: "1.4.0", file: "/vm/guest.py", sha256: "5f" };
    const why = { state: "outdated", stateReason: "old", affected: "yes", affectedReason: "so" } as const;
    expect(facts(of({ ...known, ...why }))).toEqual({
      ...{ Host: "hv01", Source: "live libvirt", "virt-manager": "1.4.0", File: "/vm/guest.py" },
      ...{ "SHA-256 without the patch": "5f", Patch: "outdated: old", Affected: "yes: so" },
    });
  });

  test("each group of checks and each check with its status, what is wrong, and possible causes", () => {
    const value = { label: "user", expected: "u", found: "v", right: false };
    const schema = { status: "skipped", reason: "none" } as const;
    const disks = [{ name: "vda", values: [value, { ...value, right: true }] }];
    const volume = { ...passed, volume: "p/v", disks, schema };
    const html = of({ behaviour: passed, install: failed, volume });
    const marks = elements(html).filter(({ attrs }) => attrs[0]?.value.startsWith("mark "));
    expect(marks.map((one) => `${one.attrs[0]?.value}: ${textOf(one)}`)).toEqual([
      ...["mark yes: passed", "mark no: failed", "mark yes: passed", "mark no: failed"],
      ...["mark yes: passed", "mark no: failed", "mark yes: passed", "mark part: skipped"],
    ]);
    expect(rows(html).slice(2).map(textOf)).toEqual([
      ...["CheckResult", "onepassed", "twofailed", "expected\ngot\n"],
      ...["CheckResult", "vda: user is ufailed", "found: v\n", "vda: user is upassed", "the domain is validskipped"],
      "none\n",
    ]);
    expect(texts(html, "li")).toContain("a cause");
  });

  const disk = { label: "two", before: [{ text: "a", own: true }], after: [{ text: "b", own: true }] };
  test.each([
    ["did not return a disk", { ...failed, checks: [] }],
    ["was not run: no Python", skipped],
  ])("the sample disk, and that the function %s", (words, behaviour) => {
    const html = of({ behaviour, disk });
    expect(texts(html, "p").find((text) => text.includes("sample domain. Before: as"))).toMatch(
      new RegExp(`^The two in .* of the pool\\. The function in the file ${words}\\.$`),
    );
    expect([texts(html, "del")[0], texts(html, "ins")[0]]).toEqual(["a\n", "b\n"]);
  });
});
