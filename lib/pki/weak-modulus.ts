const primesBelow = (limit: number): readonly bigint[] => {
  const numbers = Array.from({ length: limit - 2 }, (_, index) => index + 2)
  const isPrime = (n: number) => numbers.every((divisor) => divisor * divisor > n || n % divisor !== 0)
  return numbers.filter(isPrime).map(BigInt)
}

const smallPrimes = primesBelow(1000)

/** Residues that powers of 65537 leave modulo a prime. */
const residues = (prime: bigint): ReadonlySet<bigint> => {
  const found = new Set<bigint>()
  for (let power = 1n; !found.has(power); power = (power * 65_537n) % prime) found.add(power)
  return found
}

/**
 * ROCA (CVE-2017-15361): primes of the flawed library are powers of 65537
 * modulo the first 126 primes (to 701, for keys of 2048 bits and more), and so
 * is their product. A sound modulus passes for one by chance less often than
 * once in 2^150.
 */
const fingerprint = smallPrimes
  .filter((prime) => prime > 2n && prime <= 701n)
  .map((prime) => ({ prime, powers: residues(prime) }))

const squareRoot = (n: bigint): bigint => {
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (let next = (root + n / root) >> 1n; next < root; next = (root + n / root) >> 1n) root = next
  return root
}

/** Fermat's method (CVE-2022-26320): primes close to each other give way within 100 rounds. */
const hasCloseFactors = (modulus: bigint): boolean => {
  const root = squareRoot(modulus)
  const start = root * root < modulus ? root + 1n : root
  for (let middle = start; middle < start + 100n; middle++) {
    const square = middle * middle - modulus
    // squares leave 0, 1, 4 or 9 modulo 16
    const last = square & 15n
    if (last !== 0n && last !== 1n && last !== 4n && last !== 9n) continue
    if (squareRoot(square) ** 2n === square) return true
  }
  return false
}

/** Why an RSA modulus can be factored without effort; null when nothing of the sort was found. */
export function modulusWeakness(modulus: bigint): string | null {
  if (smallPrimes.some((prime) => modulus % prime === 0n)) return 'the RSA modulus has a small prime factor'
  if (fingerprint.every(({ prime, powers }) => powers.has(modulus % prime))) {
    return 'the RSA modulus has the ROCA fingerprint (CVE-2017-15361)'
  }
  return hasCloseFactors(modulus) ? 'the RSA modulus has two factors close to each other' : null
}
