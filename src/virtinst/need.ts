import { join } from "node:path";
import type { HostFiles } from "../system/host-files";
import type { Installation } from "./find";

/**
 * Whether a host needs the patch:
 * `required`: virtinst's disk code copies no auth (1.2 to 1.4);
 * `partial`: it copies auth, but not for a pool that names its secret by usage (1.5 and later);
 * `not needed`: it copies auth, and every pool names its secret by uuid, or has none; or there is no pool;
 * `impossible`: it writes no network disks at all (1.0 and 1.1);
 * `unknown`: there is no disk code to be seen.
 */
export interface Need {
  readonly need: "required" | "partial" | "not needed" | "impossible" | "unknown";
  /** Why, in a sentence. */
  readonly reason: string;
}

/** A pool, as far as the need depends on it. */
export interface PoolAuth {
  readonly name: string;
  readonly auth: { readonly secret: { readonly uuid: string } | { readonly usage: string } } | null;
}

/**
 * Finds the need from the installed disk code, not from the version: distributions backport.
 *
 * @param installation where virtinst is
 * @param pools the pools that the patch is for; none on a host without one
 * @param files the host's file system
 */
export function findNeed(installation: Installation, pools: readonly PoolAuth[], files: HostFiles): Need {
  if (pools.length === 0) return { need: "not needed", reason: NO_POOL };
  const found = readDiskCode(installation, files);
  return found ? judge(found.path, found.code, pools) : unknown(installation.file);
}

/**
 * The need by each kind of disk code, with `%s` for its path; for that of the patched file where there is none: without
 * disk code, and where that writes no network disks, copies no auth, and copies auth.
 *
 * @param pools the pools that the patch is for
 */
export function needsOf(pools: readonly PoolAuth[]): Need[] {
  const codes = ["", "source_protocol", "source_protocol auth_secret_uuid"];
  return [unknown("%s"), ...codes.map((code) => judge("%s", code, pools))];
}

/**
 * Whether the installed disk code copies a pool's auth, and with it the user; code that is not to be seen does not.
 *
 * @param installation where virtinst is
 * @param files the host's file system
 */
export function copiesAuth(installation: Installation, files: HostFiles): boolean {
  return COPIES_AUTH.test(readDiskCode(installation, files)?.code ?? "");
}

/** The installed disk code without its comments, and its path for messages. */
function readDiskCode({ directory }: Installation, files: HostFiles): { path: string; code: string } | null {
  for (const file of DISK_CODE) {
    const code = files.readText(join(directory.inside, file));
    if (code !== null) return { path: join(directory.outside, file), code: code.replace(/^[ \t]*#.*$/gm, "") };
  }
  return null;
}

const NO_POOL = "this host has no rbd pool";

function unknown(file: string): Need {
  return { need: "unknown", reason: `virtinst's disk code (${DISK_CODE.join(" or ")}) is not beside ${file}` };
}

function judge(path: string, code: string, pools: readonly PoolAuth[]): Need {
  if (!WRITES_NETWORK_DISKS.test(code))
    return {
      need: "impossible",
      reason: `${path} writes no network disks at all, so there is nothing to complete: go to virt-manager 1.2 or later`,
    };
  if (!COPIES_AUTH.test(code))
    return { need: "required", reason: `${path} copies only the first monitor of a pool, and no auth` };
  const byUsage = pools.filter(({ auth }) => auth && "usage" in auth.secret).map(({ name }) => JSON.stringify(name));
  if (byUsage.length > 0)
    return {
      need: "partial",
      reason: `${path} copies a secret's uuid only, and ${byUsage.join(", ")} ${byUsage.length > 1 ? "name theirs" : "names its secret"} by usage`,
    };
  return { need: "not needed", reason: `${path} copies auth and all monitors, and no pool names its secret by usage` };
}

/** The files that may hold virtinst's disk code: of 1.0 to 1.5, and of 2.0 and later. */
export const DISK_CODE = ["virtinst/devices/disk.py", "virtinst/devicedisk.py"];
// Measured on all releases: 1.0 and 1.1 know neither name; 1.5.0 is the first to know the second.
const WRITES_NETWORK_DISKS = /\bsource_protocol\b|network_from_storage\b/;
const COPIES_AUTH = /\bauth_secret_uuid\b/;
