/** A piece of a pattern: a quantifier, an escape, a class, the beginning or the end of a group, a bar, a character. */
const PIECE = /[*+?]\??|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?\w+\)|\(\?[:=!]|[\s\S]/g;

/**
 * Every small fault for a regular expression.
 *
 * @param {string} pattern in Python's or JavaScript's syntax, as far as both are the same
 * @returns {{ from: number, to: number, text: string, what: string }[]}
 */
export function regexMutants(pattern) {
  const pieces = [...pattern.matchAll(PIECE)].map(({ 0: text, index }) => ({
    text,
    from: index,
    to: index + text.length,
  }));
  const isQuantifier = (/** @type {string | undefined} */ text) => /^[*+?]\??$/.test(text ?? "");
  return pieces.flatMap(({ text, from, to }, at) => {
    const next = pieces[at + 1];
    // Without its quantifier nothing could stand there.
    const whole = { from, to: next && isQuantifier(next.text) ? next.to : to };
    const replaced = (/** @type {string} */ by, what = `/${by}/ for /${text}/`) => ({ from, to, text: by, what });
    const dropped = { ...whole, text: "", what: `no /${pattern.slice(whole.from, whole.to)}/` };
    if (isQuantifier(text)) {
      const other = text.startsWith("*") ? text.replace("*", "+") : text.startsWith("+") ? text.replace("+", "*") : "";
      return [
        replaced(other),
        ...(text[0] === "?" ? [] : [replaced("", `/${text}/ left out`)]),
        ...(text.length > 1 ? [replaced(text[0] ?? "", "greedy")] : []),
      ];
    }
    if (text === "|")
      return alternatives(pieces, at).map((part) => ({ ...part, text: "", what: "an alternative less" }));
    if (text === "(?=" || text === "(?!") return [replaced(text === "(?=" ? "(?!" : "(?=")];
    if (text.startsWith("(?") && text.endsWith(")")) return [dropped];
    if (text.startsWith("(") || text === ")") return [];
    if (text.startsWith("["))
      return [
        replaced(text.startsWith("[^") ? text.replace("^", "") : text.replace("[", "[^")),
        ...members(text, from),
      ];
    if (/^\\[sSwWdD]$/.test(text))
      return [replaced(text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase()), dropped];
    return [dropped];
  });
}

/**
 * A class without one of its members.
 *
 * @param {string} text
 * @param {number} at where it stands
 */
function members(text, at) {
  const inner = [...text.matchAll(/\\.|[^[\]^\\]/g)];
  if (inner.length < 2) return [];
  return inner.map(({ 0: member, index }) => ({
    from: at + index,
    to: at + index + member.length,
    text: "",
    what: `no ${member} in /${text}/`,
  }));
}

/**
 * What a bar separates: the alternative behind it with the bar, and the first one with the bar behind it.
 *
 * @param {{ text: string, from: number, to: number }[]} pieces
 * @param {number} at
 */
function alternatives(pieces, at) {
  /** How far it is to the end of the alternative. @param {1 | -1} step */
  const edge = (step) => {
    let depth = 0;
    let place = at + step;
    for (; pieces[place]; place += step) {
      const text = pieces[place]?.text ?? "";
      const opens = text.startsWith("(") && !text.endsWith(")");
      const closes = text === ")";
      if (depth === 0 && (text === "|" || (step > 0 ? closes : opens))) break;
      depth += opens ? step : closes ? -step : 0;
    }
    return place - step;
  };
  const [last, first] = [pieces[edge(1)], pieces[edge(-1)]];
  const bar = pieces[at];
  if (!last || !first || !bar) return [];
  const isFirst = pieces[edge(-1) - 1]?.text !== "|";
  return [{ from: bar.from, to: last.to }, ...(isFirst ? [{ from: first.from, to: bar.to }] : [])];
}
