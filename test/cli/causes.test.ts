// What `causes` tells of a port, from the table that comes with the program and from CISA's list.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { newFolder } from './capture-files.ts'
import { parseLines, stormpetrel } from './collected-output.ts'

function kevFile(text: string): string {
  const file = path.join(newFolder(), 'kev.json')
  writeFileSync(file, text)
  return file
}

test('services, malware and vulnerabilities of a port, each with its date and source', async () => {
  const { stdout, exitCode } = await stormpetrel(['causes', '--port', '37215'])

  expect(exitCode).toBe(0)
  const rows = parseLines(stdout)
  expect(rows.map(({ kind, name }) => [kind, name])).toEqual([
    ['vulnerability', 'CVE-2017-17215'],
    ['malware', 'Satori']
  ])
  for (const { date, source, service } of rows) {
    expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect([source, service]).toEqual([expect.any(String), expect.stringContaining('Huawei')])
  }
})

test('with the day since when CISA lists it as exploited', async () => {
  const kev = kevFile(
    JSON.stringify({ vulnerabilities: [{ cveID: 'CVE-2022-0543', dateAdded: '2022-03-28' }] })
  )
  const { stdout } = await stormpetrel(['causes', '--port', '6379/tcp', '--kev', kev])

  const since = parseLines(stdout).map(({ name, exploited_since: day }) => [name, day])
  expect(since).toEqual([
    ['CVE-2022-0543', '2022-03-28'],
    ['Muhstik', null]
  ])
})

test('a port that nobody declared is said, and a file that is no list', async () => {
  const unknown = await stormpetrel(['causes', '--port', '1/UDP'])
  expect([unknown.exitCode, unknown.stdout]).toEqual([0, ''])
  expect(unknown.stderr).toContain('nothing is declared of 1/UDP')

  const none = await stormpetrel(['causes', '--port', '70000'])
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('53/UDP or ICMP')])

  for (const [file, why] of [
    [kevFile('{}'), 'no list of vulnerabilities'],
    [kevFile('not json'), 'no list of vulnerabilities'],
    [path.join(newFolder(), 'none.json'), 'check the path']
  ] as const) {
    const { exitCode, stderr } = await stormpetrel(['causes', '--port', '23', '--kev', file])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(why)])
  }
})
