import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An authority of the test's own and a server certificate of it for 127.0.0.1 and localhost, made by openssl in the folder. */
export function createAuthority(
  folder: string,
  name: string,
): { readonly ca: string; readonly key: Buffer; readonly cert: Buffer } {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  openssl('req', ...newKey, '-subj', '/CN=stand-in', '-keyout', at('key'), '-out', at('csr'));
  writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signs = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    at('csr'),
    ...signs,
    '-days',
    '2',
    '-extfile',
    at('ext'),
    '-out',
    at('cert'),
  );
  return { ca: at('ca.pem'), key: readFileSync(at('key')), cert: readFileSync(at('cert')) };
}
