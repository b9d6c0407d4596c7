import type { HostDocument } from "../host/document";
import { type ResolvedFacts, resolveFacts } from "../host/facts";
import { readHost } from "../host/read";
import { writeDocument } from "../host/write-document";
import { secretUuids } from "../patch/facts";
import { Failure } from "../report/failure";
import { findNeed } from "../virtinst/need";
import { releasesWithHash } from "../virtinst/recipes";
import { type CommonOptions, choiceNotes, chosenPools, openTarget, type Target } from "./context";

/** What `inspect` found. */
export interface InspectResult {
  readonly command: "inspect";
  /** The host document: what `--json` prints. */
  readonly document: HostDocument;
  /** The pools with their secrets resolved. */
  readonly facts: ResolvedFacts;
  /** Where the facts came from. */
  readonly source: string;
  /** The virt-install that was found, and the releases whose file has the same hash; null without a virtinst. */
  readonly virtinst: {
    readonly program: string | null;
    readonly shippedIn: readonly string[];
    readonly stateReason: string;
  } | null;
  /** What could not be found or checked, in sentences. */
  readonly notes: readonly string[];
}

/** Reads what libvirt and virtinst look like, and whether a patch is needed. Changes nothing. */
export async function inspect(options: CommonOptions): Promise<InspectResult> {
  const config = await readHost(options);
  const facts = resolveFacts(config, options.pool ?? []);
  const notes = [...facts.notes];
  let target: Target | null = null;
  try {
    target = openTarget(options, facts);
  } catch (error) {
    // A host without virtinst still has facts to carry elsewhere.
    if (!(error instanceof Failure) || options.virtinst !== undefined) throw error;
    notes.push(error.message);
  }
  if (!target)
    return {
      command: "inspect",
      document: writeDocument(config, null),
      facts,
      source: config.source,
      virtinst: null,
      notes,
    };
  const { installation, examined } = target;
  const need = findNeed(installation, chosenPools({ config, facts }), options.root);
  const shippedIn = releasesWithHash(examined.baseHash);
  notes.push(...choiceNotes(target, options));
  notes.push(...(await handEditNotes(target, facts)));
  return {
    command: "inspect",
    document: writeDocument(config, {
      release: installation.release,
      file: installation.path,
      sha256: examined.baseHash || null,
      state: examined.state,
      ...need,
    }),
    facts,
    source: config.source,
    virtinst: { program: installation.program, shippedIn, stateReason: examined.reason },
    notes,
  };
}

/** What is to be said of a hand edit. No release's file knows `re`, so only a file that does is parsed for one. */
async function handEditNotes({ installation, examined }: Target, facts: ResolvedFacts): Promise<string[]> {
  const text = examined.base?.text;
  if (!text || !/\bre\.(?:compile|sub)\(/.test(text)) return [];
  const { findSite } = await import("../virtinst/site");
  const { describeHandEdit } = await import("../virtinst/hand-edit");
  const { handEdit } = findSite(text, installation.file, installation.path);
  return handEdit ? describeHandEdit(handEdit, secretUuids(facts.cephPools)) : [];
}
