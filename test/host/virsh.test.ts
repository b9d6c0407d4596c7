import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, copyVirtinst, json, temporaryFolder } from "../support/cli";

// The virsh of CentOS 7.2 (libvirt 1.2.17) is no package of any system that runs the build, so its tables stand here
// as its source prints them; the virsh of Debian 12 is met in test/e2e.
const OLD_VIRSH = `#!/bin/sh
[ "$LC_ALL" = C.UTF-8 ] || { echo "error: wrong locale" >&2; exit 1; }
[ "$1 $2 $3 $4" = "-q -r -c qemu:///system" ] || { echo "error: wrong words: $*" >&2; exit 1; }
echo run >> "$CALLS"
dump() {
  case "$1" in
    "pool-dumpxml --pool 'with  two spaces'"|"pool-dumpxml --pool 'it'\\\\''s'"|"pool-dumpxml --pool 'plain'")
      name=$(echo "$1" | sed "s/^[^']*'//; s/'$//; s/'....'/'/; s/'\\\\\\\\''/'/")
      echo "<pool type='rbd'>
  <name>$name</name>
  <source>
    <host name='192.0.2.1' port='6789'/>
    <name>$name</name>
    <auth username='u' type='ceph'>
      <secret usage='s'/>
    </auth>
  </source>
</pool>
";;
    "secret-dumpxml --secret 01234567-89ab-cdef-0123-456789abcdef")
      echo "<secret ephemeral='no' private='no'>
  <uuid>01234567-89ab-cdef-0123-456789abcdef</uuid>
  <usage type='ceph'>
    <name>s</name>
  </usage>
</secret>
";;
  esac
}
printf '%s\\n' "$5" | sed 's/; /\\n/g' | while read -r command; do
  case "$command" in
    hostname) echo hv01 ;;
    "pool-list --all") printf ' %-20s %-10s %-10s\\n' plain active yes "it's" inactive no "with  two spaces" active no ;;
    secret-list) printf ' %-36s  %s %s\\n' 01234567-89ab-cdef-0123-456789abcdef ceph s ;;
    *) dump "$command" ;;
  esac
done
`;

async function withVirsh(script: string, env: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "virsh"), script);
  chmodSync(join(folder, "virsh"), 0o755);
  const calls = join(folder, "calls");
  const ran = await cli(["inspect", "--json", "--virtinst", copyVirtinst("guest-1.0")], {
    env: { PATH: `${folder}:${process.env.PATH}`, CALLS: calls, ...env },
  });
  return { ...ran, calls };
}

test("reads the tables of virsh 1.2.17", async () => {
  const { code, stdout, stderr, calls } = await withVirsh(OLD_VIRSH);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { document } = json(stdout);
  expect(document.host).toBe("hv01");
  expect(document.pools.map(({ name, active }: { name: string; active: boolean }) => [name, active])).toEqual([
    ["it's", false],
    ["plain", true],
    ["with  two spaces", true],
  ]);
  expect(document.secrets).toEqual([
    { uuid: "01234567-89ab-cdef-0123-456789abcdef", usageType: "ceph", usageName: "s" },
  ]);
  expect(readFileSync(calls, "utf8")).toBe("run\nrun\n");
});

test("passes on virsh's own words where it cannot connect", async () => {
  const { code, stdout, stderr } = await withVirsh(
    "#!/bin/sh\necho 'error: failed to connect to the hypervisor' >&2\necho 'error: no such socket' >&2\nexit 1\n",
  );
  expect(code).toBe(3);
  expect(stderr).toContain("qemu:///system: failed to connect to the hypervisor; no such socket.");
  expect(json(stdout)).toMatchObject({
    verdict: { exitCode: 3 },
    error: { message: expect.stringContaining("no such socket") },
  });
});

test("says that virsh is missing, and what else there is", async () => {
  const { code, stderr } = await cli(["inspect", "--virtinst", copyVirtinst("guest-1.0")], {
    env: { PATH: temporaryFolder() },
  });
  expect(code).toBe(3);
  expect(stderr).toMatch(/virsh: it is not installed.*\n.*--pool-xml/);
});
