import { describe, expect, test } from '@jest/globals'
import { readConfiguration, SETTINGS, settingRows } from '../../core/configuration.ts'

const wrong = (env: string) =>
  expect.objectContaining({ code: 'SP_CONFIGURATION', message: expect.stringContaining(env) })

describe('configuration', () => {
  test('has the defaults of the table where nothing is set, or set to nothing', () => {
    const configuration = readConfiguration({ STORMPETREL_SLOTS: '', PATH: '/bin' })

    for (const [name, { fallback }] of Object.entries(SETTINGS)) {
      expect(configuration[name as keyof typeof configuration]).toEqual(fallback)
    }
  })

  test('reads what is set', () => {
    const configuration = readConfiguration({
      STORMPETREL_KAFKA_BROKERS: 'a:9092, b:9093,a:9092',
      STORMPETREL_DAY_TIME_ZONES: 'asia/tokyo',
      STORMPETREL_HTTP_PORT: '0',
      STORMPETREL_TOPIC_PREFIX: `Tokyo_1.${'a'.repeat(177)}`,
      STORMPETREL_SENSORS_FILE: '/etc/sensors.yaml'
    })

    expect(configuration.kafkaBrokers).toEqual(['a:9092', 'b:9093'])
    expect(configuration.dayTimeZones).toEqual(['Asia/Tokyo'])
    expect(configuration.httpPort).toBe(0)
    expect(configuration.sensorsFile).toBe('/etc/sensors.yaml')
  })

  test.each([
    ['STORMPETREL_KAFKA_BROKERS', 'localhost'],
    ['STORMPETREL_DAY_TIME_ZONES', 'Asia/Atlantis'],
    ['STORMPETREL_HTTP_PORT', '65536'],
    ['STORMPETREL_SLOTS', '0'],
    ['STORMPETREL_SLOTS', '1e3'],
    ['STORMPETREL_MINUTE_RETENTION_HOURS', '24'],
    ['STORMPETREL_SLOT', '16'],
    ['STORMPETREL_TOPIC_PREFIX', 'a{b}'],
    ['STORMPETREL_TOPIC_PREFIX', 'a b'],
    ['STORMPETREL_TOPIC_PREFIX', 'a'.repeat(186)]
  ])('%s=%s is refused by name', (env, value) => {
    expect(() => readConfiguration({ [env]: value })).toThrow(wrong(env))
  })

  test('every setting has a variable of its own, a unit and a doc', () => {
    const rows = settingRows()

    expect(new Set(rows.map(({ env }) => env)).size).toBe(rows.length)
    for (const { env, unit, doc } of rows) {
      expect(env).toMatch(/^STORMPETREL_[A-Z_]+$/)
      expect(unit).not.toBe('')
      expect(doc).toMatch(/\.$/)
    }
  })
})
