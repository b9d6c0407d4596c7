import type { Context } from "../context";
import { planPatch, sameBytes } from "../virtinst/plan";

/** Whether the blocks on disk are to the letter what this tool would write for the host's pools. */
export function isOwnText({ installation, examined, facts, file }: Context): boolean {
  if (examined.state !== "current") return false;
  const { after } = planPatch(installation, examined, file.modified, facts.cephPools);
  return sameBytes(after, examined.source);
}
