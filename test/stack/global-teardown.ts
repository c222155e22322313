import './global-setup.ts'

/** After the last test: ends the real parts that some test had started. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.stackHost?.stop()
}
