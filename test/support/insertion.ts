import { spawnSync } from "node:child_process";
import { inject } from "vitest";
import { Failure } from "../../src/failure";
import { insertPatch } from "../../src/patch/render-function";
import { decode, encode } from "../../src/patch/source";
import { CEPH_POOLS, MODIFIED, NAMED } from "./patched";

/** A file with a `_build_xml`, as Latin-1 text of its bytes. */
export interface Variant {
  readonly title: string;
  readonly text: string;
}

/** What the tool makes of it: the patched file, as Latin-1 text; null if it refuses, with the reason. */
export interface Patched extends Variant {
  readonly patched: string | null;
  readonly refusal: string;
}

/** Patches a variant. Anything but a Failure of the kind "target" is an error. */
export function patchVariant({ title, text }: Variant): Patched {
  const source = decode(Buffer.from(text, "latin1"));
  try {
    const patched = encode(insertPatch(source, MODIFIED, CEPH_POOLS.slice(0, 1), NAMED)).toString("latin1");
    return { title, text, patched, refusal: "" };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== "target") throw error;
    return { title, text, patched: null, refusal: error.message };
  }
}

/** What is wrong with the patched variants, by Python's own parser: a line each. */
export function findWrong(variants: readonly Patched[]): string[] {
  const patched = variants.filter((variant) => variant.patched !== null);
  const python3 = inject("interpreters")
    .filter(({ path }) => path !== null)
    .at(-1)?.path as string;
  const { status, stdout, stderr } = spawnSync(python3, ["-B", "-E", "-s", "test/support/insertion.py"], {
    input: JSON.stringify(patched.map(({ text, patched }) => [text, patched])),
    env: { PYTHONIOENCODING: "utf-8", LC_ALL: "C.UTF-8" },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  const faults: (string | null)[] = JSON.parse(stdout);
  return patched.flatMap(({ title, text }, at) => (faults[at] ? [`${title}: ${faults[at]}\n${text}`] : []));
}
