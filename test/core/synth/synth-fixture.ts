// A world of two regions, and scenarios of a few lines.
import { FlatTable } from '../../../core/geo/flat-table.ts'
import { FlatTableBuilder } from '../../../core/geo/flat-table-builder.ts'
import { packRegion } from '../../../core/packets/region-code.ts'
import type { Curve } from '../../../core/synth/curve.ts'
import { RegionSpace } from '../../../core/synth/region-space.ts'
import type { Flow, Scenario, Tool } from '../../../core/synth/scenario.ts'

export const FLAT: Curve = { points: [], swing: null }

/** 1.0.0.0/8 is KR, 2.0.0.0/8 is JP, 162.142.0.0/16 (with a known scanner in it) is US. */
export function smallSpace(): RegionSpace {
  const builder = new FlatTableBuilder(packRegion('ZZ'))
  const add = (first: number, count: number, region: string): void => {
    builder.add4(first, first + count - 1, packRegion(region))
  }
  add(0x01000000, 2 ** 24, 'KR')
  add(0x02000000, 2 ** 24, 'JP')
  add(0xa28e0000, 2 ** 16, 'US')
  const table = builder.build()
  return new RegionSpace(table.arrays, (address) => new FlatTable(table.arrays).lookup4(address))
}

export function flow(name: string, tool: Tool, over: Partial<Flow> = {}): Flow {
  return {
    name,
    tool,
    packets: 100,
    ports: [{ key: '23/TCP', weight: 1 }],
    regions: [{ region: 'KR', weight: 1, tail: 0.2, heavy: 3, curve: FLAT }],
    space: 'region',
    lifeDays: 10,
    daySwing: 0,
    elsewhere: 1,
    curve: FLAT,
    ...over
  }
}

export function scenario(flows: readonly Flow[], over: Partial<Scenario> = {}): Scenario {
  const sensor = {
    name: 'one',
    partner: 'p',
    country: 'JP',
    activeFromDay: null,
    down: null,
    clockAheadSeconds: 0
  }
  return {
    name: 'small',
    fromDay: 19_000,
    toDay: 19_020,
    zone: 'Asia/Tokyo',
    reference: [19_000, 19_020],
    sensors: [
      { ...sensor, id: 'one', darkSpace: ['198.18.0.0/24'] },
      { ...sensor, id: 'two', country: 'KR', darkSpace: ['198.18.1.0/25'] }
    ],
    flows,
    ...over
  }
}
