import { describe, expect, it } from 'vitest'
import { isChosen, pastWindow, renewalCertId } from '../../../lib/model/renewal-info.ts'

describe('the name of a certificate in ARI', () => {
  it.each([
    // RFC 9773 §4.1, its own example: a serial whose DER has a leading zero octet.
    ['69885b6b87464041e1b37b847ba0ae2cde01c8d4', '87654321', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'],
    ['69885b6b87464041e1b37b847ba0ae2cde01c8d4', '7f', 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.fw'],
    ['00', '80', 'AA.AIA'],
  ])('of key %s and serial %s is %s', (key, serial, name) => {
    expect(renewalCertId(key, serial)).toBe(name)
  })
})

describe('a window that has passed', () => {
  it('ends where the reason began, an hour after its start', () => {
    expect(pastWindow('2026-03-01T12:00:00.000Z')).toEqual({
      start: '2026-03-01T11:00:00.000Z',
      end: '2026-03-01T12:00:00.000Z',
    })
  })
})

describe('a revocation in bulk', () => {
  const certificate = {
    issuer_id: 'iss-web',
    serial: '4a01',
    profile_id: 'p-web',
    owner: 'Web-Team@example.com',
    spki_sha256: 'a'.repeat(64),
  }

  it.each([
    [{ issuer_id: 'iss-web' }, true],
    [{ issuer_id: 'iss-other' }, false],
    [{ profile_id: 'p-web' }, true],
    [{ profile_id: 'p-other' }, false],
    [{ owner: 'web-team@EXAMPLE.com ' }, true],
    [{ owner: 'somebody' }, false],
    [{ spki_sha256: 'a'.repeat(64) }, true],
    [{ spki_sha256: 'b'.repeat(64) }, false],
    [{ issuer_id: 'iss-web', serials: ['4a00', '4a01'] }, true],
    [{ issuer_id: 'iss-web', serials: ['4a00'] }, false],
    [{ issuer_id: 'iss-other', serials: ['4a01'] }, false],
  ])('chosen by %j is about this certificate: %s', (selection, about) => {
    expect(isChosen(selection, certificate)).toBe(about)
  })
})
