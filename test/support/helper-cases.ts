import { describe, expect, it } from "vitest";
import type { ResolvedPool } from "../../src/patch/pools";
import { type Call, INTERPRETERS, type Job, type Ran, runBlocks, type Value } from "./helper";
import type { Interpreter } from "./pythons";
import { THOROUGH } from "./runs";

export const UUID = "c4a5b2e6-0d6b-4d3c-9f43-0a8d2b1e7f10";
export const OTHER_UUID = "11111111-2222-3333-4444-555555555555";

/** The libvirt pool of a case that names no pools. */
export const VMS: ResolvedPool = {
  pool: "vms",
  cephPool: "rbd",
  monitors: [
    { name: "mon1", port: 6789 },
    { name: "mon2", port: 6789 },
    { name: "mon3", port: null },
  ],
  auth: { username: "libvirt", uuid: UUID },
};
/** The same without auth. */
export const FREE: ResolvedPool = { ...VMS, pool: "free", auth: null };

// What the function adds if the XML has no indentation.
export const AUTH = `<auth username="libvirt"><secret type="ceph" uuid="${UUID}"/></auth>`;
export const MON1 = '<host name="mon1" port="6789"/>';
export const MON2 = '<host name="mon2" port="6789"/>';
export const MON3 = '<host name="mon3"/>';
export const ALL = MON1 + MON2 + MON3;
/** The attributes of a source in the pool. */
export const RBD = 'protocol="rbd" name="rbd/a"';
/** A disk that lacks everything, and what becomes of it. */
export const BARE = `<disk><source ${RBD}/></disk>`;
export const DONE = `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`;

/** A domain with these disks, on one line. */
export const domain = (disks: string) => `<domain><devices>${disks}</devices></domain>`;

/** Elements of a disk as virtinst indents them, in their domain. */
export const indented = (source: string, auth = "") => `<domain type="kvm">
  <devices>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
${auth}${source}
      <target dev="vda" bus="virtio"/>
    </disk>
  </devices>
</domain>
`;
export const INDENTED_AUTH = `      <auth username="libvirt">
        <secret type="ceph" uuid="${UUID}"/>
      </auth>
`;
/** A domain as virtinst writes it, and what becomes of it. */
export const INDENTED = indented(`      <source ${RBD}>
        ${MON1}
      </source>`);
export const INDENTED_DONE = indented(
  `      <source ${RBD}>
        ${MON1}
        ${MON2}
        ${MON3}
      </source>`,
  INDENTED_AUTH,
);

/** Why a disk stays, as it is logged. */
export const left = (image: string, why: string) => `virtinst-rbd-patch: disk ${image} is left unchanged: it ${why}`;
/** Why an auth stays, as it is logged. */
export const leftAuth = (image: string, pools: string) =>
  `virtinst-rbd-patch: the auth of disk ${image} is left unchanged: it is not that of libvirt pool ${pools}`;
/** The log line if a whole document is left unchanged; the reason is a `repr`. */
export const FAILED = /^virtinst-rbd-patch: XML left unchanged: [A-Za-z]+\(.*\)$/;
/** The same for a document that the XML parser refuses. */
export const UNREADABLE = /^virtinst-rbd-patch: XML left unchanged: ParseError\(.+\)$/;

/** A text, and what the function has to make of it. */
export interface Case {
  readonly title: string;
  readonly xml: string;
  /** The same text by default. */
  readonly want?: string;
  readonly pools?: readonly ResolvedPool[];
  /** The lines that it logs, all as warnings; none by default. */
  readonly log?: readonly (string | RegExp)[];
}

/** A case whose texts are disks, in a domain. */
export const inDomain = ({ xml, want = xml, ...rest }: Case): Case => ({
  ...rest,
  xml: domain(xml),
  want: domain(want),
});

/** Checks what must hold for every call, with any input. */
export function expectSound(call: Call): void {
  expect(call.raised).toBeNull();
  expect(call.stable, "a second call changed it again").toBe(true);
  expect(call.same_type, "another type came back").toBe(true);
  for (const [level, logger, message] of call.log) {
    expect([level, logger]).toEqual(["WARNING", "virtinst.rbd_patch"]);
    expect(message).toMatch(/^[ -~]*$/);
  }
}

/** Expects what a case asks for, of each form of its text that a Python has. */
export function expectCase({ xml, want = xml, log = [] }: Omit<Case, "title">, calls: readonly Call[]): void {
  for (const call of calls) {
    expectSound(call);
    expect(call.text).toBe(want);
    expect(call.log.map(([, , message]) => message)).toEqual(
      log.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
  }
}

/** How many forms of a text a Python has: `unicode`, and `str` on 2.7. */
export const formsOf = ({ version }: Interpreter) => (version === "2.7" ? 2 : 1);

/** Calls the function for one pool with these values. */
export function run(interpreter: Interpreter, values: readonly Value[], job: Partial<Job> = {}): Ran {
  return runBlocks(interpreter, [{ pools: [VMS], values, ...job }])[0] as Ran;
}

/** Calls a function once and keeps its result; if it failed, every call fails. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  let calls = 0;
  return () => {
    if (!made && calls++ > 0) throw new Error("It failed in an earlier test.");
    made ??= { value: make() };
    return made.value;
  };
}

/** The Pythons that this machine has, oldest first. */
export const HERE = INTERPRETERS.filter(({ path }) => path !== null);

/** Python 2.7, whether or not it is there, and the newest. */
export const OLDEST_AND_NEWEST = [...new Set([INTERPRETERS[0], HERE.at(-1)])].flatMap((one) => one ?? []);

/** Those of this machine, and Python 2.7, whether or not it is there. */
const LISTED = INTERPRETERS.filter(({ version, path }) => path !== null || version === "2.7");

/** The Pythons to test on: with FAULTS=all each of this machine, otherwise the oldest and the newest. */
export const PYTHONS = THOROUGH ? LISTED : OLDEST_AND_NEWEST;

/** Defines tests for some Pythons; those for a Python that this machine does not have are skipped. */
export function onPythons(pythons: readonly Interpreter[], define: (interpreter: Interpreter) => void): void {
  for (const python of pythons) describe.skipIf(python.path === null)(`Python ${python.version}`, () => define(python));
}

/** Defines tests for each Python. One skipped test stands for all of a Python 3 that this machine does not have. */
export function onEachPython(define: (interpreter: Interpreter) => void): void {
  const missing = INTERPRETERS.filter((python) => !LISTED.includes(python)).map(({ version }) => version);
  it.skip.each(missing)("Python %s (skipped: not on this machine)", () => {});
  onPythons(LISTED, define);
}

/** Defines a test for each case on each Python, with one process a Python. */
export function testCases(cases: readonly Case[]): void {
  onEachPython((interpreter) => {
    const results = once(() =>
      runBlocks(
        interpreter,
        cases.map(({ pools = [VMS], xml }) => ({ pools, values: [["text", xml]] })),
      ),
    );
    it.each(cases.map((wanted, index) => [wanted.title, wanted, index] as const))("%s", (_, wanted, index) => {
      const calls = results()[index]?.calls[0] ?? [];
      expect(calls).toHaveLength(formsOf(interpreter));
      expectCase(wanted, calls);
    });
  });
}
