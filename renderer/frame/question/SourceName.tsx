import type { Question } from '../../../shared/question.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import styles from './Question.module.css';

/** The host that a question comes from: a node, or a jump host of its connection. */
export interface QuestionSource {
  readonly node: string;
  readonly jumpHost?: string;
}

export function sourceOf({ connection, hop }: Question): QuestionSource {
  return { node: sanitizeLine(connection), ...(hop === undefined ? {} : { jumpHost: sanitizeLine(hop) }) };
}

/** For use inside a sentence: `graviton`, or `bastion, the jump host for graviton,`. */
export function SourceName({ source }: { source: QuestionSource }) {
  return source.jumpHost === undefined ? (
    <UntrustedName text={source.node} />
  ) : (
    <>
      <UntrustedName text={source.jumpHost} />, the jump host for <UntrustedName text={source.node} />,
    </>
  );
}

/** A name from outside Barnraiser. `<bdi>` keeps right-to-left text in it from reordering the sentence around it. */
export function UntrustedName({ text }: { text: string }) {
  return <bdi className={styles.name}>{sanitizeLine(text)}</bdi>;
}
