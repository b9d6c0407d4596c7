import { hostname } from "node:os";
import { Failure } from "./failure";
import type { HostConfig } from "./host/config";
import { isAnyMachine } from "./host/here";
import { DISK_CODE } from "./virtinst/affected";
import { VERSION_FILES } from "./virtinst/find";
import { TARGET_FILES } from "./virtinst/layouts";
import { isOwnVirtinst, type Target, type TargetOptions } from "./virtinst/target";

/**
 * Refuses the facts of one machine with the virtinst that was found on another: what came of it would fit neither.
 *
 * @throws Failure (facts), unless the virtinst was named (`--virtinst`) or is that of a mounted system (`--root`)
 */
export function refuseOtherMachine(
  { config }: { readonly config: HostConfig },
  { installation, examined }: Target,
  options: TargetOptions,
): void {
  if (!isOwnVirtinst(options)) return;
  const { host, source, elsewhere, virtinst: theirs } = config;
  // A document that names no host, or localhost, is another's where its file is another.
  const unlike = (host === null || isAnyMachine(host)) && theirs?.sha256 != null && theirs.sha256 !== examined.baseHash;
  if (!elsewhere && !unlike) return;
  const their = host === null ? "another host" : `host ${host}`;
  const release = (one: string | null) => (one === null ? "of an unknown release" : `of release ${one}`);
  throw new Failure(
    "facts",
    `${source}: these are the facts of ${their}${theirs ? `, with a virtinst ${release(theirs.release)}` : ""}; what was found here, on ${hostname()}, is ${installation.target.outside} ${release(installation.release)}.`,
    `Run this on ${their}; or fetch the files that are needed, and name them: ${fetching(host, theirs?.file ?? null)}.`,
  );
}

/** What is to be said of a document of this machine that knew another file, in sentences. */
export function olderDocument(
  { config: { virtinst: theirs, source } }: { readonly config: HostConfig },
  { installation, examined }: Target,
  options: TargetOptions,
): string[] {
  if (!isOwnVirtinst(options) || theirs?.sha256 == null || theirs.sha256 === examined.baseHash) return [];
  return [
    `${source} was made beside another file than ${installation.target.outside} is now (release ${theirs.release ?? "unknown"} then, ${installation.release ?? "unknown"} now): make it anew, or look whether it is this host's.`,
  ];
}

/** How the needed files of another host come here: the file to patch, the disk code, and the file with the version. */
function fetching(host: string | null, file: string | null): string {
  const own = TARGET_FILES.find((target) => file?.endsWith(`/${target}`));
  const folder = own && file ? file.slice(0, -own.length - 1) : "/usr/share/virt-manager";
  const names = [...(own ? [own] : TARGET_FILES), ...DISK_CODE, ...VERSION_FILES.map(([name]) => name)];
  const there = host !== null && /^[\w.-]+$/.test(host) ? host : "HOST";
  // Each release has some of these files only.
  const tar = `tar -c --ignore-failed-read -C ${/^[\w./-]+$/.test(folder) ? folder : "FOLDER"} ${names.join(" ")}`;
  return `mkdir DIR && ssh ${there} ${tar} | tar -x -C DIR, then --virtinst DIR`;
}
