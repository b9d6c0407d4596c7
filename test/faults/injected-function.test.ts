import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { groupPools, mergePools } from "../../src/patch/merge";
import { type CephPool, overlap, type ResolvedPool, sameCredentials, splitMonitor } from "../../src/patch/pools";
import { readCephPools } from "../../src/patch/read-pools";
import { renderFunction } from "../../src/patch/render-function";
import { sampleDomain } from "../../src/patch/sample";
import { stripPatch } from "../../src/patch/strip";
import { ANY_CEPH_POOLS, ANY_POOL, ANY_TEXT } from "../support/any-text";
import { type Call, type Ran, runBlocks } from "../support/helper";
import {
  BARE,
  DONE,
  domain,
  expectSound,
  FAILED,
  OLDEST_AND_NEWEST,
  onPythons,
  PYTHONS,
  VMS,
} from "../support/helper-cases";
import { expectRight } from "../support/helper-oracle";
import { RANDOM_DISK, RANDOM_POOLS } from "../support/helper-random";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

it("a function block is printable ASCII with any names of pools, and the pools can be read from it", () => {
  const original = { sha256: "a".repeat(64), modified: "1400000000.123456789" };
  const call = `    # >>> virtinst-rbd-patch (see the end of this file)
    start_xml = _virtinst_rbd_patch(start_xml)
    final_xml = _virtinst_rbd_patch(final_xml)
    # <<< virtinst-rbd-patch
`;
  const LONG_CEPH_POOLS = ANY_TEXT.map((part): CephPool[] => {
    const text = part.repeat(10_000 / part.length);
    return [{ libvirtPools: [text], name: text, monitors: [], auth: { username: text, uuid: "", usage: text } }];
  });
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: ANY_CEPH_POOLS }, LONG_CEPH_POOLS), (pools) => {
      const block = renderFunction(pools, original, call);
      expect(block).toMatch(/^[ -~\n]*$/);
      expect(readCephPools(block)).toEqual(pools);
      const base = "import x\n";
      const patch = { intact: true, block };
      expect(stripPatch(base + call + block)).toMatchObject({ state: "patched", base, patch });
    }),
    { numRuns: RUNS(300, 50_000) },
  );
});

describe("a disk gets the user, secret and monitors of its own pool, with any names:", () => {
  /** An attribute as virt-manager does not write it: every character is a reference. */
  const references = (value: string) =>
    [...value].map((character) => `&#x${(character.codePointAt(0) as number).toString(16)};`).join("");
  /** A domain with a disk of the pool, as virt-manager 1.2 to 1.4 writes it: the first monitor, no auth. */
  const diskOf = ({ cephPool, monitors: [first] }: ResolvedPool) => {
    const port = first?.port ? ` port="${first.port}"` : "";
    const host = first ? `<host name="${references(first.name)}"${port}/>` : "";
    return domain(`<disk><source protocol="rbd" name="${references(`${cephPool}/virt-1`)}">${host}</source></disk>`);
  };
  const mayBe = (one: ResolvedPool, other: ResolvedPool) => `${one.cephPool}/virt-1`.startsWith(`${other.cephPool}/`);
  const pools = fc
    .array(ANY_POOL, { minLength: 1, maxLength: 4 })
    .filter((all) => all.every((one) => all.every((other) => one === other || !mayBe(one, other))));

  onPythons(PYTHONS, (python) => {
    it("a domain for each pool is changed as an independent implementation changes it, and nothing is logged", () => {
      fc.assert(
        fc.property(fc.array(pools, { minLength: 1, maxLength: 60, size: "max" }), (hosts) => {
          const jobs = hosts.map((pools) => ({ pools, texts: pools.map(diskOf) }));
          expect(expectRight(python, jobs)).toBe(0);
        }),
        { numRuns: RUNS(3, 60) },
      );
    });
  });
});

describe("the sample domain of verify", () => {
  // Beginnings of the name of the Ceph pool that the sample uses for a disk of another cluster.
  const FOREIGN = "virtinst-rbd-patch-foreign";
  const LIKE_FOREIGN = ["v", "virt", "x", "x-", "x-x", FOREIGN, `${FOREIGN}-1`, `x-${FOREIGN}`, `${FOREIGN}/virt-1`];
  /** The pools of a cluster have the same credentials, or each user has one secret: `resolvePools` refuses others. */
  const fits = (cluster: ResolvedPool[]) => {
    const logins = groupPools(cluster, sameCredentials).length;
    const users = new Set(cluster.map(({ auth }) => auth?.username));
    return logins === 1 || (!users.has(undefined) && users.size === logins);
  };
  /** What `resolvePools` does with the monitors of a pool. */
  const split = (pool: ResolvedPool) => ({ ...pool, monitors: pool.monitors.flatMap(splitMonitor) });
  const POOLS = fc
    .array(
      fc.oneof(
        ANY_POOL,
        fc.tuple(ANY_POOL, fc.constantFrom(...LIKE_FOREIGN)).map(([pool, cephPool]) => ({ ...pool, cephPool })),
        RANDOM_POOLS.map(([pool]) => pool as ResolvedPool),
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((pools) => pools.map(split).map((one, index): ResolvedPool => ({ ...one, pool: `${index}${one.pool}` })))
    .filter((all) => groupPools(all, overlap).every(fits));

  it("has a last disk that is in none of the pools and stays unchanged, with any pools", () => {
    fc.assert(
      fc.property(POOLS, (pools) => {
        const { before, after, disks } = sampleDomain(pools);
        const foreign = disks.at(-1);
        expect(foreign?.before).toBe(foreign?.after);
        expect(before).toContain(foreign?.before);
        expect(after).toContain(foreign?.after);
        const [, image] = / protocol="rbd" name="([^"]*)"/.exec(foreign?.before ?? "") ?? [];
        expect(mergePools(pools).some(({ name }) => image?.startsWith(`${name}/`))).toBe(false);
      }),
      { numRuns: RUNS(200, 20_000) },
    );
  });

  onPythons(PYTHONS, (python) => {
    it("is changed to exactly what verify expects, and is not changed again", () => {
      fc.assert(
        fc.property(fc.array(POOLS, { minLength: 1, maxLength: 40, size: "max" }), (hosts) => {
          const samples = hosts.map((pools) => ({ pools, ...sampleDomain(pools) }));
          const jobs = samples.map(({ pools, before, after }) => ({
            pools,
            values: [before, after].map((text) => ["text", text] as const),
          }));
          for (const [index, { calls }] of runBlocks(python, jobs).entries())
            for (const call of calls.flat()) {
              expectSound(call);
              expect(call.text).toBe(samples[index]?.after);
            }
        }),
        { numRuns: RUNS(3, 20) },
      );
    });
  });
});

const filled = (piece: string, size: number) => piece.repeat(Math.max(1, Math.floor(size / piece.length)));

/** What can make a domain big: each makes content for an element, of about as many characters. */
const STUFFINGS = {
  "disks of files": (size: number) => filled("<disk type='file'><source file='/rbd'/></disk>\r\n", size),
  "a comment": (size: number) => `<!--${filled(" <disk type='network'> - -> ' \"", size)} -->`,
  comments: (size: number) => filled("<!-- <source protocol='rbd' name='rbd/a'/> -->\n", size),
  CDATA: (size: number) => `<![CDATA[${filled("< <disk> ]] > </devices> &x; <!-- ", size)}]]>`,
  "an attribute": (size: number) => `<a b='${filled(`> " /> = &lt;disk&gt; `, size)}'/>`,
  attributes: (size: number) => `<a${Array.from({ length: size / 10 }, (_, at) => ` b${at}="'"`).join("")}/>`,
  "elements inside each other": (size: number) => filled("<a>".repeat(300) + "</a>".repeat(300), size),
  elements: (size: number) => filled("<a b = 'c'  />\n<d></d >", size),
  "white space": (size: number) => `${" ".repeat(size / 4)}${filled("\r\n \t", size / 2)}${"\n".repeat(size / 4)}`,
  instructions: (size: number) => filled("<?x <disk> ? > ?>", size),
  references: (size: number) => filled("&amp;&#65;&#x1f600; \u00e9\u{1F600} ", size),
} satisfies Record<string, (size: number) => string>;
const KINDS = Object.keys(STUFFINGS) as (keyof typeof STUFFINGS)[];

describe("a big domain is completed as a small one is:", () => {
  // Small ones too: a failure shrinks to them.
  const size = fc.integer({ min: 2, max: RUNS(13, 18) }).map((power) => 2 ** power);
  const stuffing = fc.tuple(fc.constantFrom(...KINDS), size);
  /** A domain with something big before, between, in and behind its disks. */
  const BIG = fc
    .tuple(
      fc.array(fc.tuple(RANDOM_DISK, stuffing), { maxLength: 3 }),
      stuffing,
      fc.constantFrom("metadata", "devices", "name"),
    )
    .map(([disks, [first, much], place]) => {
      const texts = disks.map(([disk, [what, size]], index) => {
        const big = STUFFINGS[what](size);
        return index % 2 ? disk.replace(/(?=<driver)/, () => `<x>${big}</x>`) : disk + big;
      });
      const before = `<${place}>${STUFFINGS[first](much)}</${place}>`;
      const text = `<domain type="kvm">${before}<devices>${texts.join("")}</devices></domain>`;
      return { text, [fc.toStringMethod]: () => JSON.stringify({ disks, first, much, place }) };
    });

  onPythons(OLDEST_AND_NEWEST, (python) => {
    it("random domains with random pools are changed as an independent implementation changes them", () => {
      fc.assert(
        fc.property(RANDOM_POOLS, fc.array(BIG, { minLength: 1, maxLength: 4 }), (pools, domains) => {
          expectRight(python, [{ pools, texts: domains.map(({ text }) => text) }]);
        }),
        // A failure with megabytes shrinks for ever.
        { numRuns: RUNS(8, 60), interruptAfterTimeLimit: TIMEOUT / 2 },
      );
    });

    it("a domain with many disks, or up to 10 MB of anything else, is changed as an independent implementation does", () => {
      const size = RUNS(60_000, 10_000_000);
      expectRight(python, [{ pools: [VMS], texts: [domain(filled(BARE, size))] }]);
      for (const kind of KINDS)
        expectRight(python, [{ pools: [VMS], texts: [domain(`${BARE}<x>${STUFFINGS[kind](size)}</x>${BARE}`)] }]);
    });

    // Python 2.7 walks a tree by recursion, and so leaves what is too deep for it.
    it("a domain with thousands of elements inside each other is completed, or logged and left unchanged", () => {
      const depths = [500, 900, 1000, 5000, RUNS(10_000, 200_000)];
      const deep = (disk: string, depth: number) =>
        domain(`${disk}<x>${"<a>".repeat(depth)}${"</a>".repeat(depth)}</x>`);
      const values = depths.map((depth) => ["text", deep(BARE, depth)] as const);
      const [{ calls }] = runBlocks(python, [{ pools: [VMS], values }]) as [Ran];
      for (const [index, depth] of depths.entries())
        for (const call of calls[index] as Call[]) {
          expectSound(call);
          if (call.text === deep(DONE, depth)) continue;
          expect(depth).toBeGreaterThan(500);
          expect(call.text).toBe(deep(BARE, depth));
          expect(call.log.map(([, , message]) => message)).toEqual([expect.stringMatching(FAILED)]);
        }
    });
  });
});
