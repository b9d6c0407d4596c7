import type { CommonOptions } from "./context";
import { Failure } from "./failure";
import { HostFiles } from "./system/host-files";

/** The options as the command line gives them. */
export interface Words {
  connect?: string;
  poolXml?: string[];
  secretXml?: string[];
  host?: string;
  root?: string;
  virtinst?: string[];
  pool?: string[];
  python?: string;
  json?: boolean;
  diff?: boolean;
  check?: boolean;
  force?: boolean;
  reverse?: boolean;
  static?: boolean;
  vol?: string;
  report?: string;
  output?: string;
  hosts?: string;
  verbose?: boolean;
  quiet?: boolean;
}

/** Only what was given: a missing option is no property at all. */
export function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/**
 * The folders of a run over many hosts; null for one host.
 *
 * @throws Failure (usage) where there is no folder to write to
 */
export function folders({ hosts, output }: Words): { hosts: string; output: string } | null {
  if (hosts === undefined) return null;
  if (hosts === "") throw new Failure("usage", "--hosts has no value.", "Name the folder that holds the documents.");
  if (output === undefined || output === "-")
    throw new Failure(
      "usage",
      "--hosts writes a file for each host, and no folder for them was named.",
      "Give -o DIR.",
    );
  return { hosts, output };
}

/**
 * The file of --report; null for none.
 *
 * @throws Failure (usage) where that is no file's name
 */
export function reportFile({ report }: Words): string | null {
  if (report === "" || report === "-")
    throw new Failure("usage", "--report needs a file's name.", "Name one, such as --report verify.html.");
  return report ?? null;
}

/**
 * The options that every command takes.
 *
 * @throws Failure (usage) where they do not go together
 */
export function common(words: Words): CommonOptions {
  const { connect, poolXml, secretXml, host, root, virtinst, pool, python } = words;
  if (secretXml && !poolXml && connect === undefined && root !== undefined)
    throw new Failure(
      "usage",
      "--secret-xml does not go with --root alone: the secrets come from below --root.",
      "Give --pool-xml or --connect too.",
    );
  const [own, second] = virtinst ?? [];
  if (second !== undefined) throw new Failure("usage", "--virtinst was given more than once.", "Pass it once.");
  const single = { connect, host, root, virtinst: own, python, vol: words.vol, output: words.output };
  const several = { "pool-xml": poolXml, "secret-xml": secretXml, pool };
  for (const [option, value = []] of Object.entries({ ...single, ...several }))
    if ([value].flat().includes(""))
      throw new Failure("usage", `--${option} has no value.`, "Give one, or leave the option out.");
  const files = new HostFiles(root);
  return { files, ...given({ connect, poolXml, secretXml, hostDocument: host, virtinst: own, pool, python }) };
}
