import type { Monitor } from "../patch/pools";
import type { HostFiles } from "../system/host-files";

/** The default connection URI: the system-wide QEMU driver, as for virt-install run by root. */
export const DEFAULT_URI = "qemu:///system";

/** Version of the host file; a file of another version is refused. */
export const DOCUMENT_VERSION = 1;

/**
 * The source of the host configuration: at most one of `connect`, `poolXml` and `hostDocument`. The default is
 * `etc/libvirt` of a mounted system, or the running libvirt.
 */
export interface HostOptions {
  /** libvirt's connection URI; `qemu:///system` by default. */
  readonly connect?: string;
  /** Files with the output of `virsh pool-dumpxml`. */
  readonly poolXml?: readonly string[];
  /** Files with the output of `virsh secret-dumpxml`; also allowed with `connect`, for a driver without secrets. */
  readonly secretXml?: readonly string[];
  /** The path of a host file: the output of `inspect --json`. */
  readonly hostDocument?: string;
  /** The host's file system. */
  readonly files: HostFiles;
}

/** How a pool names the secret that contains its key: libvirt accepts both. */
export type SecretReference = { readonly uuid: string } | { readonly usage: string };

/** A libvirt pool of type rbd: the fields that this tool needs. */
export interface Pool {
  readonly name: string;
  /** Whether the pool was active; null if unknown (XML files). */
  readonly active: boolean | null;
  /** The name of the Ceph pool. */
  readonly cephPool: string;
  /** The `<host>` elements in order; one may list several monitors. Empty if Ceph's configuration lists them. */
  readonly monitors: readonly Monitor[];
  readonly auth: { readonly username: string; readonly secret: SecretReference } | null;
}

/** A libvirt secret, without its value. */
export interface Secret {
  readonly uuid: string;
  /** `ceph`, `volume`, `iscsi`, …; null for a secret without a usage. */
  readonly usageType: string | null;
  readonly usageName: string | null;
}

/** The libvirt configuration of a host. */
export interface HostConfig {
  /** The hostname; null if unknown. */
  readonly host: string | null;
  /** Where the configuration was read from, for messages: a URI, or file names. */
  readonly source: string;
  /** Whether the configuration is known to be from another machine; false if unknown (XML files). */
  readonly elsewhere: boolean;
  /** The virtinst that a host file describes; null for other sources. */
  readonly virtinst: { readonly release: string | null; readonly file: string; readonly sha256: string | null } | null;
  /** Every rbd pool, by name. */
  readonly pools: readonly Pool[];
  /** Every known secret; null if secrets could not be listed or were not given. */
  readonly secrets: readonly Secret[] | null;
  /** Notes about files that were ignored, in sentences; empty by default. */
  readonly notes?: readonly string[];
}

/** Sorts by name, by code units, so that the order does not depend on the locale of the host. */
export function byName<T extends { readonly name: string }>(pools: readonly T[]): T[] {
  return [...pools].sort((a, b) => (a.name < b.name ? -1 : 1));
}
