// docs/detection.md: how surges are found, and how well, from the newest evaluation.
import type { BaselineResult, ProductResult } from '../../bench/detection/evaluation.ts'
import { DETECTION_RESULTS, type DetectionResults, readDetectionResults } from '../../bench/detection/part.ts'
import type { EventScore } from '../../bench/detection/score.ts'
import { STATE_BYTES } from '../../core/surges/series-table.ts'
import { DEFAULT_SURGE_SETTINGS } from '../../core/surges/settings.ts'
import { code, document, GENERATED, table } from './markdown.ts'

const EVENT_NAMES = {
  none: 'nothing',
  step2: 'step x2',
  step3: 'step x3',
  step5: 'step x5',
  ramp2x14: 'ramp x2, 14 d',
  ramp2x30: 'ramp x2, 30 d',
  ramp5x30: 'ramp x5, 30 d',
  spike: 'spike x4-10',
  flood: 'flood'
} as const

/** What issue 7 asks for on the reference, where it asks. */
const GOALS: Readonly<Partial<Record<keyof typeof EVENT_NAMES, string>>> = {
  step2: '.98 in 30 h; onset 1 h; ratio .15',
  step3: '.99 in 10 h; onset 1 h; ratio .15',
  step5: '.99 in 3 h; onset 1 h; ratio .15',
  ramp2x14: '.95 in 288 h; onset 48 h',
  ramp2x30: '.90 in 552 h; onset 72 h',
  ramp5x30: '.99 in 276 h',
  spike: '.90 in 1 h',
  flood: 'surge at most .02; heavy hitter at least .95'
}

const METHOD = [
  '## What is judged',
  'Each series by itself, an hour at a time: unique sources, or packets where nobody counted sources, over the live dark ' +
    'addresses. Of a store’s counts those of [known scanners](tags.md#networks-of-known-scanner) are taken off first, of all ' +
    'packets, each port and each region. Floods from one source make packets useless for judging; they only tell heavy hitters. Where sensors are ' +
    'told apart, the busiest one of an hour is cut to the second busiest, or to what a busiest sensor usually has in that ' +
    'series if that is more, and a rise that is gone without the sensor that was busiest in most of its window is none. Where ' +
    'counts come in clumps (one in ten is counted; packets are judged) so many tell no more than one (quasi-likelihood).',
  '## The baseline',
  'A factor for each hour of the UTC day and each weekday, learnt against the level of the hours around, so that a surge ' +
    'does not enter the swing. Three rates per exposure, in which no day counts further out than 2.5 deviations: near (days ' +
    '3 to 16 before), far (15 to 42) and old (from 29 on, fading over 60 days), each as it has drifted since: the slope of the ' +
    'log rate is learnt from days four weeks old and older (drift.ts). No rate moves while a surge is open. Hours ' +
    'without a row, without dark addresses, or silent where more than eight sources should be, are gaps: they are in no sum. ' +
    'A sensor that joins or falls silent need not have had its addresses’ share: the square of the log by which the listening ' +
    'addresses differ from those that the baseline knows (fading over two weeks) is doubt about every rate, for as long as ' +
    'they differ and eight hours beyond, since windows then still hold some of it.',
  '## The evidence',
  'Sums over windows of 1 to 72 hours against the near rate, and of 5 to 14 days against the far and the old rate, each as ' +
    'half the deviance of a negative binomial (McCullagh and Nelder 1989) whose variance is that of the window in this ' +
    'series. From 8 hours on an hour counts at most four times what it should be. The variance has these parts: over-' +
    'dispersion of hours, by moments; what the baseline itself is not known by; benign drift; doubt about a sensor that came ' +
    'or went; and slow wander.',
  'Wander decides whether false alarms hold. Its strength is not assumed: a Kalman filter for each of seven strengths of an ' +
    'Ornstein-Uhlenbeck level (3 days of memory) weighs them by every day of the series but the newest (7, 16 and 28 days for ' +
    'near, far and old, so that a rise under way is no wander), and the evidence is mixed over those weights: what is not ' +
    'known of a series makes its tail heavy (core/surges/wander.ts, evidence.ts). The wander is log-normal, which reaches ' +
    'further up than a negative binomial of the same variance: the evidence is the least sum of what the wander and what the ' +
    'noise must have done (Dembo and Zeitouni 1998). Windows of hours are held against where the level was in the one or two ' +
    'days before them, as an Ornstein-Uhlenbeck level predicts it (local-level.ts), never below the near rate. Two more corrections are the series’ own: ' +
    'the squared size of its dips, which are never surges and as wide as rises of the same chance (dips.ts), and for windows ' +
    'under 8 hours its peaks over a level, as many and as high as they were (own-tail.ts; Pickands 1975).',
  '## The threshold',
  `${code('--false-alarms')} (a series and quarter) is shared out over the windows; a window’s share over the times in a ` +
    'quarter at which it says something new (Slepian 1961). A surge’s score is the false alarms a series and quarter that so ' +
    'much evidence would give, by the surest hour of its first two days: what was told as a notice pages when it has grown ' +
    'sure enough. Chosen on other seeds than those of the tables (reference, rough and shapes, seeds 501 to 702, ' +
    '3,000 null series and 400 of each event) and by looking at NAB’s tweets: the factor for the overlap of windows, the shares, ' +
    'the days that drift is learnt from, and what is believed of a series beforehand (wander, drift, noise, and how much its ' +
    'own dips and peaks weigh). Nothing was chosen by shifting; what sampled showed (counts in clumps; a swing that seemed to ' +
    'fall where counts are few) was mended, and it is no independent test since.',
  '## The surge',
  'The onset of a sudden rise is where its log likelihood ratio, summed backwards, is greatest (Page 1954), looked for again ' +
    'a day later; that of a slow one is the middle of all rises or steps, begun in any quarter of a day, that fit six weeks of ' +
    'daily log rates, each by its likelihood, and of a step the last zero of an hourly sum that goes on meanwhile; a day and four days later a step may be called a trend that fits clearly better. A CUSUM for the return ' +
    'to the level before ends it; then its hours and days are left out of the baseline. After four weeks (a trend: four weeks ' +
    'after it was told) it is what is usual.',
  '## What drives it',
  'Each dimension that a surge’s series leaves open is shared out over its keys, by how many more sources each had than ' +
    'before; keys that fell drive nothing, and the shares of a dimension add up to 1 with the rest. Of all packets and of tags ' +
    'the store’s hours say it: the day before the onset against the surge, its newest day if it is longer. What they do not ' +
    'say comes from packets.enriched, while it keeps them: up to 2,048 records of the surge and as large a share of as long a ' +
    'time that ended an hour before the onset, in even slices; there tools stand for tags, since a packet has one of them at ' +
    'most. Where that is all that came, it also says which share of the sources is new. A surge is never held up for it.'
]

const BLINDNESS = [
  '## What it cannot see',
  '- The first two weeks of a series, 300 hours with counts: they are learnt from. Far windows need three, old ones five.',
  '- Rises below the smallest ratio; anything under the smallest count in every window.',
  '- A second surge on top of an open one, but for its ratio: a series has one surge at a time.',
  '- A slow rise in a series that wanders as strongly; a trend over months that no fortnight shows.',
  '- One high hour as against heavy-tailed noise, where the series has not shown such noise before: most false alarms on ' +
    'the rough series are of that kind or slow wander that a fortnight did not show.',
  '- A rise at a single sensor, where sensors are told apart: it is held back, and one that only they can see is not told.',
  '- A new sensor’s own character without dark addresses: then it is a rise.',
  '- Local holidays by name: a dip and its return are no surge, but the days are not known beforehand. Weekdays are UTC’s.',
  '- Counts in clumps at single sensors, a source or two an hour: the busiest sensor’s clump is cut, and two at once are a rise.',
  '- Busy hours that move by hours a week: the swing is that of the last month.',
  '- Series are not pooled: a rise over many small series that none of them shows.'
]

/** The whole of docs/detection.md. */
export function detectionDocument(): string {
  const results = readDetectionResults()
  return document(
    '# How surges are found, and how well',
    GENERATED,
    `${code('stormpetrel surges --counts FILE')} and core/surges; ${code('npm run bench -- --only detection')} evaluates ` +
      `it and leaves ${code(DETECTION_RESULTS)}, which the tables here are made of.`,
    ...METHOD,
    '## How well',
    ...(results === null ? ['No evaluation is kept yet.'] : evaluationTexts(results)),
    BLINDNESS[0]!,
    BLINDNESS.slice(1).join('\n')
  )
}

function evaluationTexts(results: DetectionResults): string[] {
  const { size } = results
  return [
    `Evaluated on ${results.startedAt.slice(0, 10)}. Generated quarters of hourly counts (bench/detection/generator.ts): ${size.nulls} without an event, and ` +
      `${size.eventsAKind} with each kind of event, on seeds that nothing was tuned on. ${code('reference')} is the ` +
      `description that others measured on; ${code('rough')} wanders twice as strongly and has twice the noise, with heavy ` +
      `tails; ${code('shapes')} has heavy tails, holidays and levels that change for good; ${code('shifting')} has busy hours ` +
      `that move by up to two hours a week and noise that changes every ten days; ${code('sampled')} counts one source in ten as ten ` +
      `at eight sensors, and has short bursts. Alarms within 24 hours are one, ` +
      'from day 14 on. A step is found by an alarm within 14 days, a ramp by one up to 7 days after its end, a spike or ' +
      'flood up to 6 hours after. Delays, in hours, and errors are medians among those found; spikes are of series above two ' +
      'sources an hour. Recall is known to 2 to 5 points.',
    falseAlarmTable(results.product),
    ...results.product.filter(({ events }) => events.length > 0).flatMap(productTable),
    '## Against the usual rules',
    `At ${DEFAULT_SURGE_SETTINGS.falseAlarms} false alarms a series and quarter on the reference: recall / median delay in ` +
      'hours. Thresholds of the rules are set by bisection on other null series of the reference; this detector has none to ' +
      'set. M is unique sources with the busiest sensor cut to the second, P packets.',
    baselineTable(results),
    'grafana’s rules are translated to hours; watchtower-sentry’s is written from its description. On packets a flood is ' +
      'the alarm they raise.',
    ...realCounts(results),
    ...stories(results),
    '## Cost',
    `${STATE_BYTES.toLocaleString('en')} bytes a series, fixed; ${results.speed.nsPerSeriesHour} ns an hour and series ` +
      `(over ${results.speed.seriesHours.toLocaleString('en')}): 100,000 series take ` +
      `${(results.speed.nsPerSeriesHour / 1e4).toFixed(2)} s an hour, a year of 1,000 series ` +
      `${((results.speed.nsPerSeriesHour * 8.76) / 1000).toFixed(1)} s.`
  ]
}

function falseAlarmTable(product: readonly ProductResult[]): string {
  const asked = [...new Set(product.map((result) => result.asked))]
  const generators = [...new Set(product.map(({ generator }) => generator))]
  const rateOf = (generator: string, rate: number) =>
    product.find((result) => result.generator === generator && result.asked === rate)!.falseAlarms
  return table(
    ['false alarms a series-quarter, asked for', ...generators],
    asked.map((rate) => [`${rate}`, ...generators.map((generator) => rateOf(generator, rate).toFixed(4))])
  )
}

function productTable({ generator, asked, events }: ProductResult): string[] {
  const head = ['recall', 'delay', 'onset error', 'ratio error', 'named', 'heavy hitter told']
  const rows = events.map((event) => [
    EVENT_NAMES[event.kind],
    event.recall.toFixed(3),
    hours(event.medianDelayHours),
    hours(event.onsetErrorHours),
    event.ratioError?.toFixed(2) ?? '',
    Object.entries(event.kinds)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', '),
    event.kind === 'flood' ? event.heavyHitterShare.toFixed(3) : '',
    ...(generator === 'reference' ? [GOALS[event.kind] ?? ''] : [])
  ])
  const goal = generator === 'reference' ? ['goal'] : []
  return [`### ${generator}, at ${asked}`, table(['event', ...head, ...goal], rows)]
}

function baselineTable({ baselines, product }: DetectionResults): string {
  const own = product.find(({ generator, events }) => generator === 'reference' && events.length > 0)!
  const rough = product.find(({ generator, asked }) => generator === 'rough' && asked === own.asked)!
  const kinds = own.events.map(({ kind }) => EVENT_NAMES[kind])
  const rowOf = ({ name, channel, falseAlarms, roughFalseAlarms, events }: BaselineResult) => [
    name,
    channel,
    falseAlarms.toFixed(3),
    roughFalseAlarms.toFixed(3),
    ...events.map(cellOf)
  ]
  return table(
    ['rule', 'on', 'real false alarms', 'the same on rough', ...kinds],
    [
      ...baselines.map(rowOf),
      [
        'Stormpetrel',
        'M',
        own.falseAlarms.toFixed(3),
        rough.falseAlarms.toFixed(3),
        ...own.events.map(cellOf)
      ]
    ]
  )
}

function cellOf({ recall, medianDelayHours }: EventScore): string {
  return medianDelayHours === null ? recall.toFixed(2) : `${recall.toFixed(2)} / ${hours(medianDelayHours)}`
}

function hours(value: number | null): string {
  return value === null ? '' : `${Math.round(value * 10) / 10}`
}

function stories({ stories: { apart, sameHour } }: DetectionResults): string[] {
  return [
    '## Stories',
    `${apart.telescopes} telescopes of 24 series, with ${apart.causes} causes that each raise a port, a region and a tag: of pairs ` +
      `told as one story ${apart.precision.toFixed(2)} are of one cause, of pairs of one cause ${apart.recall.toFixed(2)} are told ` +
      `as one story. ${apart.surges} surges were told, ${apart.withoutCause} of them more than three days after their cause began ` +
      'or without one. Where three in ten causes begin in the same hour as another, of pairs told as one story ' +
      `${sameHour.precision.toFixed(2)} are of one cause, since what begins in the same hour and does not contradict the surge ` +
      `that leads the story cannot be told apart, and of pairs of one cause ${sameHour.recall.toFixed(2)} are told as one story.`
  ]
}

function realCounts({ realCounts: real, shipped }: DetectionResults): string[] {
  if (real === null) return []
  return [
    '## On real counts',
    `NAB’s tweet volumes (numenta/NAB, MIT; not kept here), ${real.series} series summed to hours, ${real.seriesDays} ` +
      `series-days from day 14 on: ${real.alarmsOutside} alarms outside the labels, ${real.falseAlarms.toFixed(2)} a ` +
      `series-quarter (goal: at most 1), and ${real.alarmsInLabels} in them.`,
    ...(shipped.length === 0
      ? []
      : [
          'NAB’s own detectors on the same counts, from the result files and thresholds (standard profile) that it ships, by the ' +
            'same scorer; they read five-minute counts and also look for falls:',
          table(
            ['detector', 'outside labels, a series-quarter', 'in labels'],
            shipped.map(({ name, falseAlarms, alarmsInLabels }) => [
              name,
              falseAlarms.toFixed(2),
              `${alarmsInLabels}`
            ])
          )
        ])
  ]
}
