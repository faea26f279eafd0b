import { suite } from './suite.mjs'

suite('lighttpd')
