import type { HostConfig } from "../host/config";
import { type ResolvedFacts, resolveFacts } from "../host/facts";
import { type HostOptions, readHost } from "../host/read";
import { type Examined, examine } from "../patch/state";
import { locate } from "../system/paths";
import { type ReadFile, readWithTime } from "../system/read";
import { findPrograms, findVirtinst, type Installation, otherVirtinsts } from "../virtinst/find";

/** Options that every command takes. */
export interface CommonOptions extends HostOptions {
  /** Names of the libvirt pools to take; all rbd pools by default. */
  readonly pool?: readonly string[];
  /** The folder that holds the `virtinst` package; found by default. */
  readonly virtinst?: string;
  /** The Python that runs virt-install; by default the one that virt-install's first line names. */
  readonly python?: string;
}

/** The target as it is, before a command does anything. */
export interface Target {
  readonly installation: Installation;
  readonly file: ReadFile;
  readonly examined: Examined;
}

/** What every command that needs the host's facts begins with. */
export interface Context extends Target {
  readonly config: HostConfig;
  readonly facts: ResolvedFacts;
}

/** Reads the host's facts, finds virtinst, and compares the two. */
export async function openContext(options: CommonOptions): Promise<Context> {
  const config = await readHost(options);
  const facts = resolveFacts(config, options.pool ?? []);
  return { config, facts, ...openTarget(options, facts) };
}

/** Finds virtinst and reads the file that holds `_build_xml`. */
export function openTarget(options: CommonOptions, facts: ResolvedFacts | null): Target {
  const installation = findVirtinst(options);
  const file = readWithTime(installation.path);
  return { installation, file, examined: examine(file.bytes, facts?.cephPools ?? null) };
}

/** What the results of several commands say of their target. */
export interface TargetReport {
  /** The file that holds `_build_xml`. */
  readonly file: string;
  /** The release of virt-manager that it states; null where it states none. */
  readonly release: string | null;
}

/** The target, for a result. */
export function reportTarget({ installation }: Target): TargetReport {
  return { file: installation.path, release: installation.release };
}

/** The pools that a config's facts were made from. */
export function chosenPools({ config, facts }: Pick<Context, "config" | "facts">): HostConfig["pools"] {
  return config.pools.filter(({ name }) => facts.pools.some(({ pool }) => pool === name));
}

/** What is to be said before the target's file is replaced. */
export function replacementNotes(target: Target, options: CommonOptions): string[] {
  const { installation, file } = target;
  const links = `${installation.path} has ${file.names} names (hard links): the other ones keep the text as it was.`;
  return [...choiceNotes(target, options), ...(file.names > 1 ? [links] : [])];
}

/** Which virtinst was taken, where that was a choice. */
export function choiceNotes({ installation }: Target, options: CommonOptions): string[] {
  if (options.virtinst !== undefined) return [];
  const { directory, program } = installation;
  const [first] = findPrograms(options.root ?? "/");
  if (first && !first.folders.some((folder) => locate(folder, options.root) === directory))
    return [
      `${directory} was taken, but which virtinst ${first.path} uses could not be told. Name its folder with --virtinst.`,
    ];
  const others = otherVirtinsts(installation, options.root);
  if (others.length === 0) return [];
  const why = program ? `it is what ${program} runs` : "it is in the most usual place";
  return [
    `There are several virtinsts: ${directory} was taken, for ${why}; not ${others.join(", ")}. Name another with --virtinst.`,
  ];
}
