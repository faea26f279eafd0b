import { suite } from './suite.mjs'

// A shared host's body limit and compression are not ours to set, so what depends on them is left out.
suite('htaccess', ['journey', 'auth'])
