// The code that is fuzzed, behind one interface, so that a bug can be planted in it.
import { createCaptureReader } from '../../core/capture/capture-reader.ts'
import type { CaptureReader } from '../../core/capture/frame.ts'
import { locateIp } from '../../core/capture/link-layer.ts'
import { decodePacket } from '../../core/headers/decode.ts'
import { keptBytes } from '../../core/headers/header-length.ts'

/** The functions of the product that inputs are given to; see each for what it promises. */
export interface Subject {
  readonly locateIp: typeof locateIp
  readonly keptBytes: typeof keptBytes
  readonly decodePacket: typeof decodePacket
  readonly createCaptureReader: (fileName: string) => CaptureReader
}

/** The product as it is. */
export const PRODUCT: Subject = { locateIp, keptBytes, decodePacket, createCaptureReader }
