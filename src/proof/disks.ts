import type { DomainDisk } from "../host/domain";
import { readUuid } from "../host/xml";
import { type PoolFacts, sameMonitor } from "../patch/facts";
import { monitorText } from "../report/text";

/** One fact of a disk, as virt-install wrote it, beside what the pool says. */
export interface DiskFact {
  readonly label: string;
  readonly expected: string;
  readonly found: string;
  readonly right: boolean;
}

/** A disk that virt-install wrote, beside its pool. */
export function compareDisk(disk: DomainDisk, pool: PoolFacts): DiskFact[] {
  const fact = (label: string, expected: string, found: string, right: boolean) => ({ label, expected, found, right });
  const facts: DiskFact[] = [];
  const { auth } = pool;
  if (auth) {
    facts.push(fact("user", auth.username, disk.username ?? "none", disk.username === auth.username));
    const uuid = disk.uuid && readUuid(disk.uuid, disk.name);
    // A disk that names its secret by usage is complete too; libvirt resolves it when the guest starts.
    const found = uuid ?? (disk.usage ? `by usage ${JSON.stringify(disk.usage)}` : "none");
    facts.push(fact("secret", auth.uuid, found, uuid ? uuid === auth.uuid : Boolean(disk.usage)));
  } else facts.push(fact("user", "none", disk.username ?? "none", disk.username === null));
  for (const monitor of pool.monitors) {
    const found = disk.monitors.find((candidate) => sameMonitor(candidate, monitor));
    facts.push(fact("monitor", monitorText(monitor), found ? monitorText(found) : "missing", found !== undefined));
  }
  return facts;
}
