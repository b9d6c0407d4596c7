import type { Monitor } from "../patch/facts";
import type { HostFiles } from "../system/host-files";

/** The libvirt that is asked where none is named: the system-wide QEMU driver, as with virt-install run by root. */
export const DEFAULT_URI = "qemu:///system";

/** Version of the host document; a document of another version is refused. */
export const DOCUMENT_VERSION = 1;

/**
 * Where the host's facts come from: at most one of `connect`, `poolXml`, `hostDocument`; else the `etc/libvirt` of a
 * mounted system; else live libvirt.
 */
export interface HostOptions {
  /** libvirt's connection URI; `qemu:///system` by default. */
  readonly connect?: string;
  /** Files with what `virsh pool-dumpxml` printed. */
  readonly poolXml?: readonly string[];
  /** Files with what `virsh secret-dumpxml` printed; with `connect` too, for a driver without secrets. */
  readonly secretXml?: readonly string[];
  /** A host document: what `inspect --json` printed. */
  readonly hostDocument?: string;
  /** The host's file system. */
  readonly files: HostFiles;
}

/** How a pool names the secret that holds its key: libvirt takes either. */
export type SecretReference = { readonly uuid: string } | { readonly usage: string };

/** A libvirt pool of type rbd, as far as this tool needs it. */
export interface Pool {
  readonly name: string;
  /** Whether it was active; null where that is not known (XML files). */
  readonly active: boolean | null;
  /** The Ceph pool. */
  readonly cephPool: string;
  /** The `<host>` elements in libvirt's order; one may list several monitors. None is legal: Ceph's own configuration decides then. */
  readonly monitors: readonly Monitor[];
  readonly auth: { readonly username: string; readonly secret: SecretReference } | null;
}

/** A libvirt secret, never with its value. */
export interface Secret {
  readonly uuid: string;
  /** `ceph`, `volume`, `iscsi`, …; null for a secret without a usage. */
  readonly usageType: string | null;
  readonly usageName: string | null;
}

/** What libvirt says of one host. */
export interface HostConfig {
  /** The host's name, where it is known. */
  readonly host: string | null;
  /** Where the facts came from, for messages: a URI, or file names. */
  readonly source: string;
  /** Whether they are known to be another machine's: false where that is not known (XML files). */
  readonly elsewhere: boolean;
  /** What a host document says of that machine's virtinst; null elsewhere. */
  readonly virtinst: { readonly release: string | null; readonly file: string; readonly sha256: string | null } | null;
  /** Every rbd pool, by name. */
  readonly pools: readonly Pool[];
  /** Every secret that is known; null where secrets could not be listed or were not given. */
  readonly secrets: readonly Secret[] | null;
  /** What was ignored, in sentences; nothing by default. */
  readonly notes?: readonly string[];
}

/** Sorts by name, by code units: the same on every host whatever its locale. */
export function byName<T extends { readonly name: string }>(pools: readonly T[]): T[] {
  return [...pools].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
