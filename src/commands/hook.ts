import { gzipSync } from "node:zlib";
import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { BUNDLE_IN, ENGINES, type HookKind, renderHook } from "../patch/hook";
import { TARGET_FILES } from "../virtinst/layouts";
import { about } from "./about";
import { type BundleOptions, bundle } from "./bundle";

/** Options of `hook`: those of the bundle that goes with it. */
export interface HookOptions extends BundleOptions {
  /** The engine. */
  readonly kind: string;
}

/** What `hook` made. */
export type HookResult = Result<"hook">;

/** Where every distribution's package has it; EL 7 to 9 and Debian 8 to 12 were looked at. */
const USUAL = "/usr/share/virt-manager";

/**
 * Makes what an engine needs to keep hosts patched without Node on them. Changes nothing.
 *
 * @throws Failure (usage) for an engine that is not known; what `bundle` throws
 */
export async function hook({ kind, ...options }: HookOptions): Promise<HookResult> {
  if (!isKind(kind))
    throw new Failure("usage", `There is no hook for "${kind}".`, `There is one for ${ENGINES.join(", ")}.`);
  const place = BUNDLE_IN[kind];
  const facts = { packed: "", pools: [] as readonly string[], virtinst: USUAL, targets: TARGET_FILES };
  if (place === null) {
    refuseFacts(options);
    const none = { ...about(null, null, options.files), host: null, pools: [], notes: [] };
    return { command: "hook", ...none, kind, files: renderHook(kind, facts) };
  }
  const { program, ...made } = await bundle(options);
  const files = renderHook(kind, {
    ...facts,
    packed: gzipSync(program, { level: 9 }).toString("base64"),
    pools: made.pools,
  });
  return { ...made, command: "hook", kind, files: [...files, { path: place, content: program, program: true }] };
}

/** Each host gives its own facts: those of one, named here, would be taken for all. */
function refuseFacts({ connect, poolXml, secretXml, hostDocument, pool, files }: BundleOptions): void {
  if (files.mounted || [connect, poolXml, secretXml, hostDocument, pool].some((given) => given !== undefined))
    throw new Failure(
      "usage",
      "This hook takes no facts: each host gives its own when the engine runs.",
      "Leave out --connect, --pool-xml, --secret-xml, --host, --root and --pool; the role has variables.",
    );
}

function isKind(kind: string): kind is HookKind {
  return ENGINES.some((known) => known === kind);
}
