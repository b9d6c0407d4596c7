import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, HOST, type Ran } from "../support/cli";
import { type Container, startContainer } from "./support/container";
import { examples, makePrograms, runExample } from "./support/examples";
import { expectDone, makeFolder, must, run, undoAll } from "./support/machine";

const PROGRAM = "/usr/local/sbin/rbd-patch.py";
/** Prints only the state. */
const STATE = `rbd-patch.py verify --static | sed 's/:.*//;q'`;

let host: Container;

afterAll(undoAll);

/** Installs a hook on the host. */
function install(kind: string): void {
  const folder = makeFolder();
  expectDone(built(["hook", kind, ...HOST, "-o", join(folder, "hook")]));
  must("tar", ["-C", join(folder, "hook"), "-cf", join(folder, "hook.tar"), "."]);
  host.must("tar -x --no-same-owner --no-overwrite-dir -C /", readFileSync(join(folder, "hook.tar")));
}

/** Runs the examples of docs/packages.md for one hook, in order. */
function follow(kind: string): string {
  const typed = { path: makePrograms(host.programs), cwd: makeFolder() };
  const other = kind === "apt" ? "dnf -y" : "apt-get";
  return (
    examples("docs/packages.md")
      .filter((example) => !example.includes(other))
      .map((example) => example.replace("hook apt", `hook ${kind}`).replaceAll("dnf -y", `${kind} -y`))
      // The container has no libvirt.
      .map((example) => example.replace("inspect --ssh root@hv01", `inspect ${HOST.join(" ")}`))
      .map((example) => {
        const ran = runExample(example, typed);
        expectDone(ran, example);
        return ran.stdout;
      })
      .join("")
  );
}

/** Checks that a reinstallation and a removal of virtinst succeed; returns the reinstallation without the script. */
function expectNoFailure(reinstall: string, remove: string): Ran {
  host.must(`cp ${PROGRAM} /root/kept && printf '#!/bin/sh\\necho "no luck" >&2\\nexit 6\\n' >${PROGRAM}`);
  const failing = host.sh(reinstall);
  expect(failing.code).toBe(0);
  expect((failing.stdout + failing.stderr).match(/no luck/g)).toHaveLength(1);
  host.must(`rm ${PROGRAM}`);
  const missing = host.sh(reinstall);
  expect(missing.code).toBe(0);
  host.must(`cp /root/kept ${PROGRAM}`);
  const removed = host.sh(remove);
  expect(removed.code).toBe(0);
  expect(removed.stdout + removed.stderr).toMatch(/Removing/);
  expect(removed.stdout + removed.stderr).not.toContain("No virtinst was found");
  return missing;
}

describe("a transaction of apt", () => {
  const REINSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --reinstall virtinst";

  beforeAll(() => {
    host = startContainer();
    const folder = makeFolder();
    const download = () => run("apt-get", ["download", "-q", "virtinst"], { cwd: folder });
    if (download().code !== 0) {
      must("apt-get", ["update", "-q"]);
      must("apt-get", ["download", "-q", "virtinst"], { cwd: folder });
    }
    const [name] = readdirSync(folder);
    host.must(`cat >'/var/cache/apt/archives/${name}'`, readFileSync(join(folder, name as string)));
    // The configuration of this machine's apt is not tested.
    host.must(
      "rm -rf /etc/apt/apt.conf.d /etc/dpkg/dpkg.cfg.d /var/lib/man-db/auto-update && mkdir /etc/apt/apt.conf.d",
    );
  });

  test("with the hook reapplies the patch to Debian's package, and the examples of docs/packages.md remove the hook", () => {
    const said = follow("apt");
    expect(said).toMatch(/^Setting up virtinst /m);
    expect(said).toMatch(/^current: /m);
    expect(host.sh(`ls ${PROGRAM} /etc/apt/apt.conf.d/*`).stdout).toBe("");
    expect(host.sh("dpkg --verify virtinst").stdout).not.toMatch(/installer\.py/);
  });

  test("without the hook removes the patch, without a message", () => {
    install("apt");
    host.must("rbd-patch.py apply && mv /etc/apt/apt.conf.d/90virtinst-rbd-patch /root");
    expect(host.must(STATE)).toBe("current\n");
    expect(host.must(REINSTALL)).not.toMatch(/virtinst-rbd-patch/);
    expect(host.must(STATE)).toBe("not-patched\n");
    host.must("mv /root/90virtinst-rbd-patch /etc/apt/apt.conf.d");
  });

  test("does not fail if the script of the hook fails, is missing, or finds no virtinst", () => {
    const missing = expectNoFailure(REINSTALL, "DEBIAN_FRONTEND=noninteractive apt-get remove -q -y virtinst");
    expect(missing.stderr).not.toContain("rbd-patch");
  });
});

describe("a transaction of dnf or yum", () => {
  const RPM = "virt-manager-common";
  const DNF = "dnf -y";

  beforeAll(() => {
    host = startContainer();
    // What EL has: the package, a repository with it, and no Debian package beside it.
    const spec = `Name: ${RPM}
Version: %{version}
Release: 1
Summary: virtinst, as this Debian has it
License: GPLv2+
BuildArch: noarch
%description
For a test.
%install
mkdir -p %{buildroot}/usr/share/virt-manager
cp -R /usr/share/virt-manager/. %{buildroot}/usr/share/virt-manager
find %{buildroot} -name __pycache__ -prune -exec rm -r {} +
%files
/usr/share/virt-manager
`;
    host.must("cat >/root/vrp.spec", spec);
    for (const version of ["1", "2"])
      host.must(`rpmbuild -bb --quiet --define 'version ${version}' --define '_rpmdir /srv/vrp' /root/vrp.spec`);
    host.must("createrepo_c -q /srv/vrp && rm -r /usr/share/virt-manager /etc/dnf/plugins/local.conf");
    host.must("printf '[main]\\nreleasever=9\\n[vrp]\\nname=vrp\\nbaseurl=file:///srv/vrp\\n' >/etc/dnf/dnf.conf");
    // With its own libdnf, Debian 12's plug-in ends in an AttributeError: SWIG 4.1 no longer makes this name.
    const plugins = "/usr/lib/python3/dist-packages/dnf-plugins";
    host.must(`sed -i s/ConfigParser_substitute/ConfigParser.substitute/ ${plugins}/post-transaction-actions.py`);
    host.must(`rm ${plugins}/local.py`);
    host.must(`${DNF} install ${RPM}-1`);
  });

  test("with the hook for dnf reapplies the patch, and the examples of docs/packages.md remove the hook", () => {
    const said = follow("dnf");
    expect(said).toMatch(/post-transaction-actions: patched: /);
    expect(said).toMatch(/^current: /m);
    expect(host.sh(`ls ${PROGRAM}; find /etc/dnf /etc/yum.repos.d -name 'virtinst*'`).stdout).toBe("");
  });

  test("with the hook for yum reapplies the patch (a stand-in for yum), and the examples of docs/packages.md remove the hook", () => {
    // It runs what the plug-in would: the commands of the lines, each once. The transaction is dnf's.
    const yum = `#!/bin/sh
dnf "$@" || exit
sed -n 's/^virt-manager-common:install://p' /etc/yum/post-actions/*.action | sort -u | while read -r line; do sh -c "$line"; done
`;
    host.must("cat >/usr/local/bin/yum && chmod 755 /usr/local/bin/yum", yum);
    expect(follow("yum")).toMatch(/^patched: [\s\S]*^patched: [\s\S]*^current: /m);
    expect(host.sh(`ls ${PROGRAM} /etc/yum/post-actions/*`).stdout).toBe("");
  });

  test("with the hook reapplies the patch in an upgrade and a downgrade, and without the hook removes it", () => {
    install("dnf");
    const hook = "/etc/dnf/plugins/post-transaction-actions.d/virtinst-rbd-patch.action";
    host.must(`rbd-patch.py apply && mv ${hook} /root`);
    host.must(`${DNF} reinstall ${RPM}`);
    expect(host.must(STATE)).toBe("not-patched\n");
    host.must(`mv /root/virtinst-rbd-patch.action ${hook}`);
    for (const change of ["upgrade", "downgrade"]) {
      host.must(`rbd-patch.py revert -q; ${DNF} ${change} ${RPM}`);
      expect(host.must(STATE)).toBe("current\n");
    }
  });

  test("does not fail if the script of the hook fails, is missing, or finds no virtinst", () =>
    void expectNoFailure(`${DNF} reinstall ${RPM}`, `${DNF} remove ${RPM}`));

  test.skip("of dnf 5 reads the file of the hook (Debian 12 has no dnf 5)", () => {});
  test.skip("of yum itself reads the file of the hook (Debian 12 has no yum)", () => {});
});

test("the systemd units of docs/packages.md reapply the patch after an upgrade", () => {
  host = startContainer();
  const units = [...readFileSync("docs/packages.md", "utf8").matchAll(/^```ini\n# (\S+)\n([\s\S]*?)^```$/gm)];
  expect(units.map(([, name]) => name)).toEqual(["virtinst-rbd-patch.path", "virtinst-rbd-patch.service"]);
  for (const [, name, text = ""] of units)
    host.must(`cat >/etc/systemd/system/${name}`, text.replace("/bin/sleep 5", "/bin/sleep 1"));
  const script = join(makeFolder(), "rbd-patch.py");
  expect(built(["bundle", ...HOST, "-o", script]).code).toBe(0);
  host.must(`cat >${PROGRAM} && chmod 755 ${PROGRAM}`, readFileSync(script));
  const [, commands = ""] = /((?:^ {4}systemctl .*\n)+)/m.exec(readFileSync("docs/packages.md", "utf8")) ?? [];
  host.must(`set -e\n${commands}`);
  const until = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2; rbd-patch.py verify --static -q && break; done";
  host.must(`${until}; rbd-patch.py verify --static`);
  host.must(`rbd-patch.py revert && ${until}; rbd-patch.py verify --static`);
  expect(host.must("sleep 4; systemctl is-failed virtinst-rbd-patch.service || true")).not.toMatch(/^failed/);
});
