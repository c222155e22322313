import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { METRICS } from '../../services/metrics/metric-table.ts'
import { allChecks, allRules, MONITORING, RUNBOOKS, type Rule, textsOf } from './monitoring-files.ts'
import { metricsIn, queriesIn } from './promql-names.ts'

const execute = promisify(execFile)
const alerts = allRules().filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined)
const recorded = allRules().flatMap(({ record }) => (record === undefined ? [] : [record]))
/** Of Prometheus and Alertmanager themselves, and one that operators may add (rules/recording.yml). */
const FOREIGN = [
  'up',
  'prometheus_rule_evaluation_failures_total',
  'prometheus_notifications_dropped_total',
  'alertmanager_notifications_failed_total',
  'stormpetrel:sensor_silent_after_seconds:own'
]

async function promtool(...args: readonly string[]): Promise<string> {
  return (await execute('promtool', args, { cwd: path.join(MONITORING, 'prometheus') })).stdout
}

describe("Prometheus's own promtool", () => {
  test('finds every rule file and the example of its settings right', async () => {
    const files = [...textsOf('prometheus/rules').keys()].map((name) => `rules/${name}`)

    const checked = await promtool('check', 'rules', ...files)
    await promtool('check', 'config', 'prometheus.yml')

    expect(checked.match(/SUCCESS/g)).toHaveLength(files.length)
  })

  test.each([...textsOf('prometheus/tests').keys()])(
    'sees every alert of %s fire when it should, with these words, and not when it should not',
    async (name) => {
      expect(await promtool('test', 'rules', `tests/${name}`)).toContain('SUCCESS')
    },
    300_000
  )

  test('sees a rule that is wrong fail its test', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stormpetrel-rules-'))
    const file = path.join(folder, 'wrong.yml')
    const check = '{ alertname: StormpetrelServiceAbsent, eval_time: 9m, exp_alerts: [] }'
    writeFileSync(
      file,
      `rule_files: ['${path.join(MONITORING, 'prometheus/rules/services.yml')}']\n` +
        `tests: [{ interval: 1m, input_series: [], alert_rule_test: [${check}] }]\n`
    )

    await expect(promtool('test', 'rules', file)).rejects.toMatchObject({
      stderr: expect.stringContaining('FAILED')
    })
    rmSync(folder, { recursive: true })
  })
})

describe('every alert', () => {
  const checks = allChecks()

  test.each(alerts.map(({ alert }) => alert))(
    '%s has a unit test that it fires, and one that it does not',
    (name) => {
      const expected = checks
        .filter(({ alertname }) => alertname === name)
        .map(({ exp_alerts }) => exp_alerts.length)

      expect([expected.some((count) => count > 0), expected.includes(0)]).toEqual([true, true])
    }
  )

  test('has a name of its own, a known severity, and says what is so, with numbers or names', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    expect(alerts.length).toBeGreaterThan(30)
    for (const { alert, labels, annotations } of alerts) {
      expect([alert, labels?.['severity']]).toEqual([alert, expect.stringMatching(/^(page|notice|none)$/)])
      expect([alert, Object.keys(annotations ?? {}).sort()]).toEqual([
        alert,
        ['description', 'runbook_url', 'summary']
      ])
      expect([alert, annotations!['description']]).toEqual([alert, expect.stringMatching(/\{\{/)])
    }
  })

  test("names a runbook that exists: one page an alert, and every page is some alert's", () => {
    const pages = alerts.map(({ annotations }) => {
      return /^\{\{ \$externalLabels\.runbooks \}\}\/([a-z-]+\.md)$/.exec(annotations!['runbook_url']!)?.[1]
    })

    expect(pages.filter((page) => page === undefined || !existsSync(path.join(RUNBOOKS, page)))).toEqual([])
    expect(new Set(pages).size).toBe(alerts.length)
    expect(readdirSync(RUNBOOKS).filter((name) => !pages.includes(name))).toEqual(['README.md'])
  })
})

test('the metrics of every rule and every text are in the metric table, recorded before, or of Prometheus', () => {
  const known = new Set([...Object.keys(METRICS), ...recorded, ...FOREIGN])
  const expressions = allRules().flatMap(({ expr, annotations }) => [
    expr,
    ...Object.values(annotations ?? {}).flatMap(queriesIn)
  ])
  const named = expressions.flatMap(metricsIn)

  expect(named.length).toBeGreaterThan(80)
  expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([])
})

test('a misspelt metric would be seen, in a rule and in a text', () => {
  const rule =
    'sum by (job) (rate(up_{a="b"}[5m] offset 1h)) > 2e3 and on (x) stormpetrel:a / 0.5 unless vector(1)'
  const text =
    '{{ with printf "max(storm{a=%q})" $labels.a | query }}{{ range query "gust > 0" }}{{ end }}{{ end }}'

  expect(metricsIn(rule)).toEqual(['up_', 'stormpetrel:a'])
  expect(queriesIn(text).flatMap(metricsIn)).toEqual(['storm', 'gust'])
})

describe('the runbooks', () => {
  const pages = readdirSync(RUNBOOKS).filter((name) => name !== 'README.md')
  const index = readFileSync(path.join(RUNBOOKS, 'README.md'), 'utf8')

  test('are listed with their alert and its severity', () => {
    for (const { alert, labels, annotations } of alerts) {
      const page = path.basename(annotations!['runbook_url']!)
      expect(index).toContain(`| [${alert}](${page}) | ${labels!['severity']} |`)
    }
  })

  test.each(pages)(
    '%s says what it means, how to see it, what to do, and how to know that it is over',
    (page) => {
      const text = readFileSync(path.join(RUNBOOKS, page), 'utf8')
      const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title)

      expect(titles).toEqual([
        expect.stringMatching(/^Stormpetrel/),
        'What it means',
        'How to see it',
        'What to do',
        'How to know that it is over'
      ])
      expect(alerts.find(({ alert }) => alert === titles[0])!.annotations!['runbook_url']).toContain(
        `/${page}`
      )
      const named = [...text.matchAll(/`(stormpetrel[_:][\w:]+)/g)].map(([, name]) => name!)
      expect(
        named.filter((name) => !(name in METRICS) && !recorded.includes(name) && !FOREIGN.includes(name))
      ).toEqual([])
    }
  )
})
