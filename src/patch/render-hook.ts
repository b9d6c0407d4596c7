import hooks from "templates:hooks";
import { VERSION } from "../version";

/** The path of the standalone script on a host. */
export const PROGRAM = "/usr/local/sbin/rbd-patch.py";

/** The kinds of hooks. */
export const ENGINES = ["ansible", "apt", "dnf", "puppet", "salt", "yum"] as const;

/** A kind of hook. */
export type HookKind = (typeof ENGINES)[number];

/** The path of the standalone script in the directory of a hook; null if the hook generates one for each host. */
export const SCRIPT_IN: Readonly<Record<HookKind, string | null>> = {
  ansible: null,
  apt: PROGRAM.slice(1),
  dnf: PROGRAM.slice(1),
  puppet: "virtinst_rbd_patch/files/rbd-patch.py",
  salt: "virtinst_rbd_patch/rbd-patch.py",
  yum: PROGRAM.slice(1),
};

/**
 * Renders the files of a hook, without the standalone script.
 *
 * @param pools the names of the pools in the standalone script; empty if each host reads its own pools
 * @param virtinst the directory on the host that contains the virtinst package
 * @param targets the files there that may contain `_build_xml`, relative to it
 * @returns the files, each with its path below the directory of the hook: its path on the host, or in the tree of the
 *   configuration management
 * @throws RangeError if a path has characters that a shell or a configuration file could interpret
 */
export function renderHook(kind: HookKind, pools: readonly string[], virtinst: string, targets: readonly string[]) {
  const named = `${pools.length === 1 ? "pool" : "pools"} ${pools.join(", ")}`;
  const context = { tool: VERSION, program: PROGRAM, virtinst, targets, pools: named };
  return Object.entries(hooks[kind] ?? {}).map(([path, template]) => ({
    path,
    content: typeof template === "string" ? template : template(context, { helpers }),
    program: false,
  }));
}

/** The helpers that write a value into a hook. */
const helpers = {
  /** A path or version, without characters that a shell or a configuration file could interpret. */
  plain(value: unknown): string {
    if (!/^[\w./+-]+$/.test(String(value))) throw new RangeError(`not plain: ${JSON.stringify(value)}`);
    return String(value);
  },
  /** For a comment: one line of printable ASCII that no template language interprets. */
  comment: (value: unknown) =>
    String(value).replace(/[^ \w.,:/@+-]/gu, (letter) => `<${letter.codePointAt(0)?.toString(16)}>`),
};
