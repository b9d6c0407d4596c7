import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";

/** A change that somebody else made. */
export interface Deed {
  /** What it is to be told by: the edit's line, or the mode. */
  readonly mark: string;
  readonly kind: "append" | "rename" | "chmod";
  /**
   * Whether it was made to the file that had the name just then. What was done to a file that had lost its name before
   * can be found by nobody.
   */
  readonly sure: boolean;
}

/** Does something to the file that has a name now, through a descriptor; tells whether the file still had it then. */
function through(path: string, act: (descriptor: number) => void): boolean {
  const descriptor = openSync(path, "a");
  try {
    act(descriptor);
    return fstatSync(descriptor).ino === statSync(path, { throwIfNoEntry: false })?.ino;
  } finally {
    closeSync(descriptor);
  }
}

/** Other programs that change the target; one at a time, so that none of them can undo what another one did. */
export class Others {
  readonly deeds: Deed[] = [];
  readonly #path: string;
  #number = 0;
  #mode = 0o600;

  constructor(path: string) {
    this.#path = path;
  }

  #line(): string {
    return `# edit ${++this.#number}\n`;
  }

  /** Appends a line in one write. */
  append(): void {
    const mark = this.#line();
    const sure = through(this.#path, (descriptor) => writeSync(descriptor, mark));
    this.deeds.push({ mark, kind: "append", sure });
  }

  /** Puts a file with one more line in its place, as an editor or a package manager does. */
  rename(): void {
    const mark = this.#line();
    const path = `${this.#path}.new`;
    const { mode } = statSync(this.#path);
    writeFileSync(path, `${readFileSync(this.#path, "latin1")}${mark}`, { encoding: "latin1", mode: mode & 0o777 });
    renameSync(path, this.#path);
    this.deeds.push({ mark, kind: "rename", sure: true });
  }

  /** Gives it a mode that it has not had. */
  chmod(): void {
    this.#mode += 0o1;
    const mode = this.#mode;
    const sure = through(this.#path, (descriptor) => fchmodSync(descriptor, mode));
    this.deeds.push({ mark: mode.toString(8), kind: "chmod", sure });
  }
}

const BLOCK = /^[ \t]*# >>> virtinst-rbd-patch[^\n]*\n[\s\S]*?^[ \t]*# <<< virtinst-rbd-patch[^\n]*\n/gm;

/** The blocks of a text, without the lines that depend on the text around them. */
export function blocksOf(text: string): string {
  return (text.match(BLOCK) ?? []).join("").replace(/^# (?:original|block): .*\n/gm, "");
}

/** What is wrong with a text that several wrote: it has to be the base with some edits, and no blocks or whole ones. */
export function illegal(text: string, base: string, others: Others, blocks: readonly string[]): string | null {
  const bare = text.replace(BLOCK, "");
  if (!bare.startsWith(base)) return "the text is not the base with lines added";
  const added = bare
    .slice(base.length)
    .split(/(?<=\n)/)
    .filter((line) => line !== "");
  const edits = others.deeds.map(({ mark }) => mark);
  const strange = added.find((line, index) => !edits.includes(line) || added.indexOf(line) !== index);
  if (strange !== undefined) return `a line that nobody wrote, or twice: ${JSON.stringify(strange)}`;
  if (!["", ...blocks].includes(blocksOf(text))) return "its blocks are nobody's";
  return null;
}

/** The deeds that are not to be seen in the file any more. */
export function lost(path: string, { deeds }: Others): Deed[] {
  const text = readFileSync(path, "latin1");
  const mode = (statSync(path).mode & 0o7777).toString(8);
  const lastMode = deeds.filter(({ kind }) => kind === "chmod").at(-1);
  return deeds.filter((deed) =>
    deed.kind === "chmod" ? deed === lastMode && mode !== deed.mark : !text.includes(deed.mark),
  );
}

/** Whether a trace shows a rename that has begun and waits. */
export function waits(log: string): "not yet" | "now" | "over" {
  const text = existsSync(log) ? readFileSync(log, "latin1") : "";
  if (!/rename(?:at2?)?\(/.test(text)) return "not yet";
  return /rename(?:at2?)?\(.*= /.test(text) ? "over" : "now";
}
