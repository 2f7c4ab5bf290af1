import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Node, NodeStatus } from '../../shared/node.ts';
import type { NodeAlert } from '../../shared/node-alert.ts';
import { platformSchema } from '../../shared/platform.ts';
import { problemOf } from '../../shared/problem.ts';
import { NodeAlerts } from './node-alerts.ts';

let heard: NodeAlert[];
let alerts: NodeAlerts;

beforeEach(() => {
  vi.useFakeTimers();
  heard = [];
  alerts = new NodeAlerts((alert) => heard.push(alert));
});
afterEach(() => {
  alerts.close();
  vi.useRealTimers();
});

const gigabyte = 1e9;

function up(connection: string, free = 400 * gigabyte): Extract<NodeStatus, { state: 'up' }> {
  const node: Node = {
    ...{
      connection,
      engine: 'podman',
      version: '5',
      apiVersion: '5',
      hostname: connection,
      platform: platformSchema.parse('linux/amd64'),
    },
    ...{ emulated: [], capabilities: { exportFormats: [] }, latencyMs: 1, disk: { total: 500 * gigabyte, free } },
  };
  return { state: 'up', connection, node };
}

function down(connection: string): NodeStatus {
  return { state: 'down', connection, problem: problemOf(new Error('gone')) };
}

const seconds = (count: number): void => void vi.advanceTimersByTime(count * 1000);

it('reports a node that had answered and is down for a minute, and when it is back', () => {
  alerts.update(up('pi4'));
  alerts.update(down('pi4'));
  seconds(50);
  expect(heard).toEqual([]);
  seconds(20);
  expect(heard).toEqual([{ kind: 'down', nodes: ['pi4'] }]);
  alerts.update(up('pi4'));
  seconds(5);
  expect(heard.at(-1)).toEqual({ kind: 'back', nodes: ['pi4'] });
});

it('does not report nodes that were never up since the start', () => {
  alerts.update(down('pi4'));
  seconds(600);
  alerts.update(up('pi4'));
  seconds(600);
  expect(heard).toEqual([]);
});

it('does not report short interruptions, nor that they have ended', () => {
  alerts.update(up('pi4'));
  for (let round = 0; round < 20; round += 1) {
    alerts.update(down('pi4'));
    seconds(30);
    alerts.update(up('pi4'));
    seconds(30);
  }
  expect(heard).toEqual([]);
});

it('reports a node that goes down again and again once in half an hour', () => {
  alerts.update(up('pi4'));
  for (let minute = 0; minute < 60; minute += 5) {
    alerts.update(down('pi4'));
    seconds(120);
    alerts.update(up('pi4'));
    seconds(180);
  }
  expect(heard.filter(({ kind }) => kind === 'down')).toHaveLength(2);
  expect(heard.filter(({ kind }) => kind === 'back')).toHaveLength(2);
});

it('still reports a node that stays down after it was reported a short while ago', () => {
  alerts.update(up('pi4'));
  alerts.update(down('pi4'));
  seconds(120);
  alerts.update(up('pi4'));
  for (let minute = 0; minute < 40; minute += 1) {
    // each attempt to reconnect reports it again
    alerts.update(down('pi4'));
    seconds(60);
  }
  expect(heard.map(({ kind }) => kind)).toEqual(['down', 'back', 'down']);
});

it('reports nodes together that are down together', () => {
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    alerts.update(up(name));
  }
  for (const name of names) {
    alerts.update(down(name));
    seconds(0.5);
  }
  seconds(120);
  expect(heard).toEqual([{ kind: 'down', nodes: ['a', 'b', 'c'] }]);
});

it('gives nodes time to come back after this computer woke up', () => {
  alerts.update(up('pi4'));
  alerts.update(down('pi4'));
  seconds(55);
  alerts.wake();
  seconds(30);
  alerts.update(up('pi4'));
  seconds(120);
  expect(heard).toEqual([]);
});

it('reports once that a node gets no jobs for a while, and again the next time', () => {
  const problem = problemOf(new Error('gone'));
  const setAside = { until: '2026-03-01T12:10:00Z', failures: 3, problem };
  for (const status of [up('pi4'), { ...up('pi4'), setAside }, { ...up('pi4'), setAside }, up('pi4')]) {
    alerts.update(status);
    seconds(5);
  }
  expect(heard).toEqual([{ kind: 'set-aside', nodes: ['pi4'] }]);
  alerts.update({ ...up('pi4'), setAside });
  seconds(5);
  expect(heard).toHaveLength(2);
});

it('does not report a node that was removed meanwhile', () => {
  alerts.update(up('pi4'));
  alerts.update(down('pi4'));
  alerts.retain(new Set());
  seconds(120);
  expect(heard).toEqual([]);
});

it('reports a low disk once, from probes and from samples, until there was clearly more space', () => {
  alerts.update(up('pi4'));
  alerts.updateDisk('pi4', 4 * gigabyte);
  seconds(5);
  alerts.update(up('pi4', 3 * gigabyte));
  alerts.updateDisk('pi4', 26 * gigabyte);
  alerts.updateDisk('pi4', 4 * gigabyte);
  seconds(5);
  expect(heard).toEqual([{ kind: 'disk-low', nodes: ['pi4'] }]);
  alerts.updateDisk('pi4', 100 * gigabyte);
  alerts.updateDisk('pi4', 4 * gigabyte);
  seconds(5);
  expect(heard).toHaveLength(2);
});
