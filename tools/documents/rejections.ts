// docs/rejections.md, from the reasons for which frames and batches are rejected.
import {
  BATCH_REJECT_REASONS,
  FRAME_REJECT_REASONS,
  REJECT_REASON_DOCS,
  type RejectReason
} from '../../core/packets/reject-reason.ts'
import { code, document, GENERATED, table } from './markdown.ts'

/** The whole of docs/rejections.md. */
export function rejectionsDocument(): string {
  return document(
    '# Rejections',
    GENERATED,
    'Everything that is not counted is counted here: each frame and each batch that cannot be used has ' +
      'one of these reasons (core/packets/reject-reason.ts), in the ledger, in the metrics, on topic ' +
      'packets.rejected and in the output of `tag`.',
    '## Of one frame',
    reasons(FRAME_REJECT_REASONS),
    '## Of a whole batch',
    reasons(BATCH_REJECT_REASONS)
  )
}

function reasons(list: readonly RejectReason[]): string {
  return table(
    ['reason', 'means'],
    list.map((reason) => [code(reason), REJECT_REASON_DOCS[reason]])
  )
}
