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
 * @throws Failure (usage) if options name pools and the hook reads the pools of each host; also as `bundle`
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

/** Fails (usage) if an option names pools: the role reads those of each host, and one host must not decide for all. */
function refuseSource({ connect, poolXml, secretXml, hostDocument, pool, files }: BundleOptions): void {
  if (files.mounted || [connect, poolXml, secretXml, hostDocument, pool].some((given) => given !== undefined))
    throw new Failure(
      "usage",
      "hook ansible takes no pools: the role reads them on each host.",
      "Omit --connect, --pool-xml, --secret-xml, --host, --root and --pool; set variables of the role instead.",
    );
}
