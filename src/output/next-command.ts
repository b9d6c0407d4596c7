import { shellWord } from "../failure";
import { TOOL } from "../version";
import { inline } from "./escape";

const SOURCE = ["connect", "poolXml", "secretXml", "host", "pool"] as const;
const TARGET = ["ssh", "root", "virtinst", "python"] as const;

/** The options that name a host and its virtinst, with their values. */
export type Given = Readonly<
  Partial<Record<(typeof SOURCE)[number] | (typeof TARGET)[number], string | readonly string[]> & { sudo: boolean }>
>;

/** The long option for a name in camel case. */
export function longOption(name: string): string {
  return `--${name.replace("Xml", "-xml")}`;
}

/** Another command for the same host and virtinst, for a shell; `words` are its name and its own options. */
export function nextCommand(words: string, given: Given): string {
  // `revert` reads no pools.
  const names = words === "revert" ? TARGET : [...SOURCE, ...TARGET];
  const options = names.flatMap((name) => [given[name] ?? []].flat().map((value) => `${longOption(name)}=${value}`));
  return [TOOL, words, ...options.map((one) => shellWord(inline(one))), ...(given.sudo ? ["--sudo"] : [])].join(" ");
}
