import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context";
import { readRbdDisks, strayAuths } from "../host/domain";
import type { PoolFacts } from "../patch/facts";
import { poolsToldApart } from "../patch/sample";
import { inTemporaryFolder } from "../system/temporary";
import type { Installation } from "../virtinst/find";
import { copiesAuth } from "../virtinst/need";
import { findPrograms } from "../virtinst/program";
import type { TargetOptions } from "../virtinst/target";
import { type InstallRun, type PrintedXml, printXml } from "../virtinst/virt-install";
import { findCauses } from "./causes";
import { compareDisk } from "./disks";
import { testNode } from "./node";
import { type Check, check, failed, notRun, type Proof, provedBy } from "./proof";

/** What the host's own virt-install writes, proved. */
export interface InstallProof extends Proof {
  /** Where it failed: what to look at, in sentences. */
  readonly causes: readonly string[];
}

/**
 * Runs the host's own `virt-install --print-xml` for a volume of each pool, and once more with a CD-ROM, on a node of
 * libvirt's test driver that is made from the facts: neither libvirt's daemons nor Ceph are touched.
 *
 * @param context its blocks are current, or none are needed
 */
export async function proveInstall(context: Context, options: TargetOptions): Promise<InstallProof> {
  const { chosen, facts, installation } = context;
  if (facts.pools.length === 0) return withoutCauses(notRun("this host has no rbd pool"));
  const command = installCommand(installation, options);
  if ("notRun" in command) return withoutCauses(notRun(command.notRun));
  const apart = poolsToldApart(facts.pools)
    .filter(({ user }) => user === undefined || copiesAuth(installation, options.files))
    .map(({ pool }) => pool.pool);
  const node = testNode(chosen.filter(({ name }) => apart.includes(name)));
  const [first] = node.pools;
  if (!first)
    return withoutCauses(notRun("libvirt's test driver takes only pools that list a monitor, and can be told apart"));

  return inTemporaryFolder(async (cache) => {
    const [nodeFile, cdrom] = [join(cache, "node.xml"), join(cache, "cdrom.iso")];
    writeFileSync(nodeFile, node.xml);
    writeFileSync(cdrom, "");
    const runs = [
      ...node.pools.map((one) => ({ ...one, label: `disk of pool ${one.pool.name}`, more: [] as string[] })),
      { ...first, label: `disk of pool ${first.pool.name}, beside a CD-ROM`, more: [`path=${cdrom},device=cdrom`] },
    ];
    const by = `${command.words.join(" ")} on libvirt's test driver`;
    const checks: Check[] = [];
    let causes: string[] | null = null;
    for (const { pool, volume, label, more } of runs) {
      const asked = { command: command.words, uri: `test://${nodeFile}`, disks: [`vol=${volume}`, ...more], cache };
      const printed = await printXml(asked, installation);
      const { fault } = printed;
      if (fault?.raised) return withoutCauses(failed(by, label, fault.reason));
      // What hangs or cannot start would do so each time.
      if (fault) return withoutCauses(notRun(`${command.words.join(" ")}: ${fault.reason}`));
      const own = facts.pools.find((candidate) => candidate.pool === pool.name) as PoolFacts;
      const wrong = whatIsWrong(printed, own, by);
      checks.push(check(label, wrong.length === 0, wrong.join("\n")));
      if (wrong.length > 0) causes ??= await findCauses(context, printed, asked);
    }
    return { ...provedBy(by, checks), causes: causes ?? [] };
  });
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
): { readonly words: InstallRun["command"] } | { readonly notRun: string } {
  if (files.mounted) return { notRun: "nothing below --root is run" };
  const [first] = findPrograms(files);
  const own = virtinst === undefined ? first?.path : (program ?? (any ? first?.path : null));
  if (!own)
    return {
      notRun: first
        ? `no virt-install was found that uses the virtinst in ${virtinst}`
        : "there is no virt-install in PATH",
    };
  return { words: python !== undefined && script !== null && own === program ? [python, script] : [own] };
}

/** What a run printed, beside what its pool's disks need; empty where all is right. */
function whatIsWrong({ domains }: PrintedXml, pool: PoolFacts, where: string): string[] {
  const disks = domains.flatMap((xml) => readRbdDisks(xml, where));
  const wrong = disks.flatMap((disk) =>
    compareDisk(disk, pool)
      .filter(({ right }) => !right)
      .map(({ label, expected, found }) => `${label}: expected ${expected}, found ${found}`),
  );
  const stray = domains.flatMap((xml) => strayAuths(xml, where)).map((name) => `${name} got an auth, and needs none`);
  return disks.length === 0 ? ["it wrote no rbd disk"] : [...wrong, ...stray];
}
