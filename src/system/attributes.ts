import { fchmodSync } from "node:fs";
import { Failure } from "../failure";
import { identify, sameRights } from "./folder";
import { run } from "./run";

/**
 * Gives a file the mode, owner, group, ACL and extended attributes (the SELinux label) of another, by `cp` of GNU
 * coreutils, since Node has no call for them, and reads them back by `tar`. Both get descriptors and no names.
 *
 * @param from the one file's descriptor
 * @param to the other's
 * @param path the one file, for messages
 * @returns what could not be checked, in sentences
 * @throws Failure (io) where one of them cannot be kept
 */
export async function copyAttributes(from: number, to: number, path: string): Promise<string[]> {
  const descriptors = [from, to];
  // Not --preserve=all, which takes attributes as best effort and ends with exit code 0 where they are lost.
  const kept = "--preserve=mode,ownership,xattr";
  const copied = await run("cp", ["--attributes-only", kept, "--", "/proc/self/fd/3", "/proc/self/fd/4"], {
    descriptors,
  });
  const lost = (what: string, why: string, hint: string) =>
    new Failure("io", `The ${what} of ${path} cannot be kept${why}. Nothing was written.`, hint);
  const [old, fresh] = [identify(from), identify(to)];
  if (fresh.uid !== old.uid || fresh.gid !== old.gid)
    throw lost("owner", reason(copied.why), "Run this as root, or as the owner of the file.");
  // An owner that cp may not set leaves the mode open to chance.
  if (!sameRights(old, fresh)) fchmodSync(to, Number(old.mode) & 0o7777);
  const attributes = await readAttributes(descriptors);
  if (attributes ? attributes[0] !== attributes[1] : copied.why !== "")
    throw lost(
      "ACL and attributes",
      reason(copied.why),
      "Run this as root, with cp of GNU coreutils in PATH; compare getfattr -d -m - FILE.",
    );
  return attributes
    ? []
    : [`Whether the ACL and attributes of ${path} were kept was not checked: there is no GNU tar to read them.`];
}

function reason(why: string): string {
  return why && `: cp: ${why}`;
}

/** What a file's ACL and extended attributes are, for each descriptor; null where they cannot be read. */
async function readAttributes(descriptors: readonly number[]): Promise<string[] | null> {
  const words = ["-c", "-h", "-P", "--format=posix", "--acls", "--xattrs", "--selinux", "--hard-dereference"];
  const names = descriptors.map((_, index) => `/proc/self/fd/${index + 3}`);
  const { why, stdout, stderr } = await run("tar", [...words, "--", ...names], { descriptors, encoding: "latin1" });
  // One that was built without ACLs or attributes, or cannot read one, only warns; without SELinux there are no labels.
  if (why || /\S/.test(stderr.replace(/.*SELinux support is not available$/m, ""))) return null;
  const found = headers(stdout)?.map((records) => records.filter((record) => ATTRIBUTE.test(record)).sort());
  return found?.length === descriptors.length ? found.map((records) => JSON.stringify(records)) : null;
}

// What the kernel makes of a file's content is not to be copied.
const ATTRIBUTE = /^(?:SCHILY\.(?:acl|xattr)|RHT)\.(?!security\.(?:evm|ima)=)/;

/**
 * The records of each extended header in an archive (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html);
 * null where one of them is not as it says there.
 */
function headers(archive: string): string[][] | null {
  const found: string[][] = [];
  for (let at = 0; at + 512 <= archive.length; ) {
    const size = Number.parseInt(archive.slice(at + 124, at + 136), 8) || 0;
    if (archive[at + 156] === "x") {
      const text = archive.slice(at + 512, at + 512 + size);
      const own = records(text);
      // GNU tar states the times of each file there: a header without a record is not understood either.
      if (text.length < size || !own || own.length === 0) return null;
      found.push(own);
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

/** The records, each a length in bytes with a blank, a name, `=`, a value and the line's end; null where one is not. */
function records(text: string): string[] | null {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const [start = "", length] = /^([1-9]\d{0,8}) /.exec(text.slice(at, at + 10)) ?? [];
    const record = text.slice(at, at + Number(length));
    // Also where the text ends within it.
    if (record.length !== Number(length) || !record.endsWith("\n") || !record.includes("=")) return null;
    found.push(record.slice(start.length, -1));
    at += record.length;
  }
  return found;
}
