import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type DefaultTreeAdapterMap, parse } from "parse5";
import { describe, expect, test } from "vitest";
import { page, type ShownReport } from "../../src/report/page";
import { inline } from "../../src/report/text";
import { HOSTILE } from "../support/hostile";

type Node = DefaultTreeAdapterMap["node"];
type Element = DefaultTreeAdapterMap["element"];

/** All elements of a page, which has to be HTML without an error. */
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

/** A page of which every value from outside is this one. */
function filled(value: string, more: Partial<ShownReport> = {}): ShownReport {
  // A line break is where a difference is split, so that it can be no part of a line.
  const line = value.replaceAll("\n", "");
  const checks = [{ label: value, passed: false, difference: `x${line}x` }];
  return {
    ...{ host: value, source: value, release: value, file: value, sha256: value, shippedIn: [value] },
    ...{ state: "modified", stateReason: `x${value}`, affected: "yes", affectedReason: value },
    pools: [
      {
        ...{ pool: value, cephPool: value, monitors: [{ name: value, port: null }] },
        auth: { username: value, uuid: value },
      },
    ],
    behaviour: { status: "failed", reason: value, checks },
    install: { status: "failed", reason: value, checks, causes: [value] },
    volume: {
      ...{ status: "failed", reason: value, volume: value, schema: { status: "skipped", reason: value } },
      disks: [{ name: value, facts: [{ label: "user", expected: value, found: `x${line}x`, right: false }] }],
      causes: [value],
    },
    diff: `--- a\n+++ b\n@@ -1 +1 @@\n-${line}\n+${line}\n ${line}\n`,
    disk: { label: value, before: [{ text: value, own: true }], after: [{ text: value, own: false }] },
    notes: [value],
    ...{ exitCode: 1, words: [value], at: new Date("2026-01-02T03:04:05.678Z") },
    ...more,
  };
}

describe("whatever a value is, it is text", () => {
  const skeleton = (html: string) =>
    elements(html).map(({ tagName, attrs }) => [tagName, ...attrs.map(({ name, value }) => `${name}=${value}`)]);
  const plain = skeleton(page(filled("plain")));
  const values = [
    ...HOSTILE,
    "<script>alert(1)</script>",
    "</style><img src=x onerror='x'>",
    "{{verdict}}",
    "\u0000\u001b[31m",
  ];

  test.each(values)("%j", (value) => {
    const html = page(filled(value));
    expect(skeleton(html)).toEqual(plain);
    // Nothing in it is unseen, or turns what follows round.
    expect(html.replaceAll("\n", "")).toBe(inline(html.replaceAll("\n", "")));
    const shown = inline(value);
    expect(texts(html, "title")[0]).toContain(shown.trim());
    expect(texts(html, "th").filter((text) => text === shown)).toHaveLength(3);
    expect(texts(html, "dd").filter((text) => text === shown)).toHaveLength(4);
    expect(texts(html, "li").filter((text) => text === shown)).toHaveLength(4);
    expect(texts(html, "ins")).toEqual([`+${inline(value.replaceAll("\n", ""))}\n`]);
  });

  test("the template encodes all of it: no value goes round that", () => {
    expect(readFileSync("templates/report.html.hbs", "utf8")).not.toMatch(/\{\{(\{|&)/);
  });
});

describe("nothing is loaded, and nothing is run", () => {
  const html = page(filled("plain"));
  const all = elements(html);
  const style = texts(html, "style")[0] as string;

  test("no element and no attribute that could, and no style that does", () => {
    const tags = new Set(all.map(({ tagName }) => tagName));
    for (const tag of ["script", "link", "img", "iframe", "object", "embed", "form", "a", "base", "svg"])
      expect(tags).not.toContain(tag);
    const names = new Set(all.flatMap(({ attrs }) => attrs.map(({ name }) => name)));
    expect([...names].filter((name) => /^on|^style$|src|href/.test(name))).toEqual([]);
    expect(html).not.toMatch(/https?:|url\(|@import|@font-face/);
  });

  test("its policy allows its own style, and nothing else", () => {
    const hash = createHash("sha256").update(style).digest("base64");
    const policies = all.flatMap(({ attrs }) => attrs.filter(({ name }) => name === "content").map((one) => one.value));
    expect(policies[0]).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
  });

  test("headings step by one, and each heading of a table says what it heads", () => {
    const levels = all.flatMap(({ tagName }) => (/^h\d$/.test(tagName) ? [Number(tagName[1])] : []));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.slice(1).entries()) expect(level - (levels[index] as number)).toBeLessThan(2);
    for (const { attrs } of all.filter(({ tagName }) => tagName === "th"))
      expect(attrs.map(({ name }) => name)).toContain("scope");
    expect(all.find(({ tagName }) => tagName === "html")?.attrs).toEqual([{ name: "lang", value: "en" }]);
  });

  test("each colour of text has a contrast of 4.5 on what it stands on, in light and in dark", () => {
    const schemes = [...style.matchAll(/:root \{ (--fg.*?) \}/g)].map(
      ([, words]) =>
        new Map([...(words as string).matchAll(/--([\w-]+): #(\w{6})/g)].map(([, name, hex]) => [name, hex])),
    );
    expect(schemes).toHaveLength(2);
    const luminance = (hex: string) => {
      const [red = 0, green = 0, blue = 0] = (hex.match(/../g) as string[]).map((two) => {
        const part = Number.parseInt(two, 16) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const pairs = ["fg bg", "fg box", "soft bg", "soft box"];
    for (const kind of ["yes", "no", "part"]) pairs.push(`${kind} ${kind}-bg`, `fg ${kind}-bg`);
    for (const scheme of schemes)
      for (const pair of pairs) {
        const [a = 0, b = 0] = pair
          .split(" ")
          .map((name) => luminance(scheme.get(name) as string))
          .sort((one, two) => two - one);
        expect((a + 0.05) / (b + 0.05), pair).toBeGreaterThan(4.5);
      }
  });
});

describe("the verdict is first, as the exit code says it", () => {
  const passed = { status: "passed", reason: "by it", checks: [], causes: [] };
  const failed = { ...passed, status: "failed", checks: [{ label: "a disk", passed: false, difference: "d" }] };
  const unrun = { ...passed, status: "skipped", reason: "no Python" };
  const volume = { ...unrun, volume: "p/v", disks: [], schema: { status: "skipped", reason: "s" } };
  const none = { state: "not-patched", affected: "no", behaviour: unrun };
  const of = (more: Partial<ShownReport>) =>
    page(filled("x", { exitCode: 0, state: "current", behaviour: passed, install: passed, volume: null, ...more }));

  test.each<[string, string, Partial<ShownReport>]>([
    ["Patched and proved", "yes", {}],
    ["Patched; not all of it was proved", "part", { install: unrun }],
    ["Patched; not proved", "part", { behaviour: unrun, install: unrun }],
    ["No patch is needed: proved", "yes", none],
    ["No patch is needed; not proved", "part", { ...none, install: unrun }],
    ["Not patched", "no", { exitCode: 1, state: "not-patched", behaviour: unrun, install: unrun }],
    ["The patch is outdated", "no", { exitCode: 1, state: "outdated", install: unrun }],
    ["The patch is damaged", "no", { exitCode: 4, state: "damaged", behaviour: unrun }],
    ["Not verified: volume skipped", "no", { exitCode: 1, volume: { ...volume, causes: [] } }],
    ["Does not work: behaviour failed", "no", { exitCode: 5, behaviour: failed }],
    ["Does not work: behaviour and virt-install failed", "no", { exitCode: 5, behaviour: failed, install: failed }],
  ])("%s", (verdict, kind, more) => {
    const html = of(more);
    expect(texts(html, "h1")).toEqual([verdict]);
    expect(texts(html, "title")).toEqual([expect.stringMatching(`^${verdict} - x - virtinst-rbd-patch `)]);
    const box = elements(html).find(({ attrs }) => attrs.some(({ value }) => value.startsWith("verdict ")));
    expect(box?.attrs).toEqual([{ name: "class", value: `verdict ${kind}` }]);
    if (kind !== "yes") expect(texts(html, "h1").join()).not.toMatch(/and proved|: proved/);
  });

  test("what was not run is shown as that, with its reason, and what failed with what is wrong", () => {
    const html = of({ exitCode: 5, behaviour: failed, install: unrun });
    expect(texts(html, "h3").slice(0, 2)).toEqual([
      "The function in the file, run on a sample domain: failed",
      "The host's own virt-install, on libvirt's test driver: skipped",
    ]);
    expect(texts(html, "p")).toContain("no Python");
    expect(texts(html, "p")).toContain("The function in the file, run on a sample domain: failed: a disk.");
    expect(html).not.toMatch(/>passed</);
  });

  test("the time is the one that was given, in UTC, and the command line can be run again", () => {
    const html = of({ words: ["verify", "--pool", "it's", "--report", "a.html"] });
    expect(texts(html, "time")).toEqual(["2026-01-02 03:04:05 UTC"]);
    expect(texts(html, "footer")[0]).toContain("virtinst-rbd-patch verify --pool 'it'\\''s' --report a.html");
    expect(texts(html, "footer")[0]).toMatch(
      /Exit code 0\. Made by virtinst-rbd-patch \d.*, 2026-01-02 03:04:05 UTC\./,
    );
  });

  test("a file whose blocks are damaged has no difference to show, and one without blocks none", () => {
    expect(texts(of({ diff: null }), "p")).toContain("The blocks are damaged: what is theirs cannot be told.");
    expect(texts(of({ diff: "" }), "p")).toContain("No blocks.");
  });
});

describe("each part says what was found", () => {
  const facts = (html: string) =>
    Object.fromEntries(texts(html, "dt").map((name, at) => [name, texts(html, "dd")[at]]));
  const marks = (html: string) =>
    elements(html)
      .filter(({ attrs }) => attrs[0]?.value.startsWith("mark "))
      .map((one) => [one.attrs[0]?.value, textOf(one)]);
  const rows = (html: string) => elements(html).filter(({ tagName }) => tagName === "tr");

  test("what was looked at, known and unknown", () => {
    const known = { host: "hv01", source: "live libvirt", release: "1.4.0", file: "/vm/guest.py", sha256: "5f" };
    const why = { state: "outdated", stateReason: "old", affected: "yes", affectedReason: "so" };
    expect(facts(page(filled("x", { ...known, ...why })))).toEqual({
      ...{ Host: "hv01", Source: "live libvirt", "virt-manager": "release 1.4.0", File: "/vm/guest.py" },
      ...{ "SHA-256 without the patch": "5f", Patch: "outdated: old", Affected: "yes: so" },
    });
    const nothing = { host: null, source: null, release: null, file: null, sha256: null };
    const html = page(filled("x", { ...nothing, ...why }));
    expect(facts(html)).toMatchObject({
      ...{ Host: "unknown", Source: "unknown", "virt-manager": "unknown release", File: "unknown" },
      "SHA-256 without the patch": "unknown: the patch is damaged",
    });
    expect(texts(html, "p")[0]).toBe("unknown host, 2026-01-02 03:04:05 UTC");
  });

  test("a pool with monitors and a user, and one with neither", () => {
    const monitors = [
      { name: "mon1", port: 6789 },
      { name: "2001:db8::1", port: null },
    ];
    const full = { pool: "p", cephPool: "c", monitors, auth: { username: "u", uuid: "id" } };
    const html = page(filled("x", { pools: [full, { ...full, pool: "q", monitors: [], auth: null }] }));
    expect(rows(html).slice(1, 3).map(textOf)).toEqual([
      "pcmon1:67892001:db8::1uid",
      "qcnone listed: Ceph's own configuration decidesnonenone",
    ]);
    expect(texts(page(filled("x", { pools: [] })), "p")).toContain("None of type rbd.");
  });

  test("each proof and each check with its own outcome, what is wrong, and where to look", () => {
    const checks = [
      { label: "one", passed: true, difference: "" },
      { label: "two", passed: false, difference: "expected\ngot\n\n" },
    ];
    const fact = { label: "user", expected: "u", found: "v", right: false };
    const volume = { status: "passed", reason: "by it", volume: "p/v", schema: { status: "skipped", reason: "none" } };
    const html = page(
      filled("x", {
        behaviour: { status: "passed", reason: "by Python", checks },
        install: { status: "failed", reason: "by it", checks: [], causes: ["look here"] },
        volume: { ...volume, disks: [{ name: "vda", facts: [fact, { ...fact, right: true }] }], causes: [] },
      }),
    );
    expect(marks(html)).toEqual([
      ...[
        ["mark yes", "passed"],
        ["mark yes", "passed"],
        ["mark no", "failed"],
        ["mark no", "failed"],
      ],
      ...[
        ["mark yes", "passed"],
        ["mark no", "failed"],
        ["mark yes", "passed"],
        ["mark part", "skipped"],
      ],
    ]);
    const said = rows(html).map(textOf);
    expect(said).toEqual(expect.arrayContaining(["onepassed", "twofailed", "expected\ngot\n", "found: v\n"]));
    expect(said).toEqual(expect.arrayContaining(["vda: user ufailed", "vda: user upassed", "schema: noneskipped"]));
    expect(said).toHaveLength(2 + 1 + 3 + 1 + 4);
    expect(texts(html, "h3")).toContain("The host's own virt-install, for the volume p/v: passed");
    expect(texts(html, "li")).toContain("look here");
    expect(texts(html, "p").filter((text) => text === "Look at:")).toHaveLength(1);
  });

  const passed = { status: "passed", reason: "by it", checks: [{ label: "disk", passed: true, difference: "" }] };
  test.each([
    ["makes just this of it", passed],
    ["does not make this of it", { ...passed, checks: [{ label: "disk", passed: false, difference: "d" }] }],
    [
      "did not get that far",
      { ...passed, status: "failed", checks: [{ label: "other", passed: true, difference: "" }] },
    ],
    ["was skipped: no Python", { status: "skipped", reason: "no Python", checks: [] }],
  ])("of the disk, that the function %s", (words, behaviour) => {
    const html = page(
      filled("x", { behaviour, disk: { label: "disk", before: [{ text: "a", own: true }], after: [] } }),
    );
    expect(texts(html, "p").find((text) => text.includes("sample domain, as"))).toMatch(
      new RegExp(`^The disk, in .* asks for\\. The function in the file ${words}\\.$`),
    );
    expect(texts(html, "del")).toEqual(["a\n", "-x\n"]);
    expect(texts(page(filled("x", { behaviour, disk: null })), "p")).toContain(
      "The patch changes no disk of these pools.",
    );
  });

  test("of the difference, what is added, taken out and left, and its two files", () => {
    const html = page(filled("x", { disk: null, diff: "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-old\n+new\n left\n" }));
    const tags = ["b", "del", "ins"].map((tag) => texts(html, tag));
    expect(tags).toEqual([["--- a\n", "+++ b\n", "@@ -1,2 +1,2 @@\n"], ["-old\n"], ["+new\n"]]);
    expect(texts(html, "span")).toContain(" left\n");
  });

  test("why, under the verdict: the state, what is needed, what failed and what was not run", () => {
    const why = (more: Partial<ShownReport>) => {
      const html = page(filled("x", { volume: null, ...more }));
      const box = elements(html).find(({ attrs }) => attrs.some(({ value }) => value.startsWith("verdict ")));
      return box?.childNodes.filter((node) => "tagName" in node && node.tagName === "p").map(textOf);
    };
    const unrun = { status: "skipped", reason: "no Python", checks: [], causes: [] };
    const absent = {
      exitCode: 1,
      state: "not-patched",
      stateReason: "it has no blocks",
      affected: "yes",
      affectedReason: "so",
    };
    expect(why({ ...absent, behaviour: unrun, install: unrun })).toEqual(["It has no blocks. Affected: yes: so."]);
    expect(why({ ...absent, state: "current", behaviour: passed, install: unrun, exitCode: 0 })).toEqual([
      "It has no blocks.",
      "The host's own virt-install, on libvirt's test driver: skipped: no Python.",
    ]);
    const failed = { ...unrun, status: "failed", reason: "it ended" };
    expect(why({ ...absent, state: "modified", behaviour: passed, install: failed })).toEqual([
      "It has no blocks.",
      "The host's own virt-install, on libvirt's test driver: failed: it ended.",
    ]);
    const checks = [
      { label: "one", passed: true, difference: "" },
      { label: "two", passed: false, difference: "d" },
    ];
    expect(why({ ...absent, state: "modified", behaviour: passed, install: { ...failed, checks } })?.[1]).toMatch(
      /: failed: two\.$/,
    );
  });
});
