import { afterEach, expect, test } from '@jest/globals'
import { HttpServer } from '../../../services/http/http-server.ts'
import { stormpetrel } from '../../cli/collected-output.ts'

const first = new HttpServer({ host: '127.0.0.1', port: 0, routes: {} })

afterEach(() => first.stop())

test('a port that is taken ends a verb with exit 1 and one line that names it', async () => {
  const port = new URL(await first.start()).port

  const { exitCode, stdout, stderr } = await stormpetrel(['up'], { STORMPETREL_HTTP_PORT: port })

  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    new RegExp(`^stormpetrel: cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE.*\n$`)
  )
})
