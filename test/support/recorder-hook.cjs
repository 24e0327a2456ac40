// Plain JavaScript: it is loaded at every cold start, and types would have to be stripped each time.
const http = require('node:http')
const { syncBuiltinESMExports } = require('node:module')

/*
 * Loaded into every function before its own code (NODE_OPTIONS, set for the
 * emulator under test and nowhere else): what the function sends to AWS goes
 * through the recorder, with the name of the function on it. No product code
 * knows of it, and no bundle has it.
 */
const { GATEWAY_PORT: emulator, RECORDER_PORT: recorder, AWS_LAMBDA_FUNCTION_NAME: name } = process.env

if (emulator && recorder && name) {
  const request = http.request
  // Whoever sends by node's own HTTP gives one record of options, and no URL.
  http.request = (options, ...more) => {
    if (String(options.port) !== emulator) return request(options, ...more)
    const headers = {
      ...options.headers,
      'x-recorded-function': name,
      'x-recorded-process': String(process.pid),
    }
    return request({ ...options, port: recorder, headers }, ...more)
  }
  syncBuiltinESMExports()

  const fetch = globalThis.fetch
  // Signed HTTP gives one request that is signed already.
  globalThis.fetch = (input, init) => {
    if (!(input instanceof Request) || new URL(input.url).port !== emulator) return fetch(input, init)
    const url = new URL(input.url)
    url.port = recorder
    const headers = new Headers(input.headers)
    headers.set('x-recorded-function', name)
    headers.set('x-recorded-process', String(process.pid))
    return fetch(new Request(new Request(url, input), { headers }), init)
  }
}
