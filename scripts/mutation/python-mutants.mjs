// Small faults for a Python text, one at a time, found by Python's grammar.
import { parser } from "@lezer/python";
import { regexMutants } from "./regex-mutants.mjs";

/**
 * One fault: what stands in the place of a part of the text.
 *
 * @typedef {{ from: number, to: number, text: string, what: string }} Mutant
 * @typedef {import("@lezer/common").SyntaxNode} Node
 */

const SWAPPED = { "==": "!=", "!=": "==", in: "not in", "not in": "in", is: "is not", "is not": "is" };

/**
 * Every fault that this module knows for a text.
 *
 * @param {string} source Python
 * @param {(from: number, to: number) => boolean} isFixed whether a part of it is not to be touched
 * @returns {Mutant[]}
 */
export function pythonMutants(source, isFixed) {
  /** @type {Mutant[]} */
  const found = [];
  const text = (/** @type {Node} */ { from, to }) => source.slice(from, to);
  const put = (
    /** @type {{ from: number, to: number }} */ { from, to },
    /** @type {string} */ by,
    /** @type {string} */ what,
  ) => {
    if (!isFixed(from, to)) found.push({ from, to, text: by, what });
  };
  const condition = (/** @type {Node} */ node) => {
    put(node, "True", "a condition that always holds");
    put(node, "False", "a condition that never holds");
    put(node, `(not (${text(node)}))`, "a condition the other way round");
  };

  parser.parse(source).iterate({
    enter({ node }) {
      const parts = children(node);
      switch (node.name) {
        case "BinaryExpression": {
          const [left, right] = [parts[0], parts.at(-1)];
          if (!left || !right) return;
          const operator = source.slice(left.to, right.from);
          const sign = operator.trim();
          const between = {
            from: left.to + operator.indexOf(sign),
            to: left.to + operator.indexOf(sign) + sign.length,
          };
          if (sign in SWAPPED)
            put(between, SWAPPED[/** @type {keyof typeof SWAPPED} */ (sign)], "a comparison the other way round");
          if (sign === "and" || sign === "or") put(between, sign === "and" ? "or" : "and", "and for or, or for and");
          if (sign === "-") put(between, "+", "+ for -");
          if (["and", "or", "+"].includes(sign)) {
            put(node, text(left), "the left side only");
            put(node, text(right), "the right side only");
          }
          return;
        }
        case "UnaryExpression":
          if (parts[0]?.name === "not") put(parts[0], "", "no not");
          return;
        case "IfStatement":
          for (const [at, part] of parts.entries())
            if (part.name === "if" || part.name === "elif") condition(/** @type {Node} */ (parts[at + 1]));
          return;
        case "ConditionalExpression":
          condition(/** @type {Node} */ (parts[2]));
          return;
        case "ForStatement": {
          const over = parts[parts.findIndex(({ name }) => name === "in") + 1];
          if (over) put(over, "()", "no pass of the loop");
          return;
        }
        case "ArgList":
        case "ArrayComprehensionExpression": {
          // The last `if` of a comprehension, or of a generator that is a call's only argument.
          const at = parts.findIndex(({ name }) => name === "if");
          if (at >= 0) condition(/** @type {Node} */ (parts[at + 1]));
          return;
        }
        case "MemberExpression":
          if (parts.some(({ name }) => name === ":")) put(node, text(/** @type {Node} */ (parts[0])), "no slice");
          return;
        case "CallExpression":
          for (const mutant of callMutants(node, source)) put(mutant, mutant.text, mutant.what);
          return;
        case "Number":
          put(node, String(Number(text(node)) + 1), "a number more");
          return;
        case "String":
          if (!isDocstring(node))
            for (const mutant of stringMutants(node, source)) put(mutant, mutant.text, mutant.what);
          return;
        case "TryStatement": {
          const [caught] = parts.filter(({ name }) => name === "TupleExpression");
          for (const one of caught ? children(caught).filter(({ name }) => name === "VariableName") : [])
            put(/** @type {Node} */ (caught), `(${text(one)},)`, "catches one kind only");
          return;
        }
        case "FunctionDefinition": {
          const body = node.getChild("Body");
          const [first, second] = body ? children(body).filter(({ name }) => /Statement$|Definition$/.test(name)) : [];
          const begin = first && isDocstring(first.firstChild) ? second : first;
          if (begin)
            put(
              { from: begin.from, to: begin.from },
              `return None\n${" ".repeat(begin.from - source.lastIndexOf("\n", begin.from) - 1)}`,
              "returns at once",
            );
          return;
        }
        case "AssignStatement":
        case "UpdateStatement":
        case "ImportStatement":
        case "RaiseStatement":
        case "ReturnStatement":
          put(node, "pass", "no such statement");
          return;
        case "ExpressionStatement":
          if (!isDocstring(node.firstChild)) put(node, "pass", "no such statement");
          return;
      }
    },
  });
  return found;
}

/**
 * @param {Node} node
 * @returns {Node[]}
 */
function children(node) {
  const found = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

/** @param {Node | null} node */
function isDocstring(node) {
  return node?.name === "String" && node.parent?.name === "ExpressionStatement";
}

/**
 * @param {Node} call
 * @param {string} source
 * @returns {Mutant[]}
 */
function callMutants(call, source) {
  const [callee, list] = children(call);
  const name = callee ? source.slice(callee.from, callee.to) : "";
  const parts = list ? children(list) : [];
  /** @type {Mutant[]} */
  const found = [];
  if (callee && (name === "any" || name === "all"))
    found.push({
      from: callee.from,
      to: callee.to,
      text: name === "any" ? "all" : "any",
      what: "any for all, all for any",
    });
  const object = callee?.name === "MemberExpression" ? callee.firstChild : null;
  if (object && /\.(?:lower|strip)$/.test(name))
    found.push({ from: call.from, to: call.to, text: source.slice(object.from, object.to), what: "no such call" });
  // The last of several arguments.
  const comma = parts.filter((part) => part.name === ",").at(-1);
  const end = parts.at(-1);
  if (comma && end && !parts.some((part) => part.name === "for"))
    found.push({ from: comma.from, to: end.from, text: "", what: "no last argument" });
  return found;
}

/**
 * @param {Node} node
 * @param {string} source
 * @returns {Mutant[]}
 */
function stringMutants(node, source) {
  const [, prefix = "", quotes = ""] = /^(\w*)("""|'''|"|')/.exec(source.slice(node.from, node.to)) ?? [];
  const [from, to] = [node.from + prefix.length + quotes.length, node.to - quotes.length];
  const value = source.slice(from, to);
  const called = node.parent?.name === "ArgList" ? node.parent.prevSibling : null;
  if (prefix === "r" || (called && /^re\./.test(source.slice(called.from, called.to))))
    return regexMutants(value).map((mutant) => ({ ...mutant, from: from + mutant.from, to: from + mutant.to }));
  return [{ from, to, text: value === "" ? "mutant" : "", what: value === "" ? "a text for none" : "no text" }];
}
