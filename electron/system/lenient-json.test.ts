import { expect, test } from 'vitest';
import { fieldOf, numberOf, objectOf, textOf } from './lenient-json.ts';

test('null, an empty text and another type are the same as a missing field', () => {
  for (const object of [{}, { a: null }, { a: '' }, { a: 1 }, { a: [] }, null, undefined, [], 'text', 5]) {
    expect(textOf(object, 'a')).toBeUndefined();
  }
  expect(objectOf({ a: null }, 'a')).toEqual({});
  expect(objectOf({ a: ['x'] }, 'a')).toEqual({});
  expect(fieldOf({ a: 0 }, 'a')).toBe(0);
});

test('the case of a name does not matter, and the exact name comes first', () => {
  expect(textOf({ Access_Token: 't' }, 'access_token')).toBe('t');
  expect(textOf({ CredsStore: 'x', credsStore: 'y' }, 'credsStore')).toBe('y');
});

test('a number may be written as a text', () => {
  expect(['300', 300, '3e2'].map((value) => numberOf({ value }, 'value'))).toEqual([300, 300, 300]);
  expect([' ', 'soon', null, true, {}].map((value) => numberOf({ value }, 'value'))).toEqual(Array(5).fill(undefined));
});

test('names that every object inherits are no fields', () => {
  expect(fieldOf({}, 'constructor')).toBeUndefined();
  expect(fieldOf(JSON.parse('{"__proto__":{"a":"b"}}'), 'a')).toBeUndefined();
});
