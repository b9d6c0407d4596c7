import { TOOL, VERSION } from "./version";

/** Why a command failed: usage, pools or secrets, target, a check, reading or writing. `cli.ts` has the exit codes. */
export type FailureKind = "usage" | "pools" | "target" | "behaviour" | "io";

/** The longest message, in characters; a longer one is shortened. */
const MOST = 2000;

/** An expected failure: what is wrong and where, and what to do next. */
export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly hint: string,
  ) {
    // A message may contain a name of any length. Keep the end, which has the reason.
    super(message.length > MOST ? `${message.slice(0, MOST / 2)}…${message.slice(-MOST / 2)}` : message);
    this.name = "Failure";
  }
}

/** What the codes of operating system calls mean. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EISDIR: "it is a directory",
  ENXIO: "no process reads from this pipe",
  EMFILE: "too many open files (ulimit -n)",
  ENOTDIR: "a part of the path is not a directory",
  EIO: "the disk reports an error (EIO)",
  EDQUOT: "the quota is used up",
  ELOOP: "too many symbolic links",
};

/** Why a system call failed, as a part of a sentence without the path: the caller adds the path. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  return SYSTEM_REASONS[code] ?? message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')?$/, "");
}

/** Converts anything that was thrown to a failure without a stack trace. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, path, syscall } = Object(error) as NodeJS.ErrnoException;
  if (syscall)
    return new Failure(
      "io",
      `${path ?? (syscall === "uv_cwd" ? "The current directory" : "A file")}: ${systemReason(error)} (${syscall}, ${code}).`,
      "Check the path, its permissions, and the disk (dmesg).",
    );
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(
    "io",
    `Unexpected error: ${message}`,
    `Please report this, with the command line and ${TOOL} ${VERSION}.`,
  );
}

/** A list of names, each in quotes. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** A word as a POSIX shell reads it: in single quotes if it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
