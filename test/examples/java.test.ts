import { testCaller } from './caller-tests.js';
import { java } from './callers.js';

testCaller(java);
