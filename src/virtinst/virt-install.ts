import { basename, dirname } from "node:path";
import { documentsIn } from "../system/printed";
import { type Finished, run } from "../system/run";
import type { Installation } from "./find";

/** A run of `virt-install --print-xml`. */
export interface InstallRun {
  /** The program, or a Python and the script that it runs. */
  readonly command: readonly [string, ...string[]];
  /** libvirt's connection URI. */
  readonly uri: string;
  /** What each `--disk` says, such as `vol=POOL/VOLUME`. */
  readonly disks: readonly string[];
  /** A folder for virt-install's own log, which is not wanted in the caller's home. */
  readonly cache: string;
}

/** What `virt-install --print-xml` said. */
export interface PrintedXml {
  /** The domain's XML, each document in turn; empty where it failed. */
  readonly domains: readonly string[];
  /** Why there is none; null where there is one. */
  readonly fault: InstallFault | null;
  /** What the injected function logged, in sentences. */
  readonly log: readonly string[];
}

/** Why virt-install printed no domain. */
export interface InstallFault {
  /** Whether the patched file raised. All else says nothing of it: a missing module, a hang, a volume that is not there. */
  readonly raised: boolean;
  /** A part of a sentence, with what to do where that is known. */
  readonly reason: string;
}

/**
 * Has virt-install print the domain that it would define. Nothing is defined or started.
 *
 * @param installation where the patched file is: what is raised there is its fault
 */
export async function printXml(asked: InstallRun, { file }: Pick<Installation, "file">): Promise<PrintedXml> {
  const ran = await start(asked, words(asked), {});
  const log = [...new Set([...ran.stderr.matchAll(/virtinst-rbd-patch: (.*)/g)].map(([, said]) => said as string))];
  if (ran.why) return { domains: [], fault: faultOf(ran, file), log };
  const domains = documentsIn(ran.stdout, ["domain"]);
  const none = { raised: false, reason: "it ended well, but printed no domain" };
  return { domains, fault: domains.length > 0 ? null : none, log };
}

/** A module as virt-install imported it. */
export interface Imported {
  /** The source, or the byte code. */
  readonly path: string;
  /** Whether Python took the byte code without compiling the source. */
  readonly byteCode: boolean;
}

/**
 * Where virt-install takes the patched module from, by Python's own account.
 *
 * @param installation the module's file
 * @returns null where Python does not say
 */
export async function importedFrom(asked: InstallRun, { file }: Pick<Installation, "file">): Promise<Imported | null> {
  const { stderr } = await start(asked, words(asked), { PYTHONVERBOSE: "1" });
  const name = basename(file, ".py");
  const path = new RegExp(`/${dirname(file)}/(?:__pycache__/)?${name}\\.(?:[\\w.-]+\\.)?py[co]?$`);
  // 2.7: `import virtinst.guest # precompiled from …/guest.pyc`, or `# from …/guest.py`. 3.4 to 3.13: `# code object from
  // …/guest.py`, in quotes for byte code. Byte code that is only looked at, and rejected, has other lines.
  const lines = /^(?:import \S+ # (?:precompiled )?from |# code object from )(['"]?)(.*?)\1$/gm;
  const found = [...stderr.matchAll(lines)].map(([, , from]) => from as string).find((from) => path.test(from));
  return found === undefined ? null : { path: found, byteCode: !found.endsWith(".py") };
}

function start({ command: [program, ...before], cache }: InstallRun, after: readonly string[], env: NodeJS.ProcessEnv) {
  return run(program, [...before, ...after], {
    // Looking must not leave byte code behind.
    env: { PYTHONDONTWRITEBYTECODE: "1", XDG_CACHE_HOME: cache, ...env },
  });
}

function words({ uri, disks }: InstallRun): string[] {
  const guest = ["--name", "virtinst-rbd-patch-proof", "--ram", "64", "--network", "none", "--graphics", "none"];
  // 4.0 and later want to know the guest's system; all of 1.2 to 5.1 take "none" by this name.
  const system = ["--os-variant", "none"];
  // Without --debug an exception is a sentence that does not say where it was raised.
  const how = ["--print-xml", "--debug", "--import", ...guest, ...system, "--check", "all=off"];
  return ["--connect", uri, ...how, ...disks.flatMap((disk) => ["--disk", disk])];
}

/** One step of a traceback; a syntax error's has no function. */
interface Frame {
  readonly path: string;
  readonly line: string;
  readonly place: string | null;
}

function faultOf({ status, stderr, fault, why }: Finished, file: string): InstallFault {
  const says = (reason: string) => ({ raised: false, reason });
  if (fault === "ENOENT")
    return says("the interpreter that its first line names is not there: install it, or name a Python with --python");
  if (fault === "EACCES") return says("it may not be executed: look at its mode (ls -l)");
  if (fault) return says(why);
  if (status === 126 || status === 127) return says(`it could not be started: ${why}`);
  const last = stderr.split("Traceback (most recent call last):\n").slice(1).at(-1) ?? "";
  const frames = [...last.matchAll(/^ {2}File "(.*)", line (\d+)(?:, in (.*))?/gm)].map(
    ([, path, line, place = null]) => ({ path, line, place }) as Frame,
  );
  // What stands behind the last step: the exception, then what follows in the log.
  const error = last.replace(/^ .*\n/gm, "").split("\n")[0] as string;
  const isTarget = ({ path }: Frame) => path.endsWith(`/${file}`);
  const inner = frames.at(-1);
  const imports = /^(?:ImportError|ModuleNotFoundError)\b/.test(error);
  // A name that is not there is an edit's fault wherever in the file it stands.
  const wholeFile = /^(?:ImportError|ModuleNotFoundError|NameError|UnboundLocalError)\b/.test(error);
  const own =
    inner && wholeFile && isTarget(inner)
      ? inner
      : !imports &&
        frames.filter((frame) => isTarget(frame) && (frame.place === null || OWN_PLACES.test(frame.place))).at(-1);
  if (own) return { raised: true, reason: `${error} (${own.path}, line ${own.line})` };
  if (imports) return says(`a module cannot be imported: ${error.replace(/\w+: /, "")}. ${packageOf(error)}`);
  return says(saidBy(stderr) ?? (error || why));
}

/** Where an exception passes through that has to do with the patch or a hand edit. */
const OWN_PLACES = /^(?:_build_xml|_virtinst_rbd_patch|<module>)$/;

/** virt-install's own last error, as it says it without or with --debug. */
function saidBy(stderr: string): string | null {
  const errors = [...stderr.matchAll(/^(?:\[.*?\] )?ERROR (?:\(\w+:\d+\) )?(.+)/gm)].map(([, said]) => said as string);
  return errors.at(-1)?.trim() ?? null;
}

/** Which package has a module that virt-install needs (its packages' own requirements, Debian 9 to 12 and EL 7 to 9). */
function packageOf(error: string): string {
  const packages = PACKAGES.get(/No module named '?(\w+)/.exec(error)?.[1] ?? "");
  return packages ? `Install ${packages}` : "Reinstall virt-install with the packages that it depends on";
}

const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["libvirt", "python3-libvirt (Debian 9, Ubuntu 16.04: python-libvirt; EL 7: libvirt-python)"],
  ["libxml2", "python3-libxml2 (Debian 9, Ubuntu 16.04: python-libxml2; EL 7: libxml2-python)"],
  ["gi", "python3-gi (EL: python3-gobject; Debian 9, Ubuntu 16.04: python-gi; EL 7: python-gobject)"],
  ["requests", "python3-requests (EL 7: python-requests)"],
]);
