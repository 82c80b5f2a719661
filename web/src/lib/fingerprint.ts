/** The SHA-256 of the first certificate of a PEM text, as `AB:CD:…`; empty when there is none. */
export async function fingerprintOf(pem: string): Promise<string> {
  const body = /-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (!body) return '';
  const der = Uint8Array.from(atob(body.replace(/\s/g, '')), (sign) => sign.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
  return [...digest].map((each) => each.toString(16).padStart(2, '0').toUpperCase()).join(':');
}
