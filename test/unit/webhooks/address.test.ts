import { describe, expect, it } from 'vitest'
import { isLoopback, isPublic } from '../../../lib/webhooks/address.ts'

const inside = [
  ['this network', '0.0.0.0'],
  ['this network, elsewhere in it', '0.1.2.3'],
  ['private, 10/8', '10.0.0.1'],
  ['private, 10/8, its last', '10.255.255.255'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['carrier-grade NAT, its last', '100.127.255.255'],
  ['loopback', '127.0.0.1'],
  ['loopback, elsewhere in it', '127.255.255.254'],
  ['metadata of a cloud', '169.254.169.254'],
  ['the credentials of a container', '169.254.170.2'],
  ['private, 172.16/12', '172.16.0.1'],
  ['private, 172.16/12, its last', '172.31.255.255'],
  ['protocol assignments', '192.0.0.8'],
  ['documentation', '192.0.2.1'],
  ['6to4 relays', '192.88.99.1'],
  ['private, 192.168/16', '192.168.255.255'],
  ['benchmarks', '198.18.0.1'],
  ['benchmarks, the other half', '198.19.255.255'],
  ['documentation, the second', '198.51.100.7'],
  ['documentation, the third', '203.0.113.7'],
  ['multicast', '224.0.0.1'],
  ['multicast, its last', '239.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'],
  ['loopback, IPv6', '::1'],
  ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
  ['IPv4-mapped metadata, in hexadecimal', '::ffff:a9fe:a9fe'],
  ['IPv4-mapped public', '::ffff:8.8.8.8'],
  ['IPv4-compatible', '::127.0.0.1'],
  ['IPv4-translated', '::ffff:0:127.0.0.1'],
  ['NAT64', '64:ff9b::a9fe:a9fe'],
  ['NAT64, local use', '64:ff9b:1::1'],
  ['discard', '100::1'],
  ['Teredo', '2001::1'],
  ['ORCHID', '2001:20::1'],
  ['benchmarks, IPv6', '2001:2::1'],
  ['documentation, IPv6', '2001:db8::1'],
  ['6to4 of loopback', '2002:7f00:1::'],
  ['documentation, new', '3fff::1'],
  ['segment routing', '5f00::1'],
  ['unique local', 'fc00::1'],
  ['the metadata of EC2 over IPv6', 'fd00:ec2::254'],
  ['link-local', 'fe80::1'],
  ['link-local with a zone', 'fe80::1%eth0'],
  ['site-local', 'fec0::1'],
  ['multicast, IPv6', 'ff02::1'],
  ['no address', 'localhost'],
  ['nothing', ''],
] as const

const outside = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
  '2001:4860:4860::8888',
]

describe('an address', () => {
  it.each(inside)('of %s (%s) is not public', (_, address) => {
    expect(isPublic(address)).toBe(false)
  })

  it.each(outside)('%s is public', (address) => {
    expect(isPublic(address)).toBe(true)
  })

  it.each(['127.0.0.1', '127.9.9.9', '::1'])('%s is this machine itself', (address) => {
    expect(isLoopback(address)).toBe(true)
  })

  it.each(['10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '::', '0.0.0.0', 'localhost', ''])(
    '%s is not written as this machine itself',
    (address) => {
      expect(isLoopback(address)).toBe(false)
    },
  )
})
