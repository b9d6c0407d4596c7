import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { byteCodeTimes } from "../../src/virtinst/byte-code";
import { temporaryFolder } from "../support/cli";

/** The first bytes of a byte code file: four of magic, then these numbers. */
function header(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * numbers.length);
  numbers.forEach((number, index) => {
    bytes.writeUInt32LE(number, 4 + 4 * index);
  });
  return bytes;
}

function times(files: Readonly<Record<string, Buffer>>): number[] {
  const base = temporaryFolder();
  const folder = join(base, "usr/virtinst");
  mkdirSync(join(folder, "__pycache__"), { recursive: true });
  for (const [name, bytes] of Object.entries({ "guest.py": Buffer.alloc(0), ...files }))
    writeFileSync(join(folder, name), bytes);
  const host = new HostFiles(base);
  const place = host.locate("/usr/virtinst/guest.py");
  if (!place) throw new Error("guest.py");
  return byteCodeTimes(place, host);
}

it("of a source without byte code there are none", () => expect(times({})).toEqual([]));

it("Python 2 states the time behind the magic number, in files beside the source", () => {
  expect(times({ "guest.pyc": header(1400000000, 7), "guest.pyo": header(1500000000) })).toEqual([
    1400000000, 1500000000,
  ]);
});

it("Python 3 states it there or behind its flags, in a folder", () => {
  expect(times({ "__pycache__/guest.cpython-36.pyc": header(1400000000, 99) })).toEqual([1400000000, 99]);
  expect(times({ "__pycache__/guest.cpython-311.opt-1.pyc": header(0, 4294967295) })).toEqual([0, 4294967295]);
});

it("that of other sources does not count", () => {
  const other = header(1, 2);
  expect(
    times({
      "guests.pyc": other,
      "guest.pyd": other,
      "xguest.pyc": other,
      "__pycache__/guests.cpython-36.pyc": other,
      "__pycache__/guest": other,
    }),
  ).toEqual([]);
});

it("what cannot be read as byte code is no failure", () => {
  expect(times({ "guest.pyc": Buffer.alloc(0), "__pycache__/guest.x.pyc": header(5) })).toEqual([5]);
  const base = temporaryFolder();
  writeFileSync(join(base, "guest.py"), "");
  symlinkSync("nowhere", join(base, "guest.pyc"));
  const host = new HostFiles(base);
  expect(byteCodeTimes({ inside: "/guest.py", outside: join(base, "guest.py") }, host)).toEqual([]);
});
