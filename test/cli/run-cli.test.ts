import { describe, expect, test } from '@jest/globals'
import { SETTINGS } from '../../core/configuration.ts'
import { stormpetrel } from './collected-output.ts'

const VERBS = ['up', 'tag', 'counts', 'replay', 'runs', 'sensor', 'tagger', 'aggregator', 'check']

describe('the command line', () => {
  test('--help lists every verb and every setting', async () => {
    const { exitCode, stdout, stderr } = await stormpetrel(['--help'])

    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'))
    for (const { env, doc } of Object.values(SETTINGS)) {
      expect(stdout).toContain(env)
      expect(stdout).toContain(doc)
    }
  })

  test('each verb has its own --help', async () => {
    for (const verb of VERBS) {
      const { exitCode, stdout } = await stormpetrel([verb, '--help'])

      expect(exitCode).toBe(0)
      expect(stdout).toContain(`Usage: stormpetrel ${verb}`)
      expect(stdout).toContain('--help')
    }
  })

  test('--version prints the version of package.json', async () => {
    const { exitCode, stdout } = await stormpetrel(['--version'])

    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    [[], 'a verb is missing'],
    [['conuts'], "unknown command 'conuts'"],
    [['--loud'], "unknown option '--loud'"],
    [['tag'], "missing required argument 'FILE'"],
    [['tag', '--loud', 'a.pcap'], "unknown option '--loud'"],
    [['tag', '--format', 'xml', 'a.pcap'], "--format: 'xml'"],
    [['tag', '-', '-'], 'standard input'],
    [['counts', '--by', 'colour'], "--by: 'colour'"],
    [['counts', '--where', 'colour=red', 'a.pcap'], "--where: 'colour=red'"],
    [['counts', '--last', '5m', '--window', 'hour'], '--last is for rolling windows'],
    [['counts', '--tz', 'Mars', 'a.pcap'], "--tz: 'Mars'"],
    [['counts', '--from', 'now', 'a.pcap'], "--from: 'now'"],
    [['counts', '--from', '2022-05-11', '--to', '2022-05-10', 'a.pcap'], '--from 2022-05-11'],
    [['counts', '--from', '2022-05-11T00:00Z', '--to', '2022-05-11', 'a.pcap'], '--to 2022-05-11'],
    [['counts', '--sensor', 'tokyo-1'], '--sensor is for captures'],
    [['counts', '--run', 'r', 'a.pcap'], '--run is for the store']
  ])('%j is bad usage: one line, exit 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await stormpetrel(args)

    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.startsWith('stormpetrel: ')).toBe(true)
    expect(stderr).toContain(message)
    expect(stderr.indexOf('\n')).toBe(stderr.length - 1)
  })

  test('a wrong setting is bad usage that names its variable', async () => {
    const { exitCode, stderr } = await stormpetrel(['counts'], { STORMPETREL_SLOTS: 'many' })

    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^stormpetrel: STORMPETREL_SLOTS: 'many' .*\n$/)
  })
})
