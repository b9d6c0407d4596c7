import { lstatSync } from "node:fs";
import { join } from "node:path";
import { hostOf, settle, whole } from "../context";
import { refuseOtherFile } from "../elsewhere";
import { asFailure, Failure, quoted } from "../failure";
import type { HostConfig } from "../host/config";
import { documentPath, listDocuments, readListed } from "../host/documents";
import type { HostResult, HostsSummary } from "../output/schema";
import { makeFolder, putFile } from "../system/write";
import { openTarget } from "../virtinst/target";
import { type BundleOptions, bundler } from "./bundle";
import { type RenderOptions, renderer } from "./render";

/** What is made for each host document of a folder, and where to. */
export type HostsOptions = {
  /** The folder that holds the host documents. */
  readonly hosts: string;
  /** The folder for the files, made where it is missing. */
  readonly output: string;
} & (({ readonly command: "render" } & RenderOptions) | ({ readonly command: "bundle" } & BundleOptions));

/** What became of one host; of a failure, itself. */
export type HostLine = HostResult & { readonly failure: Failure | null };

/** A run over many hosts. Nothing of one is kept for the next but how often what was said. */
export interface HostsRun {
  /** One after the other, each made when it is asked for. */
  readonly lines: AsyncIterable<HostLine>;
  /** What is to be said after the last. */
  readonly summary: () => HostsSummary;
}

/** A file for one host. */
interface Made {
  readonly content: Buffer | string;
  readonly notes: readonly string[];
}

/**
 * Makes a patch or a bundle for each host document in a folder. One host's failure is its own.
 *
 * @throws Failure where none can be made: (usage) no virtinst is named for a patch, (facts) there is no document,
 *   (target) the virtinst cannot be patched, (io) the folder cannot be made
 */
export function makeForHosts(options: HostsOptions): HostsRun {
  const { command, output } = options;
  const { names, others } = listDocuments(options.hosts);
  const make = maker(options);
  makeFolder(output);
  const counts = { written: 0, unchanged: 0, failed: 0 };
  const notes = new Map<string, number>();
  const ending = command === "render" ? ".patch" : ".py";
  async function* lines(): AsyncGenerator<HostLine> {
    for (const name of names) {
      const about = { command, name, source: documentPath(options.hosts, name) };
      const line = await lineOf(about, join(output, name + ending), make);
      counts[line.status]++;
      for (const one of line.notes)
        if (notes.has(one) || notes.size < MOST_NOTES) notes.set(one, (notes.get(one) ?? 0) + 1);
      yield line;
    }
  }
  const summary = () => ({
    command,
    summary: { hosts: names.length, ...counts },
    notes: [
      ...otherNames(others, options.hosts),
      ...[...notes].map(([one, times]) => `${one} (${times} of ${names.length} hosts)`),
      ...(notes.size === MOST_NOTES ? ["There may be other notes: --json says each host's."] : []),
    ],
  });
  return { lines: lines(), summary };
}

/** So many different notes are said at the end: nobody reads on. */
const MOST_NOTES = 20;

/** How one host's file is made from its facts: what is the same for all of them is done here, once. */
function maker(options: HostsOptions): (config: HostConfig) => Promise<Made> {
  if (options.command === "bundle") {
    const made = bundler(options);
    return async (config) => {
      const { program, notes } = made(whole(hostOf(config, options)));
      return { content: program, notes };
    };
  }
  if (options.virtinst === undefined)
    throw new Failure(
      "usage",
      "--hosts makes patches for other machines' virtinst, and none was named.",
      "Give --virtinst DIR, a copy of theirs: mkdir DIR && ssh HOST tar -c -C /usr/share/virt-manager . | tar -x -C DIR.",
    );
  const target = openTarget(options, null);
  const made = renderer(target, options);
  return async (config) => {
    const host = whole(hostOf(config, options));
    const uncompared = refuseOtherFile(config, target);
    const { bytes, notes } = await made(whole(settle(host, target.installation, options)));
    return { content: bytes, notes: [...uncompared, ...notes] };
  };
}

/** Makes one host's file. */
async function lineOf(
  about: Pick<HostLine, "command" | "name" | "source">,
  path: string,
  make: (config: HostConfig) => Promise<Made>,
): Promise<HostLine> {
  let host: string | null = null;
  try {
    const config = readListed(about.source);
    host = config.host;
    const { content, notes } = await make(config);
    const written = putFile(path, content, { program: about.command === "bundle" });
    const status = written ? "written" : "unchanged";
    return { ...about, host, status, written: path, notes, error: null, failure: null };
  } catch (error) {
    const failure = asFailure(error);
    const { message, hint } = failure;
    // Whoever copies the whole folder would copy it too.
    const notes = isThere(path) ? ["The file of an earlier run is still there, though this host failed."] : [];
    return { ...about, host, status: "failed", written: null, notes, error: { message, hint }, failure };
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function otherNames(others: readonly string[], folder: string): string[] {
  if (others.length === 0) return [];
  const more = others.length > 3 ? ` and ${others.length - 3} more` : "";
  return [`In ${folder}, only *.json is read, and not ${quoted(others.slice(0, 3))}${more}.`];
}
