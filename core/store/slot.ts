// Which slot holds what. The rule is part of the stored data: it never changes once a store exists.

/** Name of the rule, written into the store at first start; a service with another one exits. */
export const SLOT_RULE = 'fnv1a-32'

/** FNV-1a, 32 bits, over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}

/** The slot of a sensor's counts and sources, or of the numbers of a closed window by its name: 0..slots-1. */
export function slotOf(key: string, slots: number): number {
  return fnv1a(key) % slots
}
