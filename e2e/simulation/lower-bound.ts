import { type Instance, jobMs } from './instance.ts';
import { capacity } from './run-jobs.ts';

const rounds = 150;

/**
 * A time before which no schedule can be done, not even one that knows how long each job takes. It is the larger one of two:
 *
 * - The longest job on the node where it is shortest.
 * - The work. Give each node a price y for its time, so that the prices of what all nodes get done in a unit of time add up to 1. A
 *   schedule that ends at T then costs at most T, and each job costs at least its time on the node where that is cheapest. So T is at
 *   least the sum of these costs, whatever the prices are (the dual of the linear program of unrelated machines). A few rounds look
 *   for good prices: those of nodes that jobs want go up (multiplicative weights).
 */
export function lowerBound({ nodes, builds }: Instance): number {
  const capacities = nodes.map(capacity);
  const jobs = builds.flatMap((build) =>
    build.platforms.map((platform) =>
      nodes.flatMap((node, index) => (node.native.has(platform) ? [{ index, ms: jobMs(build, platform, node) }] : [])),
    ),
  );
  const longest = Math.max(...jobs.map((options) => Math.min(...options.map(({ ms }) => ms))));
  const prices = capacities.map(() => 1);
  let best = 0;
  for (let round = 0; round < rounds; round += 1) {
    const total = prices.reduce((sum, price, index) => sum + price * (capacities[index] ?? 0), 0);
    const loads = capacities.map(() => 0);
    let cost = 0;
    for (const options of jobs) {
      let cheapest = Number.POSITIVE_INFINITY;
      let at = { index: 0, ms: 0 };
      for (const option of options) {
        const price = option.ms * (prices[option.index] ?? 0);
        if (price < cheapest) {
          cheapest = price;
          at = option;
        }
      }
      cost += cheapest;
      loads[at.index] = (loads[at.index] ?? 0) + at.ms / (capacities[at.index] ?? 1);
    }
    best = Math.max(best, cost / total);
    const most = Math.max(...loads);
    const step = 1 / Math.sqrt(round + 1);
    for (const [index, load] of loads.entries()) {
      prices[index] = (prices[index] ?? 1) * Math.exp(step * (load / most - 0.5));
    }
  }
  return Math.max(longest, best);
}
