import { lookup as resolveName, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

export type AddressCode = 'http_bad_url' | 'http_userinfo' | 'http_bad_host' | 'http_origin_not_allowed';

export type CheckedUrl =
  { readonly kind: 'ok'; readonly url: URL } | { readonly kind: 'refused'; readonly code: AddressCode };

/**
 * A URL that may be asked: http or https, no user or password in it, not link-local, and its origin is one of
 * `allowedOrigins`, literally. `new URL` has turned all spellings of an address (`2130706433`, `0x7f.1`, `①②⑦.0.0.1`)
 * into one before anything is compared.
 */
export function checkUrl(text: string, allowedOrigins: readonly string[]): CheckedUrl {
  if (!URL.canParse(text)) return { kind: 'refused', code: 'http_bad_url' };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { kind: 'refused', code: 'http_bad_url' };
  if (url.username !== '' || url.password !== '') return { kind: 'refused', code: 'http_userinfo' };
  if (isLinkLocal(url.hostname.replace(/^\[|\]$/g, ''))) return { kind: 'refused', code: 'http_bad_host' };
  if (!allowedOrigins.includes(url.origin)) return { kind: 'refused', code: 'http_origin_not_allowed' };
  return { kind: 'ok', url };
}

/** For a person: no user, password, query or fragment. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return 'an unreadable URL';
  const { protocol, host, pathname, search } = new URL(text);
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
}

/** Whether an IP literal is link-local, IPv4 inside IPv6 too. Cloud metadata services answer there. A name is not. */
export function isLinkLocal(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  const version = isIP(bare);
  return version !== 0 && LINK_LOCAL.check(bare, version === 4 ? 'ipv4' : 'ipv6');
}

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
// 169.254/16 as IPv4-mapped, IPv4-compatible, NAT64 and 6to4.
LINK_LOCAL.addSubnet('::ffff:169.254.0.0', 112, 'ipv6');
LINK_LOCAL.addSubnet('::169.254.0.0', 112, 'ipv6');
LINK_LOCAL.addSubnet('64:ff9b::169.254.0.0', 112, 'ipv6');
LINK_LOCAL.addSubnet('2002:a9fe::', 32, 'ipv6');

/** `code` of the error with which a name that leads to a link-local address is refused. */
export const LINK_LOCAL_NAME = 'ERR_LINK_LOCAL_NAME';

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Whether one of a name's addresses is link-local: which one is taken is not ours to say. */
export function leadsToLinkLocal(addresses: readonly LookupAddress[]): boolean {
  return addresses.some(({ address }) => isLinkLocal(address));
}

/** dns.lookup for connections, refusing a name if any of its addresses is link-local. undici skips it for literals. */
export function lookupWithoutLinkLocal(
  hostname: string,
  options: LookupOptions,
  callback: LookupCallback,
): void {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const [first] = addresses;
    if (first === undefined || leadsToLinkLocal(addresses)) {
      callback(
        Object.assign(new Error('the name leads to a link-local address'), { code: LINK_LOCAL_NAME }),
        [],
      );
      return;
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
}
