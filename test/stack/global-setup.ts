import { SOCKET_VARIABLE } from './addresses.ts'
import { StackHost } from './stack-host.ts'

declare global {
  var stackHost: StackHost | undefined
}

/** Before any test: listens for tests that want real parts, and starts none itself. */
export default async function globalSetup(): Promise<void> {
  const host = new StackHost()
  await host.start()
  globalThis.stackHost = host
  process.env[SOCKET_VARIABLE] = host.socketPath
}
