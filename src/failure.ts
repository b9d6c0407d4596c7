import { TOOL, VERSION } from "./version";

/** Why a command could not do what it was asked; `cli.ts` turns each kind into an exit code. */
export type FailureKind =
  /** The command line is wrong. */
  | "usage"
  /** The host's facts cannot be read or do not fit together. */
  | "facts"
  /** The target cannot be patched. */
  | "target"
  /** It was checked and does not work. */
  | "behaviour"
  /** Reading or writing failed. */
  | "io";

/** The longest message, in characters: nobody reads on. */
const MOST = 2000;

/** An expected failure, in an administrator's words: what is wrong and where, and what to do next. */
export class Failure extends Error {
  /**
   * @param kind decides the exit code
   * @param message what is wrong, and where
   * @param hint the next step
   */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly hint: string,
  ) {
    // A name of any length may be in it, and what counts is said at the end.
    super(message.length > MOST ? `${message.slice(0, MOST / 2)}…${message.slice(-MOST / 2)}` : message);
    this.name = "Failure";
  }
}

/**
 * What an operating system call said, as a sentence for a message.
 *
 * @param error what was thrown; Node's own errors carry the call and the path, which the caller names itself
 */
export function systemReason(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "");
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EISDIR: "it is a directory",
  ENXIO: "nobody reads from that pipe",
  EMFILE: "too many open files (ulimit -n)",
  ENOTDIR: "a part of the path is not a directory",
  EIO: "the disk reports an error (EIO)",
  EDQUOT: "the quota is used up",
  ELOOP: "too many symbolic links",
};

/** Whatever was thrown as a failure: what nobody foresaw too is said in one sentence, without a stack trace. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, path, syscall } = Object(error) as NodeJS.ErrnoException;
  if (syscall === "uv_cwd")
    return new Failure(
      "io",
      `The folder that this was started in cannot be told: ${systemReason(error)}.`,
      "Go to another one (cd /), and name paths from / on.",
    );
  if (syscall)
    return new Failure(
      "io",
      `${path ?? "A file"}: ${systemReason(error)} (${syscall}, ${code}).`,
      "Check the path and its rights, and the disk (dmesg).",
    );
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(
    "io",
    `Something unforeseen went wrong: ${message}`,
    `Please report this, with the command line and ${TOOL} ${VERSION}.`,
  );
}

/** Names from outside, each in quotes. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** A word as a POSIX shell reads it: in single quotes if it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
