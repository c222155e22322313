// Names of regions as readers know them: those that JPCERT/CC writes in its reports, and else CLDR's.

/** The languages of a report. */
export type Language = 'ja' | 'en'

/** What CLDR calls otherwise (アメリカ合衆国, イギリス, 中華人民共和国, 大韓民国 ...). */
const JAPANESE: Readonly<Record<string, string>> = {
  US: '米国',
  GB: '英国',
  RU: 'ロシア',
  CN: '中国',
  KR: '韓国',
  TW: '台湾',
  JP: '日本',
  IN: 'インド',
  HK: '香港',
  MO: 'マカオ',
  VN: 'ベトナム'
}
const ENGLISH: Readonly<Record<string, string>> = {
  HK: 'Hong Kong',
  MO: 'Macao',
  TW: 'Taiwan',
  KR: 'Korea',
  GB: 'United Kingdom'
}
const UNKNOWN: Readonly<Record<Language, string>> = { ja: '不明', en: 'unknown' }

const cldr = new Map<Language, Intl.DisplayNames>()

/** The name of an ISO 3166-1 alpha-2 code; 'ZZ' is unknown. */
export function regionName(code: string, language: Language): string {
  if (code === 'ZZ') return UNKNOWN[language]
  const own = (language === 'ja' ? JAPANESE : ENGLISH)[code]
  if (own !== undefined) return own
  let names = cldr.get(language)
  if (names === undefined) {
    names = new Intl.DisplayNames([language], { type: 'region' })
    cldr.set(language, names)
  }
  return names.of(code) ?? code
}
