/** What a guest says on its first serial line when it boots from a volume that begins with `BOOT_SECTOR`. */
export const BOOT_MESSAGE = "booted from the volume";

/** A boot sector that says `BOOT_MESSAGE` on the first serial line, and then sleeps. */
export const BOOT_SECTOR = bootSector();

function bootSector(): Buffer {
  const code = [
    [0xbe, 0x12, 0x7c], // mov si, 0x7c00 + 18: the message, behind this code
    [0x2e, 0xac], // next: cs lodsb
    [0x84, 0xc0], // test al, al
    [0x74, 0x06], // jz sleep
    [0xba, 0xf8, 0x03], // mov dx, 0x3f8: the serial line
    [0xee], // out dx, al
    [0xeb, 0xf4], // jmp next
    [0xf4], // sleep: hlt
    [0xeb, 0xfd], // jmp sleep
  ].flat();
  const sector = Buffer.alloc(512);
  Buffer.from(code).copy(sector);
  sector.write(`${BOOT_MESSAGE}\n`, code.length, "latin1");
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
