import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

// The shell waits on a pipe whose other end only our process holds: it closes however our process ends, kill -9
// included, on every Unix. With a folder to delete there is nothing to save, so the server is killed outright.
// The wait has an end, since a dead process that nobody reaps still answers kill -0.
const SCRIPT = `
await_end() {
  tries=0
  while kill -0 "$server" && [ $tries -lt "$1" ]; do sleep 0.1; tries=$((tries + 1)); done
}
server=$1
read -r _
if [ -n "$2" ]; then
  kill -KILL "$1"
  await_end 20
  rm -rf -- "$2"
else
  kill -TERM "$1"
  await_end 100
  kill -KILL "$1"
fi`

/**
 * Starts a small process that ends the one with this id when our own process ends, and deletes the folder where
 * one is given. The caller kills the watchdog as soon as the watched process has ended by other means.
 */
export function startWatchdog(pid: number, temporaryFolder: string | undefined): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', SCRIPT, 'watchdog', `${pid}`, temporaryFolder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  })
  watchdog.unref()
  const pipe = watchdog.stdin as Socket
  pipe.unref()
  // Its end by kill() may be reported on the pipe too; there is nothing to do about it.
  pipe.on('error', () => undefined)
  return watchdog
}
