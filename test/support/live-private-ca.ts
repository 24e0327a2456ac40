import { inject } from 'vitest'
import { standInState } from './private-ca.ts'

const url = inject('private_ca_url')

/** What the stand-in for AWS Private CA was asked and has made. */
export const privateCaState = async () => standInState.parse(await (await fetch(url)).json())

/** How the stand-in behaves from now on; what is not said is as AWS is. */
export const privateCaBehaves = async (behaviour: object): Promise<void> => {
  const { status } = await fetch(url, { method: 'PUT', body: JSON.stringify(behaviour) })
  if (status !== 200) throw new Error(`the stand-in answered ${status}`)
}
