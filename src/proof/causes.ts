import type { Context } from "../context";
import { type InstallRun, importedFrom, type PrintedXml } from "../virtinst/virt-install";

/**
 * Why virt-install wrote a wrong disk, as far as that can be told, in sentences.
 *
 * @param printed what it printed
 * @param asked how it was run: it is run once more, to see which files it takes
 */
export async function findCauses(
  { examined, installation }: Context,
  { log }: PrintedXml,
  asked: InstallRun,
): Promise<string[]> {
  const said = log.map((line) => `the patch logged: ${line}`);
  if (examined.state !== "current") return [...said, `the file is ${examined.state}: apply it`];
  const imported = await importedFrom(asked, installation);
  if (!imported) return said;
  const { path, byteCode } = imported;
  const { directory, target } = installation;
  if (!path.startsWith(`${directory.outside}/`)) {
    const through = (process.env.PYTHONPATH ?? "").split(":").find((folder) => folder && path.startsWith(`${folder}/`));
    said.push(
      `${asked.command.join(" ")} does not import ${target.outside} but ${path}${through ? `, through PYTHONPATH (${through})` : ""}: name that folder with --virtinst, or take it out of the way`,
    );
  }
  if (byteCode) said.push(`it was taken from byte code, which may be of an older text: remove ${path} and try again`);
  return said.length > 0 ? said : [`it was taken from ${path}`];
}
