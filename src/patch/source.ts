/** A Python source file as text; `encode` gives back its very bytes. */
export interface Source {
  readonly text: string;
  /** How its bytes became text: UTF-8 where they are UTF-8, else one character a byte. */
  readonly encoding: "utf8" | "latin1";
}

/** Bytes to text, such that `encode` returns the same bytes whatever the file's own encoding is. */
export function decode(bytes: Buffer): Source {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return { text, encoding: "utf8" };
  return { text: bytes.toString("latin1"), encoding: "latin1" };
}

/** The bytes of a text that `decode` returned, or that was made from one by adding ASCII. */
export function encode({ text, encoding }: Source): Buffer {
  return Buffer.from(text, encoding);
}

/** Whether two sources are the same bytes, in any encodings. */
export function sameBytes(a: Source, b: Source): boolean {
  return encode(a).equals(encode(b));
}

/** The number, from 1, of the line that an offset is on. */
export function lineNumber(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
