import hooks from "templates:hooks";
import { VERSION } from "../version";

/** The engines that `hook` knows. */
export const ENGINES = ["ansible", "apt", "dnf", "image", "puppet", "salt", "systemd", "yum"] as const;

/** An engine that a hook can be had for. */
export type HookKind = (typeof ENGINES)[number];

/** The bundle's place on a host. */
export const PROGRAM = "/usr/local/sbin/rbd-patch.py";

/** Where a hook has the bundle, below its own folder; null where each host gets its own. */
export const BUNDLE_IN: Readonly<Record<HookKind, string | null>> = {
  ansible: null,
  apt: PROGRAM.slice(1),
  dnf: PROGRAM.slice(1),
  image: "rbd-patch.py",
  puppet: "virtinst_rbd_patch/files/rbd-patch.py",
  salt: "virtinst_rbd_patch/rbd-patch.py",
  systemd: PROGRAM.slice(1),
  yum: PROGRAM.slice(1),
};

/** A file of a hook. */
export interface HookFile {
  /** Its path below the hook's folder: its place on the host, or in the engine's own tree. */
  readonly path: string;
  readonly content: string;
  /** Whether it is to be run. */
  readonly program: boolean;
}

/** What a hook is tailored by. */
export interface HookFacts {
  /** The program that goes with it, gzip in base64; empty where each host gets its own. */
  readonly packed: string;
  /** The pools that it is for; none where each host's own are read. */
  readonly pools: readonly string[];
  /** The folder on the host that holds the virtinst package. */
  readonly virtinst: string;
  /** The files there that may hold `_build_xml`, relative to it. */
  readonly targets: readonly string[];
}

/**
 * Renders what an engine's own users would have written, without the bundle.
 *
 * @throws RangeError where a path holds what no path of virtinst's has
 */
export function renderHook(kind: HookKind, { packed, pools, virtinst, targets }: HookFacts): HookFile[] {
  const many = pools.length === 1 ? "pool" : "pools";
  const context = {
    ...{ tool: VERSION, program: PROGRAM, packed, virtinst, targets },
    pools: pools.length > 0 ? `${many} ${pools.join(", ")}` : "the pools of each host",
  };
  return Object.entries(hooks[kind] ?? {}).map(([path, template]) => ({
    path,
    content: typeof template === "string" ? template : template(context, { helpers }),
    program: false,
  }));
}

/** The only ways from a value into a hook. */
const helpers = {
  /** A value of this tool's own, or a path: nothing that a shell, a configuration file or an engine reads as more. */
  plain(value: unknown): string {
    if (!/^[\w./+-]+$/.test(String(value))) throw new RangeError(`not plain: ${JSON.stringify(value)}`);
    return String(value);
  },
  /** Base64 in lines of 76 letters, of which all but the first are indented. */
  packed(value: unknown, indentation: string): string {
    if (!/^[\w+/]*=*$/.test(String(value))) throw new RangeError("not base64");
    return String(value).replace(/.{76}(?=.)/g, `$&\n${indentation}`);
  },
  /** For a comment: one line of printable ASCII, in which no template language finds anything. */
  comment: (value: unknown) =>
    String(value).replace(/[^ \w.,:/@+-]/gu, (letter) => `<${letter.codePointAt(0)?.toString(16)}>`),
};
