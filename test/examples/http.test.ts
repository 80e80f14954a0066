import { testCaller } from './caller-tests.js';
import { http } from './callers.js';

testCaller(http);
