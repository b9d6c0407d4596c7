import { expect, test } from "vitest";
import { compareDisk } from "../../src/checks/disks";
import type { DomainDisk } from "../../src/host/domain";
import { UUID } from "../support/cli";

const POOL = {
  pool: "p",
  cephPool: "vms",
  monitors: [{ name: "m1", port: 6789 }],
  auth: { username: "u", uuid: UUID },
};
const DISK: DomainDisk = {
  name: "vms/a",
  auths: 1,
  username: "u",
  uuid: UUID,
  usage: null,
  secrets: 1,
  secretType: "ceph",
  monitors: [{ name: "m1", port: 6789 }],
};
const SECRETS = [{ uuid: UUID, usageType: "ceph", usageName: "key" }];
const wrong = (disk: Partial<DomainDisk>) =>
  compareDisk({ ...DISK, ...disk }, POOL, SECRETS).flatMap(({ label, found, right }) =>
    right ? [] : [[label, found]],
  );

test.each([
  ["nothing for a disk with all values of its pool", {}, []],
  ["nothing for a secret named only by usage, which libvirt resolves", { uuid: null, usage: "key" }, []],
  ["a secret of another type", { secretType: "iscsi" }, [["secret", "iscsi"]]],
  ["a secret of no type", { secretType: null }, [["secret", "of no type"]]],
  ["two secrets", { secrets: 2 }, [["number of secrets", "2"]]],
  ["a secret by uuid and by usage", { usage: "key" }, [["secret", "uuid and usage"]]],
  ["another secret", { uuid: "x" }, [["secret", "x"]]],
  ["two auths", { auths: 2 }, [["number of auths", "2"]]],
  ["another user", { username: "v" }, [["user", "v"]]],
  ["a monitor that is missing", { monitors: [] }, [["monitor", "missing"]]],
])("compareDisk reports %s", (_, disk, faults) => expect(wrong(disk)).toEqual(faults));

// The UUID is unknown.
test.each([
  ["the usage of the pool", { uuid: null, usage: "key" }, []],
  ["another usage", { uuid: null, usage: "other" }, [["secret", 'usage "key"', 'usage "other"']]],
  ["no secret", { uuid: null, secrets: 0, secretType: null }, [["secret", 'usage "key"', "none"]]],
  ["a UUID", {}, [["secret", 'usage "key"', UUID]]],
])("if the secrets cannot be read, a disk must name the usage of its pool: %s", (_, disk, faults) => {
  const pool = { ...POOL, auth: { username: "u", uuid: "", usage: "key" } };
  const compared = compareDisk({ ...DISK, ...disk }, pool, []);
  expect(compared.flatMap(({ label, expected, found, right }) => (right ? [] : [[label, expected, found]]))).toEqual(
    faults,
  );
});
