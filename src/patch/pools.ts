import { createHash } from "node:crypto";

/** A Ceph monitor as a libvirt pool lists it; a missing port means Ceph's default, and equals any port. */
export interface Monitor {
  /** Hostname or address, as libvirt prints it: an IPv6 address may be in brackets. */
  readonly name: string;
  readonly port: number | null;
}

/** A libvirt pool with its secret resolved: all that its disks need. */
export interface ResolvedPool {
  /** The libvirt pool's name. */
  readonly pool: string;
  /** The Ceph pool: a disk's source name starts with it and a slash. */
  readonly cephPool: string;
  /** In the order of the pool; empty if Ceph's configuration lists the monitors. */
  readonly monitors: readonly Monitor[];
  /** Null for a pool without cephx. */
  readonly auth: Credentials | null;
}

/** A cephx user, and the libvirt secret that contains its key. */
export interface Credentials {
  readonly username: string;
  /** The secret's UUID; empty if only its usage is known, because secrets cannot be read. */
  readonly uuid: string;
  /** The secret's usage, only if a pool names the secret by usage; then disks name it by usage too. */
  readonly usage?: string;
}

/** A Ceph pool of a cluster, as the patch contains it. */
export interface CephPool {
  /** The names of the libvirt pools that use this Ceph pool; for messages only. */
  readonly libvirtPools: readonly string[];
  /** The name of the Ceph pool. */
  readonly name: string;
  /** Without duplicates; empty if Ceph's configuration lists the monitors. */
  readonly monitors: readonly Monitor[];
  readonly auth: ResolvedPool["auth"];
}

/** SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A monitor's name for comparison: in lower case, an IPv6 address without brackets. */
function monitorKey({ name }: Monitor): string {
  const lower = name.toLowerCase();
  return lower.startsWith("[") && lower.endsWith("]") ? lower.slice(1, -1) : lower;
}

/** Whether two monitors are the same; a missing port equals any port. */
export function sameMonitor(a: Monitor, b: Monitor): boolean {
  return monitorKey(a) === monitorKey(b) && (a.port === null || b.port === null || a.port === b.port);
}

/** The names of all libvirt pools of some Ceph pools. */
export function poolNames(cephPools: readonly CephPool[]): string[] {
  return cephPools.flatMap(({ libvirtPools }) => libvirtPools);
}

/** Whether two pools use the same cephx user and secret, or are both without cephx. */
export function sameCredentials(a: Pick<ResolvedPool, "auth">, b: Pick<ResolvedPool, "auth">): boolean {
  if (!a.auth || !b.auth) return a.auth === b.auth;
  if (a.auth.username !== b.auth.username) return false;
  if (a.auth.uuid !== "" && b.auth.uuid !== "") return a.auth.uuid === b.auth.uuid;
  // Without a UUID, only the usage can be compared.
  return a.auth.usage !== undefined && a.auth.usage === b.auth.usage;
}

/** How a disk names a secret: by usage if a pool does, so that a guest can migrate to a host with another UUID. */
export function secretText({ uuid, usage }: Credentials): string {
  return usage === undefined ? uuid : `usage ${JSON.stringify(usage)}`;
}

/**
 * The monitors of a `<host>` element. libvirt passes the name to Ceph unchanged. So the name in a pool may be a list,
 * as `virsh pool-define-as --source-host a:6789,b:6789` writes it. But QEMU reads a single monitor from each element of
 * a disk. The addresses of one monitor, `[v2:192.0.2.1:3300,v1:192.0.2.1:6789]`, are not split.
 */
export function splitMonitor({ name, port }: Monitor): Monitor[] {
  const parts = name
    .replace(/^[ ,]+/, "")
    .replace(/(?<![ ,])[ ,]+$/, "")
    .split(/,[\s,]*(?!\s*v[12]:)/i);
  return parts.map((part, index) => {
    const [, own = part, number] = /^(\[[\s\S]*\]|[^:]*):([0-9]{1,5})$/.exec(part.trim()) ?? [];
    // The port of the element belongs to the last monitor.
    const rest = index === parts.length - 1 ? port : null;
    return { name: own.trim(), port: number === undefined ? rest : Number(number) };
  });
}

/** Whether QEMU cannot read a `<host>` element as a single monitor: its name is a list, or contains a port. */
export function isMonitorList(host: Monitor): boolean {
  const [first, ...others] = splitMonitor(host);
  return others.length > 0 || first?.port !== host.port;
}

/**
 * Whether two pools use the same Ceph pool of the same cluster: they have a monitor in common, or both list no monitor,
 * so that Ceph's configuration lists the monitors of both.
 */
export function overlap(a: ResolvedPool, b: ResolvedPool): boolean {
  if (a.cephPool !== b.cephPool) return false;
  if (a.monitors.length === 0 && b.monitors.length === 0) return true;
  return a.monitors.some((monitor) => b.monitors.some((other) => sameMonitor(monitor, other)));
}

/** A monitor for messages: an IPv6 address with a port is in brackets. */
export function monitorText({ name, port }: { readonly name: string; readonly port: number | null }): string {
  if (port === null) return name;
  return name.includes(":") && !name.startsWith("[") ? `[${name}]:${port}` : `${name}:${port}`;
}
