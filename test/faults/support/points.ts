import { existsSync, readFileSync } from "node:fs";
import { seeded } from "./run";

/** The calls that have to do with files; as strace's own filter. Those that this machine lacks are asked for with `?`. */
const CALLS = [
  ...["open", "openat", "openat2", "creat", "close", "read", "pread64", "readv", "preadv", "write", "pwrite64"],
  ...["writev", "pwritev", "fsync", "fdatasync", "syncfs", "stat", "lstat", "fstat", "newfstatat", "statx"],
  ...["access", "faccessat", "faccessat2", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"],
  ...["symlink", "symlinkat", "rmdir", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown"],
  ...["fchown", "lchown", "fchownat", "utime", "utimes", "futimesat", "utimensat", "truncate", "ftruncate"],
  ...["getdents", "getdents64", "readlink", "readlinkat", "lseek", "fallocate", "fadvise64", "copy_file_range"],
  ...["sendfile", "listxattr", "llistxattr", "flistxattr", "getxattr", "lgetxattr", "fgetxattr", "setxattr"],
  ...["lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "statfs", "fstatfs", "flock"],
];
const FILTER = `trace=${CALLS.map((name) => `?${name}`).join(",")}`;

/** What strace is to be told to learn a program's calls. */
export const learning = (log: string) => ["strace", "-qq", "-y", "-o", log, "-e", FILTER];

/** One call of a program: its name, and which of that name it is since the program began. */
export interface Site {
  readonly name: string;
  readonly ordinal: number;
  /** The call as it was in the clean run, for messages. */
  readonly shown: string;
}

/** What is done to a call. */
export const ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "EINTR"] as const;
export type FaultKind = (typeof ERRORS)[number] | "SIGKILL";

export interface Point {
  readonly site: Site;
  readonly fault: FaultKind;
}

/** What strace is to be told to disturb one call. */
export function disturbing(log: string, { site, fault }: Point): string[] {
  const how = fault === "SIGKILL" ? "signal=SIGKILL" : `error=${fault}`;
  const { name, ordinal } = site;
  return ["strace", "-qq", "-y", "-o", log, "-e", `trace=${name}`, "-e", `inject=${name}:${how}:when=${ordinal}`];
}

/**
 * The calls in a log that matter.
 *
 * @param begins the first call that is the program's own doing, after its start
 * @param matters which of the calls from there on are taken
 */
export function readSites(log: string, begins: (line: string) => boolean, matters: (line: string) => boolean): Site[] {
  const seen = new Map<string, number>();
  const sites: Site[] = [];
  let begun = false;
  for (const line of readFileSync(log, "latin1").split("\n")) {
    const name = /^(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    const ordinal = (seen.get(name) ?? 0) + 1;
    seen.set(name, ordinal);
    begun ||= begins(line);
    if (begun && matters(line)) sites.push({ name, ordinal, shown: line.slice(0, 160) });
  }
  return sites;
}

/** The call that was in fact disturbed; null where none was. */
export function disturbedCall(log: string, fault: FaultKind): string | null {
  if (!existsSync(log)) return null;
  const lines = readFileSync(log, "latin1").split("\n");
  if (fault !== "SIGKILL") return lines.find((line) => line.includes("(INJECTED)")) ?? null;
  const end = lines.findIndex((line) => line.startsWith("+++ killed"));
  return end > 0 ? (lines[end - 1] ?? null) : null;
}

/** Every fault at every call. */
export function cross(sites: readonly Site[], faults: readonly FaultKind[]): Point[] {
  return sites.flatMap((site) => faults.map((fault) => ({ site, fault })));
}

/** The calls that make or unmake names, or make them last: where most can go wrong. */
const DECISIVE = /^(?:rename|link|unlink|fsync)/;

/** A choice of points, always the same: one fault at each decisive call, then every call's name in turn. */
export function sample(points: readonly Point[], count: number, seed: number): Point[] {
  const random = seeded(seed);
  const byName = new Map<string, Point[]>();
  for (const [point] of points.map((point) => [point, random()] as const).sort(([, one], [, other]) => one - other))
    byName.set(point.site.name, [...(byName.get(point.site.name) ?? []), point]);
  const decisive = points.filter(
    ({ site, fault }) => DECISIVE.test(site.name) && (fault === "EIO" || fault === "SIGKILL"),
  );
  const chosen = decisive.slice(0, count);
  const groups = [...byName.values()];
  for (let round = 0; round < points.length && chosen.length < count; round++)
    for (const group of groups) {
      const point = group[round];
      if (point && chosen.length < count && !chosen.includes(point)) chosen.push(point);
    }
  return chosen;
}

/** Where a point is, for messages. */
export const place = ({ site: { name, ordinal, shown }, fault }: Point) => `${fault} at ${name} ${ordinal} [${shown}]`;
