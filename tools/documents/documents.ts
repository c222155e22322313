// The registry of generated documents: add one here, and CI keeps it true.
import { commandsDocument } from './commands.ts'
import { configurationDocument } from './configuration.ts'
import { detectionDocument } from './detection.ts'
import { errorsDocument } from './errors.ts'
import { metricsDocument } from './metrics.ts'
import { performanceDocument } from './performance.ts'
import { rejectionsDocument } from './rejections.ts'
import { tagsDocument } from './tags.ts'
import { topicsDocument } from './topics.ts'

/** One generated file. */
export interface GeneratedDocument {
  /** Relative to the repository's root, with `/`. */
  readonly path: string
  /** The whole file. Equal code gives equal text. */
  readonly render: () => string
}

export const DOCUMENTS: readonly GeneratedDocument[] = [
  { path: 'docs/commands.md', render: commandsDocument },
  { path: 'docs/configuration.md', render: configurationDocument },
  { path: 'docs/detection.md', render: detectionDocument },
  { path: 'docs/errors.md', render: errorsDocument },
  { path: 'docs/metrics.md', render: metricsDocument },
  { path: 'docs/performance.md', render: performanceDocument },
  { path: 'docs/rejections.md', render: rejectionsDocument },
  { path: 'docs/tags.md', render: tagsDocument },
  { path: 'docs/topics.md', render: topicsDocument }
]
