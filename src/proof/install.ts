import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context";
import { Failure, systemReason } from "../failure";
import type { Secret } from "../host/config";
import { type DomainDisk, readRbdDisks, strayAuths } from "../host/domain";
import type { PoolFacts } from "../patch/facts";
import { poolsToldApart } from "../patch/sample";
import { inTemporaryFolder } from "../system/temporary";
import { copiesAuth } from "../virtinst/affected";
import type { Installation } from "../virtinst/find";
import { findPrograms } from "../virtinst/program";
import type { TargetOptions } from "../virtinst/target";
import { type InstallRun, type PrintedXml, printXml } from "../virtinst/virt-install";
import { findCauses } from "./causes";
import { compareDisk } from "./disks";
import { CDROM, NODE, type NodePool, nodePools } from "./node";
import { type Check, check, failed, type Proof, provedBy, skipped } from "./proof";

/** What the host's own virt-install writes, proved. */
export interface InstallProof extends Proof {
  /** Where it failed: what to look at, in sentences. */
  readonly causes: readonly string[];
}

/** So many pools are one run: virt-install 1.x takes 14 seconds for 300 disks, and 2 for 100. */
const POOLS_A_RUN = 100;

/**
 * Runs the host's own `virt-install --print-xml` for a domain with a volume of each pool and a CD-ROM, on a node of
 * libvirt's test driver that is made from the facts: neither libvirt's daemons nor Ceph are touched.
 *
 * @param context its blocks are current, or none are needed
 */
export async function proveInstall(context: Context, options: TargetOptions): Promise<InstallProof> {
  const { chosen, facts, installation } = context;
  if (facts.pools.length === 0) return withoutCauses(skipped("this host has no rbd pool"));
  const command = installCommand(installation, options);
  if ("skipped" in command) return withoutCauses(skipped(command.skipped));
  const told = copiesAuth(installation, options.files);
  const apart = poolsToldApart(facts.pools)
    .filter(({ user }) => user === undefined || told)
    .map(({ pool }) => pool.pool);
  const able = chosen.filter(({ name, monitors }) => monitors.length > 0 && apart.includes(name));
  const left = chosen.filter((pool) => !able.includes(pool)).map(({ name }) => name);
  const unable = "its test driver takes only pools that list a monitor, and can be told apart";
  if (able.length === 0) return withoutCauses(skipped(`libvirt: ${unable}`));
  const by = `${command.words.join(" ")} on libvirt's test driver`;
  const reason = left.length > 0 ? `${by}; not for pool ${left.join(", ")}: ${unable}` : by;

  try {
    return await inTemporaryFolder(async (cache) => {
      const checks: Check[] = [];
      const strays: string[] = [];
      const causes: string[] = [];
      for (let from = 0; from < able.length; from += POOLS_A_RUN) {
        const pools = nodePools(able.slice(from, from + POOLS_A_RUN));
        const file = join(cache, "node.xml");
        writeFileSync(file, [NODE.before, ...pools.map(({ xml }) => xml), NODE.after].join(""));
        // In a URI a folder's name may mean something.
        const uri = `test://${file.split("/").map(encodeURIComponent).join("/")}`;
        const asked = { command: command.words, uri, disks: [...pools.map(({ disk }) => disk), CDROM], cache };
        const printed = await printXml(asked, installation);
        const { fault } = printed;
        if (fault?.raised) return withoutCauses(failed(reason, "_build_xml runs", fault.reason));
        if (fault) return withoutCauses(skipped(`${command.words.join(" ")}: ${fault.reason}`));
        const found = compare(printed, pools, context, by);
        checks.push(...found.checks);
        strays.push(...found.strays.map((name) => `${name} got an auth, and needs none`));
        if (causes.length === 0 && (found.strays.length > 0 || found.checks.some(({ passed }) => !passed)))
          causes.push(...(await findCauses(context, printed, asked)));
      }
      checks.push(check("no auth on a CD-ROM", strays.length === 0, [...new Set(strays)].join("\n")));
      return { ...provedBy(reason, checks), causes };
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return withoutCauses(
      skipped(`no temporary file can be written in ${tmpdir()}: ${systemReason(error)}; set TMPDIR`),
    );
  }
}

function withoutCauses(proof: Proof): InstallProof {
  return { ...proof, causes: [] };
}

/**
 * How virt-install is run: what the user runs is what PATH gives, unless another virtinst was named.
 *
 * @param any whether the first program in PATH will do for a virtinst that was named too
 * @returns a Python and its script where a Python was named; why it is not run, where it is not
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

/** What a run printed, beside what its pools' disks need. */
function compare(
  { domains }: PrintedXml,
  pools: readonly NodePool[],
  { facts, config }: Context,
  where: string,
): { readonly checks: readonly Check[]; readonly strays: readonly string[] } {
  let read: ReturnType<typeof readDomain>[];
  try {
    read = domains.map((xml) => readDomain(xml, where));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { checks: [check("the domain is XML", false, error.message)], strays: [] };
  }
  const checks = pools.map(({ pool, image }) => {
    const own = facts.pools.find((candidate) => candidate.pool === pool.name) as PoolFacts;
    const wrong = read.flatMap(({ disks }) => whatIsWrong(disks, image, own, config.secrets ?? []));
    return check(`disk of pool ${pool.name}`, wrong.length === 0, wrong.join("\n"));
  });
  return { checks, strays: read.flatMap(({ strays }) => strays) };
}

function readDomain(xml: string, where: string) {
  return { disks: readRbdDisks(xml, where), strays: strayAuths(xml, where) };
}

function whatIsWrong(
  disks: readonly DomainDisk[],
  image: string,
  pool: PoolFacts,
  secrets: readonly Secret[],
): string[] {
  const own = disks.filter(({ name }) => name === image);
  if (own.length !== 1) {
    const written = disks.map(({ name }) => name).join(", ") || "none";
    return [`image: expected one disk of ${image}, found ${own.length} (rbd disks: ${written})`];
  }
  return own
    .flatMap((disk) => compareDisk(disk, pool, secrets))
    .filter(({ right }) => !right)
    .map(({ label, expected, found }) => `${label}: expected ${expected}, found ${found}`);
}
