/** The bytes are not what the format says. Stays within this folder: whoever reads says what the bytes were to be. */
export class NotOfTheFormat extends Error {
  override readonly name = 'NotOfTheFormat';
}

/** Reads the types of RFC 4251, section 5, from front to back. Throws NotOfTheFormat. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new NotOfTheFormat('it ends too early');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  /** A string of printable ASCII without spaces: the name of an algorithm, a namespace. */
  word(): string {
    const word = this.string().toString('latin1');
    if (!/^[\u0021-\u007e]*$/.test(word)) throw new NotOfTheFormat('a name in it has other characters');
    return word;
  }

  /** How many bits a positive number has that is written without needless zeroes. */
  positiveBits(): number {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    const needless = first === 0 && second < 0x80;
    if (bytes.length === 0 || first >= 0x80 || needless)
      throw new NotOfTheFormat('a number in it is malformed');
    return first === 0
      ? (bytes.length - 1) * 8 - (Math.clz32(second) - 24)
      : bytes.length * 8 - (Math.clz32(first) - 24);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new NotOfTheFormat('something follows its end');
  }

  get position(): number {
    return this.#at;
  }
}

/** A string as RFC 4251 writes it. */
export function wireString(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}
