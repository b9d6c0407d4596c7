import { hostname } from "node:os";
import type { Result } from "../output/schema";
import type { Examined } from "../patch/examine";
import type { HostFiles } from "../system/host-files";
import type { Host } from "../target";
import { findAffected } from "../virtinst/affected";
import type { Target } from "../virtinst/target-file";

/** The fields of every result about the host and its virtinst. */
export type About = Pick<
  Result<"verify">,
  ("host" | "source" | "file" | "release" | "sha256") | ("affected" | "affectedReason" | "state" | "stateReason")
>;

/**
 * Returns these fields. A command that changes the file calls this before the change, because an error after the change
 * would hide that the file was changed.
 *
 * @param target the virtinst; null if it was not found or not searched for
 * @param host the host; null if the pools were not read
 */
export function about(target: Target | null, host: Omit<Host, "poolTable"> | null, files: HostFiles): About {
  const found = target && host ? findAffected(target.installation, host.chosen, files) : null;
  return {
    host: host ? host.config.host : files.mounted ? null : hostname(),
    source: host?.config.source ?? null,
    file: target?.installation.path ?? null,
    release: target?.installation.release ?? null,
    sha256: target?.examined.baseHash || null,
    affected: found?.affected ?? null,
    affectedReason: found?.reason ?? null,
    ...(target ? stateOf(target.examined) : { state: null, stateReason: null }),
  };
}

/** The state of a file; null if it was not compared with the pools of a host. */
export function stateOf({ state, reason, compared }: Examined): Pick<About, "state" | "stateReason"> {
  if (state !== "current" || compared) return { state, stateReason: reason };
  return { state: null, stateReason: "the patch is complete, but it was not compared with the pools of this host" };
}
