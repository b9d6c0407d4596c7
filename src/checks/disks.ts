import type { Secret } from "../host/config";
import type { DomainDisk } from "../host/domain";
import { type Credentials, monitorText, type PoolFacts, sameMonitor, secretText } from "../patch/facts";

/** One fact of a disk, as virt-install wrote it, beside what the pool says. */
export type DiskFact = ReturnType<typeof fact>;

function fact(label: string, expected: string, found: string, right: boolean) {
  return { label, expected, found, right };
}

/**
 * A disk that virt-install wrote, beside its pool.
 *
 * @param secrets those of the host: a disk that names its secret by usage is complete too, for libvirt resolves it when
 *   the guest starts
 */
export function compareDisk(disk: DomainDisk, pool: PoolFacts, secrets: readonly Secret[]): DiskFact[] {
  const facts: DiskFact[] = [];
  const { auth } = pool;
  if (auth) {
    facts.push(fact("user", auth.username, disk.username ?? "none", disk.username === auth.username));
    const found = disk.uuid ?? (disk.usage === null ? "none" : `usage ${JSON.stringify(disk.usage)}`);
    facts.push(fact("secret", secretText(auth), found, isSecret(disk, auth, secrets)));
    // libvirt wants one, of type ceph, named in one way (https://libvirt.org/formatdomain.html, "secret").
    if (disk.secrets > 1) facts.push(fact("secret", "one", String(disk.secrets), false));
    if (disk.secrets > 0 && disk.secretType !== "ceph")
      facts.push(fact("secret", "of type ceph", disk.secretType ?? "of no type", false));
    if (disk.uuid !== null && disk.usage !== null) facts.push(fact("secret", "uuid or usage", "both", false));
  } else facts.push(fact("user", "none", disk.username ?? "none", disk.username === null));
  // libvirt 9.0 takes the first of several; its schema allows one.
  if (disk.auths > (auth ? 1 : 0)) facts.push(fact("auth", auth ? "one" : "none", String(disk.auths), false));
  for (const monitor of pool.monitors) {
    const found = disk.monitors.find((candidate) => sameMonitor(candidate, monitor));
    facts.push(fact("monitor", monitorText(monitor), found ? monitorText(found) : "missing", found !== undefined));
  }
  return facts;
}

/** Whether a disk names the secret of its pool. The UUID of that is unknown if the secrets of the host cannot be read. */
function isSecret({ uuid, usage }: DomainDisk, auth: Credentials, secrets: readonly Secret[]): boolean {
  if (uuid === null && usage !== null && usage === auth.usage) return true;
  const named = secrets.find(({ usageType, usageName }) => usageType === "ceph" && usageName === usage);
  const own = uuid ?? named?.uuid ?? "";
  return own !== "" && plain(own) === plain(auth.uuid);
}

/** A UUID as it is compared: libvirt reads it in any case, and without dashes. */
function plain(uuid: string): string {
  return uuid.trim().toLowerCase().replace(/-/g, "");
}
