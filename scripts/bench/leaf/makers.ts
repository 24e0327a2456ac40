import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { checkRequest } from '../../../lib/flows/check-request.ts'
import { planLeaf } from '../../../lib/flows/plan-certificate.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { assembleCertificate, periodFor, tbsCertificate } from '../../../lib/pki/certificate.ts'
import { readCertificate, verifyCertificate } from '../../../lib/pki/certificate-reader.ts'
import { readCsr } from '../../../lib/pki/csr.ts'
import { keyIdOf } from '../../../lib/pki/key-id.ts'
import { algorithm, ca, caKey, caSpki, document, issuer, signTbs } from './authority.ts'

const status_url = 'http://pki.example.com'
const serial = '5a0102030405060708090a0b0c0d0e0f10111213'
const now = new Date(Math.floor(Date.now() / 1000) * 1000)

x509.cryptoProvider.set(webcrypto as unknown as typeof globalThis.crypto)

const alternativeNames = (names: readonly string[]) =>
  new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))

const requestFor = async (names: readonly string[], keys: webcrypto.CryptoKeyPair): Promise<Uint8Array> => {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${names[0]}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [alternativeNames(names)],
  })
  return new Uint8Array(request.rawData)
}

const rdn = (value: string) =>
  new pkijs.RelativeDistinguishedNames({
    typesAndValues: [
      new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value }) }),
    ],
  })

/** Three makers of one and the same leaf, with as many DNS names as are given, and all that comes before ours. */
export const leafMakers = async (names: readonly string[]) => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csrDer = await requestFor(names, keys)

  /** The plan of the request, read and checked. */
  const planned = () => {
    const csr = readCsr(csrDer)
    const plan = planLeaf({ csr, document, issuer, lifetime: 90 * 86_400 }, status_url, serial)
    checkRequest({ csr, plan, document })
    return plan
  }

  const plan = planned()
  const period = periodFor(plan, now, null)
  const spki = Buffer.from(plan.public_key.spki, 'base64')

  const ours = () => {
    const tbs = tbsCertificate(plan, period)
    return assembleCertificate(tbs, 'ECDSA_SHA_256', signTbs(tbs))
  }

  const extensions = (key_id: x509.SubjectKeyIdentifierExtension) => [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    alternativeNames(names),
    key_id,
    new x509.AuthorityKeyIdentifierExtension(issuer.key_id),
    new x509.CRLDistributionPointsExtension(plan.crl_distribution_points),
    new x509.AuthorityInfoAccessExtension({
      ocsp: plan.ocsp.map((value) => new x509.GeneralName('url', value)),
      caIssuers: plan.ca_issuers.map((value) => new x509.GeneralName('url', value)),
    }),
  ]

  /** As its documentation has it: the key identifier is made of the key here too (by SHA-1 where ours is by SHA-256). */
  const peculiar = async () => {
    const key_id = await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      issuer: 'CN=Bench CA',
      subject: `CN=${names[0]}`,
      notBefore: new Date(period.not_before),
      notAfter: new Date(period.not_after),
      publicKey: keys.publicKey,
      signingKey: caKey,
      signingAlgorithm: algorithm,
      extensions: extensions(key_id),
    })
    return new Uint8Array(made.rawData)
  }

  /** As pkijs is used with a key in an HSM: it encodes what is to be signed, somebody else signs. */
  const pkijsLeaf = () => {
    const certificate = new pkijs.Certificate()
    certificate.version = 2
    certificate.serialNumber = new asn1js.Integer({
      valueHex: Uint8Array.from(Buffer.from(serial, 'hex')).buffer,
    })
    certificate.issuer = rdn('Bench CA')
    certificate.subject = rdn(names[0] ?? '')
    certificate.notBefore.value = new Date(period.not_before)
    certificate.notAfter.value = new Date(period.not_after)
    certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(Uint8Array.from(spki))
    const signature = new pkijs.AlgorithmIdentifier({ algorithmId: '1.2.840.10045.4.3.2' })
    certificate.signature = signature
    certificate.signatureAlgorithm = signature
    const key_id = new x509.SubjectKeyIdentifierExtension(keyIdOf(spki))
    certificate.extensions = extensions(key_id).map(
      ({ type, critical, value }) => new pkijs.Extension({ extnID: type, critical, extnValue: value }),
    )
    const tbs = certificate.encodeTBS()
    certificate.tbsView = new Uint8Array(tbs.toBER(false))
    certificate.signatureValue = new asn1js.BitString({
      valueHex: Uint8Array.from(signTbs(certificate.tbsView)).buffer,
    })
    return new Uint8Array(certificate.toSchema(true).toBER(false))
  }

  /** Whatever is measured must be right first: signature, names, key, and the same extensions from all three. */
  const verify = (name: string, der: Uint8Array): void => {
    const facts = readCertificate(der)
    const oracle = new X509Certificate(der)
    const good =
      verifyCertificate(der, caSpki) &&
      oracle.verify(ca.publicKey) &&
      oracle.subjectAltName === names.map((value) => `DNS:${value}`).join(', ') &&
      facts.serial === serial &&
      facts.not_after === period.not_after &&
      sha256(facts.spki) === plan.public_key.spki_sha256
    if (!good) throw new Error(`${name} made another certificate`)
  }
  verify('ours', ours())
  verify('@peculiar/x509', await peculiar())
  verify('pkijs', pkijsLeaf())

  return { keys, planned, plan, period, spki, ours, peculiar, pkijsLeaf }
}
