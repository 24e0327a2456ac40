import type { JobContent } from './job.ts'
import { harmless } from './summary.ts'

const scripts = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Han',
  'Hiragana',
  'Katakana',
] as const

const inScript = Object.fromEntries(
  scripts.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'u')]),
) as Readonly<Record<(typeof scripts)[number], RegExp>>

/** The scripts of a word, where it mixes some: letters that look alike are how one name poses as another. */
const mixed = (text: string): readonly string[] => {
  const found = text
    .split(/[\s.,@:/_-]+/)
    .map((word) => scripts.filter((script) => inScript[script].test(word)))
    .filter((some) => some.length > 1)
  return [...new Set(found.flat())]
}

function* warningsIn(where: string, text: string): Generator<string> {
  if (harmless(text) !== text) yield `${where} has characters that are not seen: ${harmless(text)}`
  const together = mixed(text)
  if (together.length > 0) yield `${where} mixes ${together.join(' and ')}: ${harmless(text)}`
  if (/(^|\.)xn--/i.test(text)) yield `${where} is an internationalized name: ${harmless(text)}`
}

/** What a person should look at twice before they approve. */
export const warningsOf = (content: JobContent): readonly string[] => {
  if (content.type === 'PrincipalChange') {
    const { name } = 'document' in content ? content.document : content.holder
    return [...warningsIn('the name', name)]
  }
  if (content.type === 'RenewalBatch')
    return content.lines.flatMap(({ certificate_id, subject, names }) =>
      // What comes before the first of these is ours: `CN=`, `dns:`.
      [...subject, ...names].flatMap((text) => [
        ...warningsIn(certificate_id, text.slice(text.search(/[=:]/) + 1)),
      ]),
    )
  const named = content.type === 'GrantChange' ? content : 'plan' in content ? content.plan : null
  if (named === null) return []
  const { subject, subject_alternative_names: names } = named
  return [
    ...subject.flatMap(({ type, value }) => [...warningsIn(`subject ${type}`, value)]),
    ...names.flatMap(({ type, value }) => [...warningsIn(`name ${type}`, value)]),
  ]
}
