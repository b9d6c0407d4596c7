import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context";
import { Failure } from "../failure";
import { type DomainDisk, readRbdDisks } from "../host/domain";
import { run } from "../system/run";
import { inTemporaryFolder } from "../system/temporary";
import type { TargetOptions } from "../virtinst/target";
import { printXml } from "../virtinst/virt-install";
import { findCauses } from "./causes";
import { compareDisk, type DiskFact } from "./disks";
import { installCommand } from "./install";

/** Whether the host's own virt-install writes a volume's disk as it should. */
export interface VolumeProof {
  readonly status: "passed" | "failed" | "skipped";
  /** Why, in a sentence without its full stop. */
  readonly reason: string;
  readonly volume: string;
  /** Each rbd disk that it wrote. */
  readonly disks: readonly { readonly name: string; readonly facts: readonly DiskFact[] }[];
  /** What `virt-xml-validate` says. */
  readonly schema: { readonly status: "passed" | "failed" | "skipped"; readonly reason: string };
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
  context: Context,
  options: TargetOptions,
  { volume, uri }: { readonly volume: string; readonly uri: string },
): Promise<VolumeProof> {
  const { facts, installation, config } = context;
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
      `${config.source}: the pool of --vol ${volume} is not among the rbd pools ${facts.pools.map((one) => one.pool).join(", ") || "(there are none)"}.`,
      "Name a volume of one of these.",
    );
  const skipped = { status: "skipped", reason: "there is no domain to validate" } as const;
  const nothing = (status: "failed" | "skipped", reason: string): VolumeProof => ({
    status,
    reason,
    volume,
    disks: [],
    schema: skipped,
    causes: [],
  });
  const command = installCommand(installation, options, true);
  if ("skipped" in command) return nothing("skipped", command.skipped);

  return inTemporaryFolder(async (cache) => {
    const asked = { command: command.words, uri, disks: [`vol=${volume}`], cache };
    const printed = await printXml(asked, installation);
    const where = `${command.words.join(" ")} --print-xml --disk vol=${volume}`;
    const { fault } = printed;
    // libvirt's own words for VIR_ERR_NO_STORAGE_VOL (src/util/virerror.c), which every virt-install passes on.
    const gone = /storage volume not found/i.test(fault?.reason ?? "");
    const there = gone ? `; \`virsh -c ${uri} vol-list ${poolName}\` lists those that are there` : "";
    if (fault) return nothing(fault.raised ? "failed" : "skipped", `${where}: ${fault.reason}${there}`);
    let written: DomainDisk[];
    try {
      written = printed.domains.flatMap((xml) => readRbdDisks(xml, where));
    } catch (error) {
      // What is no XML is virt-install's, and not among the host's facts.
      if (error instanceof Failure) return nothing("failed", error.message.replace(/\.$/, ""));
      throw error;
    }
    const disks = written.map((disk) => ({ name: disk.name, facts: compareDisk(disk, pool, config.secrets ?? []) }));
    const schema = await validate(printed.domains[0] as string);
    const right =
      disks.length > 0 && disks.every((disk) => disk.facts.every((fact) => fact.right)) && schema.status !== "failed";
    return {
      status: right ? "passed" : "failed",
      reason: disks.length === 0 ? `${where} wrote no rbd disk` : where,
      volume,
      disks,
      schema,
      causes: right ? [] : await findCauses(context, printed, asked),
    };
  });
}

async function validate(xml: string): Promise<VolumeProof["schema"]> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, "domain.xml");
    writeFileSync(file, xml);
    const { status, stdout, stderr, fault, why } = await run("virt-xml-validate", [file, "domain"]);
    if (fault === "ENOENT") return { status: "skipped", reason: "virt-xml-validate is not installed" };
    // It is a shell script: what it calls may be missing.
    if (status === 126 || status === 127) return { status: "skipped", reason: `virt-xml-validate: ${why}` };
    if (status === null) return { status: "skipped", reason: `virt-xml-validate: ${why}` };
    return status === 0
      ? { status: "passed", reason: "virt-xml-validate" }
      : { status: "failed", reason: (stderr + stdout).trim().replaceAll(file, "domain.xml").replace(/\n+/g, "; ") };
  });
}
