import { readdirSync, readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { expect, test } from "vitest";

const HELPERS = ["plain", "indentation", "blanks", "text", "texts", "quoted", "literal"];
const TEMPLATES = readdirSync("templates").filter((name) => name.endsWith(".hbs"));

test.each(TEMPLATES)("every value in %s is encoded: in a page by Handlebars, elsewhere by a helper", (name) => {
  const values: hbs.AST.MustacheStatement[] = [];
  const visitor = new (class extends Handlebars.Visitor {
    override MustacheStatement(mustache: hbs.AST.MustacheStatement) {
      values.push(mustache);
    }
  })();
  visitor.accept(Handlebars.parse(readFileSync(`templates/${name}`, "utf8")));
  expect(values.length).toBeGreaterThan(0);
  for (const { path, params, escaped, loc } of values) {
    const isEncoded = name.endsWith(".html.hbs")
      ? escaped && params.length === 0
      : params.length > 0 && HELPERS.includes((path as hbs.AST.PathExpression).original);
    expect(isEncoded, `line ${loc.start.line}`).toBe(true);
  }
});
