// Copies of monitoring/ in which a minute is a second, so that a test need not wait for hours.
import { stringify } from 'yaml'
import { parseYaml, textsOf } from './monitoring-files.ts'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const FASTER = 60

function scaled(duration: string): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(duration)!
  return `${Math.round((Number(count) * UNIT_MS[unit!]!) / FASTER)}ms`
}

function scaledRanges(text: string): string {
  return text
    .replaceAll(/\[(\d+[smhd])\]/g, (_, duration: string) => `[${scaled(duration)}]`)
    .replaceAll(/offset (\d+[smhd])/g, (_, duration: string) => `offset ${scaled(duration)}`)
}

/** The rule files; `for`, ranges and offsets are shorter, thresholds are as they are. */
export function scaledRules(): Record<string, string> {
  return Object.fromEntries(
    [...textsOf('prometheus/rules')].map(([name, text]) => [
      name,
      stringify(
        parseYaml(text),
        (key, value: unknown) => {
          if (typeof value !== 'string') return value
          return key === 'for' || key === 'keep_firing_for' ? scaled(value) : scaledRanges(value)
        },
        { aliasDuplicateObjects: false }
      )
    ])
  )
}

interface Route {
  group_wait?: string
  group_interval?: string
  repeat_interval?: string
  readonly receiver: string
  readonly routes?: Route[]
}

interface AlertmanagerSettings {
  readonly route: Route
  readonly receivers: { readonly webhook_configs: { url: string }[] }[]
}

/** alertmanager.yml with another place to send to; it waits half a second, and says nothing twice but the watchdog. */
export function scaledAlertmanager(receiverUrl: string): string {
  const settings = parseYaml(textsOf('alertmanager').get('alertmanager.yml')!) as AlertmanagerSettings
  for (const route of [settings.route, ...settings.route.routes!]) {
    route.group_wait = '500ms'
    route.group_interval = '1s'
    route.repeat_interval = route.receiver === 'heartbeat' ? '1s' : '1h'
  }
  for (const { webhook_configs } of settings.receivers) {
    for (const webhook of webhook_configs) webhook.url = `${receiverUrl}${new URL(webhook.url).pathname}`
  }
  return stringify(settings)
}
