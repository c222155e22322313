// What a report says, in Japanese and in English. Each is written by itself; neither is a translation of the other's sentences.
import type { SurgeKind } from '../surges/surge.ts'
import type { Language } from './region-names.ts'

/** The sentences and words of one language. */
export interface ReportTexts {
  readonly title: (period: string) => string
  /** The name of a period by its label, and by its first and its last day. */
  readonly period: (label: string, first: string, last: string) => string
  readonly subtitle: (where: string, from: string, to: string, zone: string) => string
  readonly where: (region: string | null) => string
  readonly synthetic: (scenario: string) => string
  readonly summary: string
  readonly totals: (packets: string, sources: string, miraiShare: string, change: string | null) => string
  readonly noSurges: string
  readonly ports: string
  readonly regions: string
  readonly mirai: string
  readonly miraiSources: string
  readonly allSources: string
  readonly miraiRegions: string
  readonly miraiHome: (region: string) => string
  readonly surges: string
  readonly vantages: (region: string) => string
  readonly quality: string
  readonly method: string
  readonly table: (number: number) => string
  readonly figure: (number: number) => string
  readonly columns: {
    readonly rank: string
    readonly port: string
    readonly region: string
    readonly previousRank: string
    readonly packets: string
    readonly share: string
    readonly change: string
    readonly sources: string
    readonly sourcesRank: string
    readonly perAddress: string
    readonly perAddressRank: string
    readonly miraiShare: string
    readonly inside: string
    readonly outside: string
    readonly series: string
    readonly kind: string
    readonly onset: string
    readonly until: string
    readonly ratio: string
    readonly drivers: string
    readonly causes: string
  }
  readonly kinds: Readonly<Record<SurgeKind, string>>
  readonly dimensions: Readonly<Record<string, string>>
  readonly sourceKinds: Readonly<Record<string, string>>
  readonly rest: string
  readonly unknown: string
  /** What else is of a surge's story: names, and how many more. */
  readonly together: (names: string, more: number) => string
  readonly comma: string
  readonly lasts: string
  readonly none: string
  readonly packetsADay: string
  readonly chartDescription: string
  readonly portNote: string
  readonly sourcesNote: string
  readonly coverNote: (share: string) => string
  readonly observed: (observed: string, all: string, sensors: string) => string
  readonly missingDays: (days: string) => string
  readonly silentSensors: (count: string, days: string) => string
  readonly silentSensor: (sensor: string, days: string) => string
  readonly rejected: (frames: string, reason: string) => string
  readonly damaged: (count: string) => string
  readonly missingFrames: (frames: string) => string
  readonly silentUnknown: string
  readonly complete: string
  readonly geo: (name: string, built: string) => string
  readonly notJudged: string
  readonly surgesOfAll: string
  readonly methodTexts: readonly string[]
  readonly number: (value: number) => string
  readonly percent: (share: number) => string
  readonly day: (isoDate: string) => string
  readonly shortDay: (isoDate: string) => string
  readonly series: (dimensions: readonly (readonly [dimension: string, name: string])[]) => string
}

const JA: ReportTexts = {
  title: (period) => `インターネット定点観測レポート（${period}）`,
  period: (label, first, last) => {
    const [, year, quarter] = /^(\d{4})Q([1-4])$/.exec(label) ?? []
    if (year === undefined) return `${first}～${last}`
    return `${year}年${3 * Number(quarter) - 2}～${3 * Number(quarter)}月`
  },
  subtitle: (where, from, to, zone) =>
    `${where}で観測したパケット、${from}から${to}まで（日付と時刻は${zone === 'Asia/Tokyo' ? '日本時間' : zone}）`,
  where: (region) => (region === null ? 'すべてのセンサー' : `${region}国内のセンサー`),
  synthetic: (scenario) =>
    `合成データ：このレポートのパケットはシナリオ「${scenario}」から作られたもので、実際の観測ではありません。`,
  summary: '概要',
  totals: (packets, sources, miraiShare, change) =>
    `期間中に観測したパケットは${packets}、送信元IPアドレスの日ごとの延べ数は${sources}でした。Mirai型の特徴を持つパケットは全体の${miraiShare}です。` +
    (change === null ? '' : `1日あたりのパケット数は前の期間の${change}倍です。`),
  noSurges: 'この期間に検知した急増はありません。',
  ports: '宛先ポート番号',
  regions: '送信元地域',
  mirai: 'Mirai型の特徴を持つパケット',
  miraiSources: 'Mirai型の送信元が多い地域',
  allSources: 'すべての送信元が多い地域',
  miraiRegions: 'Mirai型パケットの主な送信元地域',
  miraiHome: (region) => `送信元を${region}とするMirai型パケット`,
  surges: '検知した急増',
  vantages: (region) => `${region}国内と国外のセンサーの比較`,
  quality: 'データの品質',
  method: '集計の方法',
  table: (number) => `表${number}`,
  figure: (number) => `図${number}`,
  columns: {
    rank: '順位',
    port: '宛先ポート',
    region: '送信元地域',
    previousRank: '前期の順位',
    packets: 'パケット数',
    share: '割合',
    change: '前期比',
    sources: '送信元の延べ数',
    sourcesRank: '送信元による順位',
    perAddress: '1アドレス・1日あたり',
    perAddressRank: '1アドレスあたりの順位',
    miraiShare: 'ポート内のMirai型の割合',
    inside: '国内',
    outside: '国外',
    series: '対象',
    kind: '種類',
    onset: '始まり',
    until: '終わり',
    ratio: '倍率',
    drivers: '内訳',
    causes: '直前30日間に公表された脅威'
  },
  kinds: { spike: '一時的', step: '水準の上昇', trend: '緩やか', 'heavy-hitter': '少数の送信元' },
  dimensions: {
    port: 'ポート',
    region: '地域',
    asn: 'AS',
    tag: '種別',
    sensor: 'センサー',
    source: '送信元'
  },
  sourceKinds: { new: '新たに現れたもの', known: '前日から現れていたもの' },
  rest: 'その他',
  unknown: '不明',
  together: (names, more) => `同時期：${names}${more === 0 ? '' : `、ほか${more}件`}`,
  comma: '、',
  lasts: '継続中',
  none: 'なし',
  packetsADay: 'パケット／日',
  chartDescription: '細い線は日ごとの値、太い線は7日間の平均です。線の切れ目は観測データのない日です。',
  portNote:
    'サービス名はIANAの登録によります。そのポート宛てのパケットが、必ずしもそのサービスの通信であるとは限りません。ICMPはポートと並べて1行にまとめています。',
  sourcesNote: '送信元の数は、日ごとに重複を除いた送信元IPアドレス数を期間で合計したものです。',
  coverNote: (share) => `上位から順に、全パケットの${share}を占めるまで掲載しています。`,
  observed: (observed, all, sensors) =>
    `${all}日のうち${observed}日を、${sensors}台のセンサーで観測しました。`,
  missingDays: (days) => `観測データのない日：${days}。図ではこの日の線を切っています。`,
  silentSensors: (count, days) =>
    `${count}台のセンサーで、稼働しているはずの延べ${days}日分のデータがありません。`,
  silentSensor: (sensor, days) => `センサー${sensor}のデータがない日：${days}`,
  rejected: (frames, reason) => `${frames}フレームはパケットとして数えていません（${reason}）。`,
  damaged: (count) => `${count}個のキャプチャファイルは途中までしか読めませんでした。`,
  missingFrames: (frames) => `センサーが送った${frames}フレームが届いていません。`,
  silentUnknown: 'センサーごとの稼働状況は、この集計からは分かりません。',
  complete: '欠けているデータは見つかっていません。',
  geo: (name, built) => `送信元の地域とAS番号は${name}（${built}作成）によります。`,
  notJudged: '時間ごとの集計がないため、急増の検知は行っていません。',
  surgesOfAll: '急増は、国内に限らずすべてのセンサーの観測から検知したものです。',
  methodTexts: [
    'センサーは、どの機器にも割り当てられていないIPアドレスに届くパケットを記録します。届くのは、探索、感染を広げようとする通信、送信元を偽った攻撃の跳ね返りなどです。',
    'Mirai型の特徴とは、TCPのSYNパケットで初期シーケンス番号が宛先IPアドレスと等しいことをいいます。',
    '急増は、既知の調査用スキャナーを除いた1時間ごとの送信元数から判定しています。始まりは急増が見つかった時刻ではなく、増え始めたと推定される時刻です。'
  ],
  number: (value) => Math.round(value).toLocaleString('ja-JP'),
  percent: (share) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)}%`,
  day: (isoDate) =>
    `${isoDate.slice(0, 4)}年${Number(isoDate.slice(5, 7))}月${Number(isoDate.slice(8, 10))}日`,
  shortDay: (isoDate) => `${Number(isoDate.slice(5, 7))}/${Number(isoDate.slice(8, 10))}`,
  series: (dimensions) =>
    dimensions.length === 0 ? 'すべてのパケット' : dimensions.map(([, name]) => name).join('・')
}

const EN: ReportTexts = {
  title: (period) => `Network telescope report, ${period}`,
  period: (label, first, last) => {
    const [, year, quarter] = /^(\d{4})Q([1-4])$/.exec(label) ?? []
    const months = ['January-March', 'April-June', 'July-September', 'October-December']
    return year === undefined ? `${first} to ${last}` : `${months[Number(quarter) - 1]} ${year}`
  },
  subtitle: (where, from, to, zone) =>
    `Packets seen by ${where}, ${from} to ${to}; days and times are those of ${zone}`,
  where: (region) => (region === null ? 'all sensors' : `the sensors in ${region}`),
  synthetic: (scenario) =>
    `Synthetic data: the packets of this report were made from scenario "${scenario}"; nobody has seen them.`,
  summary: 'Summary',
  totals: (packets, sources, miraiShare, change) =>
    `The sensors saw ${packets} packets; daily unique source addresses add up to ${sources}. Mirai-type packets are ${miraiShare} of all.` +
    (change === null ? '' : ` A day had ${change} times the packets of one in the period before.`),
  noSurges: 'No surge was found in this period.',
  ports: 'Destination ports',
  regions: 'Source regions',
  mirai: 'Mirai-type packets',
  miraiSources: 'Regions by Mirai-type sources',
  allSources: 'Regions by all sources',
  miraiRegions: 'Mirai-type packets by source region',
  miraiHome: (region) => `Mirai-type packets from ${region}`,
  surges: 'Surges that were found',
  vantages: (region) => `Inside and outside ${region}`,
  quality: 'Data quality',
  method: 'How the numbers are made',
  table: (number) => `Table ${number}`,
  figure: (number) => `Figure ${number}`,
  columns: {
    rank: 'Rank',
    port: 'Port',
    region: 'Region',
    previousRank: 'Before',
    packets: 'Packets',
    share: 'Share',
    change: 'Change',
    sources: 'Sources',
    sourcesRank: 'Rank by sources',
    perAddress: 'A dark address and day',
    perAddressRank: 'Rank by that',
    miraiShare: 'Mirai-type share of the port',
    inside: 'Inside',
    outside: 'Outside',
    series: 'What',
    kind: 'Form',
    onset: 'Began',
    until: 'Ended',
    ratio: 'Times',
    drivers: 'Made of',
    causes: 'Became known in the 30 days before'
  },
  kinds: { spike: 'spike', step: 'step', trend: 'slow rise', 'heavy-hitter': 'few loud sources' },
  dimensions: { port: 'port', region: 'region', asn: 'AS', tag: 'tool', sensor: 'sensor', source: 'sources' },
  sourceKinds: { new: 'new', known: 'seen the day before' },
  rest: 'rest',
  unknown: 'unknown',
  together: (names, more) => `with ${names}${more === 0 ? '' : ` and ${more} more`}`,
  comma: ', ',
  lasts: 'lasts',
  none: 'none',
  packetsADay: 'packets/day',
  chartDescription:
    'Thin lines are daily values, bold ones means over seven days. A gap is a day that nobody observed.',
  portNote:
    "Service names are IANA's. A packet to a port need not be of that service. ICMP is one row beside the ports.",
  sourcesNote: 'Sources are unique source addresses of each day, added up over the days.',
  coverNote: (share) => `The rows hold ${share} of all packets.`,
  observed: (observed, all, sensors) => `${observed} of ${all} days were observed, by ${sensors} sensors.`,
  missingDays: (days) => `No data: ${days}. Figures show a gap there.`,
  silentSensors: (count, days) =>
    `${count} sensors lack data of ${days} days on which they were to listen, all together.`,
  silentSensor: (sensor, days) => `Sensor ${sensor} has no data of ${days}`,
  rejected: (frames, reason) => `${frames} frames are not counted as packets (${reason}).`,
  damaged: (count) => `${count} capture files could be read in part only.`,
  missingFrames: (frames) => `${frames} frames that sensors numbered did not arrive.`,
  silentUnknown: 'Which sensors sent on which day is not known from these counts.',
  complete: 'Nothing is known to be missing.',
  geo: (name, built) => `Regions and networks are by ${name} of ${built}.`,
  notJudged: 'There are no hourly counts, so surges were not looked for.',
  surgesOfAll: 'These surges are of what all sensors saw, not of those in this country alone.',
  methodTexts: [
    'Sensors record what arrives at addresses that no device has: scans, worms, and answers to packets that somebody sent with forged sources.',
    'A packet is of Mirai type where it is a TCP SYN whose initial sequence number equals its destination address.',
    'Surges are judged on unique sources an hour, known research scanners left out. A surge began when the rise began, not when it was seen.'
  ],
  number: (value) => Math.round(value).toLocaleString('en-US'),
  percent: (share) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`,
  day: (isoDate) => isoDate,
  shortDay: (isoDate) => isoDate.slice(5),
  series: (dimensions) =>
    dimensions.length === 0 ? 'all packets' : dimensions.map(([, name]) => name).join(', ')
}

/** The texts of a language. */
export function textsOf(language: Language): ReportTexts {
  return language === 'ja' ? JA : EN
}
