import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context";
import { type DomainDisk, readRbdDisks } from "../host/domain";
import { readUuid } from "../host/xml";
import { type PoolFacts, sameMonitor } from "../patch/facts";
import { Failure } from "../report/failure";
import { monitorText } from "../report/text";
import type { HostFiles } from "../system/host-files";
import { run } from "../system/run";
import { findPrograms, type Installation } from "../virtinst/find";
import { importedFrom, type PrintedXml, printXml } from "../virtinst/virt-install";

/** What a volume is proved for. */
export interface VolumeOptions {
  /** `POOL/VOLUME`; the pool is one of the facts. */
  readonly volume: string;
  /** libvirt's connection URI. */
  readonly uri: string;
  readonly files: HostFiles;
  /** Whether the virtinst was named, and not found. */
  readonly named: boolean;
}

/** One fact of a disk, as virt-install wrote it, beside what the pool says. */
export interface DiskFact {
  readonly label: string;
  readonly expected: string;
  readonly found: string;
  readonly right: boolean;
}

/** Whether the host's own virt-install writes a volume's disk as it should. */
export interface VolumeProof {
  readonly status: "passed" | "failed" | "not run";
  /** Why, in a sentence without its full stop. */
  readonly reason: string;
  readonly volume: string;
  /** Each rbd disk that it wrote. */
  readonly disks: readonly { readonly name: string; readonly facts: readonly DiskFact[] }[];
  /** What `virt-xml-validate` says. */
  readonly schema: { readonly status: "passed" | "failed" | "not run"; readonly reason: string };
  /** Where it failed: the files that virt-install took its module from, and other suspects, in sentences. */
  readonly causes: readonly string[];
}

/**
 * Runs the host's own `virt-install --print-xml` for a volume, and looks at every rbd disk that it writes. Nothing is
 * defined or started.
 *
 * @throws Failure (usage) where the volume is not named so, (facts) where its pool is not among the facts
 */
export async function proveVolume(
  { facts, installation, config, examined }: Context,
  { volume, uri, files, named }: VolumeOptions,
): Promise<VolumeProof> {
  const [, poolName] = /^([^/]+)\/.+$/.exec(volume) ?? [];
  if (!poolName)
    throw new Failure(
      "usage",
      `--vol ${volume}: this is not POOL/VOLUME.`,
      "Name a volume as virt-install does, such as --vol libvirtpool/virt-1.",
    );
  const pool = facts.pools.find((candidate) => candidate.pool === poolName);
  if (!pool)
    throw new Failure(
      "facts",
      `${config.source}: the pool of --vol ${volume} is not among the rbd pools ${facts.pools.map((one) => one.pool).join(", ")}.`,
      "Name a volume of one of these.",
    );
  const skipped = { status: "not run", reason: "there is no domain to validate" } as const;
  // What the user runs is what PATH gives, unless another virtinst with a program of its own was named.
  const [first] = findPrograms(files);
  const program = named && installation.program ? installation.program : first?.path;
  if (!program)
    return {
      status: "not run",
      reason: "there is no virt-install in PATH",
      volume,
      disks: [],
      schema: skipped,
      causes: [],
    };

  const printed = await printXml(program, uri, volume);
  const where = `${program} --print-xml --disk vol=${volume}`;
  const disks = printed.domains
    .flatMap((xml) => readRbdDisks(xml, where))
    .map((disk) => ({ name: disk.name, facts: compareDisk(disk, pool) }));
  const schema = printed.domains[0] ? await validate(printed.domains[0]) : skipped;
  const right =
    disks.length > 0 && disks.every((disk) => disk.facts.every((fact) => fact.right)) && schema.status !== "failed";
  const causes = right
    ? []
    : examined.state === "current"
      ? await findCauses(printed, program, uri, volume, installation)
      : [`the patch is ${examined.state}: apply it`];
  return {
    status: right ? "passed" : "failed",
    reason: printed.error
      ? `${program} failed: ${printed.error}`
      : disks.length === 0
        ? `${where} wrote no rbd disk`
        : where,
    volume,
    disks,
    schema,
    causes,
  };
}

function compareDisk(disk: DomainDisk, pool: PoolFacts): DiskFact[] {
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

async function validate(xml: string): Promise<VolumeProof["schema"]> {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-"));
  try {
    const file = join(folder, "domain.xml");
    writeFileSync(file, xml);
    const { status, stdout, stderr, fault, why } = await run("virt-xml-validate", [file, "domain"]);
    if (fault === "ENOENT") return { status: "not run", reason: "virt-xml-validate is not installed" };
    if (status === null) return { status: "not run", reason: `virt-xml-validate: ${why}` };
    return status === 0
      ? { status: "passed", reason: "virt-xml-validate" }
      : { status: "failed", reason: (stderr + stdout).trim().replaceAll(file, "domain.xml").replace(/\n+/g, "; ") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the module came from that wrote it, as far as that explains a wrong result. */
async function findCauses(
  { error }: PrintedXml,
  program: string,
  uri: string,
  volume: string,
  installation: Installation,
): Promise<string[]> {
  const imported = await importedFrom(program, uri, volume, installation.file);
  const own = imported.filter((path) => path.startsWith(`${installation.directory.outside}/`));
  const causes: string[] = [];
  if (imported.length > 0 && own.length === 0)
    causes.push(
      `${program} does not import ${installation.target.outside} but ${imported.join(", ")}: name that folder with --virtinst, or take it out of the way`,
    );
  const byteCode = imported.filter((path) => !path.endsWith(".py"));
  if (byteCode.length > 0)
    causes.push(
      `it was taken from byte code, which may be of an older text: remove ${byteCode.join(", ")} and try again`,
    );
  if (process.env.PYTHONPATH)
    causes.push(`PYTHONPATH is set (${process.env.PYTHONPATH}) and may come before virt-install's own folder`);
  if (causes.length === 0 && !error) causes.push(`it was taken from ${imported.join(", ") || "an unknown place"}`);
  return causes;
}
