import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { findBlocks } from "../../src/patch/blocks";
import type { Monitor, PoolFacts } from "../../src/patch/facts";
import { readFacts } from "../../src/patch/read-facts";
import { render } from "../../src/patch/render";
import { ANY_FACTS, ANY_POOL } from "../support/any-text";
import { type Call, type Ran, runBlocks, type Tree } from "../support/helper";
import { domain, expectSound, formsOf, onPythons, PYTHONS } from "../support/helper-cases";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const PRISTINE = { sha256: "a".repeat(64), modified: "1400000000.123456789", lines: [2, 7] } as const;
const SITE = { variables: ["start_xml", "final_xml"], indent: "        " } as const;

describe("whatever the host's texts are", () => {
  it("a block is printable ASCII in one piece, and its facts come back", () => {
    fc.assert(
      fc.property(ANY_FACTS, (facts) => {
        const blocks = render(facts, PRISTINE, SITE);
        expect(blocks.helper + blocks.call).toMatch(/^[ -~\n]*$/);
        expect(readFacts(blocks.helper)).toEqual(facts);
        const found = findBlocks(`import x\n${blocks.helper}\n${blocks.call}`);
        expect(found).toMatchObject({ state: "present", intact: true, blocks });
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
  readonly auth: readonly { readonly username: string | undefined; readonly uuid: string | undefined }[];
  readonly image: string | undefined;
  readonly monitors: readonly Monitor[];
}

/** What a disk of the pool has to say in the end. */
const wanted = ({ cephPool, monitors, auth }: PoolFacts): Told => ({
  auth: auth ? [auth] : [],
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
    auth: below(disk, "auth").map((auth) => ({
      username: auth[1].username,
      uuid: below(auth, "secret").find(([, { type }]) => type === "ceph")?.[1].uuid,
    })),
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
