/** Something the person at the terminal can put right: shown as one line, without a stack. */
export class Trouble extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Trouble'
  }
}
