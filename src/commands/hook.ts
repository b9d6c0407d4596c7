import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { type HookKind, renderHook, SCRIPT_IN } from "../patch/render-hook";
import { TARGET_FILES } from "../virtinst/find";
import { about } from "./about";
import { type BundleOptions, bundle } from "./bundle";

/** Where the packages of all distributions install virtinst. */
const VIRTINST = "/usr/share/virt-manager";

/**
 * Generates the files that reapply the patch on hosts without Node, and the standalone script that they run. Changes
 * nothing.
 *
 * @throws Failure (usage) if options name a host and the hook reads each host itself; the failures of `bundle`
 */
export async function hook(kind: HookKind, options: BundleOptions): Promise<Result<"hook">> {
  const render = (pools: readonly string[]) => renderHook(kind, pools, VIRTINST, TARGET_FILES);
  const path = SCRIPT_IN[kind];
  if (path === null) {
    refuseSource(options);
    const none = { ...about(null, null, options.files), host: null, pools: [], notes: [] };
    return { command: "hook", ...none, kind, files: render([]) };
  }
  const { program, ...made } = await bundle(options);
  return { ...made, command: "hook", kind, files: [...render(made.pools), { path, content: program, program: true }] };
}

/** The role reads the pools of each host. The pools of one host must not be taken for all of them. */
function refuseSource({ connect, poolXml, secretXml, hostDocument, pool, files }: BundleOptions): void {
  if (files.mounted || [connect, poolXml, secretXml, hostDocument, pool].some((given) => given !== undefined))
    throw new Failure(
      "usage",
      "hook ansible takes no pools: the role reads them on each host.",
      "Omit --connect, --pool-xml, --secret-xml, --host, --root and --pool; the role has variables instead.",
    );
}
