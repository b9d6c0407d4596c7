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
export function printXml(program: string, uri: string, volume: string): PrintedXml {
  let { status, stdout, stderr, fault } = run(program, words(uri, volume), { env: ENVIRONMENT });
  // 4.0 and later want to know the guest's system, or to be told that it does not matter.
  if (status !== 0 && stderr.includes("--osinfo"))
    ({ status, stdout, stderr, fault } = run(program, [...words(uri, volume), "--osinfo", "detect=on,require=off"], {
      env: ENVIRONMENT,
    }));
  if (status !== 0)
    return { domains: [], error: fault ?? (stderr.trim().split("\n").slice(-3).join(" ") || `exit ${status}`) };
  return { domains: stdout.match(/<domain[\s>][\s\S]*?<\/domain>/g) ?? [], error: null };
}

/**
 * The files that virt-install takes its `virtinst` modules from, by Python's own account.
 *
 * @param file the module's file, relative to the folder that holds `virtinst`
 * @returns paths of source or byte code that end in that module's name
 */
export function importedFrom(program: string, uri: string, volume: string, file: string): string[] {
  const { stderr } = run(program, words(uri, volume), { env: { ...ENVIRONMENT, PYTHONVERBOSE: "1" } });
  const name = (file.split("/").at(-1) as string).replace(/\.py$/, "");
  const folder = file.slice(0, file.lastIndexOf("/"));
  const path = new RegExp(`/[^\\s'"]*/${folder}/(?:__pycache__/)?${name}\\.(?:[\\w-]+\\.)?py[co]?`, "g");
  return [...new Set(stderr.match(path) ?? [])];
}

// Looking must not leave byte code behind.
const ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: "1" };

function words(uri: string, volume: string): string[] {
  const guest = ["--name", "virtinst-rbd-patch-proof", "--ram", "64", "--network", "none", "--graphics", "none"];
  return ["--connect", uri, "--print-xml", "--import", ...guest, "--check", "all=off", "--disk", `vol=${volume}`];
}
