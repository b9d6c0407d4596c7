import { hostname } from "node:os";
import { Failure } from "./failure";
import type { HostConfig } from "./host/config";
import { isAnyMachine } from "./host/here";
import { TARGET_FILES } from "./virtinst/find";
import { isOwnVirtinst, type Target, type TargetOptions } from "./virtinst/target";

/**
 * Refuses the configuration of one host together with the virtinst of another: the patch would fit neither.
 *
 * @throws Failure (facts), unless virtinst was named (`--virtinst`) or is that of a mounted system (`--root`)
 */
export function refuseOtherMachine(
  { config }: { readonly config: HostConfig },
  { installation, examined }: Target,
  options: TargetOptions,
): void {
  if (!isOwnVirtinst(options)) return;
  const { host, source, elsewhere, virtinst: theirs } = config;
  // A host file without a hostname, or of localhost, is of another host if its virtinst has other content.
  const unlike = (host === null || isAnyMachine(host)) && theirs?.sha256 != null && theirs.sha256 !== examined.baseHash;
  if (!elsewhere && !unlike) return;
  const their = host === null ? "another host" : `host ${host}`;
  throw new Failure(
    "facts",
    `${source}: this is the configuration of ${their}, but ${installation.target.outside} is on this host, ${hostname()}.`,
    `Run this on ${their}, or copy its virtinst and name the copy: ${fetching(host, theirs?.file ?? null)}.`,
  );
}

/** A note if a host file of this machine was written while virtinst had other content; none otherwise. */
export function olderDocument(
  { config: { virtinst: theirs, source } }: { readonly config: HostConfig },
  { installation, examined }: Target,
  options: TargetOptions,
): string[] {
  if (!isOwnVirtinst(options) || theirs?.sha256 == null || theirs.sha256 === examined.baseHash) return [];
  return [
    `${source} was written when ${installation.target.outside} had other content. Check that it is of this host, or write it again.`,
  ];
}

/** The commands that copy the virtinst of another host to this one; a name that a shell would interpret is left out. */
function fetching(host: string | null, file: string | null): string {
  const target = TARGET_FILES.find((name) => file?.endsWith(`/${name}`));
  const directory = target && file ? file.slice(0, -target.length - 1) : "/usr/share/virt-manager";
  const [from, below] = [
    /^[\w.-]+$/.test(host ?? "") ? host : "HOST",
    /^[\w./-]+$/.test(directory) ? directory : "PATH",
  ];
  // Old releases have a version file in virtcli, newer ones have no such directory.
  const tar = `tar -c --ignore-failed-read -C ${below} virtinst virtcli`;
  return `mkdir DIR && ssh ${from} ${tar} | tar -x -C DIR, then --virtinst DIR`;
}
