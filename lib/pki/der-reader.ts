import { Refusal, type RefusalCode } from '../model/refusal.ts'

/**
 * One DER element as a place in the octets that it was read from: its tag is
 * at `at`, its content from `start` to `end`. Most elements are only walked
 * through; views are made of those that are looked at.
 */
export type Element = {
  readonly tag: number
  readonly octets: Uint8Array
  readonly at: number
  readonly start: number
  readonly end: number
}

/** The content of an element: a view, never a copy. */
export const contentOf = ({ octets, start, end }: Element): Uint8Array => octets.subarray(start, end)

/** All of an element, identifier and length octets with it: a view, never a copy. */
export const rawOf = ({ octets, at, end }: Element): Uint8Array => octets.subarray(at, end)

/** A walk over the elements inside one. */
export type Cursor = {
  /** The next element, which must bear this tag. */
  readonly next: (tag: number, subject: string) => Element
  /** The next element if it bears this tag. */
  readonly optional: (tag: number) => Element | undefined
  /** All that is left. */
  readonly rest: () => readonly Element[]
  /** Nothing may be left. */
  readonly end: (subject: string) => void
}

/** How much a reader takes on: octets in all, levels of nesting. */
export type Limits = { readonly octets: number; readonly depth: number }

/** What every reader in this folder throws on bad octets; `reading` turns it into a Refusal. */
export const malformed = (detail: string): Error => Object.assign(new Error(detail), { name: 'DerError' })

/** Runs a reader; what it finds malformed is refused under the caller's code. */
export function reading<T>(code: RefusalCode, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && error.name === 'DerError') throw new Refusal(code, error.message)
    throw error
  }
}

/** What a reader finds, or null when the octets are malformed. */
export function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && error.name === 'DerError') return null
    throw error
  }
}

/** Plain octets, whatever view they came in. */
export const octetsOf = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const octetAt = (bytes: Uint8Array, offset: number): number => {
  const octet = bytes[offset]
  if (octet === undefined) throw malformed('the encoding ends too early')
  return octet
}

/** Length and offset of the content that follows the length octets at `offset`: definite and minimal only. */
const lengthAt = (bytes: Uint8Array, offset: number): { readonly length: number; readonly start: number } => {
  const first = octetAt(bytes, offset)
  if (first < 0x80) return { length: first, start: offset + 1 }
  const count = first & 0x7f
  if (count === 0) throw malformed('a length is indefinite, which DER does not allow')
  if (count > 4) throw malformed('a length is longer than any certificate')
  let length = 0
  for (let index = 1; index <= count; index++) length = length * 256 + octetAt(bytes, offset + index)
  if (length < 0x80 || length < 256 ** (count - 1)) throw malformed('a length is not in its shortest form')
  return { length, start: offset + 1 + count }
}

/** Multi-octet tags do not occur in X.509 and are malformed. */
const tagAt = (bytes: Uint8Array, offset: number): number => {
  const tag = octetAt(bytes, offset)
  if ((tag & 0x1f) === 0x1f) throw malformed('a tag number is above 30')
  return tag
}

/** The element at `offset`, which ends before `limit`. */
export function elementAt(octets: Uint8Array, offset: number, limit = octets.length): Element {
  const tag = tagAt(octets, offset)
  const { length, start } = lengthAt(octets, offset + 1)
  const end = start + length
  if (end > limit) throw malformed('a length reaches past the end')
  return { tag, octets, at: offset, start, end }
}

/** The one element that `octets` are, which must bear this tag. Nothing is said of what is inside. */
export function soleElement(octets: Uint8Array, tag: number, subject: string): Element {
  const element = elementAt(octets, 0)
  if (element.tag !== tag || element.end !== octets.length) throw malformed(`${subject} is of another type`)
  return element
}

/** The elements inside an element one after the other, decoded as they are asked for. */
export function* elementsOf({ octets, start, end }: Element): Generator<Element, void> {
  for (let offset = start; offset < end; ) {
    const element = elementAt(octets, offset, end)
    yield element
    offset = element.end
  }
}

const listFrom = ({ octets, end }: Element, start: number): readonly Element[] => {
  const elements: Element[] = []
  for (let offset = start; offset < end; ) {
    const element = elementAt(octets, offset, end)
    elements.push(element)
    offset = element.end
  }
  return elements
}

/** All the elements inside an element. */
export const listOf = (element: Element): readonly Element[] => listFrom(element, element.start)

/** A walk over the elements inside an element. Whatever does not fit is malformed. */
export function cursorOf(outer: Element): Cursor {
  const { octets, end: limit } = outer
  let offset = outer.start
  const optional = (tag: number) => {
    if (offset >= limit || octets[offset] !== tag) return undefined
    const element = elementAt(octets, offset, limit)
    offset = element.end
    return element
  }
  return {
    optional,
    next: (tag, subject) => {
      const element = optional(tag)
      if (element === undefined) throw malformed(`${subject} is missing or of another type`)
      return element
    },
    rest: () => {
      const left = listFrom(outer, offset)
      offset = limit
      return left
    },
    end: (subject) => {
      if (offset < limit) throw malformed(`${subject} is followed by something that does not belong there`)
    },
  }
}

/** A universal tag in the form that DER wants: only SEQUENCE and SET are constructed. */
const checkForm = (tag: number): void => {
  if (tag >= 0x40) return
  const constructed = (tag & 0x20) !== 0
  const needed = (tag & 0x1f) === 0x10 || (tag & 0x1f) === 0x11
  if (constructed !== needed) throw malformed('a type is constructed that DER has primitive, or the reverse')
  if (tag === 0) throw malformed('an end-of-contents mark has no place in DER')
}

/**
 * Walks everything inside an element, octet by octet and with a stack of our
 * own: whoever asks may nest as deep as they like. Nothing is allocated for
 * an element; readers do that for those they look at.
 */
const checkInside = (octets: Uint8Array, limits: Limits): void => {
  const ends = [octets.length]
  for (let offset = 0; offset < octets.length; ) {
    const tag = tagAt(octets, offset)
    checkForm(tag)
    const { length, start } = lengthAt(octets, offset + 1)
    const end = start + length
    if (end > (ends.at(-1) ?? 0)) throw malformed('a length reaches past the end')
    const constructed = (tag & 0x20) !== 0
    if (constructed && ends.length > limits.depth) throw malformed(`nested more than ${limits.depth} deep`)
    if (constructed) ends.push(end)
    offset = constructed ? start : end
    while (ends.length > 1 && offset === ends.at(-1)) ends.pop()
  }
}

/** The one element that fills `bytes`; lengths, forms, size and depth hold for all that is inside it. */
export function wholeElement(bytes: Uint8Array, limits: Limits): Element {
  if (bytes.length > limits.octets) throw malformed(`more than ${limits.octets} octets`)
  const octets = octetsOf(bytes)
  const root = elementAt(octets, 0)
  if (root.end !== octets.length) throw malformed('something follows the end of the encoding')
  checkInside(octets, limits)
  return root
}
