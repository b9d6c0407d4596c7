import { existsSync } from "node:fs";
import { join } from "node:path";
import { asFailure, quoted } from "../failure";
import { listDocuments, readListed } from "../host/read-host";
import type { HostLine, HostsRun } from "../output/show";
import { makeFolder, putProgram } from "../system/write";
import { hostOf, requireUsable } from "../target";
import { type BundleOptions, bundleFor } from "./bundle";

/** Options of `bundle --hosts`. */
export interface HostsOptions extends BundleOptions {
  /** The directory of the host files. */
  readonly hosts: string;
  /** The directory for the scripts; created if it is missing. */
  readonly output: string;
}

/** The summary has at most this many different notes. */
const MOST_NOTES = 20;

/**
 * Generates the standalone script of each host file in a directory. If one host fails, the others continue.
 *
 * @throws Failure (pools) if there is no host file, (io) if the directory cannot be created
 */
export function bundleHosts(options: HostsOptions): HostsRun {
  const { hosts, output } = options;
  const { names, others } = listDocuments(hosts);
  makeFolder(output);
  const counts = { written: 0, unchanged: 0, failed: 0 };
  const notes = new Map<string, number>();
  async function* lines(): AsyncGenerator<HostLine> {
    for (const name of names) {
      const line = await writeScript(name, options);
      counts[line.status]++;
      for (const one of line.notes)
        if (notes.has(one) || notes.size < MOST_NOTES) notes.set(one, (notes.get(one) ?? 0) + 1);
      yield line;
    }
  }
  const summary = () => ({
    command: "bundle" as const,
    summary: { hosts: names.length, ...counts },
    notes: [
      ...otherNames(others, hosts),
      ...[...notes].map(([one, times]) => `${one} (${times} of ${names.length} hosts)`),
      ...(notes.size === MOST_NOTES ? ["There may be more notes: --json prints all notes of each host."] : []),
    ],
  });
  return { lines: lines(), summary };
}

/** Writes the script of one host. */
async function writeScript(name: string, { hosts, output, ...options }: HostsOptions): Promise<HostLine> {
  const source = join(hosts, `${name}.json`);
  const path = join(output, `${name}.py`);
  const about = { command: "bundle", name, source } as const;
  let host: string | null = null;
  try {
    const config = readListed(source);
    host = config.host;
    const { program, notes } = bundleFor(requireUsable(hostOf(config, options)), options.files);
    const status = (await putProgram(path, program)) ? "written" : "unchanged";
    return { ...about, host, status, written: path, notes, error: null, failure: null };
  } catch (error) {
    const failure = asFailure(error);
    const { message, hint } = failure;
    const notes = existsSync(path) ? ["The script of an earlier run is still there, although this host failed."] : [];
    return { ...about, host, status: "failed", written: null, notes, error: { message, hint }, failure };
  }
}

function otherNames(others: readonly string[], folder: string): string[] {
  if (others.length === 0) return [];
  const more = others.length > 3 ? ` and ${others.length - 3} more` : "";
  return [`Only the *.json files in ${folder} are read. Ignored: ${quoted(others.slice(0, 3))}${more}.`];
}
