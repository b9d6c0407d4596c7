import { join } from "node:path";
import { quoted } from "../failure";
import type { Pool } from "../host/config";
import { isMonitorList } from "../patch/pools";
import type { WrittenDisk } from "../patch/sample";
import type { HostFiles } from "../system/host-files";
import type { Installation } from "./find";

/** Whether a host is affected. This depends on its pools and on the disk code of virtinst. */
export interface Affected {
  readonly affected: "yes" | "no" | "unknown" | "unsupported";
  /** Why, in a sentence without its full stop. */
  readonly reason: string;
}

/** The fields of a pool that decide whether the host is affected. */
export type PoolNeeds = Pick<Pool, "name" | "monitors" | "auth">;

/**
 * Whether this virtinst omits something that disks of the pools need. Checks the installed disk code and not the
 * version, because distributions backport changes.
 *
 * @param pools the pools that the patch is for; empty on a host without pools
 */
export function findAffected(installation: Installation, pools: readonly PoolNeeds[], files: HostFiles): Affected {
  const found = readDiskCode(installation, files);
  return found ? judge(found.path, kindOf(found.code), pools) : judge(installation.file, "not found", pools);
}

/** The kinds of disk code, by what it writes for a volume of an rbd pool. */
const KINDS = ["not found", "no network disks", "first monitor only", "auth by uuid"] as const;

/**
 * The result for each kind of disk code, in the order of KINDS, with `%s` for the path of the disk code; if it was not
 * found, `%s` is the file to patch.
 */
export function affectedBy(pools: readonly PoolNeeds[]): Affected[] {
  return KINDS.map((kind) => judge("%s", kind, pools));
}

/** Whether the installed disk code copies the auth of a pool, which includes the user; false if it is not found. */
export function copiesAuth(installation: Installation, files: HostFiles): boolean {
  return COPIES_AUTH.test(readDiskCode(installation, files)?.code ?? "");
}

/** What the installed disk code writes for a volume of each pool; if not found, assumes the code of 1.2 to 1.4. */
export function writtenDisks(
  installation: Installation,
  pools: readonly PoolNeeds[],
  files: HostFiles,
): (pool: string) => WrittenDisk {
  const copied = copiesAuth(installation, files);
  return (name) => {
    const { monitors = [], auth = null } = pools.find((pool) => pool.name === name) ?? {};
    if (!copied) return { monitors: monitors.slice(0, 1), auth: null };
    const secret = auth && "uuid" in auth.secret ? auth.secret : {};
    return { monitors, auth: auth && { username: auth.username, ...secret } };
  };
}

/** The installed disk code without its comments, and its path for messages. */
function readDiskCode({ directory }: Installation, files: HostFiles): { path: string; code: string } | null {
  for (const file of DISK_CODE) {
    const code = files.readText(join(directory.inside, file));
    if (code !== null) return { path: join(directory.outside, file), code: code.replace(/^[ \t]*#.*$/gm, "") };
  }
  return null;
}

function kindOf(code: string): (typeof KINDS)[number] {
  if (!WRITES_NETWORK_DISKS.test(code)) return "no network disks";
  return COPIES_AUTH.test(code) ? "auth by uuid" : "first monitor only";
}

function judge(path: string, kind: (typeof KINDS)[number], pools: readonly PoolNeeds[]): Affected {
  if (pools.length === 0) return { affected: "no", reason: "this host has no rbd pool" };
  if (kind === "not found") return { affected: "unknown", reason: `${NOT_FOUND} ${path}` };
  const yes = (reason: string): Affected => ({ affected: "yes", reason: `${path} ${reason}` });
  const no = (reason: string): Affected => ({ affected: "no", reason: `${path} ${reason}` });
  if (kind === "no network disks")
    return { affected: "unsupported", reason: `${path} writes no network disks: upgrade to virt-manager 1.2 or later` };
  const named = (some: readonly PoolNeeds[], one: string, several: string) =>
    `${quoted(some.map(({ name }) => name))} ${some.length > 1 ? several : one}`;
  const lists = pools.filter(({ monitors }) => monitors.some(isMonitorList));
  if (lists.length > 0)
    return yes(`copies each <host> of a pool unchanged, and ${named(lists, "lists", "list")} several monitors in one`);
  if (kind === "first monitor only")
    return pools.some(({ auth, monitors }) => auth !== null || monitors.length > 1)
      ? yes("copies only the first monitor of a pool, and no auth")
      : no("copies only the first monitor of a pool, and no pool has several monitors or auth");
  const byUsage = pools.filter(({ auth }) => auth && "usage" in auth.secret);
  if (byUsage.length === 0) return no("copies auth and all monitors, and no pool names its secret by usage");
  const byName = named(byUsage, "names its secret", "name theirs");
  return yes(`copies a secret only if the pool names it by uuid, and ${byName} by usage`);
}

/** The files that may contain virtinst's disk code: of 2.0 and later, and of 1.0 to 1.5. */
const DISK_CODE = ["virtinst/devices/disk.py", "virtinst/devicedisk.py"];
const NOT_FOUND = `the disk code of virtinst (${DISK_CODE.join(" or ")}) was not found beside`;
// Tested on all releases: 1.0 and 1.1 contain neither of these names; 1.5.0 is the first to contain auth_secret_uuid.
const WRITES_NETWORK_DISKS = /\bsource_protocol\b|network_from_storage\b/;
const COPIES_AUTH = /\bauth_secret_uuid\b/;
