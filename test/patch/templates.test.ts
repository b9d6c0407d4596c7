import { readdirSync, readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { expect, test } from "vitest";

const ALLOWED = ["plain", "indentation", "blanks", "text", "texts", "quoted", "literal"];

const TEMPLATES = readdirSync("templates").filter((name) => name.endsWith(".hbs"));
const isPage = (name: string) => name.endsWith(".html.hbs");

test.each(TEMPLATES.filter(isPage))("every value in %s is encoded for HTML, and none gets round that", (name) => {
  const used: string[] = [];
  const visitor = new (class extends Handlebars.Visitor {
    override MustacheStatement(mustache: hbs.AST.MustacheStatement) {
      used.push((mustache.path as hbs.AST.PathExpression).original);
      expect([mustache.escaped, mustache.params], `line ${mustache.loc.start.line}`).toEqual([true, []]);
    }
  })();
  visitor.accept(Handlebars.parse(readFileSync(`templates/${name}`, "utf8")));
  expect(used.length).toBeGreaterThan(0);
});

test.each(TEMPLATES.filter((name) => !isPage(name)))(
  "every value in %s goes through a helper that encodes it",
  (name) => {
    const used: string[] = [];
    const visitor = new (class extends Handlebars.Visitor {
      override MustacheStatement(mustache: hbs.AST.MustacheStatement) {
        used.push((mustache.path as hbs.AST.PathExpression).original);
        expect(mustache.params.length, `line ${mustache.loc.start.line}`).toBeGreaterThan(0);
      }
    })();
    visitor.accept(Handlebars.parse(readFileSync(`templates/${name}`, "utf8")));
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((helper) => !ALLOWED.includes(helper))).toEqual([]);
  },
);
