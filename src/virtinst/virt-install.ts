import { documentsIn } from "../host/xml";
import { type Finished, run } from "../system/run";
import type { Installation } from "./find";

/** A run of `virt-install --print-xml`. */
export interface InstallRun {
  /** The program, or a Python and its script. */
  readonly command: readonly [string, ...string[]];
  /** libvirt's connection URI. */
  readonly uri: string;
  /** The value of each `--disk`, such as `vol=POOL/VOLUME`. */
  readonly disks: readonly string[];
  /** The directory for virt-install's log, which must not be written to the caller's home directory. */
  readonly cache: string;
}

/**
 * Runs virt-install to print the domain that it would define. Nothing is defined or started.
 *
 * @param installation the patched file: an exception that is raised in this file fails the check
 * @returns the XML of the domains, or why there is no domain; `log`: the messages that the injected function logged
 */
export async function printXml(asked: InstallRun, { file }: Pick<Installation, "file">) {
  const { command, cache } = asked;
  // The check must not write byte code.
  const env = { PYTHONDONTWRITEBYTECODE: "1", XDG_CACHE_HOME: cache };
  const ran = await run(command[0], [...command.slice(1), ...words(asked)], { env });
  const log = [...ran.stderr.matchAll(/virtinst-rbd-patch: (.*)/g)].map(([, said]) => said as string);
  if (ran.why) return { domains: [], fault: faultOf(ran, file), log };
  const domains = documentsIn(ran.stdout, ["domain"]);
  const none = { raised: false, reason: "it succeeded, but printed no domain" };
  return { domains, fault: domains.length > 0 ? null : none, log };
}

function words({ uri, disks }: InstallRun): string[] {
  const guest = ["--name", "virtinst-rbd-patch-proof", "--ram", "64", "--network", "none", "--graphics", "none"];
  // 4.0 and later require an operating system; 1.2 to 5.1 all accept "none".
  const system = ["--os-variant", "none"];
  // Without --debug, virt-install prints an exception without its traceback.
  const how = ["--print-xml", "--debug", "--import", ...guest, ...system, "--check", "all=off"];
  return ["--connect", uri, ...how, ...disks.flatMap((disk) => ["--disk", disk])];
}

/**
 * Why virt-install printed no domain, as a part of a sentence, and whether the patched file raised an exception. A
 * missing module, a timeout or a missing volume is not an error of the patched file.
 */
function faultOf({ status, stderr, fault, why }: Finished, file: string) {
  const says = (reason: string) => ({ raised: false, reason });
  // ENOENT may also mean that the interpreter of the script is missing.
  if (fault === "ENOENT") return says("it, or the interpreter that its shebang names, is not installed; see --python");
  if (fault) return says(why);
  if (status === 126 || status === 127) return says(`it could not be started: ${why}`);
  const last = stderr.split("Traceback (most recent call last):\n").slice(1).at(-1) ?? "";
  // The exception follows the last frame of the traceback; the log may continue after it.
  const error = last.replace(/^ .*\n/gm, "").split("\n")[0] as string;
  if (/^(?:ImportError|ModuleNotFoundError)\b/.test(error))
    return says(`a module cannot be imported: ${error.replace(/^\w+: /, "")}`);
  const frames = [...last.matchAll(/^ {2}File "(.*)", line (\d+)(?:, in (.*))?$/gm)];
  const own = frames.filter(([, path, , place]) => path?.endsWith(`/${file}`) && OWN_PLACES.includes(place)).at(-1);
  if (own) return { raised: true, reason: `${error} (${own[1]}, line ${own[2]})` };
  return says(saidBy(stderr) ?? (error || why));
}

/** The functions of the patch or of a manual edit in a traceback; undefined for a syntax error. */
const OWN_PLACES: readonly (string | undefined)[] = ["_build_xml", "_virtinst_rbd_patch", "<module>", undefined];

/** The last error message of virt-install, with or without --debug. */
function saidBy(stderr: string): string | null {
  const errors = [...stderr.matchAll(/^(?:\[.*?\] )?ERROR (?:\(\w+:\d+\) )?(.+)/gm)].map(([, said]) => said as string);
  return errors.at(-1)?.trim() ?? null;
}
