import type { Secret } from "../host/config";
import type { DomainDisk } from "../host/domain";
import { type Credentials, monitorText, type ResolvedPool, sameMonitor, secretText } from "../patch/pools";

/** One value of a disk that virt-install wrote, with the value that the pool needs. */
export type DiskValue = ReturnType<typeof compare>;

function compare(label: string, expected: string, found: string, right: boolean) {
  return { label, expected, found, right };
}

/**
 * Compares a disk that virt-install wrote with its pool.
 *
 * @param secrets those of the host. A disk that names its secret by usage is complete too, because libvirt resolves the
 *   usage when the guest starts
 */
export function compareDisk(disk: DomainDisk, pool: ResolvedPool, secrets: readonly Secret[]): DiskValue[] {
  const values: DiskValue[] = [];
  const { auth } = pool;
  if (auth) {
    values.push(compare("user", auth.username, disk.username ?? "none", disk.username === auth.username));
    const found = disk.uuid ?? (disk.usage === null ? "none" : `usage ${JSON.stringify(disk.usage)}`);
    values.push(compare("secret", secretText(auth), found, isSecret(disk, auth, secrets)));
    // libvirt requires one secret of type ceph, by uuid or usage (https://libvirt.org/formatdomain.html, "secret").
    if (disk.secrets > 1) values.push(compare("number of secrets", "1", String(disk.secrets), false));
    if (disk.secrets > 0 && disk.secretType !== "ceph")
      values.push(compare("secret", "of type ceph", disk.secretType ?? "of no type", false));
    if (disk.uuid !== null && disk.usage !== null)
      values.push(compare("secret", "uuid or usage", "uuid and usage", false));
  } else values.push(compare("user", "none", disk.username ?? "none", disk.username === null));
  // libvirt 9.0 uses the first auth of several, but its schema allows only one.
  if (disk.auths > (auth ? 1 : 0)) values.push(compare("number of auths", auth ? "1" : "0", String(disk.auths), false));
  for (const monitor of pool.monitors) {
    const found = disk.monitors.find((candidate) => sameMonitor(candidate, monitor));
    values.push(compare("monitor", monitorText(monitor), found ? monitorText(found) : "missing", found !== undefined));
  }
  return values;
}

/** Whether a disk names the secret of its pool, whose UUID is empty if the secrets of the host cannot be read. */
function isSecret({ uuid, usage }: DomainDisk, auth: Credentials, secrets: readonly Secret[]): boolean {
  if (uuid === null && usage !== null && usage === auth.usage) return true;
  const named = secrets.find(({ usageType, usageName }) => usageType === "ceph" && usageName === usage);
  const own = uuid ?? named?.uuid ?? "";
  return own !== "" && plain(own) === plain(auth.uuid);
}

/** Normalizes a UUID: libvirt accepts upper and lower case, with or without dashes. */
function plain(uuid: string): string {
  return uuid.trim().toLowerCase().replace(/-/g, "");
}
