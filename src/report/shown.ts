/** A pool, as a report shows it. */
export interface ShownPool {
  readonly name: string;
  readonly active: boolean | null;
  readonly cephPool: string;
  readonly monitors: readonly { readonly name: string; readonly port: number | null }[];
  readonly auth: {
    readonly username: string;
    readonly secret: { readonly uuid: string } | { readonly usage: string };
  } | null;
}

/** What `inspect` shows. */
export interface ShownInspection {
  readonly host: string | null;
  readonly source: string | null;
  readonly document: { readonly pools: readonly ShownPool[] };
  readonly resolved: readonly { readonly pool: string; readonly auth: { readonly uuid: string } | null }[];
  readonly broken: readonly { readonly pools: readonly string[]; readonly message: string; readonly hint: string }[];
  readonly program: string | null;
  readonly file: string | null;
  readonly release: string | null;
  readonly state: string | null;
  readonly stateReason: string | null;
  readonly affected: string | null;
  readonly affectedReason: string | null;
}

/** What was run, and what came of it. */
export interface ShownProof {
  readonly status: string;
  readonly reason: string;
  readonly checks: readonly { readonly label: string; readonly passed: boolean; readonly difference: string }[];
}

/** What `verify` shows. */
export interface ShownVerification {
  readonly state: string | null;
  readonly stateReason: string | null;
  readonly affected: string | null;
  readonly affectedReason: string | null;
  readonly file: string | null;
  readonly behaviour: ShownProof;
  readonly install: ShownProof & { readonly causes: readonly string[] };
  readonly volume: {
    readonly status: string;
    readonly reason: string;
    readonly volume: string;
    readonly disks: readonly {
      readonly name: string;
      readonly facts: readonly {
        readonly label: string;
        readonly expected: string;
        readonly found: string;
        readonly right: boolean;
      }[];
    }[];
    readonly schema: { readonly status: string; readonly reason: string };
    readonly causes: readonly string[];
  } | null;
}
