import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, systemReason } from "../failure";
import type { Secret } from "../host/config";
import { type DomainDisk, readRbdDisks, strayAuths } from "../host/domain";
import type { ResolvedPool } from "../patch/pools";
import { poolsToldApart } from "../patch/sample";
import { inTemporaryFolder } from "../system/write";
import type { Context } from "../target";
import { copiesAuth } from "../virtinst/affected";
import type { Installation } from "../virtinst/find";
import { findPrograms } from "../virtinst/program";
import type { Check } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target-file";
import { type InstallRun, printXml } from "../virtinst/virt-install";
import { compareDisk } from "./disks";
import { CDROM, NODE, type NodePool, nodePools } from "./node";
import { check, failed, type Proof, provedBy, skipped } from "./proof";

/** The result of running the virt-install of this host. */
export interface InstallProof extends Proof {
  /** If it failed: what the function of the patch logged, in sentences. */
  readonly causes: readonly string[];
}

/** The number of pools in one run: virt-install 1.x takes 14 seconds for 300 disks, and 2 seconds for 100. */
const POOLS_A_RUN = 100;

/**
 * Runs `virt-install --print-xml` of this host for a domain with a volume of each pool and a CD-ROM. The pools are on a
 * node of libvirt's test driver: neither the daemons of libvirt nor Ceph are used.
 *
 * @param context a host whose patch is current or not needed
 */
export async function proveInstall(context: Context, options: TargetOptions): Promise<InstallProof> {
  const { chosen, poolTable, installation } = context;
  const without = (proof: Proof): InstallProof => ({ ...proof, causes: [] });
  if (poolTable.pools.length === 0) return without(skipped("this host has no rbd pool"));
  const command = installCommand(installation, options);
  if ("skipped" in command) return without(skipped(command.skipped));
  const copied = copiesAuth(installation, options.files);
  const apart = poolsToldApart(poolTable.pools)
    .filter(({ user }) => user === undefined || copied)
    .map(({ pool }) => pool.pool);
  const able = chosen.filter(({ name, monitors }) => monitors.length > 0 && apart.includes(name));
  const left = chosen.filter((pool) => !able.includes(pool)).map(({ name }) => name);
  const unable = "its test driver takes only pools that list a monitor and can be distinguished from other pools";
  if (able.length === 0) return without(skipped(`libvirt: ${unable}`));
  const by = `${command.words.join(" ")} on libvirt's test driver`;
  const reason = left.length > 0 ? `${by}; not for pool ${left.join(", ")}: ${unable}` : by;

  try {
    return await inTemporaryFolder(async (cache) => {
      const checks: Check[] = [];
      const strays: string[] = [];
      const logged: string[] = [];
      for (let from = 0; from < able.length; from += POOLS_A_RUN) {
        const pools = nodePools(able.slice(from, from + POOLS_A_RUN));
        const file = join(cache, "node.xml");
        writeFileSync(file, [NODE.before, ...pools.map(({ xml }) => xml), NODE.after].join(""));
        // A path may contain characters that have a meaning in a URI.
        const uri = `test://${file.split("/").map(encodeURIComponent).join("/")}`;
        const disks = [...pools.map(({ disk }) => disk), CDROM];
        const { domains, fault, log } = await printXml({ command: command.words, uri, disks, cache }, installation);
        if (fault?.raised) return without(failed(reason, "_build_xml runs", fault.reason));
        if (fault) return without(skipped(`${command.words.join(" ")}: ${fault.reason}`));
        const found = compare(domains, pools, context, by);
        checks.push(...found.checks);
        strays.push(...found.strays);
        logged.push(...log);
      }
      const stray = [...new Set(strays)].map((name) => `${name} got an auth, but needs none`);
      checks.push(check("no auth on a CD-ROM", stray.length === 0, stray.join("\n")));
      const proof = provedBy(reason, checks);
      return { ...proof, causes: proof.status === "failed" ? loggedLines(logged) : [] };
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return without(skipped(`no temporary file can be written in ${tmpdir()}: ${systemReason(error)}; set TMPDIR`));
  }
}

/** The possible causes of a failure: the lines that the function of the patch logged, without duplicates. */
export function loggedLines(log: readonly string[]): string[] {
  return [...new Set(log)].map((line) => `the patch logged: ${line}`);
}

/**
 * The command to run virt-install: the first program in PATH, unless --virtinst names another virtinst.
 *
 * @param any whether to use the first program in PATH if no program uses the virtinst of --virtinst
 * @returns the command (with --python, that Python and the script), or why virt-install is not run
 */
export function installCommand(
  { program, script }: Installation,
  { files, virtinst, python }: TargetOptions,
  any = false,
): { readonly words: InstallRun["command"] } | { readonly skipped: string } {
  if (files.mounted) return { skipped: "nothing below --root is run" };
  const [first] = findPrograms(files);
  const own = virtinst === undefined ? first : (program ?? (any ? first : null));
  if (!own)
    return {
      skipped: first
        ? `no virt-install program uses the virtinst in ${virtinst}`
        : "there is no virt-install program in PATH",
    };
  return { words: python !== undefined && script !== null && own === program ? [python, script] : [own] };
}

/** Compares the domains that a run printed with the pools of the run. */
function compare(
  domains: readonly string[],
  pools: readonly NodePool[],
  { poolTable, config }: Context,
  where: string,
): { readonly checks: readonly Check[]; readonly strays: readonly string[] } {
  try {
    const read = domains.map((xml) => readRbdDisks(xml, where));
    const checks = pools.map(({ pool, image }) => {
      const own = poolTable.pools.find((candidate) => candidate.pool === pool.name) as ResolvedPool;
      const wrong = read.flatMap((disks) => whatIsWrong(disks, image, own, config.secrets ?? []));
      return check(`disk of pool ${pool.name}`, wrong.length === 0, wrong.join("\n"));
    });
    return { checks, strays: domains.flatMap((xml) => strayAuths(xml, where)) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { checks: [check("the domain is XML", false, error.message)], strays: [] };
  }
}

function whatIsWrong(
  disks: readonly DomainDisk[],
  image: string,
  pool: ResolvedPool,
  secrets: readonly Secret[],
): string[] {
  const [disk, second] = disks.filter(({ name }) => name === image);
  if (!disk || second) {
    const written = disks.map(({ name }) => name).join(", ") || "none";
    return [`image: expected one disk of ${image}, found ${disk ? "several" : "none"} (rbd disks: ${written})`];
  }
  return compareDisk(disk, pool, secrets)
    .filter(({ right }) => !right)
    .map(({ label, expected, found }) => `${label}: expected ${expected}, found ${found}`);
}
