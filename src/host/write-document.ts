import { DOCUMENT_VERSION, type HostConfig } from "./config";
// Only its type: writing a document needs no schema.
import type { HostDocument } from "./document";

/**
 * The document for a host.
 *
 * @param config what libvirt says
 * @param virtinst what was found of virtinst; null for nothing
 */
export function writeDocument(config: HostConfig, virtinst: HostDocument["virtinst"]): HostDocument {
  const { host, pools, secrets } = config;
  return {
    version: DOCUMENT_VERSION,
    host,
    pools: pools.map(({ name, active, cephPool, monitors, auth }) => ({
      name,
      active,
      cephPool,
      monitors: [...monitors],
      auth,
    })),
    secrets: secrets && [...secrets],
    virtinst,
  };
}
