import { foreignLine } from '../../../shared/foreign-text.ts';
import styles from './Question.module.css';

/** Who asks: a node, or a jump host on the way to it. */
export interface Asker {
  readonly node: string;
  readonly jump?: string;
}

/** @param connection of a question: `NAME`, or `NAME: jump host HOP` */
export function askerOf(connection: string): Asker {
  // names of connections have no colon
  const [, node, jump] = /^([^:]*): jump host (.*)$/s.exec(connection) ?? [];
  return node === undefined || jump === undefined
    ? { node: foreignLine(connection) }
    : { node: foreignLine(node), jump: foreignLine(jump) };
}

/** In the middle of a sentence: `graviton`, or `bastion, the jump host on the way to graviton,`. */
export function AskerName({ asker }: { asker: Asker }) {
  return asker.jump === undefined ? (
    <Name text={asker.node} />
  ) : (
    <>
      <Name text={asker.jump} />, the jump host on the way to <Name text={asker.node} />,
    </>
  );
}

/** A name that somebody else chose: it does not turn the sentence around it. */
export function Name({ text }: { text: string }) {
  return <bdi className={styles.name}>{foreignLine(text)}</bdi>;
}
