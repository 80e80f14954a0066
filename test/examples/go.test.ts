import { testCaller } from './caller-tests.js';
import { go } from './callers.js';

testCaller(go);
