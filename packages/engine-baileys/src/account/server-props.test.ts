import { initAuthCreds } from 'baileys';
import { expect, test } from 'vitest';
import { decodeCredentials, encodeCredentials } from '../auth/credentials-codec.js';
import { keepServerProps, needsServerProps, restoreServerProps } from './server-props.js';

const defaults = { privacyTokenOn1to1: true, profilePicPrivacyToken: true, lidTrustedTokenIssueToLid: false };

test('settings are asked for once a day and known in between, also after a restart', () => {
  const fresh = initAuthCreds();
  expect(needsServerProps(fresh, 1_000)).toBe(true);
  keepServerProps(fresh, { ...defaults, lidTrustedTokenIssueToLid: true }, 1_000);
  const stored = decodeCredentials(encodeCredentials(fresh));
  expect(needsServerProps(stored, 2_000)).toBe(false);
  expect(needsServerProps(stored, 1_000 + 24 * 3_600_000)).toBe(true);
  expect(needsServerProps(stored, 0)).toBe(true);
  const props = { ...defaults };
  restoreServerProps(stored, props);
  expect(props.lidTrustedTokenIssueToLid).toBe(true);
});

test('other data with the credentials stays', () => {
  const creds = initAuthCreds();
  creds.additionalData = { mine: 1 };
  keepServerProps(creds, defaults, 5);
  expect(creds.additionalData).toMatchObject({ mine: 1 });
});
