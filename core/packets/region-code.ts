// Regions are ISO 3166-1 alpha-2 codes; in columns and flat tables they are packed into 16 bits.

/** The region of an address that no database knows. */
export const UNKNOWN_REGION = 'ZZ'

/** Two ASCII letters as one number, first letter high: 'JP' -> 0x4A50. Anything that is not two letters A-Z is ZZ. */
export function packRegion(code: string): number {
  return /^[A-Z]{2}$/.test(code) ? (code.charCodeAt(0) << 8) | code.charCodeAt(1) : 0x5a5a
}

/** The inverse of packRegion. */
export function unpackRegion(packed: number): string {
  return String.fromCharCode(packed >> 8, packed & 0xff)
}
