import { createHash } from "node:crypto";

/** A Ceph monitor as a libvirt pool lists it; a missing port means Ceph's default, and equals any port. */
export interface Monitor {
  /** Host name or address, as libvirt prints it: an IPv6 address may stand in brackets. */
  readonly name: string;
  readonly port: number | null;
}

/** What a libvirt pool's disks need: the pool with its secret resolved. */
export interface PoolFacts {
  /** The libvirt pool's name. */
  readonly pool: string;
  /** The Ceph pool: a disk's source name starts with it and a slash. */
  readonly cephPool: string;
  /** In the pool's order; empty where Ceph's own configuration names the monitors. */
  readonly monitors: readonly Monitor[];
  /** Null for a pool without cephx. */
  readonly auth: Credentials | null;
}

/** A cephx user, and the libvirt secret that contains its key. */
export interface Credentials {
  readonly username: string;
  /** The secret's UUID; empty if only its usage is known, because secrets cannot be read. */
  readonly uuid: string;
  /** The secret's usage, only if a pool names it by usage; then a disk names it so too. */
  readonly usage?: string;
}

/** All that the injected text knows of one Ceph pool of one cluster. */
export interface CephPool {
  /** The libvirt pools that stand for it; only messages use their names. */
  readonly libvirtPools: readonly string[];
  /** The Ceph pool's own name. */
  readonly name: string;
  /** Each once; empty where Ceph's own configuration names the monitors. */
  readonly monitors: readonly Monitor[];
  readonly auth: PoolFacts["auth"];
}

/** SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A monitor's name as it is compared: without case, an IPv6 address without its brackets. */
function monitorKey({ name }: Monitor): string {
  const lower = name.toLowerCase();
  return lower.startsWith("[") && lower.endsWith("]") ? lower.slice(1, -1) : lower;
}

/** Whether two monitors are one and the same: a missing port equals any. */
export function sameMonitor(a: Monitor, b: Monitor): boolean {
  return monitorKey(a) === monitorKey(b) && (a.port === null || b.port === null || a.port === b.port);
}

/** The libvirt pools' names, for a result. */
export function poolNames(facts: readonly CephPool[]): string[] {
  return facts.flatMap(({ libvirtPools }) => libvirtPools);
}

/** Whether two pools use the same cephx user and secret, or both use none. */
export function sameCredentials(a: Pick<PoolFacts, "auth">, b: Pick<PoolFacts, "auth">): boolean {
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
 * The monitors of a `<host>` element. libvirt passes its name to Ceph as it is, so that it may be a list, as `virsh
 * pool-define-as --source-host a:6789,b:6789` writes it; QEMU reads a single monitor from each element of a disk. The
 * addresses of one monitor, `[v2:192.0.2.1:3300,v1:192.0.2.1:6789]`, stay together.
 */
export function splitMonitor({ name, port }: Monitor): Monitor[] {
  const parts = name
    .replace(/^[ ,]+/, "")
    .replace(/(?<![ ,])[ ,]+$/, "")
    .split(/,[\s,]*(?!\s*v[12]:)/i);
  return parts.map((part, index) => {
    const [, own = part, number] = /^(\[[\s\S]*\]|[^:]*):([0-9]{1,5})$/.exec(part.trim()) ?? [];
    // The port of the element follows the whole list.
    const rest = index === parts.length - 1 ? port : null;
    return { name: own.trim(), port: number === undefined ? rest : Number(number) };
  });
}

/** Whether a `<host>` element is not a single monitor for QEMU: its name is a list, or contains the port. */
export function isMonitorList(host: Monitor): boolean {
  const [first, ...others] = splitMonitor(host);
  return others.length > 0 || first?.port !== host.port;
}

/**
 * Whether two pools stand for the same Ceph pool of the same cluster: a monitor in common, or none listed by either, so
 * that Ceph's own configuration decides for both.
 */
export function overlap(a: PoolFacts, b: PoolFacts): boolean {
  if (a.cephPool !== b.cephPool) return false;
  if (a.monitors.length === 0 && b.monitors.length === 0) return true;
  return a.monitors.some((monitor) => b.monitors.some((other) => sameMonitor(monitor, other)));
}

/** A monitor as people write it: an IPv6 address with a port stands in brackets. */
export function monitorText({ name, port }: { readonly name: string; readonly port: number | null }): string {
  if (port === null) return name;
  return name.includes(":") && !name.startsWith("[") ? `[${name}]:${port}` : `${name}:${port}`;
}
