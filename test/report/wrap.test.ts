import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Line } from "../../src/report/screen";
import { width, wrapped } from "../../src/report/wrap";

const wrap = (line: Line, columns: number) => wrapped([line], columns).slice(0, -1).split("\n");

it("what follows stands below the text", () => {
  expect(wrap({ lead: "  need  ", text: "one two three four five six seven eight nine" }, 40)).toEqual([
    "  need  one two three four five six",
    "        seven eight nine",
  ]);
});

it("a path that is longer than the line stands on a line of its own, and all that follows is indented as it is", () => {
  const path = "/usr/share/virt-manager/virtinst/install/installer.py";
  expect(wrap({ lead: "Need        ", text: `partial: ${path} copies a secret's uuid only` }, 60)).toEqual([
    "Need        partial:",
    `    ${path}`,
    "    copies a secret's uuid only",
  ]);
  expect(wrap({ lead: "file  ", text: path }, 55)).toEqual(["file", `  ${path}`]);
  expect(wrap({ lead: "file  ", text: path }, 30)).toEqual(["file", path]);
});

it("no word is broken, and no line is longer than the terminal but for one word", () => {
  const words = fc.array(fc.stringMatching(/^[\w/.-]{1,70}$/), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(words, fc.integer({ min: 20, max: 200 }), fc.nat(30), (all, columns, hang) => {
      const lines = wrap({ lead: "note: ", text: all.join(" "), hang }, columns);
      expect(lines.join(" ").split(/ +/).slice(1)).toEqual(all);
      for (const line of lines) if (line.length > columns) expect(line.trim()).not.toContain(" ");
    }),
  );
});

it("colours take no room, and a wide character takes two columns", () => {
  expect(wrap({ lead: "", text: "\u001b[31maaaa\u001b[39m bbbb" }, 9)).toHaveLength(1);
  expect(wrap({ lead: "", text: "\u6d77\u6d77\u6d77\u6d77 bbbb" }, 12)).toHaveLength(2);
  expect(width("\u6d77")).toBe(2);
});

it("what is no prose stays as it is", () => {
  const text = `      <disk ${"a ".repeat(99)}/>`;
  expect(wrap({ lead: "", text, kind: "verbatim" }, 40)).toEqual([text]);
});

it("a shell takes a command in pieces as it takes the whole", () => {
  const text = "printf '%s|' --virtinst='/srv/a b/c' --root=/mnt --pool-xml='it'\\''s  there.xml' 'x'";
  const said = (command: string) => spawnSync("sh", ["-c", command], { encoding: "utf8" }).stdout;
  expect(said(text)).toContain("it's  there.xml|");
  for (const columns of [20, 40, 60]) {
    const lines = wrap({ lead: "  ", text, hang: 6, kind: "command" }, columns);
    expect(lines.length).toBeGreaterThan(1);
    expect(said(lines.join("\n"))).toBe(said(text));
  }
});
