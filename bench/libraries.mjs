// What a run that changes nothing asks of its libraries, and nothing else: node:crypto for the digests, commander for one
// command with its options, the XML parser on the same files.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseXml } from "@rgrove/parse-xml";
import { Command, Option } from "commander";

const OPTIONS = [
  ...["--connect <uri>", "--pool-xml <file>", "--secret-xml <file>", "--host <file>", "--root <dir>"],
  ...["--virtinst <dir>", "--pool <name>", "--python <path>", "--json", "-v, --verbose", "-q, --quiet"],
  ...["--diff", "--check", "--force", "--replace-hand-edit"],
];
const main = new Command("libraries").version("1");
const command = main.command("apply [patch]").action((_, { poolXml, secretXml }) => {
  const digest = createHash("sha256");
  for (const file of [...poolXml, ...secretXml]) {
    const xml = readFileSync(file, "utf8");
    parseXml(xml, { preserveDocumentType: true });
    digest.update(xml);
  }
  digest.digest("hex");
});
for (const flags of OPTIONS) command.addOption(new Option(flags, "an option"));
main.parseAsync();
