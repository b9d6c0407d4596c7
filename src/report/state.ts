import type { Colours } from "./text";

/** A file's state, in its colour. */
export function stateColour(state: string, { green, red, yellow }: Colours): string {
  return state === "current" ? green(state) : state === "damaged" ? red(state) : yellow(state);
}

/** Whether the host is affected, in its colour. */
export function affectedColour(affected: string, { green, yellow }: Colours): string {
  return affected === "no" ? green(affected) : yellow(affected);
}

/** What a proof came to, in its colour. */
export function outcome(status: string, { green, red, yellow }: Colours): string {
  return status === "passed" ? green(status) : status === "failed" ? red(status) : yellow(status);
}
