import { hostname } from "node:os";
import type { HostConfig, Pool } from "../host/config";
import type { Result } from "../output/schema";
import { type Examined, REASONS } from "../patch/examine";
import type { HostFiles } from "../system/host-files";
import { findAffected } from "../virtinst/affected";
import type { Target } from "../virtinst/target";

/** What every result says of the host and its virtinst. */
export type About = Pick<
  Result<"verify">,
  ("host" | "source" | "file" | "release" | "sha256") | ("affected" | "affectedReason" | "state" | "stateReason")
>;

/**
 * What every result says of the host and its virtinst, as they were looked at.
 *
 * @param target the virtinst; null for none
 * @param host the facts and the pools that are taken; null where they were not asked for
 */
export function about(
  target: Target | null,
  host: { readonly config: HostConfig; readonly chosen: readonly Pool[] } | null,
  files: HostFiles,
): About {
  return {
    host: host ? host.config.host : files.mounted ? null : hostname(),
    source: host?.config.source ?? null,
    ...aboutTarget(target, host?.chosen ?? null, files),
  };
}

/**
 * What every result says of the virtinst.
 *
 * @param target null for none
 * @param chosen the pools that are taken; null where they were not asked for
 */
export function aboutTarget(
  target: Pick<Target, "installation" | "examined"> | null,
  chosen: readonly Pool[] | null,
  files: HostFiles,
): Omit<About, "host" | "source"> {
  const found = target && chosen ? findAffected(target.installation, chosen, files) : null;
  const sha256 = target?.examined.baseHash || null;
  return {
    file: target?.installation.target.outside ?? null,
    release: target?.installation.release ?? null,
    sha256,
    affected: found?.affected ?? null,
    affectedReason: found?.reason ?? null,
    ...(target ? stateOf(target.examined) : { state: null, stateReason: null }),
  };
}

/** The state of a file; null if it was not compared with the pools of a host. */
export function stateOf({ state, reason, compared }: Examined): Pick<About, "state" | "stateReason"> {
  if (state !== "current" || compared) return { state, stateReason: reason };
  return {
    state: null,
    stateReason: "the patch is whole; it was not compared with the pools of this host",
  };
}

/** The state of a file whose patch was removed. */
export const NOT_PATCHED = { state: "not-patched", stateReason: REASONS["not-patched"] } as const;

/** The state of a file that was just patched, or needed no change. */
export const CURRENT = { state: "current", stateReason: REASONS.current } as const;
