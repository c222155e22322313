// Texts and numbers as ASCII, stored four bytes at a time: half the time of a loop over bytes (bench/tag-lines.ts).
// A store may write up to three bytes past its text, which the next one overwrites: leave that room at the end.

/** A text of ASCII characters, ready to be stored. */
export interface Ascii {
  /** Four characters a word, little-endian, filled up with zeros. */
  readonly words: Uint32Array
  readonly length: number
}

/** Prepares a text. Characters above U+00FF are no ASCII and must not be there. */
export function ascii(text: string): Ascii {
  return asciiOf(Uint8Array.from(text, (character) => character.charCodeAt(0)))
}

/** Prepares bytes of any encoding. */
export function asciiOf(bytes: Uint8Array): Ascii {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  return {
    words: Uint32Array.from({ length: padded.length / 4 }, (_, i) => view.getUint32(i * 4, true)),
    length: bytes.length
  }
}

/** 0..999 without leading zeros as one word each, and how many of its four characters count. */
const DIGITS = new Uint32Array(1000)
const DIGITS_LENGTH = new Uint8Array(1000)
/** 0..999 as three digits. */
const THREE_DIGITS = new Uint32Array(1000)
/** 0..255 with a dot behind. */
const OCTET_AND_DOT = new Uint32Array(256)

for (let n = 0; n < 1000; n++) {
  DIGITS[n] = ascii(String(n)).words[0]!
  DIGITS_LENGTH[n] = String(n).length
  THREE_DIGITS[n] = ascii(String(n).padStart(3, '0')).words[0]!
  if (n < 256) OCTET_AND_DOT[n] = ascii(`${n}.`).words[0]!
}

/** Stores a prepared text at a position, and answers the position after it, like all that follow. */
export function putAscii(out: DataView, at: number, { words, length }: Ascii): number {
  for (let i = 0; i < words.length; i++) out.setUint32(at + i * 4, words[i]!, true)
  return at + length
}

/** Stores a text that was not prepared. */
export function putText(out: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out.setUint8(at + i, text.charCodeAt(i))
  return at + text.length
}

/** Stores 0..2^53 in decimal. */
export function putDecimal(out: DataView, at: number, value: number): number {
  if (value < 1000) {
    out.setUint32(at, DIGITS[value]!, true)
    return at + DIGITS_LENGTH[value]!
  }
  const upper = Math.floor(value / 1000)
  return putThreeDigits(out, putDecimal(out, at, upper), value - upper * 1000)
}

/** Stores 0..999 as three digits. */
export function putThreeDigits(out: DataView, at: number, value: number): number {
  out.setUint32(at, THREE_DIGITS[value]!, true)
  return at + 3
}

/** Stores a dotted quad. */
export function putIpv4(out: DataView, at: number, word: number): number {
  const a = word >>> 24
  const b = (word >>> 16) & 0xff
  const c = (word >>> 8) & 0xff
  const d = word & 0xff
  out.setUint32(at, OCTET_AND_DOT[a]!, true)
  at += DIGITS_LENGTH[a]! + 1
  out.setUint32(at, OCTET_AND_DOT[b]!, true)
  at += DIGITS_LENGTH[b]! + 1
  out.setUint32(at, OCTET_AND_DOT[c]!, true)
  at += DIGITS_LENGTH[c]! + 1
  out.setUint32(at, DIGITS[d]!, true)
  return at + DIGITS_LENGTH[d]!
}
