import { documentsIn } from "../system/printed";
import { run } from "../system/run";

/** What `virt-install --print-xml` said. */
export interface PrintedXml {
  /** The domain's XML, each document in turn; empty where it failed. */
  readonly domains: readonly string[];
  /** What it said where it failed; null where it did not. */
  readonly error: string | null;
}

/**
 * Has virt-install print the domain that it would define for a volume. Nothing is defined or started.
 *
 * @param program the virt-install to run
 * @param uri libvirt's connection URI
 * @param volume `POOL/VOLUME`, as in `--disk vol=`
 */
export async function printXml(program: string, uri: string, volume: string): Promise<PrintedXml> {
  let { status, stdout, stderr, why } = await run(program, words(uri, volume), { env: ENVIRONMENT });
  // 4.0 and later want to know the guest's system, or to be told that it does not matter.
  if (status !== 0 && stderr.includes("--osinfo"))
    ({ stdout, why } = await run(program, [...words(uri, volume), "--osinfo", "detect=on,require=off"], {
      env: ENVIRONMENT,
    }));
  return why ? { domains: [], error: why } : { domains: documentsIn(stdout, ["domain"]), error: null };
}

/**
 * The files that virt-install takes its `virtinst` modules from, by Python's own account.
 *
 * @param file the module's file, relative to the folder that holds `virtinst`
 * @returns paths of source or byte code that end in that module's name
 */
export async function importedFrom(program: string, uri: string, volume: string, file: string): Promise<string[]> {
  const { stderr } = await run(program, words(uri, volume), { env: { ...ENVIRONMENT, PYTHONVERBOSE: "1" } });
  const name = (file.split("/").at(-1) as string).replace(/\.py$/, "");
  const folder = file.slice(0, file.lastIndexOf("/"));
  const path = new RegExp(`/${folder}/(?:__pycache__/)?${name}\\.(?:[\\w-]+\\.)?py[co]?$`);
  return [...new Set(stderr.split(/[\s'"]+/).filter((word) => word.startsWith("/") && path.test(word)))];
}

// Looking must not leave byte code behind.
const ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: "1" };

function words(uri: string, volume: string): string[] {
  const guest = ["--name", "virtinst-rbd-patch-proof", "--ram", "64", "--network", "none", "--graphics", "none"];
  return ["--connect", uri, "--print-xml", "--import", ...guest, "--check", "all=off", "--disk", `vol=${volume}`];
}
