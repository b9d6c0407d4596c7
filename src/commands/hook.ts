import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { ENGINES, type HookKind, renderHook, SCRIPT_IN } from "../patch/hook";
import { TARGET_FILES } from "../virtinst/find";
import { about } from "./about";
import { type BundleOptions, bundle } from "./bundle";

/** Options of `hook`: those of `bundle`, for the script that belongs to it. */
export interface HookOptions extends BundleOptions {
  /** The kind of hook. */
  readonly kind: string;
}

/** The generated hook. */
export type HookResult = Result<"hook">;

/** Where the packages of all distributions install virtinst. */
const VIRTINST = "/usr/share/virt-manager";

/**
 * Generates the files that reapply the patch on hosts without Node. Changes nothing.
 *
 * @throws Failure (usage) if there is no such hook, or if options name a host and the hook reads each host itself;
 *   the failures of `bundle`
 */
export async function hook({ kind, ...options }: HookOptions): Promise<HookResult> {
  if (!isKind(kind))
    throw new Failure("usage", `There is no hook for "${kind}".`, `The hooks are ${ENGINES.join(", ")}.`);
  const path = SCRIPT_IN[kind];
  if (path === null) {
    refuseSource(options);
    const none = { ...about(null, null, options.files), host: null, pools: [], notes: [] };
    return { command: "hook", ...none, kind, files: render(kind, []) };
  }
  const { program, ...made } = await bundle(options);
  const files = [...render(kind, made.pools), { path, content: program, program: true }];
  return { ...made, command: "hook", kind, files };
}

const render = (kind: HookKind, pools: readonly string[]) =>
  renderHook(kind, { pools, virtinst: VIRTINST, targets: TARGET_FILES });

/** The role reads the pools of each host. The pools of one host must not be taken for all of them. */
function refuseSource({ connect, poolXml, secretXml, hostDocument, pool, files }: BundleOptions): void {
  if (files.mounted || [connect, poolXml, secretXml, hostDocument, pool].some((given) => given !== undefined))
    throw new Failure(
      "usage",
      "hook ansible takes no pools: the role reads them on each host.",
      "Omit --connect, --pool-xml, --secret-xml, --host, --root and --pool; the role has variables instead.",
    );
}

function isKind(kind: string): kind is HookKind {
  return ENGINES.some((known) => known === kind);
}
