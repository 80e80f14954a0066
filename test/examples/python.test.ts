import { testCaller } from './caller-tests.js';
import { python } from './callers.js';

testCaller(python);
