import { suite } from './suite.mjs'

suite('proxy_fcgi')
