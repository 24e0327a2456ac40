import { BlockList, isIP } from 'node:net'

type Range = readonly [address: string, prefix: number]

/** IPv4 that is not of the public Internet: IANA's registry of special-purpose addresses, multicast, reserved. */
const special4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // link-local, and in it the metadata of every cloud
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/**
 * IPv6 that is: global unicast, and what of it is not. Everything else is
 * outside of it: loopback, unique local, link-local, multicast, and whatever
 * carries an IPv4 address in it (mapped, compatible, NAT64).
 */
const global6: Range = ['2000::', 3]
const special6: readonly Range[] = [
  // protocol assignments, Teredo and ORCHID among them
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4, which carries an IPv4 address
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]

const listOf = (family: 'ipv4' | 'ipv6', ranges: readonly Range[]): BlockList => {
  const list = new BlockList()
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family)
  return list
}

const refused4 = listOf('ipv4', special4)
const allowed6 = listOf('ipv6', [global6])
const refused6 = listOf('ipv6', special6)
const own4 = listOf('ipv4', [['127.0.0.0', 8]])
const own6 = listOf('ipv6', [['::1', 128]])

/** Whether an address is of the public Internet. What is no address is not. */
export const isPublic = (address: string): boolean => {
  const family = isIP(address)
  if (family === 4) return !refused4.check(address, 'ipv4')
  return family === 6 && allowed6.check(address, 'ipv6') && !refused6.check(address, 'ipv6')
}

/** Whether an address is this machine's own, written as such. */
export const isLoopback = (address: string): boolean => {
  const family = isIP(address)
  if (family === 4) return own4.check(address, 'ipv4')
  return family === 6 && !/^::ffff:/i.test(address) && own6.check(address, 'ipv6')
}
