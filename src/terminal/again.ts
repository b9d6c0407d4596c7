import { shellWord } from "../failure";
import { inline } from "../report/text";
import { TOOL } from "../version";

/** What names the host and its virtinst on a command line: options, and their values. */
export type Given = Readonly<
  Partial<Record<"connect" | "host" | "root" | "virtinst" | "python", string>> &
    Partial<Record<"poolXml" | "secretXml" | "pool", readonly string[]>>
>;

/**
 * Another command for the same host and virtinst, as a shell takes it.
 *
 * @param words the command's name, and its own options
 */
export function again(words: string, { virtinst, root, python, ...facts }: Given): string {
  const { connect, host, poolXml, secretXml, pool } = words === "revert" ? ({} as Given) : facts;
  const options = { connect, "pool-xml": poolXml, "secret-xml": secretXml, host, root, virtinst, pool, python };
  const written = Object.entries(options).flatMap(([name, value = []]) =>
    [value].flat().map((one) => quote(`--${name}=${one}`)),
  );
  return [TOOL, words, ...written].join(" ");
}

/** The command line of this run without some of its words: what `--check` looked at, done. */
export function thisRun(leave: RegExp): string {
  const words = process.argv.slice(2).filter((word) => !leave.test(word));
  return [TOOL, ...words.map(quote)].join(" ");
}

/** A word for a shell, and for a terminal. */
function quote(word: string): string {
  return shellWord(inline(word));
}
