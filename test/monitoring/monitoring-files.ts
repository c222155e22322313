// The rule files, their unit tests and Alertmanager's settings, as they lie in monitoring/.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

export const ROOT = path.join(__dirname, '../..')
export const MONITORING = path.join(ROOT, 'monitoring')
export const RUNBOOKS = path.join(ROOT, 'docs/runbooks')

/** A rule records (`record`) or alerts (`alert`). */
export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

/** One check of a unit test: the alerts of one name at one time. */
export interface AlertCheck {
  readonly alertname: string
  readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[]
}

interface UnitTestFile {
  readonly tests: readonly { readonly alert_rule_test: readonly AlertCheck[] }[]
}

/** Names and texts of the files of a folder below monitoring/. */
export function textsOf(folder: string): Map<string, string> {
  const names = readdirSync(path.join(MONITORING, folder)).filter((name) => name.endsWith('.yml'))
  return new Map(names.map((name) => [name, readFileSync(path.join(MONITORING, folder, name), 'utf8')]))
}

/** `<<` is used, as Prometheus reads it. */
export function parseYaml(text: string): unknown {
  return parse(text, { merge: true })
}

export function allRules(): Rule[] {
  const files = [...textsOf('prometheus/rules').values()].map((text) => parseYaml(text) as RuleFile)
  return files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
}

export function allChecks(): AlertCheck[] {
  const files = [...textsOf('prometheus/tests').values()].map((text) => parseYaml(text) as UnitTestFile)
  return files.flatMap(({ tests }) => tests.flatMap((test) => test.alert_rule_test))
}
