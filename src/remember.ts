/**
 * A function that keeps the last things it made. Only what has the same argument, all of it, gets the same thing: what is
 * made for one host can hold nothing of another.
 *
 * @param make depends on its argument alone, which JSON can carry whole
 * @param most how many are kept
 */
export function remembering<A, T>(make: (argument: A) => T, most = 128): (argument: A) => T {
  const kept = new Map<string, T>();
  return (argument) => {
    const key = JSON.stringify(argument);
    const known = kept.get(key);
    const made = known === undefined ? make(argument) : known;
    // A map keeps its order: what was asked for last goes last.
    kept.delete(key);
    kept.set(key, made);
    if (kept.size > most) kept.delete(kept.keys().next().value as string);
    return made;
  };
}
