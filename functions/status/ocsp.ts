import { isPassing } from '../../lib/aws/passing.ts'
import { unsealUnder } from '../../lib/aws/seal.ts'
import { signedAnswers } from '../../lib/aws/signed-answers.ts'
import { responders, serialStatuses } from '../../lib/aws/status-records.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { answerOcsp } from '../../lib/flows/answer-ocsp.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { faultLogger } from '../../lib/lambda/logger.ts'
import { ocspFunction } from '../../lib/lambda/ocsp.ts'
import { now } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())

const deps = {
  responders: responders(table),
  serials: serialStatuses(table),
  answers: signedAnswers(table),
  unseal: unsealUnder(environment('RESPONDER_KEY_ARN'), awsAccess()),
  now,
  isPassing,
  onFault: faultLogger,
}

export const handler = ocspFunction({
  answer: (issuer_id, query) => answerOcsp(deps, issuer_id, query),
  now,
})
