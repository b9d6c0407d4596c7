import type { Context } from "../context";
import { planPatch, sameBytes } from "../virtinst/plan";

/** Whether blocks that are current by their digests are to the letter what this tool would write for the host's pools. */
export function isOwnText({ installation, examined, facts, file }: Context): boolean {
  const { after } = planPatch(installation, examined, file.modified, facts.cephPools);
  return sameBytes(after, examined.source);
}
