import { X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';

const MAX_BYTES = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, or why there are none, as one line. Nothing but certificates is taken from it. */
export async function readCertificates(
  path: string,
): Promise<{ readonly pem: string } | { readonly problem: string }> {
  let text: string;
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      text = buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return { problem: `the CA file ${path} can't be read` };
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return { problem: `the CA file ${path} holds no certificate in PEM` };
  try {
    const parsed = certificates.map((certificate) => new X509Certificate(certificate));
    return { pem: parsed.map(String).join('\n') };
  } catch {
    return { problem: `the CA file ${path} holds a certificate that can't be read` };
  }
}
