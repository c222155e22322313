import { describe, expect, test } from '@jest/globals'
import { chooseFormat } from '../../../cli/output/format.ts'
import { printRows, type Rows } from '../../../cli/output/rows.ts'
import { CollectedSink } from '../collected-output.ts'

const ROWS: Rows = {
  columns: ['window', 'port', 'packets'],
  rows: [
    ['hour', '23/TCP', 1200],
    ['hour', null, 7],
    ['a "quoted", text', 'two\nlines', 0]
  ]
}

async function printed(format: 'json' | 'ndjson' | 'csv' | 'table', rows: Rows = ROWS): Promise<string> {
  const sink = new CollectedSink()
  await printRows(rows, format, sink)
  return sink.text
}

describe('rows', () => {
  test('ndjson is one object a line', async () => {
    expect((await printed('ndjson')).split('\n')).toEqual([
      '{"window":"hour","port":"23/TCP","packets":1200}',
      '{"window":"hour","port":null,"packets":7}',
      '{"window":"a \\"quoted\\", text","port":"two\\nlines","packets":0}',
      ''
    ])
  })

  test('json is one array, also without rows', async () => {
    expect(JSON.parse(await printed('json'))).toHaveLength(3)
    expect(JSON.parse(await printed('json', { ...ROWS, rows: [] }))).toEqual([])
  })

  test('csv is as RFC 4180 says: CRLF, quotes doubled, nothing for null', async () => {
    expect(await printed('csv')).toBe(
      'window,port,packets\r\nhour,23/TCP,1200\r\nhour,,7\r\n"a ""quoted"", text","two\nlines",0\r\n'
    )
  })

  test('a table aligns texts to the left and numbers to the right', async () => {
    expect(await printed('table')).toBe(
      'window            port       packets\n' +
        'hour              23/TCP        1200\n' +
        'hour              -                7\n' +
        'a "quoted", text  two?lines        0\n'
    )
  })

  test('many rows are printed whole', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => ['hour', `${i}/TCP`, i])

    expect((await printed('ndjson', { ...ROWS, rows })).split('\n').length).toBe(10_001)
  })
})

describe('the format', () => {
  test('is a table on a terminal and ndjson in a pipe, unless asked for', () => {
    expect(chooseFormat(undefined, true)).toBe('table')
    expect(chooseFormat(undefined, false)).toBe('ndjson')
    expect(chooseFormat('csv', true)).toBe('csv')
  })

  test('that is unknown is bad usage', () => {
    expect(() => chooseFormat('xml', false)).toThrow(expect.objectContaining({ code: 'SP_USAGE' }))
  })
})
