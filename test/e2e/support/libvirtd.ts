import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atEnd, must, PREFIX, run, startDaemon, waitFor } from "./machine";

const URI = "qemu:///system";

/** Runs virsh on the machine's libvirt, and returns what it printed. */
export function virsh(...words: string[]): string {
  return must("virsh", ["-q", "-c", URI, ...words]);
}

/**
 * Sees to it that a libvirtd with its qemu, storage and secret drivers answers at the usual place.
 *
 * One that runs already is used as it is. Else one of our own is started: it sees folders of ours in the places where
 * libvirt keeps what it defines, so that nothing stays on the machine.
 *
 * @param folder our own folder
 */
export function startLibvirt(folder: string): void {
  if (run("virsh", ["-q", "-c", URI, "version"]).code === 0) {
    console.log("libvirtd: the one that runs here already");
    takeOver();
    return;
  }
  const own = join(folder, "libvirt");
  for (const name of ["etc", "lib", "cache", "log"]) mkdirSync(join(own, name), { recursive: true });
  // Ordinary users may read, as polkit lets them where it runs.
  writeFileSync(
    join(own, "libvirtd.conf"),
    'auth_unix_ro = "none"\nauth_unix_rw = "none"\nunix_sock_ro_perms = "0777"\n',
  );
  // Root, since /dev/kvm without libvirt's user would have QEMU probed anew at each call; no cgroups and no virtlogd,
  // since no systemd keeps them here.
  writeFileSync(
    join(own, "etc/qemu.conf"),
    `user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`,
  );
  if (!existsSync("/run/libvirt"))
    atEnd("remove /run/libvirt", () => rmSync("/run/libvirt", { recursive: true, force: true }));
  const script = `set -e
mount --bind etc /etc/libvirt
mount --bind lib /var/lib/libvirt
mount --bind cache /var/cache/libvirt
mount --bind log /var/log/libvirt
exec libvirtd --config "$PWD/libvirtd.conf" --pid-file "$PWD/libvirtd.pid"`;
  const daemon = startDaemon("libvirtd", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], own);
  try {
    waitFor("libvirtd answers", 60, () => {
      if (!daemon.running()) throw new Error("libvirtd ended");
      return run("virsh", ["-q", "-c", URI, "version"]).code === 0;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}:\n${daemon.log()}`);
  }
  takeOver();
}

function takeOver(): void {
  removeOwn();
  atEnd("remove what is left in libvirt", removeOwn);
}

/** Domains and pools that an earlier run left if it was killed, and the folder pools that virt-install makes by itself. */
function removeOwn(): void {
  const own = (...words: string[]) =>
    virsh(...words, "--all", "--name")
      .split("\n")
      .filter((name) => name.startsWith(PREFIX));
  own("list").forEach(removeDomain);
  for (const name of own("pool-list")) removePool(name.trim());
}

/** Takes a domain away, if it is there. */
export function removeDomain(name: string): void {
  run("virsh", ["-q", "-c", URI, "destroy", name]);
  run("virsh", ["-q", "-c", URI, "undefine", name]);
}

/** Defines a secret of type ceph, and sets its value if one is given. */
export function defineSecret(folder: string, uuid: string, usage: string, value?: string): void {
  const file = join(folder, `${uuid}.xml`);
  writeFileSync(
    file,
    `<secret ephemeral="no" private="yes">
  <uuid>${uuid}</uuid>
  <usage type="ceph"><name>${usage}</name></usage>
</secret>
`,
  );
  virsh("secret-define", file);
  atEnd(`undefine secret ${uuid}`, () => virsh("secret-undefine", uuid));
  if (value === undefined) return;
  const key = join(folder, `${uuid}.key`);
  writeFileSync(key, value, { mode: 0o600 });
  virsh("secret-set-value", uuid, "--file", key);
  rmSync(key);
}

/** A storage pool of type rbd, before libvirt has it. */
export interface PoolXml {
  /** As XML writes it. */
  readonly name: string;
  readonly cephPool: string;
  readonly hosts: readonly { readonly name: string; readonly port?: number }[];
  /** The user, and the secret element's attribute, such as `uuid="…"`. */
  readonly auth?: { readonly username: string; readonly secret: string };
}

/** Defines a storage pool. */
export function definePool(folder: string, { name, cephPool, hosts, auth }: PoolXml): void {
  const file = join(folder, "pool.xml");
  writeFileSync(
    file,
    `<pool type="rbd">
  <name>${name}</name>
  <source>
${hosts.map((host) => `    <host name="${host.name}"${host.port === undefined ? "" : ` port="${host.port}"`}/>\n`).join("")}    <name>${cephPool}</name>
${auth ? `    <auth type="ceph" username="${auth.username}"><secret ${auth.secret}/></auth>\n` : ""}  </source>
</pool>
`,
  );
  virsh("pool-define", file);
  const plain = name.replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  atEnd(`undefine pool ${plain}`, () => removePool(plain));
}

/** Takes a pool away, if it is there; what is in it stays. */
export function removePool(name: string): void {
  const { code, stdout } = run("virsh", ["-q", "-c", URI, "pool-info", "--pool", name]);
  if (code !== 0) return;
  if (/^State: +running$/m.test(stdout)) virsh("pool-destroy", "--pool", name);
  virsh("pool-undefine", "--pool", name);
}
