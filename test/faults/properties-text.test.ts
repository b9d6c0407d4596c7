import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Monitor, PoolFacts } from "../../src/patch/facts";
import { readFacts } from "../../src/patch/read-facts";
import { renderFunction } from "../../src/patch/render-function";
import { stripPatch } from "../../src/patch/strip";
import { ANY_FACTS, ANY_POOL } from "../support/any-text";
import { type Call, type Ran, runBlocks, type Tree } from "../support/helper";
import { domain, expectSound, formsOf, onPythons, PYTHONS } from "../support/helper-cases";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const ORIGINAL = { sha256: "a".repeat(64), modified: "1400000000.123456789" };
const CALL = `    # >>> virtinst-rbd-patch (see the end of this file)
    start_xml = _virtinst_rbd_patch(start_xml)
    final_xml = _virtinst_rbd_patch(final_xml)
    # <<< virtinst-rbd-patch
`;

describe("whatever the host's texts are", () => {
  it("a block is printable ASCII in one piece, and its facts come back", () => {
    fc.assert(
      fc.property(ANY_FACTS, (facts) => {
        const block = renderFunction(facts, ORIGINAL, CALL);
        expect(block).toMatch(/^[ -~\n]*$/);
        expect(readFacts(block)).toEqual(facts);
        const base = "import x\n";
        expect(stripPatch(base + CALL + block)).toMatchObject({
          state: "patched",
          base,
          patch: { intact: true, block },
        });
      }),
      { numRuns: RUNS(300, 50_000) },
    );
  });
});

/** A value as an attribute's text, all of it in references: shares nothing with the tool's own way. */
const references = (value: string) =>
  [...value].map((character) => `&#x${(character.codePointAt(0) as number).toString(16)};`).join("");

const hostText = ({ name, port }: Monitor) =>
  `<host name="${references(name)}"${port === null ? "" : ` port="${port}"`}/>`;

/** A domain with a disk of the pool, as virt-manager 1.2 to 1.4 writes it: the first monitor, no auth. */
const diskOf = ({ cephPool, monitors: [first] }: PoolFacts) =>
  domain(
    `<disk><source protocol="rbd" name="${references(`${cephPool}/virt-1`)}">${first ? hostText(first) : ""}</source></disk>`,
  );

/** What libvirt is told of a disk. */
interface Told {
  readonly auth: readonly Readonly<Record<"username" | "uuid" | "usage", string | undefined>>[];
  readonly image: string | undefined;
  readonly monitors: readonly Monitor[];
}

/** What a disk of the pool has to say in the end. */
const wanted = ({ cephPool, monitors, auth }: PoolFacts): Told => ({
  auth: auth ? [{ username: auth.username, uuid: auth.usage ? undefined : auth.uuid, usage: auth.usage }] : [],
  image: `${cephPool}/virt-1`,
  monitors,
});

type Node = readonly [
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  children: readonly Node[],
];

function told(root: Node): Told {
  const below = ([, , children]: Node, name: string) => children.filter(([own]) => own === name);
  const [disk] = below(root, "devices").flatMap((devices) => below(devices, "disk"));
  const [source] = disk ? below(disk, "source") : [];
  if (!disk || !source) throw new Error("the disk is gone");
  return {
    auth: below(disk, "auth").map((auth) => {
      const secret = below(auth, "secret").find(([, { type }]) => type === "ceph")?.[1];
      return { username: auth[1].username, uuid: secret?.uuid, usage: secret?.usage };
    }),
    image: source[1].name,
    monitors: below(source, "host").map(([, { name = "", port }]) => ({
      name,
      port: port === undefined ? null : Number(port),
    })),
  };
}

/** An element as the parser that the tool's own tests trust reads it. */
function node({ name, attributes, children }: XmlElement): Node {
  return [name, attributes, children.flatMap((child) => ("attributes" in child ? [node(child as XmlElement)] : []))];
}

function expectTold(call: Call, pool: PoolFacts): void {
  expectSound(call);
  // A text that names no pool for certain would be logged.
  expect(call.log).toEqual([]);
  expect(told(node(parseXml(call.text as string).root as XmlElement))).toEqual(wanted(pool));
  expect(told(call.tree as Tree)).toEqual(wanted(pool));
}

/** Whether a disk of one pool could be one of the other by its name. */
const mayBe = (one: PoolFacts, other: PoolFacts) => `${one.cephPool}/virt-1`.startsWith(`${other.cephPool}/`);

onPythons(PYTHONS, (python) => {
  /** Runs each case's block on a disk of each of its pools, all in one process. */
  function expectAll(cases: readonly (readonly PoolFacts[])[]): void {
    const jobs = cases.map((pools) => ({
      pools,
      tree: true,
      values: pools.map((pool) => ["text", diskOf(pool)] as const),
    }));
    for (const [index, { calls, names }] of (runBlocks(python, jobs) as Ran[]).entries()) {
      expect(names).toEqual(["_virtinst_rbd_patch"]);
      for (const [at, pool] of (cases[index] as PoolFacts[]).entries()) {
        expect(calls[at]).toHaveLength(formsOf(python));
        for (const call of calls[at] as Call[]) expectTold(call, pool);
      }
    }
  }

  it("a disk gets the very user, secret and monitors, whatever they and the pool are called", () => {
    const cases = fc.array(ANY_POOL, { minLength: 1, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(cases, (pools) => expectAll(pools.map((pool) => [pool]))),
      { numRuns: RUNS(3, 40) },
    );
  });

  it("of several pools in one block each disk gets its own", () => {
    const pools = fc
      .array(ANY_POOL, { minLength: 2, maxLength: 4 })
      .filter((all) => all.every((one) => all.every((other) => one === other || !mayBe(one, other))));
    const cases = fc.array(pools, { minLength: 1, maxLength: 40, size: "max" });
    fc.assert(fc.property(cases, expectAll), { numRuns: RUNS(2, 30) });
  });
});
