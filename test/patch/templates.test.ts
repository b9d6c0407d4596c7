import { readdirSync, readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { expect, test } from "vitest";

const ALLOWED = ["plain", "indentation", "blanks", "text", "texts", "quoted", "literal"];

test.each(readdirSync("templates").filter((name) => name.endsWith(".hbs")))(
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
