export * from './names.js';
export * from './assumptions.js';
export * from './duration.js';
export * from './options.js';
export * from './order.js';
export * from './portal-answers.js';
export * from './problems.js';
export * from './purchase.js';
