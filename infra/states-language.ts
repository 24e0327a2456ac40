/** What is worth another try, of a function that is called. */
export const lambdaTrouble = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
]

/** JSONata, as Step Functions has it in a definition. */
export function expression(jsonata: string): string {
  return `{% ${jsonata.replace(/\s+/g, ' ')} %}`
}
