import { describe, expect, it } from 'vitest';
import { deploymentOptions, setCurrentCommand } from '../../src/worker/deployment.js';

describe('the deployment of a task queue', () => {
  it('has the name of the queue, and purchases that move on', () => {
    expect(deploymentOptions('marketplace-purchases', '1.2.0+a')).toEqual({
      useWorkerVersioning: true,
      version: { deploymentName: 'marketplace-purchases', buildId: '1.2.0+a' },
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    });
  });

  it('has nothing in its name that Temporal refuses, or a shell would take apart', () => {
    expect(deploymentOptions("eu.west:a b$(x)'", '1').version.deploymentName).toBe('eu-west-a-b--x--');
    expect(setCurrentCommand('eu.west', '1', 'ns.acct')).toBe(
      'temporal worker deployment set-current-version --deployment-name eu-west --build-id 1 --namespace ns.acct',
    );
  });
});
