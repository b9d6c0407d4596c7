/** A Python source file as text; `encode` returns its original bytes. */
export interface Source {
  readonly text: string;
  /** How the bytes were decoded: as UTF-8 if they are valid UTF-8, else as one character per byte. */
  readonly encoding: "utf8" | "latin1";
}

/** Decodes bytes, so that `encode` returns the same bytes for any encoding of the file. */
export function decode(bytes: Buffer): Source {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return { text, encoding: "utf8" };
  return { text: bytes.toString("latin1"), encoding: "latin1" };
}

/** The bytes of a text that `decode` returned; ASCII may have been added to the text. */
export function encode({ text, encoding }: Source): Buffer {
  return Buffer.from(text, encoding);
}

/** Whether two sources have the same bytes, even if they were decoded differently. */
export function sameBytes(a: Source, b: Source): boolean {
  return encode(a).equals(encode(b));
}

/** The number, from 1, of the line that contains an offset. */
export function lineNumber(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
