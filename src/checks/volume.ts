import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure";
import { DEFAULT_URI } from "../host/config";
import { type DomainDisk, readRbdDisks } from "../host/domain";
import { run } from "../system/run";
import { inTemporaryFolder } from "../system/write";
import type { CommonOptions, Context } from "../target";
import { printXml } from "../virtinst/virt-install";
import { compareDisk, type DiskValue } from "./disks";
import { type InstallProof, installCommand, loggedLines } from "./install";
import type { Proof } from "./proof";

/** The result of running the virt-install of this host for a volume. */
export interface VolumeProof extends Omit<InstallProof, "checks"> {
  readonly volume: string;
  /** Each rbd disk that virt-install wrote, with its values. */
  readonly disks: readonly { readonly name: string; readonly values: readonly DiskValue[] }[];
  /** The result of `virt-xml-validate`. */
  readonly schema: Pick<Proof, "status" | "reason">;
}

/** The options for checking a volume. */
export interface VolumeOptions extends CommonOptions {
  /** Is called with a sentence about what is being waited for, if that takes longer than `MOMENT`. */
  readonly waiting: (what: string) => void;
}

/** In milliseconds. libvirt needs half a minute for the volume if the Ceph cluster cannot be reached. */
const MOMENT = 2000;

/**
 * Runs `virt-install --print-xml` of this host for a volume, and checks every rbd disk that it writes. Nothing is defined
 * or started.
 *
 * @param volume `POOL/VOLUME`
 * @throws Failure (usage) if the volume is not POOL/VOLUME, (pools) if its pool is not one of the host's rbd pools
 */
export async function proveVolume(context: Context, volume: string, options: VolumeOptions): Promise<VolumeProof> {
  const { connect: uri = DEFAULT_URI, waiting } = options;
  const { poolTable, installation, config } = context;
  const [, poolName] = /^([^/]+)\/.+$/.exec(volume) ?? [];
  if (!poolName)
    throw new Failure(
      "usage",
      `--vol ${volume}: expected POOL/VOLUME.`,
      "Name the libvirt pool and the volume, such as --vol libvirtpool/virt-1.",
    );
  const pool = poolTable.pools.find((candidate) => candidate.pool === poolName);
  if (!pool)
    throw new Failure(
      "pools",
      `${config.source}: the pool of --vol ${volume} is not among the rbd pools ${poolTable.pools.map((one) => one.pool).join(", ") || "(there are none)"}.`,
      "Name a volume of an rbd pool of this host.",
    );
  const nothing = (status: "failed" | "skipped", reason: string): VolumeProof => ({
    ...{ status, reason, volume, disks: [], causes: [] },
    schema: { status: "skipped", reason: "there is no domain to validate" },
  });
  const command = installCommand(installation, options, true);
  if ("skipped" in command) return nothing("skipped", command.skipped);

  return inTemporaryFolder(async (cache) => {
    const what = `Waiting until libvirt (${uri}) opens volume ${volume}, for up to a minute. Check that it can reach the Ceph monitors.`;
    const timer = setTimeout(waiting, MOMENT, what);
    const asked = { command: command.words, uri, disks: [`vol=${volume}`], cache };
    const { domains, fault, log } = await printXml(asked, installation).finally(() => clearTimeout(timer));
    const where = `${command.words.join(" ")} --print-xml --disk vol=${volume}`;
    // The message of VIR_ERR_NO_STORAGE_VOL (libvirt, src/util/virerror.c), which every virt-install prints.
    const gone = /storage volume not found/i.test(fault?.reason ?? "");
    const there = gone ? `; \`virsh -c ${uri} vol-list ${poolName}\` lists the volumes of this pool` : "";
    if (fault) return nothing(fault.raised ? "failed" : "skipped", `${where}: ${fault.reason}${there}`);
    let written: DomainDisk[];
    try {
      written = domains.flatMap((xml) => readRbdDisks(xml, where));
    } catch (error) {
      if (error instanceof Failure) return nothing("failed", error.message.replace(/\.$/, ""));
      throw error;
    }
    const disks = written.map((disk) => ({ name: disk.name, values: compareDisk(disk, pool, config.secrets ?? []) }));
    const schema = await validate(domains[0] as string, cache);
    const right =
      disks.length > 0 && disks.every((disk) => disk.values.every(({ right }) => right)) && schema.status !== "failed";
    return {
      ...{ status: right ? "passed" : "failed", volume, disks, schema },
      reason: disks.length === 0 ? `${where} wrote no rbd disk` : where,
      causes: right ? [] : loggedLines(log),
    };
  });
}

async function validate(xml: string, folder: string): Promise<VolumeProof["schema"]> {
  const file = join(folder, "domain.xml");
  writeFileSync(file, xml);
  const { status, stdout, stderr, fault, why } = await run("virt-xml-validate", [file, "domain"]);
  if (fault === "ENOENT") return { status: "skipped", reason: "virt-xml-validate is not installed" };
  // It is a shell script, and a program that it calls may be missing.
  if (status === null || status === 126 || status === 127)
    return { status: "skipped", reason: `virt-xml-validate: ${why}` };
  return status === 0
    ? { status: "passed", reason: "virt-xml-validate" }
    : { status: "failed", reason: (stderr + stdout).trim().replaceAll(file, "domain.xml").replace(/\n+/g, "; ") };
}
