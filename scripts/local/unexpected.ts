/** A step that did not go as it must. */
export class Unexpected extends Error {
  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`)
    this.name = 'Unexpected'
  }
}
