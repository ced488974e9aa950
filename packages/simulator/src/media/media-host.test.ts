import { X509Certificate } from 'node:crypto';
import { get } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueTlsMaterial } from './certificate-authority.js';
import { MediaHost } from './media-host.js';

const tls = issueTlsMaterial();
const media = new MediaHost(tls, '127.0.0.1', (id) => (id === '1' ? { id, data: Buffer.from('jpeg') } : undefined));
beforeAll(() => media.listen(0));
afterAll(() => media.close());

function fetchWith(ca: string, url: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
    }).on('error', reject);
  });
}

describe('the media host', () => {
  it('proves itself with the authority it names, for every loopback name', async () => {
    const certificate = new X509Certificate(tls.certificate);
    const authority = new X509Certificate(tls.ca);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect([certificate.checkIP('127.0.0.1'), certificate.checkHost('localhost')]).toEqual(['127.0.0.1', 'localhost']);
    expect([authority.ca, certificate.ca]).toEqual([true, false]);
    const { url } = media.pictureAddress('1');
    expect(await fetchWith(tls.ca, url)).toEqual({ status: 200, body: 'jpeg' });
    await expect(fetchWith(issueTlsMaterial().ca, url)).rejects.toThrow();
  });

  it('serves nothing else', async () => {
    expect((await fetchWith(tls.ca, media.pictureAddress('2').url)).status).toBe(404);
    expect((await fetchWith(tls.ca, `https://${media.hostname}/`)).status).toBe(404);
  });
});
