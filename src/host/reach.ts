import { shellWord } from "../failure";
import { isLocalUri } from "./here";

/**
 * What to look at where a libvirt does not answer, in sentences: whether it runs, by the way that its URI goes.
 *
 * @param uri libvirt's connection URI (https://libvirt.org/uri.html)
 * @param said what virsh said of it
 */
export function howToReach(uri: string, said: string): string {
  const [, user = "", host, port] = SSH.exec(uri) ?? [];
  if (host !== undefined) {
    const ssh = `ssh ${port === undefined ? "" : `-p ${port} `}${user}${host}`;
    return `Does libvirt run there, and may you ask it? \`${ssh} systemctl status libvirtd\` says the one, \`${ssh} virsh -r -c ${there(uri)} pool-list --all\` the other${SEPARATE}.`;
  }
  const asked = `\`virsh -r -c ${shellWord(uri)} pool-list --all\``;
  if (!isLocalUri(uri) || !/^[^?]*\/system(?:\?|$)/.test(uri))
    return `Try ${asked}; another libvirt goes with --connect.`;
  if (/permission denied|authentication|polkit/i.test(said))
    return `Run this as root, or as a member of the group that may ask libvirt (\`id\`); then try ${asked}.`;
  return `Does libvirtd run? \`systemctl status libvirtd\` says so${SEPARATE}. Then try ${asked}; another libvirt goes with --connect.`;
}

/** Of libvirt's own ways to another machine those that go through ssh; what a shell may take for anything else is none. */
const SSH = /^[a-z]+\+(?:ssh|libssh2?):\/\/([\w.][\w.-]*@)?([\w.][\w.-]*)(?::(\d+))?(?:[/?]|$)/i;

/** Of libvirt 5.6 and later a distribution may have one daemon a driver (https://libvirt.org/daemons.html). */
const SEPARATE = " (where each driver has a daemon of its own, as on EL 9: virtqemud, virtstoraged and virtsecretd)";

/** The URI on the machine that it leads to. */
function there(uri: string): string {
  const [, driver, path = ""] = /^([a-z]+)\+[^:]*:\/\/[^/?]*(\/\w+)?/i.exec(uri) ?? [];
  return `${driver}://${path || "/system"}`;
}
