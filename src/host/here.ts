import { hostname } from "node:os";

/**
 * Whether a hostname is that of this machine. libvirt prints the full name if a resolver knows it, and a host file may
 * contain either form. So a name without a domain equals the same name with any domain.
 *
 * @param own the name of this machine; by default the system's hostname
 */
export function isThisMachine(name: string, own = hostname()): boolean {
  const plain = (each: string) => each.toLowerCase().replace(/\.$/, "");
  const [one, other] = [plain(name), plain(own)];
  if (one.includes(".") && other.includes(".")) return one === other;
  return one.split(".")[0] === other.split(".")[0];
}

/** Whether a hostname does not identify a machine: localhost. */
export function isAnyMachine(name: string): boolean {
  return /^localhost(?:\.|$)/i.test(name);
}

/**
 * Whether a libvirt URI certainly connects to the libvirt of this machine: the URI has no host, no remote transport and
 * no socket, which may be forwarded.
 */
export function isLocalUri(uri: string): boolean {
  return /^[a-z]+(?:\+unix)?:\/\/(?:\/|$)/i.test(uri) && !/[?&]socket=/.test(uri);
}
