import { existsSync } from "node:fs";
import { join } from "node:path";
import { hostOf, whole } from "../context";
import { asFailure, type Failure, quoted } from "../failure";
import type { HostConfig } from "../host/config";
import { documentPath, listDocuments, readListed } from "../host/read";
import type { HostResult, HostsSummary } from "../output/schema";
import { makeFolder, putFile } from "../system/write";
import { type BundleOptions, type BundleResult, bundler } from "./bundle";

/** Options of `bundle --hosts`. */
export interface HostsOptions extends BundleOptions {
  /** The directory of the host files. */
  readonly hosts: string;
  /** The directory for the scripts; created if it is missing. */
  readonly output: string;
}

/** The result for one host. */
export type HostLine = HostResult & { readonly failure: Failure | null };

/** A run over many hosts. Between two hosts it keeps only the counts. */
export interface HostsRun {
  /** One host after the other; each script is generated when its line is asked for. */
  readonly lines: AsyncIterable<HostLine>;
  /** The counts and notes, after the last host. */
  readonly summary: () => HostsSummary;
}

/** The summary has at most this many different notes. */
const MOST_NOTES = 20;

/**
 * Generates the standalone script of each host file in a directory. If one host fails, the others continue.
 *
 * @throws Failure (facts) if there is no host file, (io) if the directory cannot be created
 */
export function bundleHosts({ hosts, output, ...options }: HostsOptions): HostsRun {
  const { names, others } = listDocuments(hosts);
  const scriptOf = bundler(options);
  makeFolder(output);
  const make = (config: HostConfig) => scriptOf(whole(hostOf(config, options)));
  const counts = { written: 0, unchanged: 0, failed: 0 };
  const notes = new Map<string, number>();
  async function* lines(): AsyncGenerator<HostLine> {
    for (const name of names) {
      const line = await writeScript(name, documentPath(hosts, name), join(output, `${name}.py`), make);
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
      ...(notes.size === MOST_NOTES ? ["There may be more notes; --json prints those of each host."] : []),
    ],
  });
  return { lines: lines(), summary };
}

/** Writes the script of one host. */
async function writeScript(
  name: string,
  source: string,
  path: string,
  make: (config: HostConfig) => BundleResult,
): Promise<HostLine> {
  const about = { command: "bundle", name, source } as const;
  let host: string | null = null;
  try {
    const config = readListed(source);
    host = config.host;
    const { program, notes } = make(config);
    const written = await putFile(path, program, { program: true });
    const status = written ? "written" : "unchanged";
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
  return [`In ${folder}, only *.json is read, and not ${quoted(others.slice(0, 3))}${more}.`];
}
