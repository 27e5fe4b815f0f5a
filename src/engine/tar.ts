const BLOCK = 512;

/** The content of one regular file of a tar archive by its exact name (`./` in front is let go), or undefined. Pure. */
export function fileInTar(archive: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const size = Number.parseInt(textAt(header, 124, 12), 8);
    // Two blocks of zeros end an archive; a size that is none ends what can be read of it.
    if (!Number.isInteger(size)) return undefined;
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    const kind = textAt(header, 156, 1);
    if ((kind === '0' || kind === '') && textAt(header, 0, 100).replace(/^\.\//, '') === name)
      return content.length === size ? content : undefined;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

function textAt(header: Buffer, start: number, length: number): string {
  const text = header.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
