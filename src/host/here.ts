import { hostname } from "node:os";

/**
 * Whether a name is this machine's. libvirt gives the full name where a resolver knows it, and a host document may hold
 * either; so a name without a domain is the same as one with.
 *
 * @param own this machine's; what the system calls it by default
 */
export function isThisMachine(name: string, own = hostname()): boolean {
  const plain = (each: string) => each.toLowerCase().replace(/\.$/, "");
  const [one, other] = [plain(name), plain(own)];
  if (one.includes(".") && other.includes(".")) return one === other;
  return one.split(".")[0] === other.split(".")[0];
}

/** Whether a name is one that any machine may have, and so says nothing. */
export function isAnyMachine(name: string): boolean {
  return /^localhost(?:\.|$)/i.test(name);
}

/**
 * Whether a libvirt URI leads to this machine's own libvirt for certain: it names no host, no way to another one, and no
 * socket, which may be forwarded.
 */
export function isLocalUri(uri: string): boolean {
  return /^[a-z]+(?:\+unix)?:\/\/(?:\/|$)/i.test(uri) && !/[?&]socket=/.test(uri);
}
